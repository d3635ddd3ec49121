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
import re
import struct
import subprocess
import sys

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

STRING, MESSAGE = "string", "message"
# field -> name, how to read it, what is inside of it
EVENT_NAME = {1: ("iid", int), 2: ("name", STRING)}
ANNOTATION = {1: ("key_iid", int), 2: ("bool", int), 3: ("uint", int), 6: ("string", STRING),
              10: ("key", STRING)}
ANNOTATION[11] = ("dict", MESSAGE, ANNOTATION)
SCHEMA = {
    6: ("clocks", MESSAGE, {1: ("clock", MESSAGE, {1: ("id", int), 2: ("ts", int)}),
                            2: ("primary", int)}),
    8: ("ts", int), 10: ("sequence", int), 13: ("flags", int), 87: ("first", int),
    11: ("event", MESSAGE, {3: ("category", int), 4: ("note", MESSAGE, ANNOTATION),
                            9: ("type", int), 10: ("name_iid", int), 11: ("track", int),
                            23: ("name", STRING), 47: ("flow", "fixed64")}),
    12: ("interned", MESSAGE, {1: ("category", MESSAGE, EVENT_NAME), 2: ("name", MESSAGE, EVENT_NAME),
                               3: ("key", MESSAGE, EVENT_NAME)}),
    45: ("system", MESSAGE, {1: ("uts", MESSAGE, {1: ("sysname", STRING), 3: ("release", STRING),
                                                  4: ("machine", STRING)})}),
    60: ("descriptor", MESSAGE, {
        1: ("uuid", int), 2: ("name", STRING), 5: ("parent", int),
        3: ("process", MESSAGE, {1: ("pid", int), 2: ("cmdline", STRING), 6: ("name", STRING)}),
        4: ("thread", MESSAGE, {1: ("pid", int), 2: ("tid", int), 5: ("name", STRING)})}),
}
TRACE = {1: ("packet", MESSAGE, SCHEMA)}
BEGIN, END, INSTANT = 1, 2, 3


def varint(b, at):
    v = shift = 0
    while True:
        c = b[at]
        at += 1
        v |= (c & 0x7f) << shift
        if c < 0x80:
            return v, at
        shift += 7


def message(b, schema):
    """name -> list of values. A field that the schema does not have is an error."""
    out, at = collections.defaultdict(list), 0
    while at < len(b):
        tag, at = varint(b, at)
        name, kind, *inner = schema[tag >> 3]
        wire = tag & 7
        assert wire == {int: 0, "fixed64": 1}.get(kind, 2), (name, wire)
        if wire == 0:
            v, at = varint(b, at)
        elif wire == 1:
            v, at = struct.unpack_from("<Q", b, at)[0], at + 8
        else:
            n, at = varint(b, at)
            v, at = b[at:at + n], at + n
            assert len(v) == n, name
            v = v.decode() if kind == STRING else message(v, *inner)
        out[name].append(v)
    return out


def one(m, name, default=None):
    assert len(m[name]) <= 1, name
    return m[name][0] if m[name] else default


