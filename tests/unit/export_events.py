#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""export_events.py DIR - what `ctrace-bpf export` writes, read back and compared with the summary (TAP)

The readers below know the formats from their own specifications, not from the exporters: the
protobuf fields stand in SCHEMA, and slices are matched as a viewer does it, by time, the last one
begun on a track being the first to end. Counts, durations and states must be those of the summary,
to the nanosecond.
"""
import collections
import csv
import decimal
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden"))
import capture  # noqa: E402

CTRACE = os.environ.get("CTRACE", "build/ctrace-bpf")
failed = False


def result(name, wrong):
    """wrong: sentences; none: it is right."""
    global failed
    wrong = list(wrong)
    print("%s %s" % ("not ok" if wrong else "ok", name))
    for w in wrong[:20]:
        print("# " + ascii(w))
    failed |= bool(wrong)


# --- protobuf -------------------------------------------------------------------------------

STRING, MESSAGE, PACKED, BYTES = "string", "message", "packed", "bytes"
# field -> name, how to read it, what is inside of it
EVENT_NAME = {1: ("iid", int), 2: ("name", STRING)}
ANNOTATION = {1: ("key_iid", int), 2: ("bool", int), 3: ("uint", int), 6: ("string", STRING),
              10: ("key", STRING), 17: ("string_iid", int)}
ANNOTATION[11] = ("dict", MESSAGE, ANNOTATION)
COMPACT = {1: ("switch_ts", PACKED), 2: ("prev_state", PACKED), 3: ("next_pid", PACKED),
           4: ("next_prio", PACKED), 5: ("comm", STRING), 6: ("next_comm", PACKED),
           7: ("waking_ts", PACKED), 8: ("waking_pid", PACKED), 9: ("waking_cpu", PACKED),
           10: ("waking_prio", PACKED), 11: ("waking_comm", PACKED), 12: ("waking_flags", PACKED)}
SCHEMA = {
    1: ("ftrace", MESSAGE, {
        1: ("cpu", int), 3: ("lost", int), 4: ("compact", MESSAGE, COMPACT),
        2: ("event", MESSAGE, {1: ("ts", int), 2: ("pid", int), 18: ("blocked", MESSAGE, {
            1: ("pid", int), 2: ("caller", int), 3: ("io_wait", int)})})}),
    6: ("clocks", MESSAGE, {1: ("clock", MESSAGE, {1: ("id", int), 2: ("ts", int)}),
                            2: ("primary", int)}),
    8: ("ts", int), 10: ("sequence", int), 13: ("flags", int), 87: ("first", int),
    11: ("event", MESSAGE, {3: ("category", int), 4: ("note", MESSAGE, ANNOTATION),
                            9: ("type", int), 10: ("name_iid", int), 11: ("track", int),
                            23: ("name", STRING), 34: ("source", int), 44: ("count", "double"),
                            47: ("flow", "fixed64"), 48: ("last_flow", "fixed64")}),
    12: ("interned", MESSAGE, {1: ("category", MESSAGE, EVENT_NAME), 2: ("name", MESSAGE, EVENT_NAME),
                               3: ("key", MESSAGE, EVENT_NAME), 26: ("symbol", MESSAGE, EVENT_NAME),
                               29: ("value", MESSAGE, EVENT_NAME),
                               4: ("source", MESSAGE, {1: ("iid", int), 2: ("file", STRING),
                                                       4: ("line", int)})}),
    45: ("system", MESSAGE, {1: ("uts", MESSAGE, {1: ("sysname", STRING), 3: ("release", STRING),
                                                  4: ("machine", STRING)})}),
    60: ("descriptor", MESSAGE, {
        1: ("uuid", int), 2: ("name", STRING), 5: ("parent", int),
        3: ("process", MESSAGE, {1: ("pid", int), 2: ("cmdline", STRING), 6: ("name", STRING)}),
        4: ("thread", MESSAGE, {1: ("pid", int), 2: ("tid", int), 5: ("name", STRING)}),
        8: ("counter", MESSAGE, {3: ("unit", int)})}),
}
TRACE = {1: ("packet", MESSAGE, SCHEMA)}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


def varint(b, at):
    v = shift = 0
    while True:
        c = b[at]
        at += 1
        v |= (c & 0x7f) << shift
        if c < 0x80:
            return v, at
        shift += 7


def packed(b):
    out, at = [], 0
    while at < len(b):
        v, at = varint(b, at)
        out.append(v)
    return out


def message(b, schema):
    """name -> list of values. A field that the schema does not have is an error."""
    out, at = collections.defaultdict(list), 0
    while at < len(b):
        tag, at = varint(b, at)
        name, kind, *inner = schema[tag >> 3]
        wire = tag & 7
        assert wire == {int: 0, "fixed64": 1, "double": 1}.get(kind, 2), (name, wire)
        if wire == 0:
            v, at = varint(b, at)
        elif wire == 1:
            v, at = struct.unpack_from("<d" if kind == "double" else "<Q", b, at)[0], at + 8
        else:
            n, at = varint(b, at)
            v, at = b[at:at + n], at + n
            assert len(v) == n, name
            v = v.decode() if kind == STRING else packed(v) if kind == PACKED else \
                v if kind == BYTES else message(v, *inner)
        out[name].append(v)
    return out


def one(m, name, default=None):
    assert len(m[name]) <= 1, name
    return m[name][0] if m[name] else default


def inflated(path):
    """The trace without the packets that hold others deflated: each holds whole ones."""
    with open(path, "rb") as f:
        outer = message(f.read(), {1: ("packet", MESSAGE, {50: ("deflated", BYTES)})})
    return b"".join(zlib.decompress(one(p, "deflated")) for p in outer["packet"])


class Sched:
    """What a viewer makes of the scheduler's events: rows of thread states, in the order of time.

    As Perfetto's importer does it: the events of a CPU are sorted by time, those of equal time stay
    as they came; of the CPUs the one with the earliest event goes next. Who had a CPU before is
    whoever was switched to last; a CPU's first switch only says that. A waking counts for a
    thread that is neither running nor runnable.
    """

    def __init__(self):
        self.events, self.rows, self.last, self.comms = [], collections.defaultdict(list), {}, {}
        self.lost = False

    def take(self, bundle, symbols):
        cpu, count = one(bundle, "cpu"), len(self.events)
        self.lost |= bool(bundle["lost"])
        for c in bundle["compact"]:
            ts, names = 0, c["comm"]
            columns = [one(c, k, []) for k in ("switch_ts", "prev_state", "next_pid", "next_prio",
                                               "next_comm")]
            assert len({len(v) for v in columns}) == 1
            for delta, state, tid, _, comm in zip(*columns):
                ts += delta
                assert 0 <= delta < 1 << 62, "switches of a bundle are not in order"
                self.events.append((ts, cpu, count, "switch", tid, state, names[comm]))
                count += 1
            ts = 0
            columns = [one(c, k, []) for k in ("waking_ts", "waking_pid", "waking_cpu", "waking_prio",
                                               "waking_comm", "waking_flags")]
            assert len({len(v) for v in columns}) == 1
            for delta, tid, _, _, comm, flags in zip(*columns):
                ts += delta
                assert 0 <= delta < 1 << 62, "wakings of a bundle are not in order"
                self.events.append((ts, cpu, count, "waking", tid, flags, names[comm]))
                count += 1
        for e in bundle["event"]:
            b = one(e, "blocked")
            assert one(e, "pid") is not None and one(b, "pid") == one(e, "pid")
            self.events.append((one(e, "ts"), cpu, count, "blocked", one(b, "pid"),
                                one(b, "io_wait", 0), symbols[one(b, "caller")]))
            count += 1

    def open(self, ts, tid, state, **more):
        rows = self.rows[tid]
        if rows and rows[-1]["end"] is None:
            rows[-1]["end"] = ts
        rows.append(dict(more, begin=ts, end=None, state=state))

    def replay(self):
        for ts, cpu, _, what, tid, more, text in sorted(self.events, key=lambda e: e[:3]):
            rows = self.rows[tid]
            if what == "switch":
                self.comms[tid] = text
                prev, self.last[cpu] = self.last.get(cpu), tid
                if prev is None:
                    continue
                if prev:
                    assert not self.rows[prev] or self.rows[prev][-1]["state"] == "Running" or \
                        self.lost, "%d leaves a CPU on which it was not" % prev
                    self.open(ts, prev, {0: "R", 0x100: "R+"}.get(more, more))
                if tid:
                    self.open(ts, tid, "Running", cpu=cpu)
            elif what == "waking":
                assert cpu in self.last
                if not rows or rows[-1]["state"] not in ("R", "Running"):
                    self.open(ts, tid, "R", waker=self.last[cpu], irq=more)
            else:
                blocked = [r for r in rows if r["state"] not in ("R", "Running")]
                assert blocked and rows[-1]["state"] != "Running", "a reason of no wait"
                blocked[-1].update(reason=text, io=more)
        return self.rows


class Pftrace:
    """A Perfetto trace as a viewer sees it: tracks, and slices on them."""

    def __init__(self, path):
        self.packets = message(inflated(path), TRACE)["packet"]
        self.tracks, self.sources, self.sched = {}, {}, Sched()
        self.names, self.keys, self.categories, self.values, self.symbols = {}, {}, {}, {}, {}
        self.slices, self.instants, self.counts, events = [], [], collections.defaultdict(list), []
        first = self.packets[0]
        assert one(first, "flags") == 1 and first["clocks"], "the first packet starts the sequence"
        for p in self.packets:
            assert one(p, "sequence"), "a packet without a sequence is dropped by viewers"
            for i in p["interned"]:
                for table, field in ((self.names, "name"), (self.keys, "key"), (self.values, "value"),
                                     (self.categories, "category"), (self.symbols, "symbol")):
                    table.update({one(n, "iid"): one(n, "name") for n in i[field]})
                self.sources.update({one(n, "iid"): n for n in i["source"]})
            for d in p["descriptor"]:
                self.tracks.setdefault(one(d, "uuid"), {}).update(d)
            for b in p["ftrace"]:
                self.sched.take(b, self.symbols)
            for e in p["event"]:
                uses = e["note"] or e["name_iid"] or e["category"] or e["source"]
                assert one(p, "flags", 0) == 2 or not uses
                if one(e, "type") == COUNTER:
                    self.counts[one(e, "track")].append((one(p, "ts"), one(e, "count")))
                else:
                    events.append((one(p, "ts"), len(events), e, self.name_of(e)))
        self.match(events)
        self.rows = self.sched.replay()

    def name_of(self, e):
        """Numbers may be given again, so they are looked up where they are used."""
        if not e["category"]:
            return None
        site = ""
        if e["source"]:
            at = self.sources[one(e, "source")]
            site = one(at, "file") + (":%d" % one(at, "line") if at["line"] else "")
        return {"name": one(e, "name") if e["name"] else self.names[one(e, "name_iid")],
                "category": self.categories[one(e, "category")], "notes": self.notes(e["note"]),
                "site": site, "flows": e["flow"], "last_flows": e["last_flow"]}

    def notes(self, annotations):
        out = {}
        for a in annotations:
            key = one(a, "key") or self.keys[one(a, "key_iid")]
            assert key not in out, key
            text = self.values[one(a, "string_iid")] if a["string_iid"] else one(a, "string")
            out[key] = self.notes(a["dict"]) if a["dict"] else \
                text if text is not None else one(a, "uint", one(a, "bool", {}))
        return out

    def match(self, events):
        """By time, as a viewer does it; our writer puts nothing but instants between begin and end."""
        stacks = collections.defaultdict(list)
        for ts, nr, e, named in sorted(events, key=lambda e: e[:2]):
            track = one(e, "track")
            assert track in self.tracks, "a track that is not described"
            if one(e, "type") == END:
                s = stacks[track].pop()
                s["end"] = ts
                assert nr in (s["nr"] + 1, s["nr"] + 3), "%r does not nest on its track" % s["name"]
                continue
            around = stacks[track][-1] if stacks[track] else None
            s = dict(named, nr=nr, begin=ts, track=track, around=around, inside=[])
            if one(e, "type") == INSTANT:
                self.instants.append(s)
                continue
            if around:
                around["inside"].append(s)
            stacks[track].append(s)
            self.slices.append(s)
        assert not any(stacks.values()), "a slice without its end"

    def thread_of(self, uuid):
        """The thread whose track it is, or is below of."""
        while uuid:
            t = self.tracks[uuid]
            if t.get("thread"):
                return one(t["thread"][0], "pid"), one(t["thread"][0], "tid")
            uuid = t["parent"][0] if t.get("parent") else 0
        return None

    def same_group(self, a, b):
        return self.tracks[a["track"]]["parent"] == self.tracks[b["track"]]["parent"]

    def check_flows(self):
        """Each arrow has both ends, and wakings lead forward in time."""
        wakes, tasks = {}, {s["notes"]["nr"]: s for s in self.slices if s["category"] == "task"}
        for s in self.instants:
            for f in s["flows"]:
                wakes[f] = s
        for s in self.instants:
            for f in s["last_flows"]:
                assert wakes.pop(f)["begin"] == s["begin"]
                assert s["around"]["category"] == "wait"
        assert not wakes
        for s in self.slices:
            for f in s["flows"]:
                assert f % 2 == 0 and f in tasks[f // 2]["flows"], "an arrow from nowhere"
        for s in tasks.values():
            parent = tasks.get(s["notes"].get("parent"))
            if parent and s["end"] < parent["end"] and not self.same_group(s, parent):
                assert parent["notes"]["nr"] * 2 in s["flows"], "no arrow from its parent"


def wait_pieces(s):
    """A wait, then the time until the thread had a CPU: as the model's own intervals."""
    n = s["notes"]
    woken = s["end"] - n.get("runnable_ns", 0) - n.get("throttled_ns", 0)
    yield s["begin"], woken, s["name"]
    yield woken, s["end"], "runnable" if "runnable_ns" in n else "throttled"


