#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The JSON summary is what man/ctrace-bpf.json.5 says: these keys, these types, every state, and sums
# that add up to the nanosecond. Captures: tests/golden/capture.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
for kind in demo lossy plain; do
	python3 tests/golden/capture.py $kind "$tmp/$kind.ctrace" &&
		"$CTRACE" report "$tmp/$kind.ctrace" -f json >"$tmp/$kind.json" ||
		{ echo "not ok report of $kind"; exit 1; }
done
"$CTRACE" report --diff "$tmp/demo.ctrace" "$tmp/plain.ctrace" -f json >"$tmp/diff.json" ||
	{ echo "not ok report --diff"; exit 1; }
cat >"$tmp/check.py" <<'PYTHON'
import json
import re
import sys

STATES = ("running runnable preempted throttled yield disk fault network poll lock ipc sleep child "
          "stopped other unknown").split()
N, T, B = int, str, bool  # a number, a text, yes or no
STATES_NS = {s: N for s in STATES}
SPENT = {"states_ns": STATES_NS, "overlays_ns": {"syscall": (N, None), "irq": (N, None), "softirq": (N, None), "gc": N},
         "syscalls": (N, None), "faults": (N, None)}
DURATION = {k: N for k in ("min", "p50", "p90", "p95", "p99", "max", "mean")}
HISTOGRAM = [{"lo_ns": N, "hi_ns": N, "count": N}]
WAKER = {"comm": T, "pid": N, "tid": N, "ctx": T, "softirq": T, "region": T}
STRETCH = {"offset_ns": N, "duration_ns": N, "state": T, "comm": T, "pid": N, "tid": N, "depth": N,
           "part": (N, None)}
LINK = {"depth": N, "comm": T, "pid": N, "tid": N, "via": T, "inferred": B, "state": T, "resource": T,
        "region": T, "task": T, "ns": N, "self_ns": N, "count": N, "ended": T, "by": T}
PATH = {"critical_path_ns": STATES_NS, "critical_path_others_ns": N,
        "critical_path": [{"ns": N, "count": N, "comm": T, "pid": N, "state": T, "resource": T,
                           "region": T, "ended": T, "by": T, "inferred": B, "behind": T,
                           "behind_region": T}]}
PEER = ({"pid": N, "comm": T}, None)
CULPRITS = {"culprits": [{"comm": T, "pid": N, "tid": N, "ns": N}], "culprits_others_ns": N,
            "cpu_idle_ns": N}
WAIT = {"state": T, "woken_ns": N, "syscall": T, "resource": T, "peer": PEER,
        "holder": ({"comm": T, "pid": N, "tid": N, "region": T, "task": T, "hint": B}, None),
        "kernel_function": T, "waker": {**WAKER, "task": T}, "prev_tid": N, "prev_comm": T, **CULPRITS,
        "chain": [LINK]}
STEP = {"kind": T, "offset_ns": N, "duration_ns": N, "depth": N, "tid": N, "comm": T, "name": T,
        "detail": T, "states_ns?": STATES_NS, "wait?": WAIT}
STORY = {"id": N, "parent_id": N, "parent_name": T, "traceparent": T, "start_ns": N, "duration_ns": N,
         "idle_ns": N, "pid": N, "tid": N, "threads": N, "failed": B, "fail_message": T, "tainted": B,
         **SPENT, **PATH, "critical_path_stretches": [STRETCH], "critical_path_stretches_left_out": N,
         "steps": [STEP], "steps_left_out": N}
FRAME = {"name": T, "module": T, "offset": N, "site": T, "addr": T, "inlined": B}
STACK = {"count": N, "total_ns": N, "user": [FRAME], "user_cut": B, "kernel": [FRAME], "kernel_cut": B,
         "lost": B}