class Pftrace:
    """A Perfetto trace as a viewer sees it: tracks, and slices on them."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.packets = message(f.read(), TRACE)["packet"]
        self.tracks, self.names, self.keys, self.categories = {}, {}, {}, {}
        self.slices, self.instants, events = [], [], []
        first = self.packets[0]
        assert one(first, "flags") == 1 and first["clocks"], "the first packet starts the sequence"
        for p in self.packets:
            assert one(p, "sequence"), "a packet without a sequence is dropped by viewers"
            for i in p["interned"]:
                for table, field in ((self.names, "name"), (self.keys, "key"),
                                     (self.categories, "category")):
                    table.update({one(n, "iid"): one(n, "name") for n in i[field]})
            for d in p["descriptor"]:
                self.tracks.setdefault(one(d, "uuid"), {}).update(d)
            for e in p["event"]:
                assert one(p, "flags") == 2
                events.append((one(p, "ts"), len(events), e))
        self.match(events)

    def notes(self, annotations):
        out = {}
        for a in annotations:
            key = one(a, "key") or self.keys[one(a, "key_iid")]
            assert key not in out, key
            out[key] = self.notes(a["dict"]) if a["dict"] else \
                one(a, "string", one(a, "uint", one(a, "bool", {})))
        return out

    def match(self, events):
        """Our writer puts the end of a slice right behind its begin; by time it must match too."""
        stacks = collections.defaultdict(list)
        for ts, nr, e in sorted(events, key=lambda e: e[:2]):
            track = one(e, "track")
            assert track in self.tracks, "a track that is not described"
            if one(e, "type") == END:
                s = stacks[track].pop()
                s["end"] = ts
                assert s["nr"] + 1 == nr, "%r does not nest on its track" % s["name"]
                continue
            s = {"nr": nr, "begin": ts, "track": track, "flows": e["flow"],
                 "name": one(e, "name") if e["name"] else self.names[one(e, "name_iid")],
                 "category": self.categories[one(e, "category")], "notes": self.notes(e["note"]),
                 "depth": len(stacks[track])}
            if one(e, "type") == INSTANT:
                self.instants.append(s)
            else:
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


def read_pftrace(path):
    t = Pftrace(path)
    ev = Events()
    for s in t.slices:
        n, dur = s["notes"], s["end"] - s["begin"]
        if s["category"] == "task":
            assert s["flows"][0] == n["id"]
            ev.task(s["name"], dur, n["states_ns"], n.get("idle_ns", 0), n)
        elif s["category"] == "region":
            assert s["flows"] == ([n["task"]] if "task" in n else [])
            ev.region(s["name"], n.get("site", ""), dur, n["states_ns"], n.get("self_ns", 0))
        elif s["category"] == "async":
            ev.region(s["name"], n.get("site", ""), dur, {}, 0, True)
        elif s["category"] == "state":
            ev.state(t.thread_of(s["track"]), s["name"], s["begin"], s["end"])
        else:
            ev.lost += n["records"]
    for s in t.instants:
        if s["category"] == "log":
            ev.logs.append((s["notes"].get("category", ""), s["notes"].get("message", "")))
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
            ev.region(e["name"], e["site"], e["duration_ns"], e["states_ns"], e["self_ns"])
        elif kind == "async":
            ev.region(e["name"], e["site"], e["duration_ns"], {}, 0, True)
        elif kind == "state":
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
    assert len(rows) == text.count("\n") and len({len(r) for r in rows}) == 1, "a row is a line"
    for r in rows[1:]:
        e = dict(zip(rows[0], map(plain, r)))
        begin, dur = int(e["start_ns"]), int(e["duration_ns"])
        states = {k[:-3]: int(v) for k, v in list(e.items())[-16:] if v}
        if e["type"] == "task":
            ev.task(e["name"], dur, states, int(e["idle_ns"] or 0), e)
        elif e["type"] in ("region", "async"):
            ev.region(e["name"], e["site"], dur, states, int(e["self_ns"] or 0), e["type"] == "async")
        elif e["type"] == "log":
            ev.logs.append((e["name"], e["message"]))
        elif e["type"] == "lost":
            ev.lost += int(e["records"])
        else:
            ev.state((int(e["pid"]), int(e["tid"])), e["type"], begin, begin + dur)
    return ev


def read_chrome(path):
    ev, stacks, opened = Events(), collections.defaultdict(list), {}
    with open(path, encoding="utf-8") as f:
        trace = json.load(f, parse_float=decimal.Decimal, object_pairs_hook=unique)

    def ns(us):
        assert us * 1000 == int(us * 1000)
        return int(us * 1000)

    def region(e, dur, args):
        ev.region(e["name"], args.get("site", ""), dur, args["states_ns"], args["self_ns"])

    for e in trace["traceEvents"]:
        args = e.get("args", {})
        if e["ph"] == "X" and e["cat"] == "state":
            ev.state((e["pid"] - 10 ** 9, e["tid"]), e["name"], ns(e["ts"]), ns(e["ts"] + e["dur"]))
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
                ev.region(e["name"], args.get("site", ""), dur, {}, 0, True)
            else:
                ev.lost += args["records"]
        elif e["ph"] == "i":
            ev.logs.append((e["name"], args["message"]))
        else:
            assert e["ph"] == "M", e["ph"]
    assert not opened
    for slices in stacks.values():
        ends = []
        for begin, dur, name in sorted(slices):
            while ends and ends[-1] <= begin:
                ends.pop()
            assert not ends or begin - dur <= ends[-1], "%r does not nest" % name
            ends.append(begin - dur)
    return ev


# --- what they must agree with --------------------------------------------------------------


class Events:
    def __init__(self):
        self.tasks = collections.defaultdict(list)
        self.regions = collections.defaultdict(list)
        self.states = collections.defaultdict(list)
        self.logs, self.lost = [], 0

    def task(self, name, dur, states, idle, flags):
        clipped = bool(flags.get("begun_before_trace") or flags.get("unfinished"))  # CSV: "" or "1"
        self.tasks[name].append((dur, states, idle, clipped, bool(flags.get("failed"))))

    def region(self, name, site, dur, states, own, is_async=False):
        self.regions[name, site, is_async].append((dur, states, own))

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


def compare_spans(ev, s):
    """What the summary says of tasks and regions, from the events alone."""
    yield from same("names of tasks", sorted(ev.tasks), sorted(t["name"] for t in s["tasks"]))
    for t in s["tasks"]:
        mine = ev.tasks[t["name"]]
        whole = sorted(d for d, _, _, clipped, _ in mine if not clipped)
        yield from same(t["name"] + " count", len(mine), t["count"])
        yield from same(t["name"] + " complete", len(whole), t["complete"])
        yield from same(t["name"] + " failed", sum(m[4] for m in mine), t["failed"])
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
        yield from same(r["name"] + " states", total(m[1] for m in mine), some(r["states_ns"]))


def compare(ev, s):
    """Everything that the summary says."""
    yield from compare_spans(ev, s)
    yield from same("threads", sorted(ev.states), sorted((t["pid"], t["tid"]) for t in s["threads"]))
    for t in s["threads"]:
        mine = ev.states[t["pid"], t["tid"]]
        yield from same("%d without gaps" % t["tid"], all(a[1] == b[0] for a, b in zip(mine, mine[1:])),
                        True)
        if s["capture"]["lost"]["total"]:
            yield from same("%d lifetime" % t["tid"], sum(b - a for a, b, _ in mine), t["lifetime_ns"])
        else:
            yield from same("%d states" % t["tid"], total({st: b - a} for a, b, st in mine),
                            some(t["states_ns"]))


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


def make(folder):
    for kind in ("demo", "lossy", "plain"):
        capture.main(kind, "%s/%s.ctrace" % (folder, kind))
    trace = capture.Trace()
    hostile(trace)
    trace.write(folder + "/hostile.ctrace", "hostile")


READERS = {"pftrace": read_pftrace, "jsonl": read_jsonl, "csv": read_csv, "chrome": read_chrome}


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
    if kind == "lossy":
        result(ext + "_tells_of_losses", same("lost", ev.lost, 1234))
    if kind == "hostile":
        # UTF-8, with what is none replaced.
        text = HOSTILE.decode(errors="replace")
        result(ext + "_keeps_hostile_names_whole", same("logs", ev.logs, [(text, text * 3)]))


def main(folder):
    make(folder)
    for ext, read in READERS.items():
        for kind in ("demo", "plain", "lossy", "hostile"):
            check(folder, kind, ext, read)
    sys.exit(failed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
