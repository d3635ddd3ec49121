#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""otlp_send.py DIR - what `ctrace-bpf export --otlp` does with receivers of all kinds (TAP)

Of each, whatever it does: no span is sent again that it may have taken, and each span is either
taken, or in a file that was named. The receiver is otlp_receiver.py, on the loopback.
"""
import collections
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

import export_events as base
import otlp_read as otlp
from export_events import CTRACE, capture, result, same
from otlp_receiver import Receiver

SPANS = 5000  # of the capture: five requests
TRACES = "/v1/traces"


def make(folder):
    trace = capture.Trace()
    a = capture.Thread(trace, capture.PID, "app")
    for i in range(SPANS // 2):
        a.task(capture.BEGIN, "job %d" % i, 1 + i, capture.ROOT)
        a.begin("work", "x.c:1")
        a.run(1000 + i)
        a.end("work")
        a.task(capture.END, "", 1 + i)
    a.finish()
    trace.write(folder + "/many.ctrace", "app")
    trace = capture.Trace()
    a = capture.Thread(trace, capture.PID, "app")
    a.task(capture.BEGIN, "one", 1, capture.ROOT)
    a.task(capture.END, "", 1)
    a.finish()
    trace.write(folder + "/one.ctrace", "app")
    capture.main("plain", folder + "/plain.ctrace")


class Run:
    """One export, in a folder of its own."""

    def __init__(self, folder, url, kind="many", env=None, args=(), during=None):
        self.dir = tempfile.mkdtemp(dir=folder)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and "proxy" not in k.lower()}
        clean.update(env or {})
        p = subprocess.Popen([CTRACE, "export", "%s/%s.ctrace" % (folder, kind), "--otlp", url, *args],
                             cwd=self.dir, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if during:
            during(p, self.dir)
        out, err = p.communicate(timeout=120)
        self.ended = time.monotonic()
        self.status, self.said, self.out = p.returncode, err.decode(), out
        self.files = {os.path.basename(f): self.read(f) for f in glob.glob(self.dir + "/*.pb")}

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            data = f.read()
        return otlp.read_pb(data) if data else []

    def kept(self, what):
        return [s for name, spans in self.files.items() if ".%s" % what in name for s in spans]


def ids(spans):
    return collections.Counter(s["id"] for s in spans)


def nothing_is_lost(run, r, total=SPANS):
    """What the receiver has, and what is in files, is everything, once."""
    taken, unsent, unsure = ids(r.taken()), ids(run.kept("unsent")), ids(run.kept("unsure"))
    if any(n > 1 for n in taken.values()):
        yield "%d spans were sent twice" % sum(n > 1 for n in taken.values())
    yield from same("spans taken or kept", len(set(taken) | set(unsent) | set(unsure)), total)
    yield from same("spans kept as unsent that arrived", len(set(taken) & set(unsent)), 0)
    yield from same("spans kept twice", len(set(unsent) & set(unsure)), 0)
    if run.status == 0:
        yield from same("spans taken", len(taken), total)
    yield from same("files named", sorted(re.findall(r"^Wrote them to (.*)\.$", run.said, flags=re.M)),
                    sorted(run.files))
    if "Sanitizer" in run.said:
        yield run.said


def says(run, *patterns):
    for p in patterns:
        if not re.search(p, run.said, flags=re.M):
            yield "stderr lacks /%s/: %s" % (p, run.said)


later = []  # what takes its time by waiting


def scenario(*args, **kw):
    later.append((args, kw))


def play(folder, name, script, status, *patterns, more=None, interrupt=None, **kw):
    r = Receiver(script)
    if interrupt:
        kw["during"] = lambda p, _: (wait_for(lambda: len(r.requests) >= interrupt), time.sleep(0.7),
                                     p.send_signal(signal.SIGINT))
    run = Run(folder, "http://127.0.0.1:%d" % r.port, **kw)
    r.close()
    wrong = [*same("exit status", run.status, status), *nothing_is_lost(run, r), *says(run, *patterns)]
    result(name, wrong + list(more(run, r) if more else []))
    return run, r


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


# --- scenarios ------------------------------------------------------------------------------


def taken_as_sent(run, r):
    first = r.requests[0]
    yield from same("requests", len(r.requests), 5)
    yield from same("path", {q.path for q in r.requests}, {TRACES})
    yield from same("type", first.headers["content-type"], "application/x-protobuf")
    yield from same("encoding", first.headers["content-encoding"], "gzip")
    yield from same("agent", bool(re.fullmatch(r"ctrace-bpf/[\d.]+ OTel-OTLP-Exporter-C/[\d.]+",
                                               first.headers["user-agent"])), True)
    yield from same("files", run.files, {})
    yield from same("stdout", run.out, b"")
    yield from otlp.tree_is_sound(r.taken())


def waited(run, r):
    """It is the same request that comes again, and not too early."""
    yield from same("again", r.requests[0].body == r.requests[1].body, True)
    gap = r.requests[1].at - r.requests[0].answered
    if not 2 <= gap < 4:
        yield "Retry-After: 2, and it came back after %.1f s" % gap


def backed_off(run, r):
    gaps = [b.at - a.answered for a, b in zip(r.requests[:4], r.requests[1:4])]
    for gap, want in zip(gaps, (0.5, 1, 2)):
        if not want / 2 <= gap < want * 1.5 + 0.7:
            yield "gaps %r" % gaps
    yield from same("requests", len(r.requests), 5 + 3)


def tried_once(run, r):
    yield from same("requests", len(r.requests), 1)


def mostly_taken(nr):
    def check(run, r):
        yield from same("kept", len(run.kept("unsent")) + len(run.kept("unsure")), nr)
    return check


def receivers(folder):
    scenario(folder, "all_is_sent_in_batches_with_gzip", ["ok"], 0,
             r"^Sent 5,000 spans to http://127\.0\.0\.1:\d+/v1/traces in 5 requests\.$", more=taken_as_sent)
    scenario(folder, "429_is_obeyed", ["429 2", "ok"], 0, more=waited)
    scenario(folder, "503_is_tried_again_later_and_later", ["503", "502", "504", "ok"], 0, more=backed_off)
    scenario(folder, "a_retry_after_may_be_a_date", ["503 +3", "ok"], 0,
             more=lambda run, r: [] if 1 < r.requests[1].at - r.requests[0].answered < 5 else ["too early or late"])
    scenario(folder, "a_receiver_that_wants_too_long_is_left_alone", ["503 9999", "ok"], 1,
             r"5,000 spans were not sent: the receiver answered 503: no \\x1b\[31m503$", more=tried_once)
    scenario(folder, "a_partial_success_is_told_and_not_repeated", ["ok", "partial 7 too old", "ok"], 1,
             r"rejected 7 spans of these: too old", more=lambda run, r: same("requests", len(r.requests), 5))
    scenario(folder, "a_warning_is_told", ["warn be\x1b[2Jware", "ok"], 0, r"the receiver says: be\\x1b\[2Jware$")
    scenario(folder, "an_answer_that_is_not_understood_is_told", ["ok-json", "ok"], 0, "it may have rejected")
    scenario(folder, "an_answer_that_is_cut_is_told", ["ok-cut", "ok"], 0, "it may have rejected")
    scenario(folder, "a_refusal_of_one_request_leaves_the_others", ["400", "ok", "413", "ok"], 1,
             r"2,048 spans were not sent: the receiver answered 400: no \\x1b\[31m400",
             more=mostly_taken(2048))
    scenario(folder, "a_refusal_of_everything_ends_it", ["401", "ok"], 1, "the receiver answered 401", more=tried_once)
    scenario(folder, "a_redirection_is_not_followed", ["307", "ok"], 1, "the receiver answered 307", more=tried_once)
    # The kernel takes all of it at once: how much has arrived is not known.
    scenario(folder, "a_connection_cut_in_a_request_is_no_reason_to_repeat_it", ["ok", "cut-before", "ok"], 1,
             r"1,024 spans may have arrived or not", more=mostly_taken(1024))
    scenario(folder, "a_request_without_an_answer_is_not_repeated", ["ok", "cut-after", "ok"], 1,
             r"1,024 spans may have arrived or not, and are not sent again", more=mostly_taken(1024))
    scenario(folder, "a_receiver_that_hangs_is_given_up", ["hang"], 1, "may have arrived or not", "not sent: ",
             env={"OTEL_EXPORTER_OTLP_TIMEOUT": "700"},
             more=lambda run, r: same("requests", len(r.requests), 3))
    scenario(folder, "what_is_no_http_is_no_answer", ["garbage", "ok"], 1, "may have arrived or not")
    scenario(folder, "an_endless_answer_is_cut_off", ["huge", "ok"], 0, "it may have rejected")
    scenario(folder, "one_that_stays_busy_is_given_up", ["503"], 1, r"5,000 spans were not sent",
             more=lambda run, r: same("requests", len(r.requests), 6))


def nobody_listens(folder):
    r = Receiver(["ok"])
    r.close()
    run = Run(folder, "http://127.0.0.1:1")
    result("without_a_receiver_all_is_kept_and_said", [
        *same("exit status", run.status, 1), *nothing_is_lost(run, r),
        *says(run, r"^ctrace-bpf: 5,000 spans were not sent: .*[Cc]onnect", r"^Wrote them to many\.unsent\.otlp\.pb\.$")])


def sent_again(folder):
    """What could not be sent, to a receiver that takes it; then what is no such file."""
    run = Run(folder, "http://127.0.0.1:1")
    kept = run.kept("unsent")
    r = Receiver(["ok", "413", "ok"])
    url = "http://127.0.0.1:%d" % r.port

    def again(name):
        return subprocess.run([CTRACE, "export", name, "--otlp", url], cwd=run.dir, capture_output=True, text=True)

    one = again("many.unsent.otlp.pb")
    left = run.read(run.dir + "/many.unsent-2.otlp.pb")
    two = again("many.unsent-2.otlp.pb")
    r.close()
    result("what_was_not_sent_is_sent_again_from_its_file", [
        *same("exit status", (one.returncode, two.returncode), (1, 0)),
        *same("left", len(left), 1024),
        *same("spans", ids(r.taken()), ids(kept)),
        *same("requests", len(r.requests), 6),
        *same("whole", sorted(r.taken(), key=lambda s: s["id"]) == sorted(kept, key=lambda s: s["id"]), True)])
    with open(run.dir + "/many.unsent.otlp.pb", "rb") as f:
        data = f.read()
    for what, bad in (("cut", data[:-100]), ("random", os.urandom(1000)), ("another", b"CTRACE\r\n" + bytes(100)),
                      ("huge", b"\x0a\xff\xff\xff\xff\x7f")):
        with open(run.dir + "/bad.otlp.pb", "wb") as f:
            f.write(bad)
        done = again("bad.otlp.pb")
        result("a_file_that_is_%s_is_no_file_of_spans" % what, [
            *same("exit status", done.returncode, 1),
            *same("said", len(re.findall("bad.otlp.pb is no file of spans, or is damaged", done.stderr)), 1)])
    done = subprocess.run([CTRACE, "export", "many.unsent.otlp.pb", "-o", "x.csv"], cwd=run.dir, capture_output=True)
    result("a_file_of_spans_is_exported_to_nothing_else", same("exit status", done.returncode, 2))


def files_are_new(folder):
    def occupy(p, where):
        for name in ("unsent", "unsent-2"):
            with open("%s/many.%s.otlp.pb" % (where, name), "wb"):
                pass

    r = Receiver(["429 1", "401"])
    run = Run(folder, "http://127.0.0.1:%d" % r.port, during=occupy)
    r.close()
    result("a_file_of_unsent_spans_takes_no_others_place", [
        *same("spans", len(run.files.get("many.unsent-3.otlp.pb", [])), SPANS),
        *same("others", [len(run.files[f]) for f in ("many.unsent.otlp.pb", "many.unsent-2.otlp.pb")], [0, 0])])


def interrupted(folder):
    def soon(run, r):
        if run.ended - r.requests[-1].at > 6:
            yield "it took %.1f s" % (run.ended - r.requests[-1].at)
        yield from same("requests", len(r.requests), 2)

    scenario(folder, "ctrl_c_ends_the_waiting_and_keeps_the_rest", ["ok", "503 60"], 1, "answered 503", interrupt=2,
             more=soon)
    scenario(folder, "ctrl_c_ends_a_request_that_hangs", ["ok", "hang"], 1, "it was interrupted", interrupt=2,
             more=soon)


def variables(folder):
    r = Receiver(["ok"])
    url = "http://127.0.0.1:%d" % r.port
    run = Run(folder, "env", "one", {"OTEL_EXPORTER_OTLP_ENDPOINT": url + "/base/",
                                     "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20c2VjcmV0, x-scope = a%2Cb",
                                     "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
                                     "OTEL_SERVICE_NAME": "shop",
                                     "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=t%C3%A9st,service.name=no"})
    q = r.requests[0]
    result("variables_say_where_and_how", [
        *same("exit status", run.status, 0), *same("path", q.path, "/base" + TRACES),
        *same("headers", (q.headers["authorization"], q.headers["x-scope"]), ("Basic c2VjcmV0", "a,b")),
        *same("encoding", q.headers.get("content-encoding"), None),
        *same("resource", [q.spans[0]["resource"][k] for k in ("service.name", "deployment.environment.name")],
              ["shop", "t\u00e9st"]),
        *same("secrets on stderr", "c2VjcmV0" in run.said, False)])
    run = Run(folder, "env", "one", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                                     "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url,
                                     "OTEL_EXPORTER_OTLP_HEADERS": "a=all",
                                     "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=traces"})
    q = r.requests[1]
    result("variables_of_traces_go_before_those_of_all", [
        *same("exit status", run.status, 0), *same("path", q.path, "/"),
        *same("headers", (q.headers.get("a"), q.headers.get("b")), (None, "traces"))])
    run = Run(folder, url, "one", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    result("a_url_goes_before_the_variables", same("exit status", run.status, 0))
    run = Run(folder, url, "plain")
    result("without_a_span_nothing_is_sent", [
        *same("exit status", run.status, 0), *same("requests", len(r.requests), 3),
        *says(run, "^There was no span to send.$")])
    run = Run(folder, url, "one", args=("-o", "x.otlp.pb"))
    result("files_are_written_besides", [
        *same("exit status", run.status, 0), *same("spans", len(run.files["x.otlp.pb"]), 1),
        *same("the same as sent", run.files["x.otlp.pb"] == r.requests[3].spans, True)])
    r.close()
    for name, url, env, pattern in (
            ("no_url", "localhost:4318", {}, "is not a URL"),
            ("a_url_of_a_file", "file:///etc/passwd", {}, "is not a URL"),
            ("a_password_in_the_url", "http://me:secret@localhost", {}, "user or password"),
            ("no_variable", "env", {}, "neither OTEL_"),
            ("a_protocol_that_is_not_ours", "env", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                                                   "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "only http/protobuf"),
            ("a_timeout_that_is_no_number", "http://127.0.0.1:1", {"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
             "OTEL_EXPORTER_OTLP_TIMEOUT"),
            ("headers_that_are_none", "http://127.0.0.1:1", {"OTEL_EXPORTER_OTLP_HEADERS": "secret"},
             "no list of headers"),
            ("a_header_with_a_newline", "http://127.0.0.1:1", {"OTEL_EXPORTER_OTLP_HEADERS": "a=b%0d%0ac:d"},
             "no list of headers"),
            ("a_compression_that_is_none", "http://127.0.0.1:1", {"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"},
             "gzip or none")):
        run = Run(folder, url, "one", env)
        result(name + "_is_said_in_a_sentence", [
            *same("exit status", run.status, 1), *says(run, "^ctrace-bpf: .*" + pattern),
            *same("secrets on stderr", "secret" in run.said, False)])


def tls(folder):
    if not shutil.which("openssl"):
        print("ok tls # SKIP no openssl")
        return
    ca, key = folder + "/ca.pem", folder + "/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", ca, "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    r = Receiver(["ok"], lambda s: context.wrap_socket(s, server_side=True))
    url = "https://127.0.0.1:%d" % r.port
    run = Run(folder, url, "one", {"OTEL_EXPORTER_OTLP_CERTIFICATE": ca})
    result("https_with_an_authority_of_ones_own", [
        *same("exit status", run.status, 0), *same("spans", len(r.taken()), 1), *says(run, "^Sent 1 span to https")])
    run = Run(folder, url, "one")
    r.close()
    result("https_without_it_is_refused", [
        *same("exit status", run.status, 1), *same("spans", len(r.taken()), 1), *same("kept", len(run.kept("unsent")), 1),
        *says(run, "certificate")])


def main(folder):
    make(folder)
    probe = Run(folder, "http://127.0.0.1:1", "plain")
    if "libcurl" in probe.said:
        result("without_libcurl_that_is_said", same("exit status", probe.status, 1))
        print("ok otlp_send # SKIP no libcurl")
        sys.exit(base.failed)
    receivers(folder)
    interrupted(folder)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(nobody_listens, folder), *[pool.submit(play, *args, **kw) for args, kw in later]]:
            done.result()
    files_are_new(folder)
    sent_again(folder)
    variables(folder)
    tls(folder)
    sys.exit(base.failed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
