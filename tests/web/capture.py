#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""capture.py KIND FILE - captures for the page, made as those of tests/golden/capture.py

    many     1,500 names of tasks and 4,000 requests, the slow ones of them for a lock
    rich     names of files and locks, culprits, interrupts, migrations, child tasks, call stacks
    blank    names without a letter, and what is not over when the trace is
    hostile  names, paths, logs, reasons, functions that are markup
"""
import os
import struct
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "golden"))
import capture as base  # noqa: E402

MS, US, S, BEGIN, END, ROOT, FAILED = base.MS, base.US, base.S, base.BEGIN, base.END, 64, 16
RESOURCE, RAN, STOLEN, STACK, BLOCKED_AT, SAMPLE, SYMBOLS = 16, 17, 18, 20, 21, 22, 7
INODE, ADDR, SYMBOL = 1, 2, 4
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


class Rich(Trace):
    """One with resources, and call stacks whose functions have names."""

    def __init__(self):
        super().__init__()
        self.symbols, self.known = {}, set()

    def chunk(self, kind, payload, *args, **kv):
        if kind == 2 and b"host=" in payload:
            payload += b"stacks=1\nirq=1\n"
        out = super().chunk(kind, payload, *args, **kv)
        if kind == 3:
            for pid, names in ((base.PID, self.symbols), (0, {n: a for n, a in self.symbols.items() if a >> 63})):
                lines = "".join("@%x=%s\t10\t%s\t%s\n" % (a, n.replace("\\", "\\\\"), "kernel" if not pid else "/srv/demo/server<b>", "")
                                for n, a in names.items() if (a >> 63) == (not pid))
                out += super().chunk(SYMBOLS, ("pid=%d\nfrom_ts=0\n" % pid + lines).encode())
        return out

    def stack(self, tid, ts, names, kernel=False):
        """The id of a call stack, innermost first; told when it is met first."""
        # Where a call returns to is looked up one byte before: in the call.
        ips = [self.symbols.setdefault(n, (1 << 63 if kernel else 0) | 0x10000 + 0x100 * len(self.symbols)) + (i > 0)
               for i, n in enumerate(names)]
        nr = zlib.crc32(repr((names, kernel)).encode()) + 1
        if nr not in self.known:
            self.known.add(nr)
            self.put(STACK, 1 if kernel else 0, tid, ts,
                     struct.pack("<QII", nr, 0 if kernel else base.PID, len(ips)) + struct.pack("<%dQ" % len(ips), *ips))
        return nr

    def resource(self, tid, ts, what, nr, dev, text, flags=0, fd_kind=0, size=0):
        text = text.encode()
        self.put(RESOURCE, flags, tid, ts, struct.pack("<QIBBH16s16sHHBBBBIIQQQQQ16s", nr, dev, what, fd_kind, len(text), b"", b"", 0, 0, 0, 0,
                                                       0, 0, 0, 0, 0, 0, 0, size, 0, b"vda1") + text)


class Thread(base.Thread):
    """Its waits have call stacks, and whoever had the CPU."""
    user, kernel, ran, moves = (), ("schedule", "do_syscall_64"), (), 0

    def put_off(self, off, woken, on, waker, prev, state, nr, off_cpu, on_cpu, *args):
        if self.user:
            ids = (self.trace.stack(self.tid, on, self.user), self.trace.stack(self.tid, on, self.kernel, True))
            self.trace.put(BLOCKED_AT, 0, self.tid, on, struct.pack("<QQ", *ids))
        if self.ran:
            known = sum(ns for _, ns in self.ran)
            self.trace.put(RAN, 0, self.tid, on, struct.pack("<QQQQII", max(off, woken), 20 * US, 30 * US, 0, off_cpu, len(self.ran)) +
                           b"".join(struct.pack("<IIQ", tid, tid, ns) for tid, ns in self.ran))
            assert known + 50 * US <= on - max(off, woken)
            self.ran = ()
        super().put_off(off, woken, on, waker, prev, state, nr, off_cpu, off_cpu + self.moves, *args)

    def sample(self, names, ns):
        self.trace.put(SAMPLE, 0, self.tid, self.now, struct.pack("<QQQ", self.trace.stack(self.tid, self.now, names), 0, ns))

    def stolen(self, ns, softirq=False):
        self.trace.put(STOLEN, 2 if softirq else 1, self.tid, self.now, struct.pack("<II", ns, 3))


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


def rich(trace, evil=""):
    """20 requests wait for a lock that a rebuild has, which waits for a file and is preempted; 20 calls of a child."""
    names = {k: v + evil for k, v in dict(get="GET /page", call="db.Query", lookup="Lookup", rebuild="rebuild", lock="cache_lock", file="/srv/demo/journal",
                                          comm="stress-ng", main="main", handle="handle_request", wait="pthread_mutex_lock", read="read_page").items()}
    one, two, three = (Thread(trace, base.PID + i, "rich-%d" % i) for i in range(3))
    for t in (one, two, three):
        t.user = (names["wait"], names["handle"], names["main"])
    for tid in (4242, 4243):
        trace.put(base.COMM, 0, tid, base.START, struct.pack("<II16s", tid, 0, (names["comm"][:14] + str(tid % 10)).encode()[:15]))
    trace.resource(one.tid, base.START, INODE, 1835, 8 << 20 | 1, names["file"], fd_kind=base.FILE)
    trace.resource(one.tid, base.START, ADDR, 0x7f000000, base.PID, "/srv/demo/server" + evil, size=1 << 24)
    trace.resource(one.tid, base.START, ADDR, 0x7f12a000, base.PID, names["lock"], SYMBOL, size=64)
    for i in range(20):
        at = base.START + (20 + 60 * i) * MS
        two.until(at)
        two.begin(names["rebuild"], "index.c:9")
        two.run(1 * MS)
        two.sample((names["read"], names["rebuild"], names["main"]), 1 * MS)
        one.until(at + 500 * US)
        one.task(BEGIN, names["get"], 100 + i, ROOT)
        one.begin(names["lookup"], "cache.c:77")
        one.run(500 * US)
        one.stolen(40 * US)
        one.stolen(15 * US, True)
        one.sample((names["handle"], names["main"]), 500 * US)
        two.kernel = ("io_schedule", "vfs_fsync", "do_syscall_64")
        two.wait((5 + i % 3) * MS, base.FSYNC, 1 * MS, state=2, flags=base.IOWAIT, arg0=11, fd=base.FILE, ino=1835, dev=8 << 20 | 1, by=base.BY_HARDIRQ)
        two.kernel = Thread.kernel
        two.async_region(BEGIN, "gc", 900 + i, 0)
        two.run(2 * MS)
        two.async_region(END, "gc", 900 + i, 0)
        two.ran, two.moves = ((4242, 1 * MS), (4243, 500 * US)), 1
        two.preempted(1600 * US, 4242)
        two.moves = 0
        two.run(1 * MS)
        one.wait(two.now - one.now, base.FUTEX, 200 * US, arg0=0x7f12a000, waker=two, by=base.BY_TASK)
        two.run(100 * US)
        two.end(names["rebuild"])
        one.run(300 * US)
        one.log(100 + i, "page", "found " + evil)
        three.until(one.now)
        one.task(BEGIN, names["call"], 500 + i, parent=100 + i)
        three.task(base.ENTER, names["call"], 500 + i)
        three.begin(names["read"], "db.c:5")
        three.run(2 * MS)
        three.wait((2 + i % 5) * MS, base.FSYNC, 100 * US, state=2, flags=base.IOWAIT, arg0=12, fd=base.FILE, ino=1835, dev=8 << 20 | 1, by=base.BY_HARDIRQ)
        three.end(names["read"])
        three.run(100 * US)
        one.wait(three.now - one.now, base.FUTEX, 100 * US, arg0=0x7f12b000, waker=three, by=base.BY_TASK)
        three.task(base.LEAVE, "", 0)
        one.task(END, "", 500 + i)
        one.end(names["lookup"])
        one.ran = ((4242, 700 * US), (4243, 300 * US))
        one.preempted(2 * MS, 4242)
        one.run(10 * US)
        one.traceparent(100 + i, "00-0af7651916cd43dd8448eb211c80%04x-b7ad6b7169203331-01" % i)
        one.task(END, "", 100 + i)
    for t in (one, two, three):
        t.user = ("epoll_wait", names["main"])
        t.finish()


def hostile(trace):
    main = base.Thread(trace, base.PID + 10, "<img src=x>")
    worker = base.Thread(trace, base.PID + 11, "<script>1")
    for i in range(30):
        for name in (EVIL, "__proto__", "constructor", "a\"b'c&amp;<b>", "\u202egnol\u2028x"):
            main.until(base.START + (20 + 10 * i) * MS)
            main.task(BEGIN, name, 1000 + i, ROOT)
            main.begin(EVIL, EVIL)
            main.run((i + 1) * 100 * US)
            main.log(1000 + i, EVIL, EVIL)
            main.wait((i + 1) * 50 * US, base.FUTEX, 10 * US, arg0=0x1234, waker=worker, by=base.BY_TASK)
            main.end(EVIL)
            main.task(END, name, 1000 + i, FAILED if i % 5 == 0 else 0, message=EVIL if i % 5 == 0 else "")
    main.finish()
    worker.finish()
    rich(trace, " " + EVIL)


def blank(trace):
    """Names without a letter, and what is not over when the trace is."""
    main = base.Thread(trace, base.PID + 10, "blank")
    main.until(base.START + 20 * MS)
    for i, name in enumerate(("", " ")):
        main.task(BEGIN, name, 10 + i, ROOT)
        main.begin("opened" if i else name, "blank.c:1")
        main.run(1 * MS)
        main.end("opened" if i else name)
        main.task(END, name, 10 + i)
    main.task(BEGIN, "never over", 99, ROOT)
    main.begin("opened", "blank.c:1")
    main.finish()


if __name__ == "__main__":
    kinds = {"blank": (blank, "blank"), "many": (many, "many"), "rich": (rich, "rich"), "hostile": (hostile, "<img src=x>")}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    out = Trace() if sys.argv[1] in ("many", "blank") else Rich()
    make, comm = kinds[sys.argv[1]]
    make(out)
    out.write(sys.argv[2], comm)
