#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peers.py - compares a summary with what tools that nobody here wrote say of the same run

    peers.py SUMMARY SWITCHES perf TIMEHIST    perf sched timehist: run, wait, delay of a thread
    peers.py SUMMARY SWITCHES offcpu BPFTRACE  a script's map @off[tid]: time off CPU
    peers.py SUMMARY SWITCHES calls BPFTRACE   a script's map @calls[tid]: calls that returned

Only threads that were born and died while all of them watched are compared. SWITCHES is what perf
script says of sched_switch: a thread that comes without having gone, or goes without having come,
had a switch that the kernel did not tell (some hosts hide those from and to a thread of their own),
so the peers' times of it are wrong, and it is left out. It prints TAP lines.
Exit status: 0, 1 something is wrong, 75 only times are off, or nothing is left to compare.
"""
import json
import re
import sys

READY = ("runnable",)  # perf's delay is of the woken; who was preempted has none there
# Within two in a hundred; what each switch costs between one tool's stamp and the other's; and what a
# thread of the host's own may have run inside of another's time, when both its switches are hidden from
# the peers, so that none is missing.
SHARE, PER_SWITCH, HIDDEN = 0.02, 5000, 1_000_000
LEAST_NS = 20_000_000


def timehist(path):
    """{tid: (run, wait, delay)} in ns"""
    line = re.compile(r"^\s*[\d.]+ \[\d+\]\s+.*\[(\d+)(?:/\d+)?\]\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$")
    sums = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for text in f:
            m = line.match(text)
            if m:
                tid = int(m[1])
                wait, delay, run = (round(float(x) * 1e6) for x in m.groups()[1:])
                old = sums.get(tid, (0, 0, 0))
                sums[tid] = (old[0] + run, old[1] + wait, old[2] + delay)
    return sums


def bpftrace_map(path, name):
    with open(path, encoding="utf-8") as f:
        return {int(m[1]): int(m[2]) for m in re.finditer(r"^@%s\[(\d+)\]: (\d+)" % name, f.read(), re.M)}


def seen_whole(path):
    """The threads whose switches come and go in turn."""
    line = re.compile(r" prev_pid=(\d+) .* next_pid=(\d+) ")
    on, broken, seen = set(), set(), set()
    with open(path, encoding="utf-8", errors="replace") as f:
        for text in f:
            m = line.search(text)
            if not m:
                continue
            prev, nxt = int(m[1]), int(m[2])
            # Whoever ran when the watch began is not compared, so nobody may go without having come.
            broken |= {prev} - on
            broken |= {nxt} & on
            on.discard(prev)
            on.add(nxt)
            seen |= {prev, nxt}
    return seen - broken


def near(a, b, switches):
    return abs(a - b) <= SHARE * max(a, b) + PER_SWITCH * switches + HIDDEN


def main(summary, switches, what, path):
    with open(summary, encoding="utf-8") as f:
        threads = [t for t in json.load(f)["threads"] if t["exited"] and not t["clipped"]]
    peer = timehist(path) if what == "perf" else bpftrace_map(path, "off" if what == "offcpu" else "calls")
    whole = seen_whole(switches)
    wrong = off = compared = 0
    bad = {}
    for t in threads:
        states, switches = t["states_ns"], sum(t["switches"].values())
        if t["tid"] not in peer:
            continue
        if what != "calls" and (t["lifetime_ns"] < LEAST_NS or t["tid"] not in whole):
            continue
        compared += 1
        away = t["lifetime_ns"] - states["running"]
        if what == "calls":
            pairs = [("calls", t["syscalls"], peer[t["tid"]])]
        elif what == "offcpu":
            pairs = [("off CPU", away, peer[t["tid"]])]
        else:
            run, wait, delay = peer[t["tid"]]
            pairs = [("running", states["running"], run), ("off CPU", away, wait),
                     ("runnable", sum(states[s] for s in READY), delay)]
        for name, ours, theirs in pairs:
            bad.setdefault(name, [])
            if ours != theirs if what == "calls" else not near(ours, theirs, switches):
                bad[name].append("%s (%d): %d, but %d" % (t["comm"], t["tid"], ours, theirs))
    if compared:
        print("ok there are threads to compare")
    else:
        print("ok threads to compare with %s # SKIP perf saw the switches of no thread whole" % what)
        off += 1
    for name, which in bad.items():
        print("%s %s of %d threads is what %s says" % (
            "not ok" if which else "ok", name, compared,
            "perf sched timehist" if what == "perf" else "a bpftrace script"))
        for w in which[:5]:
            print("# " + w)
        wrong += what == "calls" and bool(which)
        off += what != "calls" and bool(which)
    return 1 if wrong else 75 if off else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
