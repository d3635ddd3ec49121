#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""capture.py KIND FILE - writes a capture of a service that never was

    demo     five threads, 1.5 s: requests, one of them slow because of a lock; a job over two threads
    after    the same service, changed: no waits for that lock, a slower network, another name
    lossy    the same with a loss in the middle, damage, misuse of marks, and no end
    plain    one process without a mark
    queued   threads of one name: what looks like waits for the disk is the lack of a CPU

Every time is known, so every figure of a report is known beforehand. It is written from
include/ctrace/wire.h and format.h by hand, so that a mistake on both sides of the tracer's own
writer and reader shows up here.
"""
import struct
import sys
import zlib

US, MS, S = 1000, 1000 * 1000, 1000 * 1000 * 1000
START, UNIX, LENGTH = 5000 * S, 1773489663456000000, 1500 * MS
PID = 1234
# wire.h
THREAD, TOTALS, COMM, OFFCPU, SYSCALL, STRING, TASK, REGION, ASYNC, LOG, PARENT, LOST = range(1, 13)
IOWAIT, OPEN, CLIPPED, BIRTH = 1, 8, 16, 32
BEGIN, END, ENTER, LEAVE, FAILED, ROOT = 1, 2, 3, 4, 16, 64
BY_TASK, BY_SOFTIRQ, BY_HARDIRQ = 1, 2, 3
FILE, INET, EPOLL = 1, 7, 11
# ctrace-bpf.data(5): what tracing took
TRACER = {"tracer.cpu_ns": 12345678, "tracer.switches": 31, "tracer.preempted": 2,
          "tracer.readings": 16, "tracer.woken": 1, "tracer.lag_mean_ns": 90 * MS,
          "tracer.lag_max_ns": 103 * MS, "tracer.ring_bytes": 98765, "tracer.spilled": 7,
          "tracer.spill.1": 7, "tracer.record.4": "300 26400 6000", "tracer.record.8": "500 28000 4000",
          "tracer.record.200": "1 16 16", "tracer.program.on_switch": "1000 350000",
          "tracer.program.<b>": "1 2", "tracer.program.bad": "1 2 3", "tracer.later": 5}
# x86-64
FSYNC, RECV, FUTEX, SLEEP, POLL = 74, 45, 202, 230, 232


def text(s):
    return s if isinstance(s, bytes) else s.encode()


class Trace:
    def __init__(self):
        self.streams, self.strings, self.losses, self.threads = ([], []), {}, [], []
        self.tracer = {}

    def put(self, kind, flags, tid, ts, body=b"", stream=None):
        body += bytes(-len(body) % 8)
        record = struct.pack("<HBBIQ", 16 + len(body), kind, flags, tid, ts) + body
        self.streams[tid % 2 if stream is None else stream].append((ts, record))

    def string(self, tid, ts, s):
        """The address of s; the first to use it says what stands there."""
        if not s:
            return 0
        s = text(s)
        if s not in self.strings:
            self.strings[s] = 0x400000 + 0x100 * len(self.strings)
            self.put(STRING, 0, tid, ts, struct.pack("<QII", self.strings[s], PID, len(s)) + s)
        return self.strings[s]

    def chunk(self, kind, payload, stream=0, records=(0, 0, 0), flags=0, raw=None):
        count, low, high = records
        head = struct.pack("<IHHIIIIQQI", 0x4b4e4843, kind, flags, stream, len(payload),
                           len(payload) if raw is None else raw, count, low, high,
                           zlib.crc32(payload))
        return head + struct.pack("<I", zlib.crc32(head)) + payload

    def write(self, path, comm, end=True, cpus=2):
        def pairs(**kv):
            return "".join("%s=%s\n" % p for p in kv.items()).encode()

        head = b"CTRACE\r\n" + struct.pack("<HHHHIIQQQI", 1, 0, 56, 62, 2, cpus, START, UNIX, 50, 0)
        out = head + struct.pack("<I", zlib.crc32(head))
        out += self.chunk(2, pairs(version="0.1.0", host="web-7", kernel="6.18.5", command="",
                                   syscalls="1"))
        out += self.chunk(3, pairs(pid=PID, comm=comm, exe="/srv/demo/server",
                                   threads=len(self.threads)))
        count = 0
        for nr, records in enumerate(self.streams):
            records.sort(key=lambda r: r[0])
            raw, packed = b"".join(r for _, r in records), None
            if nr == 1:
                packed = zlib.compress(raw)
            count += len(records)
            if records:
                out += self.chunk(1, packed or raw, nr, (len(records), records[0][0], records[-1][0]),
                                  1 if packed else 0, len(raw))
        if self.losses:
            out += self.chunk(4, b"".join(struct.pack("<24sQ", n.encode(), c) for n, c in self.losses))
        if end and self.tracer:
            out += self.chunk(2, pairs(**self.tracer))
        if end:
            out += self.chunk(6, struct.pack("<QQ32s", START + LENGTH, count, b"duration"))
        else:
            out += self.chunk(6, bytes(48))[:30]
        with open(path, "wb") as f:
            f.write(out)


class Thread:
    """A thread that runs but for what it waits for; its clock is `now`."""

    def __init__(self, trace, tid, comm, born=0, on_cpu=1):
        self.trace, self.tid, self.now = trace, tid, START + born
        self.cpu_nr = len(trace.threads)  # one each: they run side by side
        self.cpu = self.sys = self.calls = self.faults = self.delay = self.waits = 0
        trace.threads.append(self)
        body = struct.pack("<IIIIQQiI16s", PID, 0 if not born else PID, PID, 0, tid, 7 * MS, -1, on_cpu,
                           text(comm))
        trace.put(THREAD, 1 if born else 0, tid, self.now, body)

    def run(self, ns, kernel=0, calls=0):
        self.now += ns
        self.cpu += ns
        self.sys += kernel
        self.calls += calls

    def until(self, ts, nr=POLL, **how):
        """Waits until then, in epoll if nothing else is said; not at all if it is late."""
        if ts <= self.now:
            return
        how.setdefault("fd", EPOLL)
        how.setdefault("by", BY_SOFTIRQ)
        self.wait(ts - self.now, nr, arg0=4, **how)

    def wait(self, ns, nr, queued=0, state=1, flags=0, arg0=0, fd=0, waker=None, by=0, prev=0, ino=0,
             dev=0):
        off, woken = self.now, self.now + ns
        if flags & OPEN:
            woken = 0
        self.now += ns + queued
        self.delay += queued
        self.waits += 1
        tid = waker.tid if waker else PID + 1 if by else 0
        self.put_off(off, woken, self.now, tid, prev, state, nr, self.cpu_nr, self.cpu_nr, by, fd, arg0,
                     flags, ino, dev)
        self.calls += 1

    def put_off(self, off, woken, on, waker, prev, state, nr, off_cpu, on_cpu, by, fd, arg0, flags, ino=0,
                dev=0):
        body = struct.pack("<QQIIIIhHHBBQQQII", off, woken, waker, PID if waker else 0, prev, state, nr,
                           off_cpu, on_cpu, by, fd, arg0, 0, ino, dev, 0)
        self.trace.put(OFFCPU, flags, self.tid, on, body)

    def preempted(self, ns, by):
        self.wait(0, -1, queued=ns, state=0, prev=by)
        self.calls -= 1

    def used(self):
        return struct.pack("<QQII", self.cpu, self.sys, self.calls, self.faults)

    def task(self, op, name="", nr=0, flags=0, parent=0, message=""):
        at = [self.trace.string(self.tid, self.now, s) for s in (name, message)]
        self.trace.put(TASK, op | flags, self.tid, self.now,
                       struct.pack("<QQQQ", nr, parent, *at) + self.used())

    def region(self, op, name, site=""):
        at = [self.trace.string(self.tid, self.now, s) for s in (name, site)]
        self.trace.put(REGION, op, self.tid, self.now, struct.pack("<QQ", *at) + self.used())

    def begin(self, name, site):
        self.region(BEGIN, name, site)

    def end(self, name):
        self.region(END, name)

    def async_region(self, op, name, nr, task, site=""):
        at = [self.trace.string(self.tid, self.now, s) for s in (name, site)]
        self.trace.put(ASYNC, op, self.tid, self.now, struct.pack("<QQQQ", nr, task, *at))

    def traceparent(self, nr, text_):
        self.trace.put(PARENT, 0, self.tid, self.now, struct.pack("<Q56s", nr, text(text_)))

    def log(self, task, category, message):
        c, m = text(category), text(message)
        self.trace.put(LOG, 0, self.tid, self.now, struct.pack("<QHHI", task, len(c), len(m), 0) + c + m)

    def finish(self, waiting=True):
        """To the end of the trace, and what the kernel says of it."""
        stop = START + LENGTH
        if waiting:
            self.wait(stop - self.now, POLL, fd=EPOLL, arg0=4, flags=OPEN)
            self.calls -= 1
        else:
            self.run(stop - self.now)
        self.trace.put(TOTALS, 0, self.tid, stop,
                       self.used() + struct.pack("<QQIIII", 7 * MS + self.cpu, self.delay, self.waits, 0,
                                                 self.faults, 0))


def request(w, nr, at, net, lock=0, waker=None, fail=""):
    """GET /messages: parse, look into the cache, ask the network, answer."""
    w.until(START + at)
    w.task(BEGIN, "GET /messages", nr, ROOT)
    w.begin("handle", "server.c:100")
    w.run(30 * US)
    w.begin("parse", "server.c:120")
    w.run(110 * US, 20 * US, 2)
    w.end("parse")
    w.begin("cache.Lookup", "cache.c:77")
    w.run(20 * US, 2 * US, 1)
    if lock:
        w.wait(lock, FUTEX, 100 * US, arg0=0x7f12a4c0, waker=waker, by=BY_TASK)
        w.log(nr, "cache", "entry was stale, id=%d" % nr)
        w.run(15 * US)
    w.end("cache.Lookup")
    w.begin("reply", "server.c:140")
    w.run(60 * US, 40 * US, 3)
    w.wait(net, RECV, 40 * US, arg0=9, fd=INET, ino=4711, by=BY_SOFTIRQ)
    w.run(50 * US, 30 * US, 1)
    w.end("reply")
    w.end("handle")
    w.task(END, "", nr, FAILED if fail else 0, message=fail)


def order(w, nr, at, name):
    """The order must be on the disk."""
    w.until(START + at)
    w.task(BEGIN, name, nr, ROOT)
    w.begin("commit", "orders.c:31")
    w.run(200 * US, 50 * US, 4)
    w.task(BEGIN, "journal", nr + 500, parent=nr)
    w.wait(4 * MS + nr % 7 * 100 * US, FSYNC, 20 * US, state=2, flags=IOWAIT, arg0=11, fd=FILE, ino=1835,
           dev=8 << 20 | 1, by=BY_HARDIRQ)
    w.run(80 * US)
    w.task(END, "", nr + 500)
    w.run(20 * US)
    w.end("commit")
    w.task(END, "", nr)


def demo(trace, after=False):
    trace.tracer = TRACER
    main = Thread(trace, PID, "demo-server")
    one, two, three = (Thread(trace, PID + i, "demo-worker-%d" % i) for i in (1, 2, 3))
    io = Thread(trace, PID + 5, "d\u00e9mo\x1b[31m-io", 200 * MS)
    # Worker 3 rebuilds the index with the lock held: 80 ms, and it is preempted meanwhile.
    three.until(START + 700 * MS)
    three.begin("rebuild-index", "index.c:9")
    three.run(50 * MS, 1 * MS, 12)
    three.preempted(9 * MS, 4242)
    three.run(21 * MS, 1 * MS, 7)
    three.end("rebuild-index")
    for i in range(60):
        request(one, 1000 + i, (10 + 20 * i) * MS, (3 if after else 2) * MS + i % 10 * 300 * US,
                *((30 * MS, three) if i == 36 and not after else ()), fail="backend timeout" if i == 17 else "")
        if i != 35:
            request(two, 2000 + i, (12 + 20 * i) * MS, 1 * MS + i % 13 * 250 * US)
        elif i == 35:
            request(two, 2000 + i, 708840 * US, 9 * MS, *(() if after else (70900 * US, three)))
    for i in range(20):
        order(three, 3000 + i, (820 + 20 * i) * MS, "PUT /orders" if after else "POST /orders")
    # A job that two threads work for: it lies in a queue in between.
    job = 0xffffffff00000001
    io.run(100 * US)
    io.task(BEGIN, "index <refresh> \u00ab\x07\u00bb", job, ROOT)
    io.begin("collect", "index.c:200")
    io.run(5 * MS)
    io.wait(3 * MS, SLEEP)
    io.end("collect")
    io.async_region(BEGIN, "queue", 77, job, "index.c:215")
    io.task(END, "other", 1)  # ended, never begun: misuse
    io.task(ENTER, "", 0)
    main.until(START + 260 * MS, FUTEX, waker=io, by=BY_TASK)
    main.task(ENTER, "index <refresh> \u00ab\x07\u00bb", job)
    main.async_region(END, "queue", 77, job)
    main.traceparent(job, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    main.begin("store", "index.c:240")
    main.run(12 * MS, 8 * MS, 90)
    main.end("store")
    main.task(END, "", job)
    main.task(LEAVE, "", 0)
    # And one that is still at it when the trace ends.
    io.until(START + 1400 * MS)
    io.task(BEGIN, "GET /messages", 4000, ROOT)
    io.begin("parse", "server.c:120")
    for t in (main, one, two, three):
        t.finish()
    io.finish(waiting=False)


def plain(trace):
    main = Thread(trace, PID, "batch")
    main.run(400 * MS, 100 * MS, 1000)
    main.wait(500 * MS, SLEEP)
    main.preempted(100 * MS, 4242)
    for i in range(14):
        w = Thread(trace, PID + 1 + i, "pool-%d" % i)
        w.wait(50 * MS, FUTEX, arg0=0xdead0, waker=main, by=BY_TASK)
        w.run(10 * MS)
        w.finish()
    main.finish()


def queued(trace):
    app, *others = (Thread(trace, PID + i, "app") for i in range(4))
    disk = dict(nr=FSYNC, state=2, flags=IOWAIT, arg0=11, fd=FILE, ino=1835, dev=8 << 20 | 1,
                by=BY_HARDIRQ, prev=others[0].tid)
    app.until(START + 100 * MS)
    app.task(BEGIN, "save", 1, ROOT)
    app.begin("flush", "save.c:5")
    app.run(500 * US)
    app.wait(100 * US, queued=43800 * US, **disk)
    app.end("flush")
    app.run(300 * US)
    app.task(END, "", 1)
    # Five waits: first mostly for the disk, then mostly for a CPU.
    for nr, (blocked, ready) in enumerate(((3270, 500), (400, 1600))):
        app.task(BEGIN, "save some", 2 + nr, ROOT)
        for i in range(5):
            app.run(40 * US)
            app.wait((blocked - 10 * i) * US, queued=ready * US, **disk)
        app.run(60 * US)
        app.task(END, "", 2 + nr)
    # The other three hand a lock on.
    for t in others:
        t.until(START + 300 * MS)
        t.begin("locked", "lock.c:1")
        t.run(300 * MS)
        t.end("locked")
    app.until(START + 310 * MS)
    app.begin("locked", "lock.c:1")
    for i in range(24):
        app.wait(10 * MS, FUTEX, arg0=0xbeef0, waker=others[i % 3], by=BY_TASK)
    app.end("locked")
    for t in (app, *others):
        t.finish()


def main(kind, path):
    trace = Trace()
    {"plain": plain, "queued": queued, "after": lambda t: demo(t, True)}.get(kind, demo)(trace)
    if kind == "lossy":
        trace.put(LOST, 0, 0, START + 740 * MS, struct.pack("<QII", START + 720 * MS, 1234, 1), 1)
        trace.put(99, 0, PID, START + 800 * MS, bytes(8))
        trace.losses = [("ring_full", 1234), ("string_fault", 2)]
    trace.write(path, {"plain": "batch", "queued": "app"}.get(kind, "demo-server"), end=kind != "lossy")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("demo", "after", "lossy", "plain", "queued"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