SUMMARY = {
    "schema": T,
    "capture": {"host": T, "kernel": T, "command": T, "version": T, "machine": N, "cpus": N,
                "start_unix_ns": N, "duration_ns": N,
                "captures?": [{"host": T, "kernel": T, "start_ns": N, "duration_ns": N, "pid_add": N,
                                "clock": T, "clock_err_ns": N, "events": N, "lost": N}],
                "window?": {"from_ns": N, "to_ns": N, "trace_ns": N}, "end_reason": T, "cut": B, "newer_format_minor": (N, None),
                "processes": [{"pid": N, "comm": T, "exe": T, "threads": N}], "events": N,
                "lost": {"total": N, "*": N}, "late": N, "unknown_kinds": N, "bad_records": N,
                "damage": {"cut_bytes": N, "skipped_bytes": N, "bad_chunks": N, "unknown_chunks": N,
                           "bad_records": N},
                "tracer": ({"cpu_ns": N, "switches": N, "preempted": N, "readings": N, "woken": N,
                            "lag_mean_ns": N, "lag_max_ns": N, "ring_bytes": N, "spilled": N,
                            "tsc_err_ns": N, "tsc_steps": N,
                            "spills": [{"cpu": N, "count": N}],
                            "records": [{"kind": T, "count": N, "bytes": N, "stored_bytes": N}],
                            "programs": [{"name": T, "runs": N, "time_ns": N}]}, None)},
    "marks": N,
    "filter": {"task": (T, None), "region": (T, None), "min_ns": N},
    "tasks": [{"name": T, "count": N, "complete": N, "failed": N, "tainted": N, "duration_ns": DURATION,
               "wall_ns": N, "idle_ns": N, **SPENT, **PATH, "histogram": HISTOGRAM, "slowest": [STORY]}],
    "regions": [{"name": T, "site": T, "async": B, "count": N, "complete": N, "tainted": N,
                 "duration_ns": DURATION, "wall_ns": N, "self_ns": N, **SPENT, "histogram": HISTOGRAM}],
    "threads": [{"pid": N, "tid": N, "comm": T, "start_ns": N, "lifetime_ns": N, "exited": B,
                 "clipped": B, **SPENT, "switches": {"voluntary": N, "involuntary": N}, "migrations": N,
                 "kernel": ({"cpu_ns": N, "run_delay_ns": N}, None)}],
    "threads_left_out": N,
    "all_threads": SPENT,
    "waits": [{"state": T, "resource": T, "peer": PEER, "region": T, "count": N, "total_ns": N,
               "max_ns": N, "wakers": [{**WAKER, "count": N, "total_ns": N}], "wakers_others": N,
               "holders": [{**WAKER, "count": N, "total_ns": N}], "holders_others": N, **CULPRITS,
               "stacks": [STACK]}],
    "waits_left_out": N,
    "stacks": [{**STACK, "process": T, "regions": [T], "state": T, "sampled": B, "others": B}],
    "stacks_left_out": N, "stacks_lost": N,
    "misuse": [{"name": T, "count": N}],
}

SIDE = ({"count": N, "complete": N, "duration_ns": DURATION, "wall_ns": N, "each_ns": N,
         "each_idle_ns": N, "each_states_ns": STATES_NS}, None)
CHANGE = {"name": T, "site?": T, "weight_ns": N, "noise": B, "a": SIDE, "b": SIDE}
TRACE = {"host": T, "start_unix_ns": N, "duration_ns": N, "events": N, "lost": N,
         **{k: v for k, v in SUMMARY["capture"].items()
            if k in ("window?", "cut", "late", "unknown_kinds", "bad_records", "damage")}}
DIFF = {"schema": T, "a": TRACE, "b": TRACE, "filter": SUMMARY["filter"], "tasks": [CHANGE],
        "regions": [CHANGE]}


