# SPDX-License-Identifier: MIT
"""otlp_read.py - spans of OTLP, from protobuf or JSON, as the same plain dictionaries

    spans = read_pb(data)               the bytes of an ExportTraceServiceRequest
    spans = read_jsonl(text)            a request a line

A span: trace, id, parent (hex; parent "" for none), flags, name, kind, begin, end, attributes,
events [(time, name, attributes)], dropped, links [(trace, id, flags)], status (code, message),
resource, scope (attributes). Neither reader has anything in common with the exporter: protobuf is
read by the numbers of opentelemetry-proto, JSON by the names of its JSON mapping. What the
specification does not allow raises AssertionError.
"""
import collections
import json
import re
import struct

STRING, BYTES, INT, FIXED64, FIXED32 = "string", "bytes", "int", "fixed64", "fixed32"
VALUE = {1: ("stringValue", STRING), 2: ("boolValue", INT), 3: ("intValue", INT)}
KEY_VALUE = {1: ("key", STRING), 2: ("value", VALUE)}
EVENT = {1: ("timeUnixNano", FIXED64), 2: ("name", STRING), 3: ("attributes", KEY_VALUE)}
LINK = {1: ("traceId", BYTES), 2: ("spanId", BYTES), 6: ("flags", FIXED32)}
STATUS = {2: ("message", STRING), 3: ("code", INT)}
SPAN = {1: ("traceId", BYTES), 2: ("spanId", BYTES), 4: ("parentSpanId", BYTES), 5: ("name", STRING),
        6: ("kind", INT), 7: ("startTimeUnixNano", FIXED64), 8: ("endTimeUnixNano", FIXED64),
        9: ("attributes", KEY_VALUE), 11: ("events", EVENT), 12: ("droppedEventsCount", INT),
        13: ("links", LINK), 15: ("status", STATUS), 16: ("flags", FIXED32)}
SCOPE = {1: ("name", STRING), 2: ("version", STRING), 3: ("attributes", KEY_VALUE)}
SCOPE_SPANS = {1: ("scope", SCOPE), 2: ("spans", SPAN)}
RESOURCE = {1: ("attributes", KEY_VALUE)}
RESOURCE_SPANS = {1: ("resource", RESOURCE), 2: ("scopeSpans", SCOPE_SPANS)}
REQUEST = {1: ("resourceSpans", RESOURCE_SPANS)}
REPEATED = {"attributes", "events", "links", "spans", "scopeSpans", "resourceSpans"}
TEXT_NUMBERS = {"intValue", "timeUnixNano", "startTimeUnixNano", "endTimeUnixNano"}


def varint(b, at):
    v = shift = 0
    while True:
        c = b[at]
        at += 1
        v |= (c & 0x7f) << shift
        if c < 0x80:
            return v, at
        shift += 7


def parse(b, schema):
    out, at = {}, 0
    while at < len(b):
        tag, at = varint(b, at)
        name, kind = schema[tag >> 3]
        wire = tag & 7
        assert wire == {INT: 0, FIXED64: 1, FIXED32: 5}.get(kind if isinstance(kind, str) else "", 2), name
        if wire == 0:
            v, at = varint(b, at)
        elif wire == 1:
            v, at = struct.unpack_from("<Q", b, at)[0], at + 8
        elif wire == 5:
            v, at = struct.unpack_from("<I", b, at)[0], at + 4
        else:
            n, at = varint(b, at)
            v, at = b[at:at + n], at + n
            assert len(v) == n, name
            v = v.decode() if kind == STRING else v.hex() if kind == BYTES else parse(v, kind)
        if name in REPEATED:
            out.setdefault(name, []).append(v)
        else:
            assert name not in out, "%s twice" % name
            out[name] = v
    return out


def unique(pairs):
    keys = [k for k, _ in pairs]
    assert len(set(keys)) == len(keys), "a key twice"
    return dict(pairs)


def typed(name, v):
    """JSON as its mapping wants it: 64-bit numbers are strings of digits, others are numbers."""
    if isinstance(v, dict):
        return {k: typed(k, w) for k, w in v.items()}
    if isinstance(v, list):
        return [typed("", w) for w in v]
    if name in TEXT_NUMBERS:
        assert isinstance(v, str) and re.fullmatch(r"0|[1-9]\d*", v), (name, v)
        return int(v)
    if name.endswith("Id"):
        assert re.fullmatch(r"[0-9a-f]+", v), (name, v)
    return v


def attributes(items):
    out = {}
    for a in items or []:
        assert set(a) == {"key", "value"} and a["key"] and a["key"] not in out, a
        (kind, v), = a["value"].items()
        out[a["key"]] = bool(v) if kind == "boolValue" else v
    return out


def spans_of(request):
    assert set(request) == {"resourceSpans"} and request["resourceSpans"], "an empty envelope"
    for rs in request["resourceSpans"]:
        resource = attributes(rs["resource"].get("attributes"))
        for ss in rs["scopeSpans"]:
            assert ss["spans"] and ss["scope"]["name"] == "ctrace-bpf"
            scope = attributes(ss["scope"].get("attributes"))
            for s in ss["spans"]:
                yield span_of(s, resource, scope)


def span_of(s, resource, scope):
    trace, nr = s["traceId"], s["spanId"]
    assert len(trace) == 32 and trace.strip("0") and len(nr) == 16 and nr.strip("0"), (trace, nr)
    assert len(s.get("parentSpanId", "0" * 16)) == 16
    assert s["name"], "a span without a name"
    begin, end = s["startTimeUnixNano"], s["endTimeUnixNano"]
    assert begin <= end
    events = [(e["timeUnixNano"], e["name"], attributes(e.get("attributes"))) for e in s.get("events", [])]
    assert [e[0] for e in events] == sorted(e[0] for e in events) and len(events) <= 128
    links = [(l["traceId"], l["spanId"], l["flags"]) for l in s.get("links", [])]
    status = s.get("status", {})
    return {"trace": trace, "id": nr, "parent": s.get("parentSpanId", ""), "flags": s["flags"],
            "name": s["name"], "kind": s["kind"], "begin": begin, "end": end,
            "attributes": attributes(s.get("attributes")), "events": events,
            "dropped": s.get("droppedEventsCount", 0), "links": links,
            "status": (status.get("code", 0), status.get("message", "")),
            "resource": resource, "scope": scope}


def read_pb(data):
    return list(spans_of(parse(data, REQUEST)))


def read_jsonl(text):
    assert text.endswith("\n")
    out = []
    for line in text.splitlines():
        out += spans_of(typed("", json.loads(line, object_pairs_hook=unique)))
    return out


def tree_is_sound(spans):
    """Ids are unique, and a parent that is not the application's is there, in the same trace."""
    by_id = {s["id"]: s for s in spans}
    yield from ["%d spans, %d ids" % (len(spans), len(by_id))] * (len(spans) != len(by_id))
    for s in spans:
        remote = s["flags"] >> 9 & 1
        if not s["flags"] & 1 or not s["flags"] & 0x100:
            yield "%s: flags %x" % (s["name"], s["flags"])
        if not s["parent"] or remote:
            if remote and s["parent"] in by_id:
                yield "%s: its parent is ours, and called remote" % s["name"]
            continue
        parent = by_id.get(s["parent"])
        if not parent:
            yield "%s: its parent is missing" % s["name"]
        elif parent["trace"] != s["trace"]:
            yield "%s: its parent %s is in another trace" % (s["name"], parent["name"])
    names = collections.Counter(s["attributes"]["ctrace.kind"] for s in spans)
    if set(names) - {"task", "region", "async"}:
        yield "kinds: %r" % names
