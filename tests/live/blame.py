#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""blame.py SUMMARY ACCOUNT LABEL - whom waits hung on, as a trace and as those who did it say

SUMMARY has the stories of all laps (--slowest), ACCOUNT is of tests/workloads/blame.c. It prints TAP
lines. Exit status: 0, 1 something is wrong, 75 only times are off.
"""
import json
import sys

from truth import Tap, load, load_account, of_kind

US = 1000
# Marks stand between two readings of the same clock; a switch is stamped by another, right beside.
LAP_NS = 50 * US
READY = ("running", "runnable", "preempted", "yield")


def waits_of(story):
    return [s for s in story["steps"] if s["kind"] == "wait"]


def chains(tap, stories):
    bad = [s["id"] for s in stories for w in waits_of(s)
           if w["wait"]["chain"] and sum(l["self_ns"] for l in w["wait"]["chain"]) != w["wait"]["woken_ns"]]
    tap.exact(not bad, "each chain adds up to its wait", str(bad[:5]))
    bad = [s["id"] for s in stories if sum(s["critical_path_ns"].values()) != s["duration_ns"]]
    tap.exact(not bad, "each critical path adds up to its task", str(bad[:5]))


def laps(tap, stories, waits):
    """The chains of a lap's waits are what its own clock says, without what it was ready for."""
    off = []
    for story, want in zip(sorted(stories, key=lambda s: s["start_ns"]), waits):
        region = next((s for s in story["steps"] if s["kind"] == "region"), None)
        if not region:
            off.append("lap %d: no region" % want["lap"])
            continue
        ready = sum(region["states_ns"][s] for s in READY)
        ns = sum(w["wait"]["woken_ns"] for w in waits_of(story) if w["wait"]["state"] not in READY)
        if not want["in_ns"] - ready - LAP_NS <= ns <= want["out_ns"] - ready + LAP_NS:
            off.append("lap %d: %d, by its clock %d to %d" % (
                want["lap"], ns, want["in_ns"] - ready, want["out_ns"] - ready))
    tap.near(0, len(off), 0, "the chain of each lap is its wait, within 50 us" + "; ".join([""] + off[:3]))


def causes(tap, row, account):
    wanted, path = of_kind(account, "cause"), row["critical_path"]
    nr = len(of_kind(account, "wait"))
    for want in wanted:
        ns = sum(p["ns"] for p in path if p["comm"] == want["comm"] and p["region"] == want["region"] and
                 p["behind"] == want["behind"] and p["behind_region"] == want["behind_region"])
        tap.near(want["in_ns"] - nr * LAP_NS, ns, want["out_ns"] + nr * LAP_NS,
                 "behind %s in %s: %s in %s" % (want["behind"], want["behind_region"], want["comm"], want["region"]))
    tap.near(0, row["critical_path_ns"]["unknown"], row["wall_ns"] // 100, "less than 1 % is unknown")


def states(tap, row, label):
    """What the one at the chain's end did there, when it had its CPU or waited for none."""
    expect = {"mutex": ("carol", "write", "disk"), "cond": ("maker", "make", "running")}
    comm, region, state = expect.get(label, ("producer", "rest", "sleep"))
    ns = {}
    for p in row["critical_path"]:
        if p["comm"] == comm and p["region"] == region and p["state"] not in READY[1:]:
            ns[p["state"]] = ns.get(p["state"], 0) + p["ns"]
    tap.exact(max(ns, key=ns.get, default="") == state, "%s in %s was in state %s" % (comm, region, state), str(ns))


def main(summary, account, label):
    tap, s, account = Tap(label + ": "), load(summary), load_account(account)
    rows = [t for t in s["tasks"] if t["name"] == "lap"]
    waits = of_kind(account, "wait")
    tap.exact(len(rows) == 1 and rows[0]["complete"] == len(waits) == len(rows[0]["slowest"]),
              "each lap is there", str([(r["count"], r["complete"]) for r in rows]))
    if tap.wrong:
        return tap.status()
    chains(tap, rows[0]["slowest"])
    laps(tap, rows[0]["slowest"], waits)
    causes(tap, rows[0], account)
    states(tap, rows[0], label)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