def differs(value, shape, path=""):
    """What in value is not of that shape."""
    if isinstance(shape, tuple):
        return [] if value is None else differs(value, shape[0], path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [path + ": no array"]
        return [d for i, v in enumerate(value) for d in differs(v, shape[0], "%s[%d]" % (path, i))]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [path + ": no object"]
        bad = [path + "." + k + ": missing" for k in shape
               if k not in value and k != "*" and not k.endswith("?")]
        for k, v in value.items():
            sub = shape.get(k, shape.get(k + "?", shape.get("*")))
            bad += differs(v, sub, path + "." + k) if sub else [path + "." + k + ": undocumented"]
        return bad
    return [] if type(value) is shape and not (shape is int and value < 0) else [
        "%s: %r is no %s" % (path, value, shape.__name__)]


def total(row):
    return sum(row["states_ns"].values())


def checks(s):
    yield "it has the documented keys and types", differs(s, SUMMARY)[:5]
    yield "it names its schema", [] if s["schema"] == "ctrace.summary.v1" else [s["schema"]]
    rows = s["tasks"] + s["regions"]
    yield "states come in the order of every output", [
        r for r in rows + s["threads"] + [s["all_threads"]] if list(r["states_ns"]) != STATES]
    yield "each thread's states add up to its lifetime", [
        t["tid"] for t in s["threads"] if total(t) != t["lifetime_ns"]]
    yield "all threads are the sum of the threads", [
        st for st in STATES if not s["threads_left_out"] and
        s["all_threads"]["states_ns"][st] != sum(t["states_ns"][st] for t in s["threads"])]
    yield "each region's states add up to its wall time", [
        r["name"] for r in s["regions"] if not r["async"] and total(r) != r["wall_ns"]]
    yield "a region itself takes no more than all of it", [
        r["name"] for r in s["regions"] if r["self_ns"] > r["wall_ns"]]
    yield "a task's states and idle time cover its wall time", [
        t["name"] for t in s["tasks"] if total(t) + t["idle_ns"] < t["wall_ns"]]
    yield "so do those of a slow task, exactly if one thread worked for it", [
        k["id"] for t in s["tasks"] for k in t["slowest"]
        if k["threads"] == 1 and total(k) + k["idle_ns"] != k["duration_ns"]]
    slow = [k for t in s["tasks"] for k in t["slowest"]]
    yield "critical paths add up to the time of their tasks", [
        t.get("name", t.get("id")) for t in s["tasks"] + slow
        if sum(t["critical_path_ns"].values()) != t.get("wall_ns", t["duration_ns"]) or
        sum(p["ns"] for p in t["critical_path"]) + t["critical_path_others_ns"] !=
        sum(t["critical_path_ns"].values())]
    yield "so do the stretches of a slow task's path, one after the other", [
        k["id"] for k in slow for v in [k["critical_path_stretches"]]
        if any(a["offset_ns"] + a["duration_ns"] > b["offset_ns"] for a, b in zip(v, v[1:])) or
        (not k["critical_path_stretches_left_out"] and
         sum(x["duration_ns"] for x in v) != k["duration_ns"]) or
        any(x["part"] is not None and k["critical_path"][x["part"]]["state"] != x["state"] for x in v)]
    yield "who ended waits ended no more than there were", [
        w["resource"] for w in s["waits"] if sum(k["total_ns"] for k in w["wakers"]) > w["total_ns"] or
        any(bool(k["total_ns"]) > bool(k["count"]) for k in w["wakers"])]
    yield "a chain's links add up to the wait", [
        p["wait"] for k in slow for p in k["steps"] if p.get("wait") and p["wait"]["chain"] and
        sum(l["self_ns"] for l in p["wait"]["chain"]) != p["wait"]["woken_ns"]]
    yield "histograms hold every complete one", [
        r["name"] for r in rows if sum(b["count"] for b in r["histogram"]) != r["complete"]]
    yield "percentiles rise", [
        r["name"] for r in rows for d in [r["duration_ns"]]
        if [d[k] for k in ("min", "p50", "p90", "p95", "p99", "max")] !=
        sorted(d[k] for k in ("min", "p50", "p90", "p95", "p99", "max"))]
    yield "the slowest task is the longest one", [
        t["name"] for t in s["tasks"]
        if t["slowest"] and t["slowest"][0]["duration_ns"] != t["duration_ns"]["max"]]
    yield "steps lie within their task, in the order of time", [
        k["id"] for t in s["tasks"] for k in t["slowest"]
        if [p["offset_ns"] for p in k["steps"]] != sorted(p["offset_ns"] for p in k["steps"]) or
        any(p["offset_ns"] + p["duration_ns"] > k["duration_ns"] for p in k["steps"])]
    yield "the losses add up", [] if s["capture"]["lost"]["total"] == sum(
        v for k, v in s["capture"]["lost"].items() if k != "total") else [s["capture"]["lost"]]


def known(s):
    """Of the demo capture, some figures beforehand."""
    tasks = {t["name"]: t for t in s["tasks"]}
    get, job = tasks["GET /messages"], tasks["index <refresh> \u00ab\x07\u00bb"]
    wait = next(w for w in s["waits"] if w["state"] == "lock" and w["region"] == "cache.Lookup")
    for name, value, want in (
            ("duration", s["capture"]["duration_ns"], 1500000000),
            ("start", s["capture"]["start_unix_ns"], 1773489663456000000),
            ("count", get["count"], 121), ("complete", get["complete"], 120),
            ("failed", get["failed"], 1),
            ("lock", get["states_ns"]["lock"], 30000000 + 70900000),
            # 110 us each, and the open one until the end
            ("parse", [r["wall_ns"] for r in s["regions"] if r["name"] == "parse"],
             [120 * 110000 + 100000000]),
            ("slowest", get["slowest"][0]["duration_ns"], 80325000),
            ("the slowest one's id", get["slowest"][0]["id"], 2035),
            ("an id of 64 bits", job["slowest"][0]["id"], 0xffffffff00000001),
            ("idle", job["idle_ns"], 51900000), ("threads", job["slowest"][0]["threads"], 2),
            ("wait", (wait["count"], wait["total_ns"], wait["max_ns"]), (2, 100900000, 70900000)),
            ("waker", wait["wakers"], [{"comm": "demo-worker-3", "pid": 1234, "tid": 1237, "ctx": "task", "softirq": "",
                                        "region": "rebuild-index", "count": 2, "total_ns": 100900000}])):
        yield "known: " + name, [] if value == want else [value]


def all_keys(shape):
    """Every key of a shape, wherever it is."""
    if isinstance(shape, (list, tuple)):
        return {k for s in shape for k in all_keys(s)}
    if isinstance(shape, dict):
        return {k.rstrip("?") for k in shape} | {k for s in shape.values() for k in all_keys(s)}
    return set()


failed = 0
with open("man/ctrace-bpf.json.5", encoding="utf-8") as f:
    page = f.read()
words = set(re.findall(r"[a-z][a-z0-9_]*", page))
missing = sorted((all_keys(SUMMARY) | all_keys(DIFF)) - {"*"} - words)
print("%s the manual has every key" % ("not ok" if missing else "ok"))
if missing:
    print("# ", missing)
    failed = 1
with open(sys.argv[1] + "/example.py", "w", encoding="utf-8") as f:
    f.write("".join(line[4:] for line in re.search(r"\.SH EXAMPLES.*?\.EX\n(.*?)\.EE", page, re.S)
                    .group(1).replace("\\e", "\\").splitlines(True)))
with open(sys.argv[1] + "/diff.json", encoding="utf-8") as f:
    bad = differs(json.load(f), DIFF)
print("%s a comparison has the documented keys and types" % ("not ok" if bad else "ok"))
if bad:
    print("# ", bad[:5])
    failed = 1
for kind in ("demo", "lossy", "plain"):
    with open("%s/%s.json" % (sys.argv[1], kind), encoding="utf-8") as f:
        text = f.read()
    summary = json.loads(text)
    found = list(checks(summary)) + (list(known(summary)) if kind == "demo" else [])
    found.append(("no control bytes", re.findall("[\x00-\x09\x0b-\x1f\x7f]", text)))
    for name, bad in found:
        print("%s %s: %s" % ("not ok" if bad else "ok", kind, name))
        if bad:
            print("# ", bad[:5])
            failed = 1
sys.exit(failed)
PYTHON
python3 "$tmp/check.py" "$tmp"
failed=$?

# The manual's example, as it stands there: 100.9 ms of lock in 590.08 ms.
if python3 "$tmp/example.py" "$tmp/demo.json" 2>"$tmp/err" | grep -qx " 17.1 %  'GET /messages'"; then
	echo "ok the manual's example"
else
	echo "not ok the manual's example"
	sed 's/^/# /' "$tmp/err"
	failed=1
fi
exit $failed
