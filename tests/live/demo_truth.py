#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo_truth.py - compares a summary of the demo's service with what its load generator did

    demo_truth.py count SUMMARY TRUTH    nothing is lost, and the requests are as many as there were
    demo_truth.py causes SUMMARY TRUTH   those made slow are found, and for which reason each was slow

It prints TAP lines and exits with 1 if something is wrong.
"""
import json
import re
import sys

# The service may finish its task a little after the client has the answer, and the trace's
# begin and end are read a little before and after the marks are armed and disarmed.
MARGIN_NS = 50_000_000
# What the counts of one request's tasks may differ by. A request begins when it is read, before it
# waits for a worker: at the trace's begin each of the load's 16 connections may have one that began
# too early to count while its calls still do; at the end each of the 8 workers may have made calls
# for one that does not end in time.
IN_FLIGHT = 16 + 8
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


# The region that the critical path of a request of each kind has to lead to, be it of the request's
# own or that of another thread or process.
CAUSES = {
    "lock": "rebuild-index",
    "disk": "log.append",
    "cpu": "serialize",
    "backend": "replica.wait",
    "sleep": "retry.backoff",
}
PLANTED = 200  # at least so many, of all kinds together


def request_of(story):
    """The request's id, as the service's log line in the story says."""
    for step in story["steps"]:
        found = re.match(r"id=([0-9]+) ", step["detail"]) if step["kind"] == "log" else None
        if found and step["name"] == "request":
            return int(found.group(1))
    return None


def cause_of(story):
    """The region in which the largest part of its critical path was."""
    regions = {}
    for part in story["critical_path"]:
        regions[part["region"]] = regions.get(part["region"], 0) + part["ns"]
    return max(regions, key=regions.get, default="nowhere")


def causes(summary, truth):
    """Yields (good, name, why)."""
    offset, requests = load_truth(truth)
    begin = summary["capture"]["start_unix_ns"] - offset
    end = begin + summary["capture"]["duration_ns"]
    row = next(t for t in summary["tasks"] if t["name"] == "GET /messages")
    stories = {request_of(s): s for s in row["slowest"]}
    all_planted = all_right = 0
    for kind, region in CAUSES.items():
        planted = [r[0] for r in requests if r[1] == kind and
                   r[3] >= begin + MARGIN_NS and 0 < r[4] <= end - MARGIN_NS]
        found = [cause_of(stories[i]) if i in stories else "not traced" for i in planted]
        right = found.count(region)
        all_planted += len(planted)
        all_right += right
        # Some may have met a second trouble that was worse.
        yield (len(planted) >= 20 and right >= 0.9 * len(planted),
               "%d of %d are found: %s, in %s" % (right, len(planted), kind, region),
               str([f for f in found if f != region]))
    yield (all_planted >= PLANTED and all_right >= 0.95 * all_planted,
           "%d of %d causes are found" % (all_right, all_planted), "less than 95 %, or too few")
    states = row["critical_path_ns"]
    yield (sum(states.values()) == row["wall_ns"], "critical paths add up to the tasks' time", str(states))
    for where, s, whole in (("critical paths", states, row["wall_ns"]),
                            ("threads", summary["all_threads"]["states_ns"],
                             sum(summary["all_threads"]["states_ns"].values()))):
        yield (s["unknown"] < 0.01 * whole, "less than 1 %% of the time of %s is unknown" % where,
               "%d of %d" % (s["unknown"], whole))


def main():
    check, summary, truth = sys.argv[1:4]
    wrong = 0
    with open(summary, encoding="utf-8") as f:
        summary = json.load(f)
    for good, name, why in {"count": count, "causes": causes}[check](summary, truth):
        print(("ok " if good else "not ok ") + name)
        if not good:
            print("# " + why)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
