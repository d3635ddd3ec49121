#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""otlp_events.py DIR - spans for OpenTelemetry, read back and compared with the summary (TAP)

Counts, durations and states must be those of the summary, to the nanosecond; both notations must
say the same, and so must protoc, with the schema of tests/unit/otlp.proto.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import export_events as base
import otlp_read as otlp
from export_events import CTRACE, HOSTILE, capture, result, same

NS, SITE = re.compile(r"ctrace\.state\.(\w+)_ns"), "code.file.path"
JOB_TRACE, JOB_PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def events_of(spans):
    ev = base.Events()
    for s in spans:
        a, dur = s["attributes"], s["end"] - s["begin"]
        states = {NS.fullmatch(k)[1]: v for k, v in a.items() if NS.fullmatch(k)}
        site = a.get(SITE, "") + (":%d" % a["code.line.number"] if "code.line.number" in a else "")
        if a["ctrace.kind"] == "task":
            ev.task(s["name"], dur, states, a["ctrace.idle_ns"],
                    dict(a, begun_before_trace=a.get("ctrace.begun_before_trace"),
                         unfinished=a.get("ctrace.unfinished"), failed=s["status"][0] == 2))
        else:
            ev.region(s["name"], site, dur, states, a.get("ctrace.self_ns", 0), a,
                      a["ctrace.kind"] == "async")
        ev.logs += [(n, e["ctrace.log.message"]) for _, n, e in s["events"] if "ctrace.log.message" in e]
    return ev


# Tasks of the captures that are begun inside of a region: their waits are theirs.
INSIDE = ("journal",)


def waits_agree(spans, summary):
    """Each wait in a region is in exactly one span, unless that one had too many."""
    mine, dropped = 0, sum(s["dropped"] for s in spans)
    queues = ("preempted", "throttled", "yield", "runnable")
    for s in spans:
        kept = [e for _, n, e in s["events"] if n.startswith("wait.")]
        if len(kept) > 32 or (s["dropped"] and len(kept) != 32):
            yield "%s keeps %d waits, %d dropped" % (s["name"], len(kept), s["dropped"])
        if s["attributes"]["ctrace.kind"] == "region" or s["name"] in INSIDE:
            mine += sum(e["ctrace.wait.state"] not in queues for e in kept)
    theirs = sum(w["count"] for w in summary["waits"]
                 if w["region"] and w["state"] not in queues)
    if not dropped:
        yield from same("waits in regions", mine, theirs)


def times_are_inside(spans):
    for s in spans:
        for ts, name, _ in s["events"]:
            if not s["begin"] <= ts <= s["end"]:
                yield "%s of %s is outside of it" % (name, s["name"])


def labels_are_there(spans, summary):
    for s in spans:
        if s["scope"].get("ctrace.capture.lost_records", 0) != summary["capture"]["lost"]["total"]:
            yield "a batch does not tell what was lost"
    for kind, rows in (("task", summary["tasks"]), ("region", summary["regions"])):
        for row in rows:
            tainted = sum(1 for s in spans if s["name"] == row["name"] and s["attributes"]["ctrace.kind"] == kind
                          and s["attributes"].get("ctrace.tainted"))
            if not row.get("async") and "site" not in row:
                yield from same("tainted " + row["name"], tainted, row.get("tainted", 0))


def job_is_joined(spans):
    """Its traceparent came when one of its regions had ended already."""
    job = [s for s in spans if s["name"].startswith("index <refresh>")]
    yield from same("jobs", len(job), 1)
    parts = [s for s in spans if s["trace"] == JOB_TRACE]
    yield from same("its parts", sorted(s["name"] for s in parts),
                    sorted(["collect", "store", "queue", job[0]["name"]]))
    yield from same("its parent", (job[0]["parent"], job[0]["flags"]), (JOB_PARENT, 0x301))
    yield from same("theirs", {s["parent"] for s in parts if s is not job[0]}, {job[0]["id"]})


def failed_is_error(spans):
    wrong = [s for s in spans if s["status"] != (0, "")]
    yield from same("failed", [(s["name"], s["status"]) for s in wrong],
                    [("GET /messages", (2, "backend timeout"))])


def export(src, *args):
    run = subprocess.run([CTRACE, "export", src, *args], capture_output=True)
    if run.returncode:
        raise ValueError(run.stderr.decode())
    return run.stderr.decode()


def decode(path):
    """By protoc, as text."""
    with open(path, "rb") as f:
        run = subprocess.run(["protoc", "--decode=ExportTraceServiceRequest", "-Itests/unit",
                              "tests/unit/otlp.proto"], stdin=f, capture_output=True)
    if run.returncode:
        raise ValueError(run.stderr.decode())
    return run.stdout.decode()


