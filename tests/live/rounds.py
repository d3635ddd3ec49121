#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rounds.py - a tracer comes and goes many times; the target must be as it was

    rounds.py CTRACE PID ROUNDS detach|kill LABEL

After each round the semaphores of every probe in the process must be 0, and at the end its text
must be the same bytes. It finds the probes by itself, from the ELF notes, so that it does not
repeat a mistake of the tracer's. Prints TAP lines.
"""
import hashlib
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time


def sections(elf):
    """{name: (address, offset, size)} of a 64-bit little-endian ELF file."""
    shoff, = struct.unpack_from("<Q", elf, 40)
    entsize, nr, strndx = struct.unpack_from("<HHH", elf, 58)
    rows = [struct.unpack_from("<IIQQQQ", elf, shoff + i * entsize) for i in range(nr)]
    names = rows[strndx][4] if rows else 0
    found = {}
    for name, _, _, addr, off, size in rows:
        end = elf.index(b"\0", names + name)
        found[elf[names + name:end].decode()] = (addr, off, size)
    return found


def semaphores(elf):
    """Link-time addresses of the semaphores of all probes."""
    found = sections(elf)
    if ".note.stapsdt" not in found:
        return set()
    _, pos, size = found[".note.stapsdt"]
    base = found.get(".stapsdt.base", (0,))[0]
    end, addrs = pos + size, set()
    while pos < end:
        namesz, descsz, _ = struct.unpack_from("<III", elf, pos)
        pos += 12 + (namesz + 3 & ~3)
        _, note_base, sema = struct.unpack_from("<QQQ", elf, pos)
        if sema:
            addrs.add(sema + (base - note_base if base and note_base else 0))
        pos += descsz + 3 & ~3
    return addrs


def bias_of(elf, start, offset):
    """What the kernel added to the link-time addresses, from one mapping."""
    phoff, = struct.unpack_from("<Q", elf, 32)
    entsize, nr = struct.unpack_from("<HH", elf, 54)
    for i in range(nr):
        kind, _, p_off, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", elf, phoff + i * entsize)
        if kind == 1 and p_off & ~4095 <= offset < p_off + filesz:
            return start - (vaddr - p_off + offset)
    return None


class Process:
    def __init__(self, pid):
        self.pid = pid
        self.mem = open("/proc/%d/mem" % pid, "rb", buffering=0)
        self.text, self.semas = [], set()
        for line in open("/proc/%d/maps" % pid):
            f = line.split(None, 5)
            if "x" not in f[1] or len(f) < 6 or not f[5].startswith("/"):
                continue
            start, end = (int(x, 16) for x in f[0].split("-"))
            self.text.append((start, end))
            with open(f[5].strip(), "rb") as file:
                elf = file.read()
            bias = bias_of(elf, start, int(f[2], 16))
            if bias is not None:
                self.semas |= {bias + a for a in semaphores(elf)}

    def read(self, start, n):
        self.mem.seek(start)
        return self.mem.read(n)

    def digest(self):
        h = hashlib.sha256()
        for start, end in self.text:
            h.update(self.read(start, end - start))
        return h.hexdigest()

    def armed(self):
        return [a for a in self.semas if self.read(a, 2) != b"\0\0"]


def until(good, seconds):
    end = time.monotonic() + seconds
    while not good() and time.monotonic() < end:
        time.sleep(0.005)
    return good()


def is_written(out):
    return os.path.exists(out) and os.path.getsize(out) > 0


def one_round(ctrace, pid, kill_after, out):
    """Returns what went wrong, or None. kill_after() says when the tracer may be killed."""
    args = [ctrace, "-p", str(pid), "-o", out, "--force"]
    args += ["-d", "60s"] if kill_after else ["-d", "20ms"]
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    if kill_after:
        kill_after()
        p.send_signal(signal.SIGKILL)
    try:
        err = p.communicate(timeout=30)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        p.kill()
        return "the tracer does not end"
    want = -signal.SIGKILL if kill_after else 0
    return None if p.returncode == want else "exit status %d: %s" % (p.returncode, err.strip())


def say(good, name, why=""):
    print(("ok " if good else "not ok ") + name)
    if not good:
        print("# " + why)
    return not good


def main(argv):
    ctrace, pid, rounds, kill, label = argv[1], int(argv[2]), int(argv[3]), argv[4] == "kill", argv[5]
    target, rng = Process(pid), random.Random(pid)
    before, bad, armed, seen = target.digest(), [], 0, 0
    failed = say(target.semas and not target.armed(), "%s: the target has probes, at rest" % label)
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "x.ctrace")
        # Kills come anywhere from the load to the drain: the first says how long that is here.
        began = time.monotonic()
        kill_after = (lambda: until(lambda: is_written(out), 20)) if kill else None
        for i in range(rounds):
            why = one_round(ctrace, pid, kill_after, out)
            if kill and i == 0:
                took = time.monotonic() - began
                kill_after = lambda: time.sleep(rng.random() * 1.5 * took)
            if why:
                bad.append("round %d: %s" % (i, why))
            seen += is_written(out)
            # The kernel lets go of a killed tracer's links when it gets to it.
            armed += not until(lambda: not target.armed(), 5 if kill else 0)
            if len(bad) > 5:
                break
    failed |= say(not bad, "%s: all end as they should" % label, "; ".join(bad))
    failed |= say(seen, "%s: captures were written" % label, "no round wrote one")
    failed |= say(not armed, "%s: no semaphore stays set" % label, "after %d rounds one was" % armed)
    failed |= say(until(lambda: target.digest() == before, 5), "%s: the text is the same bytes" % label)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
