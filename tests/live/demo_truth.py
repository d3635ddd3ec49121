#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo_truth.py - compares a summary of the demo's service with what its load generator did

    demo_truth.py count SUMMARY TRUTH    nothing is lost, and the requests are as many as there were

It prints TAP lines and exits with 1 if something is wrong.
"""
import json
import sys

# The service may finish its task a little after the client has the answer, and the trace's
# begin and end are read a little before and after the marks are armed and disarmed.
MARGIN_NS = 50_000_000
# The calls of one request are counted one after the other, so at each edge of the trace their
# counts differ by what was in flight: at most one a worker of the frontend.
IN_FLIGHT = 2 * 8
CALLS = ("auth.AccessToken", "cache.Lookup", "spanner.Query")


def load_truth(path):
    """(what to add to get CLOCK_REALTIME, [(id, kind, due, sent, done)])"""
    offset, requests = 0, []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words[:2] == ["#", "realtime-offset"]:
                offset = int(words[2])
            elif words[0] != "#":
                requests.append((int(words[0]), words[1], *map(int, words[3:])))
    return offset, requests


def count(summary, truth):
    """Yields (good, name, why)."""
    offset, requests = load_truth(truth)
    capture = summary["capture"]
    begin = capture["start_unix_ns"] - offset
    end = begin + capture["duration_ns"]
    inside = sum(sent >= begin + MARGIN_NS and 0 < done <= end - MARGIN_NS
                 for _, _, _, sent, done in requests)
    touched = sum(sent <= end + MARGIN_NS and done >= begin - MARGIN_NS
                  for _, _, _, sent, done in requests)
    tasks = {t["name"]: t for t in summary["tasks"]}
    yield capture["lost"]["total"] == 0, "nothing is lost", str(capture["lost"])
    yield inside > 1000, "there is something to count", "%d requests" % inside
    counts = []
    for name in ("GET /messages",) + CALLS + tuple(c + " serve" for c in CALLS):
        n = tasks.get(name, {}).get("complete", 0)
        counts.append(n)
        yield (inside <= n <= touched, "as many as there were: " + name,
               "%d is not within %d .. %d" % (n, inside, touched))
        yield (tasks.get(name, {}).get("failed", 1) == 0, "none failed: " + name, "some did")
    yield (max(counts) - min(counts) <= IN_FLIGHT, "each request made each call once",
           "the counts differ: %s" % counts)


def main():
    check, summary, truth = sys.argv[1:4]
    wrong = 0
    with open(summary, encoding="utf-8") as f:
        summary = json.load(f)
    for good, name, why in {"count": count}[check](summary, truth):
        print(("ok " if good else "not ok ") + name)
        if not good:
            print("# " + why)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
