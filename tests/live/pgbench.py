#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgbench.py DIR - the exports of DIR/pgbench.ctrace say what its report says (TAP)

What the trace wrote itself must be what is exported from its capture, and that is read back by
the readers of tests/unit/export_events.py and otlp_events.py.
"""
import collections
import filecmp
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit"))
import export_events as base  # noqa: E402
import otlp_events  # noqa: E402
from export_events import CTRACE, result, same  # noqa: E402

EXPORTS = ["pgbench." + ext for ext in ("pftrace", "jsonl", "csv", "folded", "otlp.pb", "otlp.jsonl",
                                        "events.json")]


def is_something(s):
    processes = {t["pid"] for t in s["threads"]}
    yield from same("several processes", len(processes) > 6, True)
    yield from same("all called postgres", {t["comm"] for t in s["threads"]}, {"postgres"})
    yield from same("nothing lost", s["capture"]["lost"]["total"], 0)
    yield from same("thousands of records", s["capture"]["events"] > 3000, True)
    states = {k for k, v in s["all_threads"]["states_ns"].items() if v}
    times = s["all_threads"]["states_ns"]
    yield from same("less than 1 % unknown", times["unknown"] * 100 < sum(times.values()), True)
    yield from same("states", {"running", "runnable", "poll"} <= states, True)


def folded(path, s):
    sums = collections.Counter()
    with open(path, encoding="utf-8") as f:
        for line in f:
            stack, ns = line.rsplit(" ", 1)
            sums[stack.rsplit(";", 1)[1][1:-1]] += int(ns)
    want = {k: v for k, v in s["all_threads"]["states_ns"].items() if v}
    del sums["running"], want["running"]  # without samples, it is not told where
    yield from same("sums", dict(sums), want)


def main(folder):
    with open(folder + "/pgbench.json", encoding="utf-8") as f:
        summary = json.load(f)
    result("pgbench_was_traced", is_something(summary))
    again = folder + "/again"
    os.mkdir(again)
    os.symlink("../pgbench.ctrace", again + "/pgbench.ctrace")
    for ext, read in base.READERS.items():
        base.check(again, "pgbench", ext, read)
    otlp_events.check(again, "pgbench")
    subprocess.run([CTRACE, "export", again + "/pgbench.ctrace", "-o", again + "/pgbench.folded"], check=True,
                   capture_output=True)
    result("folded_says_what_the_summary_says", folded(again + "/pgbench.folded", summary))
    for name in EXPORTS:
        mine = again + "/" + name.replace("events.json", "chrome")
        result(name + "_of_the_trace_is_the_export_of_its_capture",
               same("equal", filecmp.cmp(mine, folder + "/" + name, shallow=False), True))
    report = subprocess.run([CTRACE, "report", folder + "/pgbench.ctrace", "-f", "json"], check=True,
                            capture_output=True).stdout
    result("the_report_is_what_the_trace_printed", same("equal", json.loads(report) == summary, True))
    sys.exit(base.failed)


if __name__ == "__main__":
    main(sys.argv[1])
