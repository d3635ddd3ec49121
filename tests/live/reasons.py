#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reasons.py - whether a summary names what was waited for, who ended it, and who had the CPU

    reasons.py expect SUMMARY ACCOUNT    the "expect" lines of tests/workloads/reasons.c
    reasons.py fight SUMMARY ACCOUNT     fight.c: the rival is named, with its share of the CPU
    reasons.py quota SUMMARY ACCOUNT     quota.c: the cgroup is named, with its quota
    reasons.py irq SUMMARY ACCOUNT       interrupts are measured, and are part of running

It prints TAP lines and exits with 1 if something is wrong.
"""
import json
import re
import sys

from truth import load_account, of_kind


def rows_of(summary, region, state):
    return sorted((w for w in summary["waits"] if w["region"] == region and w["state"] == state),
                  key=lambda w: -w["total_ns"])


def most(rows, key):
    """The one that is listed most often, over all rows."""
    found = [x for r in rows for x in r[key]]
    return max(found, key=lambda x: x["count"], default=None)


def expect(summary, account):
    """Yields (good, name, why)."""
    for want in of_kind(account, "expect"):
        region, state = want["region"], want["state"]
        rows = rows_of(summary, region, state)
        label = "%s: " % region
        yield bool(rows), label + "there is a wait of that state", str(
            [(w["state"], w["resource"]) for w in summary["waits"] if w["region"] == region])
        if not rows:
            continue
        row = rows[0]
        yield (re.search(str(want["resource"]), row["resource"]) is not None,
               label + "what it waited for is named", row["resource"])
        if "peer" in want:
            yield ((row["peer"] or {}).get("comm") == want["peer"],
                   label + "so is the process at its other end", str(row["peer"]))
        waker = most(rows, "wakers")
        if "waker" in want:
            yield (waker is not None and waker["comm"] == want["waker"],
                   label + "who ended it is named", str(waker))
        if "ctx" in want:
            yield (waker is not None and re.fullmatch(want["ctx"], waker["ctx"]) is not None,
                   label + "and the context in which that was", str(waker))
        if "softirq" in want:
            yield (waker is not None and waker["softirq"] == want["softirq"],
                   label + "and which softirq that was", str(waker))
        holder = most(rows[:1], "holders")
        if "holder" in want:
            yield (((holder or {}).get("comm") or "") == want["holder"],
                   label + "who held it is named, or nobody if it is no lock", str(holder))
        if "holder_region" in want:
            yield ((holder or {}).get("region") == want["holder_region"],
                   label + "and where that one was in the program", str(holder))


def fight(summary, account):
    rival = of_kind(account, "rival")[0]
    rows = [r for state in ("preempted", "runnable") for r in rows_of(summary, "fight", state)]
    by = {}
    for r in rows:
        for c in r["culprits"]:
            by[c["comm"]] = by.get(c["comm"], 0) + c["ns"]
    ns, waited = by.get("rival", 0), sum(r["total_ns"] for r in rows)
    known = sum(by.values()) + sum(r["culprits_others_ns"] + r["cpu_idle_ns"] for r in rows)
    yield "rival" in by, "who had the CPU is named", str(by)
    yield (abs(ns - rival["cpu_ns"]) <= 0.05 * rival["cpu_ns"],
           "its share is its CPU time, within 5 %", "%d, not %d" % (ns, rival["cpu_ns"]))
    yield (0.95 * waited <= known <= waited, "nearly all of the time is told, and not more",
           "%d of %d" % (known, waited))


def quota(summary, account):
    pid = of_kind(account, "ready")[0]["pid"]
    rows = rows_of(summary, "quota", "throttled")
    yield (bool(rows) and re.fullmatch(
        r"cgroup .*/ctrace-test-%d \(20\.0 ms of each 100 ms\)" % pid, rows[0]["resource"])
        is not None, "the cgroup is named, with its quota", str([r["resource"] for r in rows]))


def irq(summary, account):
    over, running = summary["all_threads"]["overlays_ns"], summary["all_threads"]["states_ns"]["running"]
    yield (over["irq"] is not None and 0 < over["irq"] + over["softirq"] < running,
           "interrupts took a part of running", "%s of %d" % (over, running))
    region = [r for r in summary["regions"] if r["name"] == "spin"]
    part = sum(r["overlays_ns"]["irq"] + r["overlays_ns"]["softirq"] for r in region)
    yield (0 < part <= over["irq"] + over["softirq"], "regions have their share of it",
           "%d of %s" % (part, over))


def main():
    check, path, account = sys.argv[1:4]
    wrong = 0
    with open(path, encoding="utf-8") as f:
        summary = json.load(f)
    checks = {"expect": expect, "fight": fight, "quota": quota, "irq": irq}
    for good, name, why in checks[check](summary, load_account(account)):
        print(("ok " if good else "not ok ") + name)
        if not good:
            print("# " + why)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
