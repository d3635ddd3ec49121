#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""otlp.py receive DIR - takes requests until SIGTERM, then writes them down; DIR/port says where
otlp.py judge DIR   - compares what was received with DIR/x.json and with DIR/x.ctrace (TAP)"""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit"))
import export_events as base  # noqa: E402
import otlp_events as events  # noqa: E402
import otlp_read as otlp  # noqa: E402
from export_events import CTRACE, result, same  # noqa: E402
from otlp_receiver import Receiver  # noqa: E402


def receive(folder):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    r = Receiver(["ok"])
    with open(folder + "/port.new", "w") as f:
        f.write(str(r.port))
    os.rename(folder + "/port.new", folder + "/port")
    signal.sigwait({signal.SIGTERM})
    os.unlink(folder + "/port")
    with open(folder + "/received.json", "w") as f:
        json.dump(r.taken(), f)


def number(span, children):
    """Of the request: the frontend logs it, in one of the task's regions or in the task itself."""
    for s in [span, *children[span["id"]]]:
        for _, _, e in s["events"]:
            m = re.search(r"\bid=(\d+)", e.get("ctrace.log.message", ""))
            if m:
                return int(m[1])
    return None


def joined(spans):
    children = {s["id"]: [] for s in spans}
    for s in spans:
        if s["parent"] in children:
            children[s["parent"]].append(s)
    requests = [s for s in spans if s["name"] == "GET /messages"]
    known = 0
    for s in requests:
        nr = number(s, children)
        if nr is None or s["attributes"].get("ctrace.begun_before_trace"):
            continue
        known += 1
        if s["trace"] != "c7ace0de%024x" % nr or s["parent"] != "5ba9%012x" % nr or s["flags"] != 0x301:
            yield "request %d is in trace %s below %s, flags %x" % (nr, s["trace"], s["parent"], s["flags"])
    if known < 100:
        yield "only %d of %d requests are known by their number" % (known, len(requests))
    served = [s for s in spans if s["name"].endswith(" serve") and s["trace"].startswith("c7ace0de")]
    whole = [s for s in spans if s["name"].endswith(" serve") and not s["attributes"].get("ctrace.begun_before_trace")]
    pids = {s["resource"]["process.pid"] for s in served}
    if len(served) < 0.9 * len(whole) or len(pids) != 3:
        yield "of %d tasks of backends, in processes %r, %d are in a trace of upstream" % (len(whole), pids, len(served))


def judge(folder):
    with open(folder + "/received.json") as f:
        spans = json.load(f)
    for s in spans:
        s["events"] = [tuple(e) for e in s["events"]]
        s["status"] = tuple(s["status"])
    with open(folder + "/x.json") as f:
        summary = json.load(f)
    result("what_was_received_is_what_the_report_says", base.compare_spans(events.events_of(spans), summary))
    result("it_is_a_forest", otlp.tree_is_sound(spans))
    result("each_request_is_below_its_span_upstream", joined(spans))
    result("a_service_is_called_as_it_was_started", same(
        "names", {(s["resource"].get("service.name"), s["resource"].get("team")) for s in spans}, {("shop", "caf\u00e9")}))
    out = folder + "/x.otlp.pb"
    subprocess.run([CTRACE, "export", folder + "/x.ctrace", "-o", out], check=True, capture_output=True)
    with open(out, "rb") as f:
        again = otlp.read_pb(f.read())
    result("exported_again_it_has_the_same_ids", same("ids", sorted(s["id"] for s in again),
                                                       sorted(s["id"] for s in spans)))
    if not base.failed:
        print("# %d spans of %d traces" % (len(spans), len({s["trace"] for s in spans})))
    sys.exit(base.failed)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("receive", "judge"):
        sys.exit(__doc__)
    globals()[sys.argv[1]](sys.argv[2])