DEAD = 0x10
ON_QUEUE = {"runnable", "preempted", "yield", "throttled"}


def compare_rows(t, ev, elsewhere):
    """The viewer's own thread states against the waits that are told beside them."""
    for thread, intervals in ev.states.items():
        want, got = collections.Counter(), collections.Counter()
        for begin, end, state in intervals:
            want["R" if state in ON_QUEUE else state] += end - begin
        gone = False  # it is drawn asleep where it is only known to have woken another
        for r in t.rows[thread[1]]:
            was_gone, gone = gone, r.get("cpu") == elsewhere
            state = r["state"]
            if r["end"] is None or state == DEAD or gone:
                continue
            if was_gone and state not in ("Running", "R", "R+") and "reason" not in r:
                continue
            if state == "Running":
                state = "running"
            elif state in ("R", "R+"):
                state = "R"
            else:
                state = r["reason"].split(":")[0]
            got[state] += r["end"] - r["begin"]
        assert +want == +got, "states of thread %d: %s, and a viewer sees %s" % (thread[1], want, got)


def read_pftrace(path):
    t = Pftrace(path)
    ev = Events()
    for s in t.slices:
        n, dur = s["notes"], s["end"] - s["begin"]
        if s["category"] == "task":
            ev.task(s["name"], dur, n["states_ns"], n.get("idle_ns", 0), n)
        elif s["category"] == "region":
            own = n["self_ns"] if "self_ns" in n else dur - sum(
                i["end"] - i["begin"] for i in s["inside"] if i["category"] == "region")
            ev.region(s["name"], s["site"], dur, n.get("states_ns", {"running": dur}), own, n)
        elif s["category"] == "async":
            ev.region(s["name"], s["site"], dur, {}, 0, n, True)
        elif s["category"] == "wait":
            first = [(n.get("cpu_ran", ""), n.get("cpu_ran_tid", 0), n["cpu_ran_ns"])] if "cpu_ran_ns" in n else []
            ev.wait(t.thread_of(s["track"])[1],
                    (n.get("holder_tid_hint", 0), n.get("holder_hint", ""), n.get("holder_region_hint", "")),
                    (n.get("peer_pid", 0), n.get("peer", "")), n.get("kernel_function", ""),
                    first + [(who.rsplit(" (", 1)[0], int(who.rsplit(" (", 1)[1][:-1]), ns)
                             for who, ns in n.get("cpu_ran_then_ns", {}).items()],
                    n.get("cpu_ran_others_ns", 0), n.get("cpu_idle_ns", 0))
            for begin, end, state in wait_pieces(s):
                if begin < end:
                    ev.state(t.thread_of(s["track"]), state, begin, end)
        else:
            ev.lost += n["records"]
    ends = [s for s in t.instants if s["category"] == "capture"]
    elsewhere = ends[0]["notes"].get("cpus", 0)  # not a CPU: where those were who are not traced, or not any more
    threads = {}
    for uuid, d in t.tracks.items():
        if d.get("thread"):
            threads[t.thread_of(uuid)[1]] = t.thread_of(uuid)
    for tid, rows in t.rows.items():
        for r in rows:
            if tid in threads and r["state"] == "Running" and r["begin"] < (r["end"] or 0) and \
                    r["cpu"] != elsewhere:
                ev.state(threads[tid], "running", r["begin"], r["end"])
    for intervals in ev.states.values():
        intervals.sort()
    if not t.sched.lost:
        compare_rows(t, ev, elsewhere)
    t.check_flows()
    for s in t.instants:
        if s["category"] == "log":
            ev.logs.append((s["name"], s["notes"].get("message", "")))
    queued = sum(b - a for v in ev.states.values() for a, b, state in v
                 if state in ("runnable", "preempted", "yield"))
    width = ends[0]["notes"]["mean_over_ns"]
    for uuid, values in t.counts.items():
        if one(t.tracks[uuid], "name") == "threads waiting for a CPU":
            values.append((ends[0]["begin"] // width * width + width, 0))
            total_ns = sum((b[0] - a[0]) * a[1] for a, b in zip(values, values[1:]))
            assert t.sched.lost or abs(total_ns - queued) < 1 + queued / 1e9, (total_ns, queued)
    return ev


# --- text -----------------------------------------------------------------------------------


def unique(pairs):
    keys = [k for k, _ in pairs]
    assert len(set(keys)) == len(keys), "a key twice"
    return dict(pairs)


def read_jsonl(path):
    ev = Events()
    with open(path, encoding="utf-8", newline="\n") as f:
        lines = [json.loads(line, object_pairs_hook=unique) for line in f]
    assert lines[0]["type"] == "capture" and lines[-1]["type"] == "end"
    for e in lines[1:-1]:
        kind = e["type"]
        if kind == "task":
            ev.task(e["name"], e["duration_ns"], e["states_ns"], e["idle_ns"], e)
        elif kind == "region":
            ev.region(e["name"], e["site"], e["duration_ns"], e["states_ns"], e["self_ns"], e)
        elif kind == "async":
            ev.region(e["name"], e["site"], e["duration_ns"], {}, 0, e, True)
        elif kind == "state":
            if e["state"] != "running":
                holder, peer = e["holder"] or {}, e["peer"] or {}
                ev.wait(e["tid"], (holder.get("tid", 0), holder.get("comm"), holder.get("region")),
                        (peer.get("pid", 0), peer.get("comm")), e["kernel_function"],
                        [(c["comm"], c["tid"], c["ns"]) for c in e["culprits"]], e["culprits_others_ns"],
                        e["cpu_idle_ns"])
            ev.state((e["pid"], e["tid"]), e["state"], e["start_ns"], e["start_ns"] + e["duration_ns"])
        elif kind == "log":
            ev.logs.append((e["category"], e["message"]))
        else:
            assert kind == "lost", kind
            ev.lost += e["records"]
    return ev


def read_csv(path):
    ev = Events()

    def plain(cell):
        """Without what protects terminals and spreadsheets."""
        cell = re.sub(r"\\x([0-9a-f]{2})|\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[2], 16)) if m[2] else
                      chr(int(m[1], 16)) if int(m[1], 16) < 0x80 else "\ufffd", cell, flags=re.I)
        assert cell[:1] not in ("=", "+", "-", "@"), "a formula"
        return re.sub("^'(?=[=+@-])", "", cell)

    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    rows = list(csv.reader(text.splitlines()))
    names = [c for c in rows[0] if c.endswith("_ns")]
    names = names[names.index("running_ns"):names.index("unknown_ns") + 1]
    assert len(rows) == text.count("\n") and len({len(r) for r in rows}) == 1, "a row is a line"
    for r in rows[1:]:
        e = dict(zip(rows[0], map(plain, r)))
        begin, dur = int(e["start_ns"]), int(e["duration_ns"])
        states = {k[:-3]: int(e[k]) for k in names if e[k]}
        if e["type"] == "task":
            ev.task(e["name"], dur, states, int(e["idle_ns"] or 0), e)
        elif e["type"] in ("region", "async"):
            ev.region(e["name"], e["site"], dur, states, int(e["self_ns"] or 0), e, e["type"] == "async")
        elif e["type"] == "log":
            ev.logs.append((e["name"], e["message"]))
        elif e["type"] == "lost":
            ev.lost += int(e["records"])
        else:
            ev.state((int(e["pid"]), int(e["tid"])), e["type"], begin, begin + dur)
            # The largest of the culprits, and what the others had.
            ev.wait(int(e["tid"]), (int(e["holder_tid"] or 0), e["holder"], e["holder_region"]),
                    (int(e["peer_pid"] or 0), e["peer"]), e["kernel_function"],
                    [(e["culprit"], int(e["culprit_tid"]), int(e["culprit_ns"]))] if e["culprit_ns"] else [],
                    int(e["culprits_others_ns"] or 0), int(e["cpu_idle_ns"] or 0))
    return ev


def read_chrome(path):
    ev, stacks, opened, begun = Events(), collections.defaultdict(list), {}, {}
    with open(path, encoding="utf-8") as f:
        trace = json.load(f, parse_float=decimal.Decimal, object_pairs_hook=unique)

    def ns(us):
        assert us * 1000 == int(us * 1000)
        return int(us * 1000)

    def region(e, dur, args):
        ev.region(e["name"], args.get("site", ""), dur, args["states_ns"], args["self_ns"], args)

    for e in trace["traceEvents"]:
        args = e.get("args", {})
        assert "ts" in e, "an event without a time, on which viewers' sorting trips"
        if e["ph"] == "B":
            assert e["cat"] == "state" and (e["pid"], e["tid"]) not in begun, "two states at once"
            begun[e["pid"], e["tid"]] = e
        elif e["ph"] == "E":
            b = begun.pop((e["pid"], e["tid"]))
            assert e["name"] == b["name"]
            args = b.get("args", {})
            ev.state((e["pid"] - 10 ** 9, e["tid"]), e["name"], ns(b["ts"]), ns(e["ts"]))
            ev.wait(e["tid"], (args.get("holder_tid_hint", 0), args.get("holder_hint", ""),
                               args.get("holder_region_hint", "")),
                    (args.get("peer_pid", 0), args.get("peer", "")), args.get("kernel_function", ""),
                    [(c["comm"], c["tid"], c["ns"]) for c in args.get("culprits", [])],
                    args.get("culprits_others_ns", 0), args.get("cpu_idle_ns", 0))
        elif e["ph"] == "X":
            region(e, ns(e["dur"]), args)
            stacks[e["pid"], e["tid"]].append((e["ts"], -e["dur"], e["name"]))
        elif e["ph"] == "b":
            assert e["id"] not in opened
            opened[e["id"]] = e
        elif e["ph"] == "e":
            b = opened.pop(e["id"])
            args, dur = b["args"], ns(e["ts"] - b["ts"])
            assert [b[k] for k in ("cat", "name", "pid", "tid")] == [e[k] for k in
                                                                   ("cat", "name", "pid", "tid")]
            if e["cat"] == "task":
                ev.task(e["name"], dur, args["states_ns"], args["idle_ns"], args)
            elif e["cat"] == "region":
                region(e, dur, args)
            elif e["cat"] == "async":
                ev.region(e["name"], args.get("site", ""), dur, {}, 0, args, True)
            else:
                ev.lost += args["records"]
        elif e["ph"] == "i":
            ev.logs.append((e["name"], args["message"]))
        else:
            assert e["ph"] == "M", e["ph"]
    assert not opened and not begun
    for slices in stacks.values():
        ends = []
        for begin, dur, name in sorted(slices):
            while ends and ends[-1] <= begin:
                ends.pop()
            assert not ends or begin - dur <= ends[-1], "%r does not nest" % name
            ends.append(begin - dur)
    return ev


# --- what they must agree with --------------------------------------------------------------


OVERLAYS = {"syscall_ns": lambda s: s["overlays_ns"]["syscall"], "irq_ns": lambda s: s["overlays_ns"]["irq"],
            "softirq_ns": lambda s: s["overlays_ns"]["softirq"], "gc_ns": lambda s: s["overlays_ns"]["gc"], "syscalls": lambda s: s["syscalls"],
            "faults": lambda s: s["faults"]}


def overlays(e):
    """What an event says of them; what it does not say is 0, as in those of OpenTelemetry."""
    return {k: int(e.get(k) or e.get("ctrace." + k) or 0) for k in OVERLAYS}


class Events:
    def __init__(self):
        self.tasks = collections.defaultdict(list)
        self.regions = collections.defaultdict(list)
        self.states = collections.defaultdict(list)
        self.parties = set()  # who had to do with waits
        self.logs, self.lost = [], 0

    def task(self, name, dur, states, idle, e):
        clipped = bool(e.get("begun_before_trace") or e.get("unfinished"))  # CSV: "" or "1"
        self.tasks[name].append((dur, states, idle, clipped, bool(e.get("failed")), overlays(e)))

    def region(self, name, site, dur, states, own, e, is_async=False):
        self.regions[name, site, is_async].append((dur, states, own, overlays(e)))

    def wait(self, tid, holder, peer, kernel, culprits, others, idle):
        """holder: tid, name, region; peer: pid, name; culprits: name, tid, ns, most first."""
        if any((holder[0], peer[0], kernel, culprits, others, idle)):
            self.parties.add((tid, tuple(holder) if holder[0] else None, tuple(peer) if peer[0] else None,
                              kernel, tuple(map(tuple, culprits)), others, idle))

    def state(self, thread, state, begin, end):
        self.states[thread].append((begin, end, state))


def total(dicts):
    c = collections.Counter()
    for d in dicts:
        c.update(d)
    return {k: v for k, v in c.items() if v}


def some(states):
    return {k: v for k, v in states.items() if v}


def same(what, got, want):
    if got != want:
        yield "%s: %r, and the summary says %r" % (what, got, want)


def fold_siteless(ev, s):
    """The summary adds regions whose begin was not seen to those of their name, if it is clear."""
    named = {(r["name"], r["site"], r["async"]) for r in s["regions"]}
    for key in [k for k in ev.regions if k not in named and not k[1]]:
        like = [k for k in named if k[0] == key[0] and k[2] == key[2]]
        if len(like) == 1:
            ev.regions[like[0]] += ev.regions.pop(key)


def compare_spans(ev, s):
    """What the summary says of tasks and regions, from the events alone."""
    fold_siteless(ev, s)
    yield from same("names of tasks", sorted(ev.tasks), sorted(t["name"] for t in s["tasks"]))
    for t in s["tasks"]:
        mine = ev.tasks[t["name"]]
        whole = sorted(d for d, _, _, clipped, *_ in mine if not clipped)
        yield from same(t["name"] + " count", len(mine), t["count"])
        yield from same(t["name"] + " complete", len(whole), t["complete"])
        yield from same(t["name"] + " failed", sum(m[4] for m in mine), t["failed"])
        yield from same(t["name"] + " overlays", total(m[5] for m in mine),
                        {k: of(t) for k, of in OVERLAYS.items() if of(t)})
        yield from same(t["name"] + " wall", sum(m[0] for m in mine), t["wall_ns"])
        yield from same(t["name"] + " idle", sum(m[2] for m in mine), t["idle_ns"])
        yield from same(t["name"] + " states", total(m[1] for m in mine), some(t["states_ns"]))
        if whole:
            yield from same(t["name"] + " min, max", (whole[0], whole[-1]),
                            (t["duration_ns"]["min"], t["duration_ns"]["max"]))
    yield from same("names of regions", sorted(ev.regions),
                    sorted((r["name"], r["site"], r["async"]) for r in s["regions"]))
    for r in s["regions"]:
        mine = ev.regions[r["name"], r["site"], r["async"]]
        yield from same(r["name"] + " count", len(mine), r["count"])
        yield from same(r["name"] + " wall", sum(m[0] for m in mine), r["wall_ns"])
        yield from same(r["name"] + " self", sum(m[2] for m in mine), r["self_ns"])
        yield from same(r["name"] + " overlays", total(m[3] for m in mine),
                        {k: of(r) for k, of in OVERLAYS.items() if of(r)})
        yield from same(r["name"] + " states", total(m[1] for m in mine), some(r["states_ns"]))


def compare(ev, s):
    """Everything that the summary says."""
    yield from compare_spans(ev, s)
    threads = collections.defaultdict(list)  # a tid may be given again
    for t in s["threads"]:
        threads[t["pid"], t["tid"]].append(t)
    yield from same("threads", sorted(ev.states), sorted(threads))
    for (pid, tid), lives in threads.items():
        mine = ev.states[pid, tid]
        zero = min((m[0] for v in ev.states.values() for m in v), default=0)
        begins = {t["start_ns"] for t in lives}
        yield from same("%d without gaps" % tid, [
            (a, b) for a, b in zip(mine, mine[1:]) if a[1] != b[0] and
            (len(lives) == 1 or b[0] - zero not in begins)], [])
        if s["capture"]["lost"]["total"]:
            yield from same("%d lifetime" % tid, sum(b - a for a, b, _ in mine), sum(t["lifetime_ns"] for t in lives))
        else:
            yield from same("%d states" % tid, total({st: b - a} for a, b, st in mine),
                            total(t["states_ns"] for t in lives))


# --- captures -------------------------------------------------------------------------------

HOSTILE = b'a"b\\c\n,;=\t</script>\x1b[31m\xff\xc3\xe2\x80\xa8%s\xf0\x9f\x98\x80\'`=1+1|'


def hostile(trace):
    """Names that play tricks, regions that cross, a region begun before the trace around others."""
    t = capture.Thread(trace, capture.PID, HOSTILE[:15])
    t.task(capture.BEGIN, HOSTILE, 1 << 63 | 5, capture.ROOT)
    t.begin(HOSTILE, HOSTILE)
    t.run(1000)
    t.begin("first", "x.c:1")
    t.run(1)
    t.begin("second", "x.c:2")
    t.run(10)
    t.end("first")
    t.run(100)
    t.begin("inside of second", "x.c:3")
    t.run(7)
    t.end("inside of second")
    t.end("second")
    t.log(1 << 63 | 5, HOSTILE, HOSTILE * 3)
    t.end(HOSTILE)
    t.async_region(capture.BEGIN, HOSTILE, 9, 1 << 63 | 5, HOSTILE)
    t.run(50)
    t.async_region(capture.END, HOSTILE, 9, 1 << 63 | 5)
    t.task(capture.END, "", 1 << 63 | 5, capture.FAILED, message=HOSTILE)
    t.begin("=1+1", "@x")
    t.end("=1+1")
    t.begin("empty", "")
    t.end("empty")
    for name in ("before", "long before"):
        t.run(33)
        t.end(name)
    for depth in range(40):
        t.begin("deep %d" % depth, "")
        t.run(1)
    for depth in reversed(range(40)):
        t.run(1)
        t.end("deep %d" % depth)
    t.begin("never ends", "")
    t.wait(5000, capture.FUTEX, 30, arg0=0x1000, waker=t, by=capture.BY_TASK, prev=4711)
    t.finish()


RAN, STOLEN, HOLDER, PIPE, READ = 17, 18, 19, 5, 0


class Party(capture.Thread):
    """A thread of whose waits it is known who had to do with them."""
    holder, ran, idle, others = 0, (), 0, 0

    def put_off(self, off, woken, on, waker, prev, state, nr, off_cpu, on_cpu, by, fd, arg0, flags, ino=0,
                dev=0):
        if self.ran or self.idle or self.others:
            entries = b"".join(struct.pack("<IIQ", *r) for r in self.ran)
            self.trace.put(RAN, 0, self.tid, on, struct.pack("<QQQQII", woken or off, self.idle, self.others, 0,
                                                             on_cpu, len(self.ran)) + entries)
        body = struct.pack("<QQIIIIhHHBBQQQIIQIi", off, woken, waker, capture.PID if waker else 0, prev, state,
                           nr, off_cpu, on_cpu, by, fd, arg0, 0, ino, dev, 0, 0, self.holder, -1)
        self.trace.put(capture.OFFCPU, flags, self.tid, on, body)
        self.holder, self.ran, self.idle, self.others = 0, (), 0, 0

    def interrupted(self, ns, flag):
        self.run(ns)
        self.trace.put(STOLEN, flag, self.tid, self.now, struct.pack("<II", ns, 3))


def parties(trace):
    """Waits with a holder, a peer, culprits; interrupts; a runtime's pause."""
    trace.tracer = {"irq": 1}
    one, two = Party(trace, capture.PID, "one"), Party(trace, capture.PID + 1, "two \u00fc")
    for tid, name in ((7001, b"gzip"), (7002, b"a (b) c")):
        trace.put(capture.COMM, 0, tid, capture.START, struct.pack("<II16s", tid, 0, name))
    trace.put(HOLDER, 0, 0, capture.START, struct.pack("<QIIII16s", 4321, 9, 7001, 4, 2, b"gzip"))
    two.begin("critical", "lock.c:1")
    one.task(capture.BEGIN, "job", 1, capture.ROOT)
    one.begin("outer", "job.c:1")
    one.run(5000)
    one.interrupted(700, 1)
    one.run(100)
    one.interrupted(900, 2)
    one.holder = two.tid
    one.wait(50000, capture.FUTEX, arg0=0x7000, waker=two, by=capture.BY_TASK)
    one.ran, one.idle, one.others = [(7001, 7001, 3000), (7002, 7002, 4000), (0, 0, 0)], 250, 60
    one.wait(60000, READ, 8000, arg0=4, fd=PIPE, ino=4321, dev=9, by=capture.BY_TASK)
    one.ran = [(7002, 7002, 900)]
    one.preempted(1000, 7002)
    one.idle = 77
    one.wait(3000, capture.SLEEP, 100, by=capture.BY_HARDIRQ)
    one.end("outer")
    one.task(capture.END, "", 1)
    two.run(1000)
    two.async_region(capture.BEGIN, "gc", 77, 0)
    two.run(30000)
    two.async_region(capture.END, "gc", 77, 0)
    two.run(169000)
    two.end("critical")
    for t in (one, two):
        t.finish()


def exec_by_thread(trace):
    """A thread that is not the leader takes its process over, and with it the leader's tid."""
    leader = capture.Thread(trace, capture.PID, "leader")
    worker = capture.Thread(trace, capture.PID + 1, "worker")
    worker.task(capture.BEGIN, "job", 1, capture.ROOT)
    worker.begin("before", "x.c:1")
    worker.run(3000)
    worker.wait(2000, capture.FUTEX, 100, arg0=0x7000, waker=leader, by=capture.BY_TASK)
    worker.run(1000)
    leader.run(6000)
    trace.put(capture.TOTALS, 1, leader.tid, leader.now, leader.used() + struct.pack("<QQIIII", 0, 0, 0, 0, 0, 0))
    worker.run(1500)
    worker.tid = capture.PID
    trace.put(capture.THREAD, 2, worker.tid, worker.now, struct.pack(
        "<IIIIQQiI16s", capture.PID, capture.PID + 1, capture.PID, 0, capture.PID, 0, -1, 1, b"new"))
    worker.run(700)
    worker.begin("after", "y.c:1")
    worker.run(400)
    worker.wait(5000, capture.RECV, 200, arg0=5, fd=capture.INET, by=capture.BY_SOFTIRQ)
    worker.end("after")
    worker.finish()


class Machine:
    """A random program on a few CPUs: one thread runs on each at a time, the others wait or queue.

    What a thread does comes from its own list of open things, so that marks are paired; now and
    then they cross threads or processes, and some are left open.
    """
    CALLS = ((capture.FUTEX, 0, 0x7000), (capture.RECV, capture.INET, 9), (capture.FSYNC, capture.FILE, 5),
             (capture.POLL, capture.EPOLL, 4), (capture.SLEEP, 0, 0), (999, 0, 0))

    def __init__(self, seed, crossing=True):
        self.rnd, self.crossing = random.Random(seed), crossing
        self.trace = capture.Trace()
        self.cpus = self.rnd.randint(1, 4)
        self.threads, self.open, self.count = [], [], 0
        self.on = [None] * self.cpus  # who runs, and who ran last
        self.was = [0] * self.cpus
        for i in range(self.rnd.randint(1, 9)):
            self.add(i)
        self.queue = [t for t in self.threads if t not in self.on]
        self.blocked = []

    def add(self, i):
        seated = i < self.cpus and self.rnd.random() < .5  # it runs already
        born = self.rnd.randrange(1, 100 * capture.MS) if i and not seated and self.rnd.random() < .4 else 0
        t = capture.Thread(self.trace, capture.PID + i, "t%d" % i, born, on_cpu=int(seated))
        t.wakes, t.regions, t.tasks = None, [], []
        if seated:
            t.off, self.on[i], self.was[i] = None, t, t.tid
            self.threads.append(t)
            return
        # It waits for its first CPU.
        t.off = {"ts": t.now, "state": 0, "nr": -1, "cpu": 0, "woken": t.now if born else 0,
                 "waker": self.threads[0].tid if born else 0, "by": capture.BY_TASK if born else 0,
                 "flags": capture.BIRTH if born else capture.CLIPPED, "io": 0, "fd": 0, "arg": 0}
        self.threads.append(t)

    def come(self, cpu, t, ts):
        o = t.off
        t.put_off(o["ts"], o["woken"], ts, o["waker"], self.was[cpu], o["state"], o["nr"], o["cpu"], cpu,
                  o["by"], o["fd"], o["arg"], o["flags"] | o["io"])
        t.now, t.off, self.on[cpu], self.was[cpu] = ts, None, t, t.tid

    def leave(self, cpu, ts):
        t, nr, fd, arg = self.on[cpu], *self.rnd.choice(self.CALLS)
        t.cpu += ts - t.now
        t.now, self.on[cpu] = ts, None
        state = self.rnd.choice((0, 1, 1, 2))
        t.off = {"ts": ts, "state": state, "nr": nr if state else -1, "cpu": cpu, "woken": 0, "waker": 0,
                 "by": 0, "flags": 0, "io": capture.IOWAIT if state == 2 else 0, "fd": fd, "arg": arg}
        (self.blocked if state else self.queue).append(t)
        if self.rnd.random() < .2:
            self.was[cpu] = 0  # idle meanwhile

    def wake(self, ts):
        t = self.blocked.pop(self.rnd.randrange(len(self.blocked)))
        runs = [w for w in self.on if w]
        by = self.rnd.choice((capture.BY_TASK, capture.BY_SOFTIRQ, capture.BY_HARDIRQ, 0))
        waker = self.rnd.choice(runs).tid if runs and self.rnd.random() < .7 else 4000
        t.off.update(woken=ts if by else 0, waker=waker if by else 0, by=by)
        self.queue.append(t)

    def mark(self, t, ts):
        t.cpu += ts - t.now
        t.now = ts
        what, name = self.rnd.randrange(9), self.rnd.choice("abc")
        if what < 3 and len(t.regions) < 6:
            t.regions.append(name)
            t.begin(name, "%s.c:%d" % (name, ord(name)))
        elif what < 5 and t.regions:
            top = not self.crossing or self.rnd.random() < .9
            t.end(t.regions.pop(-1 if top else self.rnd.randrange(len(t.regions))))
        elif what == 5:
            self.count += 1
            parent = self.rnd.choice(self.open) if self.open and self.rnd.random() < .5 else 0
            self.open.append(self.count)
            t.tasks.append(self.count)
            t.task(capture.BEGIN, "task " + name, self.count, 0 if parent else capture.ROOT, parent)
        elif what == 6 and t.tasks:
            nr = t.tasks.pop()
            self.open.remove(nr)
            t.task(capture.END, "", nr, self.rnd.choice((0, capture.FAILED)), message="no")
        elif what == 7 and self.open:
            nr = self.rnd.choice(self.open)
            t.task(capture.ENTER, "task x", nr)
            t.task(capture.LEAVE, "", t.tasks[-1] if t.tasks else 0)
        else:
            t.log(t.tasks[-1] if t.tasks else 0, "log " + name, "at %d" % ts)

    def run(self):
        ts = capture.START
        while True:
            ts += self.rnd.choice((1, 1000, 100000, 2000000)) * self.rnd.randint(1, 5)
            if ts >= capture.START + capture.LENGTH:
                break
            cpu = self.rnd.randrange(self.cpus)
            ready = [t for t in self.queue if t.off["ts"] < ts and t.off["woken"] <= ts]
            runs = self.on[cpu]
            if runs and runs.now < ts and self.rnd.random() < .4:
                self.leave(cpu, ts)
                if ready and self.rnd.random() < .6:  # one switch
                    self.was[cpu] = runs.tid
                    self.queue.remove(ready[0])
                    self.come(cpu, ready[0], ts)
            elif runs and runs.now < ts:
                self.mark(runs, ts)
            elif not runs and ready:
                self.queue.remove(ready[0])
                self.come(cpu, ready[0], ts)
            elif self.blocked and self.rnd.random() < .9:
                self.wake(ts)
        stop = capture.START + capture.LENGTH
        for t in self.threads:
            if t.off:
                o = t.off
                t.put_off(o["ts"], o["woken"], stop, o["waker"], 0, o["state"], o["nr"], o["cpu"], 0, o["by"],
                          o["fd"], o["arg"], o["flags"] | o["io"] | capture.OPEN)
        return self.trace


RANDOM = int(os.environ.get("RANDOM_CAPTURES", "40"))


def make(folder):
    for seed in range(RANDOM):
        machine = Machine(seed)
        machine.run().write("%s/random-%d.ctrace" % (folder, seed), "random", cpus=machine.cpus)
    for kind in ("demo", "lossy", "plain"):
        capture.main(kind, "%s/%s.ctrace" % (folder, kind))
    trace = capture.Trace()
    hostile(trace)
    trace.write(folder + "/hostile.ctrace", "hostile")
    for kind, fill in (("parties", parties), ("exec", exec_by_thread)):
        trace = capture.Trace()
        fill(trace)
        trace.write("%s/%s.ctrace" % (folder, kind), "one")


READERS = {"pftrace": read_pftrace, "jsonl": read_jsonl, "csv": read_csv, "chrome": read_chrome}


# What is known of the capture "parties": tid, holder, peer, kernel's function, culprits, others, idle.
KNOWN = {(1234, (1235, "two \u00fc", "critical"), None, "", (), 0, 0),
         (1234, None, (7001, "gzip"), "", (("a (b) c", 7002, 4000), ("gzip", 7001, 3000)), 60, 250),
         (1234, None, None, "", (("a (b) c", 7002, 900),), 0, 0),
         (1234, None, None, "", (), 0, 77)}


def with_others(wait):
    """A table has room for one of the culprits."""
    *who, culprits, others, idle = wait
    return (*who, culprits[:1], others + sum(c[2] for c in culprits[1:]), idle)


def protoc(path):
    """The same by a decoder that is not ours: it prints a number for what its schema does not have."""
    schema = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perfetto.proto")
    run = subprocess.run(["protoc", "-I", os.path.dirname(schema), "--decode=Trace", schema],
                         input=inflated(path), capture_output=True)
    if run.returncode:
        yield run.stderr.decode()
        return
    text = run.stdout.decode()
    for line in re.findall(r"^ *[0-9]+[:{ ].*", text, flags=re.M)[:5]:
        yield "unknown: " + line
    mine = message(inflated(path), TRACE)["packet"]
    events = sum(len(p["event"]) for p in mine)
    switches = sum(len(one(c, "switch_ts", [])) for p in mine for b in p["ftrace"] for c in b["compact"])
    yield from same("packets", len(re.findall(r"^packet {", text, flags=re.M)), len(mine))
    yield from same("track events", len(re.findall(r"^  track_event {", text, flags=re.M)), events)
    yield from same("switches", len(re.findall(r"^ *switch_timestamp:", text, flags=re.M)), switches)


def check(folder, kind, ext, read):
    src, dst = "%s/%s.ctrace" % (folder, kind), "%s/%s.%s" % (folder, kind, ext)
    run = subprocess.run([CTRACE, "export", src, "-o", dst, "--as", ext], capture_output=True)
    name = "%s_of_%s_says_what_the_summary_says" % (ext, kind)
    if run.returncode:
        result(name, [run.stderr.decode()])
        return
    summary = json.loads(subprocess.run([CTRACE, "report", src, "-f", "json"], check=True,
                                        capture_output=True).stdout)
    try:
        ev = read(dst)
        result(name, compare(ev, summary))
    except (AssertionError, KeyError, IndexError, ValueError) as e:
        result(name, ["%s %s" % (type(e).__name__, e)])
        return
    if ext == "pftrace" and not kind.startswith("random-"):
        if shutil.which("protoc"):
            result("protoc_decodes_the_trace_of_" + kind, protoc(dst))
        else:
            print("ok protoc_decodes_the_trace_of_%s # SKIP there is no protoc" % kind)
    if kind == "parties":
        result(ext + "_says_who_had_to_do_with_waits", same(
            "waits", sorted(ev.parties, key=str),
            sorted(KNOWN if ext != "csv" else map(with_others, KNOWN), key=str)))
    if kind == "lossy":
        result(ext + "_tells_of_losses", same("lost", ev.lost, 1234))
    if kind == "hostile":
        # UTF-8, with what is none replaced.
        text = HOSTILE.decode(errors="replace")
        result(ext + "_keeps_hostile_names_whole", same("logs", ev.logs, [(text, text * 3)]))


def main(folder):
    make(folder)
    for ext, read in READERS.items():
        for kind in ["demo", "plain", "lossy", "hostile", "parties", "exec"] + ["random-%d" % i for i in range(RANDOM)]:
            check(folder, kind, ext, read)
    sys.exit(failed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
