#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""window.py FOLDER - a window of a capture says what the whole says of that time (TAP)

The states of the whole capture are cut to the window, and compared with those of the window, thread
by thread, to the nanosecond; tasks and regions that lie in it must be the same. (Regions that cross are
misuse: which end belongs to which begin is a guess, and depends on what is seen.) The captures are
random ones, rewritten by the tracer's own writer so that they have an index, in small chunks.
"""
import collections
import json
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden")]
import capture  # noqa: E402
import export_events  # noqa: E402

CTRACE = os.environ.get("CTRACE", "build/ctrace-bpf")
WRITER = os.path.join(os.environ.get("O", "build"), "tests/unit/test_toc")


def events(path, *window):
    out = subprocess.run([CTRACE, "export", path, "-o", "-", "--as", "jsonl", *window], check=True,
                         capture_output=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def states(lines, begin, end, shift=0):
    """(pid, tid) -> intervals inside of the window, those of one state in a row put together."""
    out = collections.defaultdict(list)
    for e in lines:
        if e["type"] != "state":
            continue
        a, b = e["start_ns"] + shift, e["start_ns"] + e["duration_ns"] + shift
        a, b = max(a, begin), min(b, end)
        if a >= b:
            continue
        mine = out[e["pid"], e["tid"]]
        if mine and mine[-1][1] == a and mine[-1][2] == e["state"]:
            mine[-1] = (mine[-1][0], b, e["state"])
        else:
            mine.append((a, b, e["state"]))
    return out


def spans(lines, begin, end, shift=0):
    """Tasks and regions that lie inside of the window, with all that is said of them."""
    out = []
    for e in lines:
        if e["type"] not in ("task", "region") or e.get("begun_before_trace") or e.get("unfinished"):
            continue
        a, b = e["start_ns"] + shift, e["start_ns"] + e["duration_ns"] + shift
        if begin <= a and b < end:
            out.append((e["type"], e["name"], a, b, tuple(sorted(e["states_ns"].items())),
                        e.get("self_ns", e.get("idle_ns"))))
    return sorted(out)


def check(path, whole, begin, end):
    window = events(path, "--from", "%dns" % begin if begin else "0", "--to", "%dns" % end)
    want, got = states(whole, begin, end), states(window, begin, end, begin)
    for thread in sorted(set(want) | set(got)):
        if want[thread] != got[thread]:
            yield "%s: %s, in the window %s" % (thread, want[thread][:6], got[thread][:6])
    a, b = spans(whole, begin, end), spans(window, begin, end, begin)
    missing = [s for s in a if s not in b]
    if missing:
        yield "%d of %d spans are not in the window: %s" % (len(missing), len(a), missing[0])
    if len([s for s in b if s not in a]):
        yield "spans that are not in the whole: %s" % [s for s in b if s not in a][0:1]


def main(folder):
    rnd = random.Random(7)
    for seed in range(int(os.environ.get("RANDOM_CAPTURES", "8"))):
        raw, path = "%s/raw-%d" % (folder, seed), "%s/window-%d.ctrace" % (folder, seed)
        machine = export_events.Machine(seed, crossing=False)
        machine.run().write(raw, "random", cpus=machine.cpus)
        subprocess.run([WRITER, "rewrite", raw, path], check=True)
        whole, wrong = events(path), []
        for _ in range(6):
            begin, end = sorted(rnd.sample(range(capture.LENGTH), 2))
            wrong += check(path, whole, begin, end)
        export_events.result("windows_of_random_capture_%d_are_cut_out_of_it" % seed, wrong)
    sys.exit(export_events.failed)


if __name__ == "__main__":
    main(sys.argv[1])
