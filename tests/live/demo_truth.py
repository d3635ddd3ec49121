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


# What a story has to show for each kind: the states that most of its time went to, and the region
# (or the child task) that it was in.
CAUSES = {
    "lock": (("lock",), "session-table"),
    "disk": (("disk",), "log.append"),
    "cpu": (("running", "runnable", "preempted"), "serialize"),
    "backend": (("network",), "spanner.Query"),
    "sleep": (("sleep",), "cache.Lookup"),
}


def request_of(story):
    """The request's id, as the service's log line in the story says."""
    for step in story["steps"]:
        found = re.match(r"id=([0-9]+) ", step["detail"]) if step["kind"] == "log" else None
        if found and step["name"] == "request":
            return int(found.group(1))
    return None


def cause_of(story):
    """(kind, region or child task): what most of the time went to."""
    states = story["states_ns"]
    kind = max(CAUSES, key=lambda k: sum(states[s] for s in CAUSES[k][0]))
    places = [s for s in story["steps"]
              if s["kind"] == ("child" if kind in ("backend", "sleep") else "region")]
    longest = max(places, key=lambda s: s["duration_ns"], default={"name": "nowhere"})
    return kind, longest["name"]


def causes(summary, truth):
    """Yields (good, name, why)."""
    offset, requests = load_truth(truth)
    begin = summary["capture"]["start_unix_ns"] - offset
    end = begin + summary["capture"]["duration_ns"]
    stories = {request_of(s): s for t in summary["tasks"] if t["name"] == "GET /messages"
               for s in t["slowest"]}
    for kind, (_, place) in CAUSES.items():
        planted = [r[0] for r in requests if r[1] == kind and
                   r[3] >= begin + MARGIN_NS and 0 < r[4] <= end - MARGIN_NS]
        found = [cause_of(stories[i]) if i in stories else ("not traced", "") for i in planted]
        right = sum(f == (kind, place) for f in found)
        # One in ten may have met a second trouble that was worse.
        yield (len(planted) >= 5 and right >= 0.9 * len(planted) - 1,
               "the cause is found: %s in %s" % (kind, place),
               "%d of %d: %s" % (right, len(planted), found))


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
