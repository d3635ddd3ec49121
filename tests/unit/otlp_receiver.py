# SPDX-License-Identifier: MIT
"""otlp_receiver.py - a receiver of OTLP over HTTP that does what it is told

    r = Receiver(["ok", "503", "429 2", "cut-after", …])     the last one goes on for ever
    … http://127.0.0.1:{r.port} …
    r.close()
    r.requests          what came, in order: .path, .headers, .spans (decoded), .said, .whole; when it
                        came (.at) and was answered (.answered)
    r.taken()           spans of the requests that were taken, or may have been
    r.refused()         spans of those that were not

What it can do with a request:

    ok                  take it
    ok-json             take it, and answer in JSON, as some do
    partial N TEXT      take all but N
    warn TEXT           take it, and say something
    ok-cut              take it, and cut the connection in the middle of the answer
    NUMBER [AFTER]      answer that status, with Retry-After: AFTER; +N: the date in N seconds
    hang                never answer (until it is closed)
    cut-before          cut the connection in the middle of the request
    cut-after           cut it after the whole request, without an answer
    huge                answer 200 and then more than anybody wants to read
    garbage             answer with what is no HTTP
"""
import email.utils
import functools
import gzip
import socket
import struct
import threading
import time

import otlp_read as otlp


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def partial(rejected, text):
    inner = (b"\x08" + varint(rejected) if rejected else b"") + b"\x12" + varint(len(text)) + text
    return b"\x0a" + varint(len(inner)) + inner


def status(text):
    """A google.rpc.Status."""
    return b"\x08\x0d\x12" + varint(len(text)) + text


class Request:
    path, headers, body, said, whole, at, answered = "", {}, b"", "", False, 0, 0

    @functools.cached_property
    def spans(self):
        """Decoded when they are asked for: a receiver is quick."""
        packed = self.headers.get("content-encoding") == "gzip"
        return otlp.read_pb(gzip.decompress(self.body) if packed else self.body)


class Receiver:
    def __init__(self, script, wrap=lambda s: s):
        self.script, self.requests, self.hanging = list(script), [], []
        self.wrap = wrap  # TLS, say
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.closing = False
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.closing = True
        self.socket.close()
        for c in self.hanging:
            c.close()

    def taken(self):
        sure = ("ok", "ok-json", "partial", "warn", "ok-cut", "huge", "cut-after", "hang", "garbage")
        return [s for r in self.requests if r.whole and r.said.split()[0] in sure for s in r.spans]

    def refused(self):
        return [s for r in self.requests if r.whole and r.said.split()[0].isdigit() for s in r.spans]

    def run(self):
        while not self.closing:
            try:
                c, _ = self.socket.accept()
                c = self.wrap(c)
            except OSError:
                continue
            try:
                self.serve(c)
            except OSError:
                c.close()

    def serve(self, c):
        r = Request()
        r.at = time.monotonic()
        r.said = self.script[0] if len(self.script) == 1 else self.script.pop(0)
        self.requests.append(r)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.more(c)
        head, data = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        r.path = lines[0].split()[1]
        r.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        n = int(r.headers["content-length"])
        if r.said == "cut-before":
            time.sleep(0.3)
            # RST, with what is unread still on its way.
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
            return
        while len(data) < n:
            data += self.more(c)
        r.body, r.whole = data, True
        self.answer(c, r.said)
        r.answered = time.monotonic()

    @staticmethod
    def more(c):
        data = c.recv(65536)
        if not data:
            raise OSError
        return data

    def answer(self, c, said):
        what, _, rest = said.partition(" ")
        kind, code, body, more = "application/x-protobuf", 200, b"", ""
        if what == "hang":
            self.hanging.append(c)
            return
        if what == "cut-after":
            c.close()
            return
        if what == "garbage":
            c.sendall(b"\x16\x03\x01 what?\r\n\r\n")
            c.close()
            return
        if what == "ok-json":
            kind, body = "application/json", b'{"partialSuccess": {"rejectedSpans": "3"}}'
        elif what == "partial":
            n, _, text = rest.partition(" ")
            body = partial(int(n), text.encode())
        elif what == "warn":
            body = partial(0, rest.encode())
        elif what == "huge":
            body = bytes(16 << 20)
        elif what == "ok-cut":
            body = partial(5, b"never seen")
        elif what.isdigit():
            code, body = int(what), status(b"no \x1b[31m" + what.encode())
            if rest.startswith("+"):
                rest = email.utils.formatdate(time.time() + int(rest), usegmt=True)
            more = "Retry-After: %s\r\n" % rest if rest else ""
        head = "HTTP/1.1 %d Whatever\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (
            code, kind, len(body), more)
        c.sendall(head.encode() + (body[:2] if what == "ok-cut" else body))
        c.close()
