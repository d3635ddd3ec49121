#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""newer.py FOLDER - captures as a newer ctrace-bpf may write them (TAP)

From captures of this format, others are made by what ctrace-bpf.data(5) says of a higher minor number:
a longer header, longer records, record kinds, chunk types and chunk flags that nobody knows yet, more
keys, a longer end. They must say what they said before, and that something was left out, in a
sentence, in the report and in exports; both readers must agree on them. A higher major number is refused.
"""
import json
import os
import struct
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden")]
import capture  # noqa: E402
import export_events  # noqa: E402
from export_events import result, same  # noqa: E402

CTRACE, O = os.environ.get("CTRACE", "build/ctrace-bpf"), os.environ.get("O", "build")
MINOR = 7
RECORDS, META, END = 1, 2, 6


def chunk(kind, flags, stream, payload, raw_sz, records, low, high):
    head = struct.pack("<4sHHIIIIQQI", b"CHNK", kind, flags, stream, len(payload), raw_sz, records, low,
                       high, zlib.crc32(payload))
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def chunks(data):
    at = struct.unpack_from("<H", data, 12)[0]
    while at < len(data):
        _, kind, flags, stream, stored, raw_sz, records, low, high, _, _ = struct.unpack_from(
            "<4sHHIIIIQQII", data, at)
        yield kind, flags, stream, data[at + 48:at + 48 + stored], raw_sz, records, low, high
        at += 48 + stored


def header(data, major, more):
    head = data[:8] + struct.pack("<HHH", major, MINOR, 56 + len(more)) + data[14:52]
    return head + struct.pack("<I", zlib.crc32(head)) + more


def grown(payload):
    """Records that are longer, and every 20th followed by one of a kind that nobody knows."""
    out, at, unknown, count = b"", 0, 0, 0
    while at < len(payload):
        length, kind, flags, tid, ts = struct.unpack_from("<HBBIQ", payload, at)
        out += struct.pack("<HBBIQ", length + 16, kind, flags, tid, ts)
        out += payload[at + 16:at + length] + b"\xee" * 16
        at, count = at + length, count + 1
        if count % 20 == 0:
            out += struct.pack("<HBBIQ", 40, 200 + count % 50, 3, tid, ts) + b"\xdd" * 24
            unknown += 1
    return out, unknown


def newer(data, major=1):
    out, kinds, strange = header(data, major, b"sixteen bytes mo"), 0, 0
    for kind, flags, stream, payload, raw_sz, records, low, high in chunks(data):
        if kind == RECORDS:
            raw = zlib.decompress(payload) if flags & 1 else payload
            raw, unknown = grown(raw)
            kinds, records = kinds + unknown, records + unknown
            payload, raw_sz = (zlib.compress(raw), len(raw)) if flags & 1 else (raw, len(raw))
            out += chunk(RECORDS, 32, stream, b"coded in a way", 4096, 3, low, high)
            out += chunk(77, 0, 0, b"a type of chunk", 15, 0, 0, 0)
            strange += 2
        elif kind == META:
            payload += b"a_key_to_come=\\n\\\\ or so\n"
            raw_sz = len(payload)
        elif kind == END:
            payload += b"\0" * 8 + b"more to say " * 2
            raw_sz = len(payload)
        out += chunk(kind, flags, stream, payload, raw_sz, records, low, high)
    return out, kinds, strange


def run(*args):
    return subprocess.run([CTRACE, *args], capture_output=True)


def summary(path):
    done = run("report", path, "-f", "json")
    return json.loads(done.stdout) if not done.returncode else {"error": done.stderr.decode()}


def without(s, *keys):
    for path in keys:
        where = s
        *inner, last = path.split(".")
        for k in inner:
            where = where.get(k, {})
        where.pop(last, None)
    return s


def check_report(folder, kind):
    old, new = "%s/%s.ctrace" % (folder, kind), "%s/%s-newer.ctrace" % (folder, kind)
    with open(old, "rb") as f:
        data, kinds, strange = newer(f.read())
    with open(new, "wb") as f:
        f.write(data)
    was, now = summary(old), summary(new)
    yield from same("format", now["capture"]["newer_format_minor"], MINOR)
    yield from same("before", was["capture"]["newer_format_minor"], None)
    yield from same("kinds", now["capture"]["unknown_kinds"], kinds)
    yield from same("chunks", now["capture"]["damage"]["unknown_chunks"], strange)
    changes = ("capture.events", "capture.unknown_kinds", "capture.damage.unknown_chunks",
               "capture.newer_format_minor")
    yield from same("the report", without(now, *changes), without(was, *changes))
    text = " ".join(run("report", new).stdout.decode().split())
    wanted = ("Note: the capture is of a newer ctrace-bpf (format 1.%d), and what that has "
              "added was left out: %d chunks and %d events." % (MINOR, strange, kinds))
    yield from same("the sentence", text.count(wanted), 1)
    yield from same("other mentions", text.count("newer"), 1)
    lines = []
    for path in (old, new):
        done = run("export", path, "-o", "-", "--as", "jsonl")
        lines.append(done.stdout.splitlines()[:-1])
    yield from same("events", lines[1] == lines[0] and len(lines[0]) > 10, True)
    said = done.stderr.decode()
    yield from same("an export says so", wanted[6:-1] in said and "damaged" not in said, True)


def both_readers(path):
    mine = subprocess.run([sys.executable, "tests/unit/data_reader.py", path], capture_output=True)
    theirs = subprocess.run([O + "/tests/unit/test_reader", "dump", path], capture_output=True)
    yield from same("status", (mine.returncode, theirs.returncode), (0, 0))
    yield from same("what is read", mine.stdout.splitlines() == theirs.stdout.splitlines(), True)
    yield from same("lines", len(theirs.stdout.splitlines()) > 20, True)


def check_window(folder):
    """The index is of no use if the end is longer than it is known to be: then all is read."""
    path = folder + "/indexed"
    subprocess.run([O + "/tests/unit/test_writer", "sample", path, "1", "2000"], check=True)
    with open(path, "rb") as f:
        data = f.read()
    out = header(data, 1, b"")
    for c in chunks(data):
        out += chunk(END, 0, 0, c[3] + b"more to say." * 2, c[4] + 24, *c[5:]) if c[0] == END else chunk(*c)
    with open(path + "-newer", "wb") as f:
        f.write(out)
    yield from both_readers(path + "-newer")
    window = [json.loads(run("report", p, "--from", "1us", "--to", "100ms", "-f", "json").stdout or b"{}")
              for p in (path, path + "-newer")]
    yield from same("a window", *(without(w, "capture.newer_format_minor", "capture.events") for w in window))
    yield from same("it is one", "window" in window[0].get("capture", {}), True)


def check_major(folder):
    path = folder + "/major.ctrace"
    with open(folder + "/demo.ctrace", "rb") as f:
        data = newer(f.read(), 2)[0]
    with open(path, "wb") as f:
        f.write(data)
    done = run("report", path)
    yield from same("status", done.returncode, 1)
    yield from same("stdout", done.stdout, b"")
    said = done.stderr.decode()
    yield from same("a sentence", "was written by a newer ctrace-bpf (format 2): this one reads 1" in said and
                    said.count("\n") == 1, True)
    mine = subprocess.run([sys.executable, "tests/unit/data_reader.py", path], capture_output=True)
    yield from same("the page's reader", mine.returncode == 1 and b"major version" in mine.stderr, True)


def main(folder):
    for kind in ("demo", "plain"):
        capture.main(kind, "%s/%s.ctrace" % (folder, kind))
        result("a_newer_capture_says_what_it_said_before_and_that_it_is_newer: " + kind,
               check_report(folder, kind))
        result("a_reader_made_from_the_manual_page_agrees: " + kind,
               both_readers("%s/%s-newer.ctrace" % (folder, kind)))
    result("a_window_of_a_newer_capture_is_the_same", check_window(folder))
    result("a_newer_major_version_is_refused_in_one_sentence", check_major(folder))

    sys.exit(export_events.failed)


if __name__ == "__main__":
    main(sys.argv[1])
