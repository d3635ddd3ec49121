#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judges the call stacks of tests/workloads/stacks/stacks.c: TAP lines.

stacks.py JSON FOLDED LABEL PREFIX [EXTRA...]: PREFIX stands before each function's name ("app::"
in C++). EXTRA: "plugin", the library's functions are expected; "lines", source lines, too.
"""
import collections
import json
import sys

summary = json.load(open(sys.argv[1]))
folded, label, prefix, extra = sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]


def result(name, good, why=""):
    print("%s %s: %s" % ("ok" if good else "not ok", label, name))
    if not good and why:
        print("# %s" % str(why)[:1500])


def functions(row):
    """Outermost first, without arguments."""
    return [f["name"].split("(")[0] for f in reversed(row["user"])]


def goes_through(row, path):
    names, at = functions(row), 0
    for name in names:
        if at < len(path) and name == path[at]:
            at += 1
    return at == len(path)


def share(state, region, path):
    """Of the time in the state and region, how much was spent in calls along the path."""
    rows = [r for r in summary["stacks"] if r["state"] == state and
            (region is None or region in r["regions"])]
    total = sum(r["total_ns"] for r in rows)
    good = sum(r["total_ns"] for r in rows if goes_through(r, path))
    return good / total if total else 0, [(r["total_ns"], functions(r)) for r in rows[:4]]


def all_along(name, state, region, path, least=0.95):
    got, rows = share(state, region, path)
    result(name, got >= least, (got, rows))


all_along("sleeps are in the function that sleeps", "sleep", "sleeping",
          ["main", prefix + "lap", prefix + "sleep_outer"])
all_along("waits for a lock are in the function that locks", "lock", "locking",
          ["main", prefix + "lap", prefix + "lock_outer"])
all_along("time on the CPU is in the function that burns it", "running", "burning",
          ["main", prefix + "lap", prefix + "burn_here"], 0.8)
if "plugin" in extra:
    all_along("a library that was loaded meanwhile has names", "poll", None,
              ["main", prefix + "lap", "plugin_outer"])
if "lines" in extra:
    sites = {f["site"].split(":")[0] for r in summary["stacks"] for f in r["user"]
             if f["name"].startswith(prefix + "sleep_outer")}
    result("functions have their source line", sites == {"stacks.c"}, sites)

kernel = {f["name"] for r in summary["stacks"] if r["state"] == "sleep" for f in r["kernel"]}
result("the kernel's functions have names", any("nanosleep" in k for k in kernel), sorted(kernel))
result("the tracer is not in the stacks of waits",
       not [k for k in kernel if "bpf" in k or "trace" in k], sorted(kernel))

states = summary["all_threads"]["states_ns"]
cpu = sum(r["total_ns"] for r in summary["stacks"] if r["state"] == "running")
# Short laps may be in step with the samples.
result("samples stand for about the time on the CPU",
       0.5 < cpu / states["running"] < 1.7, (cpu, states["running"]))

sums, bad = collections.Counter(), []
for line in open(folded):
    stack, _, ns = line.rstrip("\n").rpartition(" ")
    last = stack.rpartition(";")[2]
    if not ns.isdigit() or last[:1] + last[-1:] != "[]":
        bad.append(line)
        continue
    sums[last[1:-1]] += int(ns)
result("each folded line is a stack and a number", not bad, bad[:3])
off = {s: n for s, n in states.items() if n and s != "running"}
sums.pop("running", None)
result("folded lines of a state add up to it, to the nanosecond", dict(sums) == off, (sums, off))
