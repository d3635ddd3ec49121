#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""capture.py KIND FILE - captures for the page, made as those of tests/golden/capture.py

    many     1,500 names of tasks and 4,000 requests, the slow ones of them for a lock
    hostile  names, paths, logs and reasons that are markup
"""
import os
import struct
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "golden"))
import capture as base  # noqa: E402

MS, US, S, BEGIN, END, ROOT, FAILED = base.MS, base.US, base.S, base.BEGIN, base.END, 64, 16
EVIL = "</script><img src=x onerror=\"window.pwned=1\"><!--<script>window.pwned=2</script>"


class Trace(base.Trace):
    """One whose records need not fit into one chunk."""

    def chunk(self, kind, payload, stream=0, records=(0, 0, 0), flags=0, raw=None):
        if kind != 1:
            return super().chunk(kind, payload, stream, records, flags, raw)
        data, out, at = zlib.decompress(payload) if flags else payload, b"", 0
        while at < len(data):
            begin, times = at, []
            while at < len(data) and at - begin < 1 << 19:
                times.append(struct.unpack_from("<Q", data, at + 8)[0])
                at += struct.unpack_from("<H", data, at)[0]
            out += super().chunk(kind, data[begin:at], stream, (len(times), times[0], times[-1]))
        return out


def many(trace):
    base.LENGTH = 60 * S
    main = base.Thread(trace, base.PID, "many")
    one, two = (base.Thread(trace, base.PID + i, "many-worker-%d" % i) for i in (1, 2))
    for i in range(4000):
        slow = i % 100 == 99
        base.request(one, 10000 + i, (10 + 14 * i) * MS, 1 * MS + i * 7919 % 97 * 80 * US,
                     *((12 * MS + i % 7 * 9 * MS, two) if slow else ()))
    for i in range(1500):
        two.until(base.START + (5 + 30 * i) * MS)
        name = "job %04d %s" % (i, "\u00e9" * 60)
        two.task(BEGIN, name, 50000 + i, ROOT)
        two.begin("step %d" % i, "jobs.c:%d" % i)
        for k in range(6):
            two.run(10 * US)
            two.log(50000 + i, "note", "what there is to say <of> %d" % i + "." * 120)
        two.wait(i % 50 * 100 * US, base.FSYNC, 20 * US, arg0=11, fd=base.FILE, ino=1835 + i, dev=8 << 20 | 1,
                 by=base.BY_HARDIRQ)
        two.end("step %d" % i)
        two.task(END, name, 50000 + i)
    for t in (main, one, two):
        t.finish()


def hostile(trace):
    main = base.Thread(trace, base.PID, "<img src=x>")
    worker = base.Thread(trace, base.PID + 1, "<script>1")
    for i in range(30):
        for name in (EVIL, "__proto__", "constructor", "a\"b'c&amp;<b>", "\u202egnol\u2028x"):
            main.until(base.START + (20 + 10 * i) * MS)
            main.task(BEGIN, name, 100 + i, ROOT)
            main.begin(EVIL, EVIL)
            main.run((i + 1) * 100 * US)
            main.log(100 + i, EVIL, EVIL)
            main.wait((i + 1) * 50 * US, base.FUTEX, 10 * US, arg0=0x1234, waker=worker, by=base.BY_TASK)
            main.end(EVIL)
            main.task(END, name, 100 + i, FAILED if i % 5 == 0 else 0, message=EVIL if i % 5 == 0 else "")
    main.finish()
    worker.finish()


if __name__ == "__main__":
    kinds = {"many": (many, "many"), "hostile": (hostile, "<img src=x>")}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    out = Trace()
    make, comm = kinds[sys.argv[1]]
    make(out)
    out.write(sys.argv[2], comm)
