#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""several.py FOLDER - several captures explained as one say what each of them says (TAP)

Two captures of one host and boot, one after the other, one of another host that began earlier, one of a host whose clock
was set meanwhile: counts, times and states of the whole must be the sums of theirs, its threads theirs;
what is exported must agree with that.
"""
import collections
import json
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden")]
import capture  # noqa: E402
import export_events  # noqa: E402
from export_events import result, same  # noqa: E402

CTRACE = os.environ.get("CTRACE", "build/ctrace-bpf")
ADD = 10000000
DAY, BOOT = capture.UNIX, capture.START


def make(path, seed, host, boot, unix, clock_end=None):
    """boot: CLOCK_MONOTONIC when it began; unix: the time of day then; clock_end: a later pair."""
    capture.START, capture.UNIX = boot, unix
    machine = export_events.Machine(seed)
    machine.run().write(path, "random", cpus=machine.cpus)
    with open(path, "rb") as f:
        data = f.read()
    old = b"host=web-7\n"
    at = data.index(old) - len("version=0.1.0\n") - 48  # where the META chunk begins
    stored, = struct.unpack_from("<I", data, at + 12)
    text = data[at + 48:at + 48 + stored].replace(old, b"host=%s\n" % host.encode())
    chunks = machine.trace.chunk(2, text)
    if clock_end:
        chunks += machine.trace.chunk(5, struct.pack("<QQQ", *clock_end, 20))
    with open(path, "wb") as f:
        f.write(data[:at] + chunks + data[at + 48 + stored:])


def report(*paths):
    return json.loads(subprocess.run([CTRACE, "report", "-f", "json", *paths], check=True,
                                     capture_output=True).stdout)


def sums(reports, what, key):
    out = collections.defaultdict(collections.Counter)
    for s in reports:
        for row in s[what]:
            c = out[key(row)]
            c.update({k: row[k] for k in ("count", "complete", "wall_ns")})
            c.update({"state " + k: v for k, v in row["states_ns"].items()})
    return {k: dict(+v) for k, v in out.items()}


def threads(s, add=0):
    return sorted((t["pid"] + add, t["tid"] + add, t["comm"], t["lifetime_ns"],
                   tuple(t["states_ns"].items())) for t in s["threads"])


def name(row):
    return row["name"]


def site(row):
    return row["name"], row["site"], row["async"]


def check(paths, whole, each):
    yield from same("tasks", sums([whole], "tasks", name), sums(each, "tasks", name))
    yield from same("regions", sums([whole], "regions", site), sums(each, "regions", site))
    yield from same("threads", threads(whole),
                    sorted(t for i, s in enumerate(each) for t in threads(s, i * ADD)))
    yield from same("captures without records", [s for s in each if not s["capture"]["events"]], [])
    yield from same("events", whole["capture"]["events"], sum(s["capture"]["events"] for s in each))


def main(folder):
    p = ["%s/%d.ctrace" % (folder, i) for i in range(4)]
    make(p[0], 1, "web-7", BOOT, DAY)
    make(p[1], 2, "web-7", BOOT + 2 * capture.S, DAY + 2 * capture.S)
    make(p[2], 3, "web-8", 77 * capture.S, DAY - 400 * capture.MS)
    # Its clock was set forward by 600 us while it was traced.
    boot = 99999 * capture.S
    make(p[3], 4, "web-9", boot, DAY + 300 * capture.MS,
         (boot + capture.LENGTH, DAY + 300 * capture.MS + capture.LENGTH + 600 * capture.US))
    each = [report(path) for path in p]
    whole = report(*p)
    result("several_captures_are_the_sum_of_each", check(p, whole, each))
    parts = whole["capture"]["captures"]
    result("one_of_the_same_boot_has_the_same_clock",
           same("clock", (parts[1]["clock"], parts[1]["clock_err_ns"], parts[1]["start_ns"] - parts[0]["start_ns"]),
                ("same", 0, 2 * capture.S)))
    result("one_of_another_host_is_placed_by_the_time_of_day",
           same("clock", (parts[2]["clock"], parts[2]["clock_err_ns"], parts[2]["start_ns"]),
                ("time of day", 100, 0)))
    result("a_clock_that_was_set_is_taken_at_its_mean_and_that_is_said",
           same("clock", (parts[3]["clock_err_ns"], parts[3]["start_ns"]),
                (100 + 20 + 300 * capture.US, 700 * capture.MS + 300 * capture.US)))
    result("times_are_those_of_the_first", same("start", (
        whole["capture"]["start_unix_ns"], whole["capture"]["duration_ns"]),
        (DAY - 400 * capture.MS, 400 * capture.MS + 2 * capture.S + capture.LENGTH)))
    for ext, read in export_events.READERS.items():
        dst = "%s/all.%s" % (folder, ext)
        run = subprocess.run([CTRACE, "export", *p, "-o", dst, "--as", ext], capture_output=True)
        if run.returncode:
            result("%s_of_several_captures" % ext, [run.stderr.decode()])
            continue
        try:
            result("%s_of_several_captures_says_what_the_summary_says" % ext,
                   export_events.compare(read(dst), whole))
        except (AssertionError, KeyError, IndexError, ValueError) as e:
            result("%s_of_several_captures_says_what_the_summary_says" % ext,
                   ["%s %s" % (type(e).__name__, e)])
    text = subprocess.run([CTRACE, "report", *p], check=True, capture_output=True).stdout.decode()
    said = " ".join(text.split())
    result("the_report_says_how_clocks_were_set", [] if
           "Capture 4: web-9" in said and "to within 300 µs if both hosts had it right" in said and
           "its process numbers are 30000000 more" in said else [said[:800]])
    twice = subprocess.run([CTRACE, "report", p[0], p[0]], capture_output=True)
    result("one_capture_twice_is_an_error", [] if twice.returncode == 1 and b"same capture" in twice.stderr
           else [twice.stderr.decode()])
    sys.exit(export_events.failed)


if __name__ == "__main__":
    main(sys.argv[1])