def protoc_agrees(path, spans):
    text = decode(path)
    yield from same("fields that protoc does not know", re.findall(r"^ *\d+: .*", text, flags=re.M), [])
    yield from same("spans", len(re.findall(r"^    spans \{", text, flags=re.M)), len(spans))
    begins = [int(n) for n in re.findall(r"^      start_time_unix_nano: (\d+)", text, flags=re.M)]
    ends = [int(n) for n in re.findall(r"^      end_time_unix_nano: (\d+)", text, flags=re.M)]
    yield from same("times", list(zip(begins, ends)), [(s["begin"], s["end"]) for s in spans])
    ints = sum(int(n) for n in re.findall(r"^          int_value: (\d+)", text, flags=re.M))
    lost = "ctrace.capture.lost_records"  # stands in each batch
    want = text.count(lost) * spans[0]["scope"].get(lost, 0)
    yield from same("integers of spans", ints, want + sum(
        v for s in spans for v in s["attributes"].values() if type(v) is int))


def check(folder, kind):
    src = "%s/%s.ctrace" % (folder, kind)
    pb, text = "%s/%s.otlp.pb" % (folder, kind), "%s/%s.otlp.jsonl" % (folder, kind)
    name = "otlp_of_%s_" % kind
    try:
        export(src, "-o", pb, "-o", text)
        summary = json.loads(subprocess.run([CTRACE, "report", src, "-f", "json"], check=True,
                                            capture_output=True).stdout)
        if not summary["tasks"] and not summary["regions"]:
            result(name + "without_spans_is_empty", same("bytes", (os.path.getsize(pb), os.path.getsize(text)),
                                                         (0, 0)))
            return
        with open(pb, "rb") as f:
            spans = otlp.read_pb(f.read())
        with open(text, encoding="utf-8", newline="\n") as f:
            result(name + "is_the_same_in_both_notations", same("JSON", otlp.read_jsonl(f.read()) == spans, True))
        result(name + "says_what_the_summary_says", base.compare_spans(events_of(spans), summary))
        result(name + "is_a_forest", otlp.tree_is_sound(spans))
        result(name + "has_each_wait_once", waits_agree(spans, summary))
        result(name + "has_events_inside_of_their_spans", times_are_inside(spans))
        result(name + "labels_what_is_doubtful", labels_are_there(spans, summary))
        if shutil.which("protoc"):
            result(name + "is_what_protoc_reads", protoc_agrees(pb, spans))
        else:
            print("ok %sis_what_protoc_reads # SKIP no protoc" % name)
    except (AssertionError, KeyError, IndexError, ValueError) as e:
        result(name + "is_readable", ["%s %s" % (type(e).__name__, e)])
        return
    if kind == "demo":
        result("a_traceparent_joins_what_came_before_it_too", job_is_joined(spans))
        result("a_failed_task_is_an_error_with_its_message", failed_is_error(spans))
    if kind == "hostile":
        whole = HOSTILE.decode(errors="replace")
        result("otlp_keeps_hostile_names_whole", same("logs", events_of(spans).logs, [(whole, whole * 3)]))


# --- traces of an application ---------------------------------------------------------------

def traceparent(trace, span, flags="01"):
    return "00-%032x-%016x-%s" % (trace, span, flags)


def traces(folder):
    """Requests in traces of the application: sampled, not sampled, with children, told late."""
    trace = capture.Trace()
    a = capture.Thread(trace, capture.PID, "app")
    b = capture.Thread(trace, capture.PID + 1, "other")

    def request(name, nr, parent, sampled="01", early=False):
        a.task(capture.BEGIN, name, nr, capture.ROOT)
        if early:
            a.traceparent(nr, parent)
        a.begin("read head", "x.c:1")
        a.wait(2000, capture.RECV, fd=capture.INET, arg0=4, by=capture.BY_SOFTIRQ)
        a.end("read head")
        if parent and not early:
            a.traceparent(nr, parent)
        a.task(capture.BEGIN, name + " child", nr + 1)
        a.run(500)
        a.log(nr + 1, "log", "of " + name)
        a.task(capture.END, "", nr + 1)
        a.task(capture.END, "", nr)
        a.run(100)

    request("early", 10, traceparent(1, 101), early=True)
    request("late", 20, traceparent(2, 102))
    request("unsampled", 30, traceparent(3, 103, "00"))
    request("random", 40, traceparent(4, 104, "03"))
    request("none", 50, "")
    b.until(a.trace and capture.START + 10 * capture.MS)
    # A parent that nobody saw: its children are in one trace all the same.
    for nr in (60, 61):
        b.task(capture.BEGIN, "orphan", nr, parent=999)
        b.run(10)
        b.task(capture.END, "", nr)
    a.log(0, "nowhere", "outside of any span")
    a.finish()
    b.finish()
    trace.write(folder + "/traces.ctrace", "app")


