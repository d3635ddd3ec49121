#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stamps.py CAPTURE OUTPUT NS - the begins of a capture lie where the workload "stamps" says (TAP)

NS: by how much a mark's time may lie outside of the two readings of the clock around it.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit"))
from data_reader import Capture  # noqa: E402

REGION, OP, BEGIN = 8, 7, 1


def check(good, name, why=""):
    print("%s %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# %s" % why)
    return good


def main(capture, output, most):
    with open(output, encoding="utf-8") as f:
        want = [tuple(map(int, line.split()[1:])) for line in f if line.startswith("at ")]
    with open(capture, "rb") as f:
        got = sorted(ts for stream in Capture(f.read()).streams for kind, flags, _, _, ts, *_ in stream
                     if kind == REGION and flags & OP == BEGIN)
    good = check(len(got) == len(want) > 1000, "each mark has its record", (len(got), len(want)))
    off = [max(before - ts, ts - after, 0) for ts, (before, after) in zip(got, want)]
    good &= check(max(off) <= most, "a mark's time is within %d ns of the clock's" % most,
                  "off by %d ns" % max(off))
    print("# %d marks, off by %d ns at most, %d of them by more than 100 ns" % (
        len(off), max(off), sum(o > 100 for o in off)))
    return not good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