def traces_are_told_apart(spans, said):
    by_name = {}
    for s in spans:
        by_name.setdefault(s["name"], []).append(s)
    for name, nr, flags in (("early", 1, 0x301), ("late", 2, 0x301), ("random", 4, 0x303)):
        one, child = by_name[name][0], by_name[name + " child"][0]
        head = [s for s in by_name["read head"] if s["parent"] == one["id"]]
        result("trace_of_%s_is_the_applications" % name, [
            *same("trace", {s["trace"] for s in (one, child, *head)}, {"%032x" % nr}),
            *same("parents", (one["parent"], child["parent"], len(head)),
                  ("%016x" % (nr + 100), one["id"], 1)),
            *same("flags", (one["flags"], child["flags"]), (flags, flags & ~0x200))])
    none = by_name["none"][0]
    result("a_task_without_a_traceparent_has_a_trace_of_its_own", [
        *same("parent", none["parent"], ""), *same("random", none["flags"], 0x103),
        *same("child", by_name["none child"][0]["trace"], none["trace"]),
        *same("spans of it", sum(s["trace"] == none["trace"] for s in spans), 3)])
    result("what_is_not_sampled_is_left_out_and_said", [
        *same("spans", sorted(n for n in by_name if "unsampled" in n), []),
        *same("said", re.findall(r"3 spans .* not sampled", said), ["3 spans are left out: their traces are not sampled"])])
    result("children_of_a_task_that_was_not_seen_share_a_trace", same(
        "traces", len({s["trace"] for s in by_name["orphan"]}), 1))
    result("a_log_outside_of_any_span_is_counted", same("said", re.findall(r"1 log .*", said), [
        "1 log is left out: it is outside of any task and region"]))
    logs = [(s["name"], e["ctrace.log.message"]) for s in spans for _, n, e in s["events"] if n == "log"]
    result("a_log_is_an_event_of_its_task", same("logs", sorted(logs), sorted(
        (n + " child", "of " + n) for n in ("early", "late", "random", "none"))))


def many(folder):
    """Spans with more waits and logs than are kept; more spans than a request takes."""
    trace = capture.Trace()
    a = capture.Thread(trace, capture.PID, "app")
    a.task(capture.BEGIN, "long", 7, capture.ROOT)
    for i in range(100):
        a.run(1000)
        a.wait(1000 * (1 + i * 37 % 100), capture.SLEEP)
        a.log(7, "count", str(i))
        a.log(7, "count", str(i))
    for i in range(3000):
        a.begin("short", "x.c:1")
        a.run(10)
        a.end("short")
    a.task(capture.END, "", 7)
    a.finish()
    trace.write(folder + "/many.ctrace", "app")


def longest_are_kept(folder):
    with open(folder + "/many.otlp.jsonl", encoding="utf-8") as f:
        text = f.read()
    spans = otlp.read_jsonl(text)
    one = [s for s in spans if s["name"] == "long"][0]
    waits = sorted(e["ctrace.wait.duration_ns"] for _, n, e in one["events"] if n == "wait.sleep")
    logs = [e["ctrace.log.message"] for _, n, e in one["events"] if n == "count"]
    result("of_many_waits_the_longest_are_kept_and_the_rest_is_counted", [
        *same("waits", waits, [1000 * n for n in range(69, 101)]),
        *same("logs", logs, [str(i // 2) for i in range(96)]),
        *same("dropped", one["dropped"], 300 - 32 - 96)])
    result("a_request_is_of_bounded_size", (
        "a line of %d bytes, %d spans" % (len(line), line.count('"spanId"'))
        for line in text.splitlines() if len(line) > 1 << 21 or line.count('"startTimeUnixNano"') > 1024))


def main(folder):
    base.make(folder)
    traces(folder)
    many(folder)
    for kind in ("demo", "plain", "lossy", "hostile", "traces", "many"):
        if kind == "traces":
            # The summary counts what is not sampled, too: only what is told is looked at.
            src, pb = folder + "/traces.ctrace", folder + "/traces.otlp.pb"
            said = export(src, "-o", pb)
            with open(pb, "rb") as f:
                spans = otlp.read_pb(f.read())
            result("otlp_of_traces_is_a_forest", otlp.tree_is_sound(spans))
            traces_are_told_apart(spans, said)
        else:
            check(folder, kind)
    longest_are_kept(folder)
    sys.exit(base.failed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
