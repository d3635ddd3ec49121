#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks the probes of ELF files against the contract in ctrace.h:
#
#     check_notes.py [--sites N] FILE...
#
# Prints "FILE: what is wrong" for each fault and exits 1 if there was one. Every probe must be
# there, with its arguments in the fixed registers; its site must be the short nop, in executable
# memory, and of that probe alone; its semaphore one for the whole file (but for batch__on, whose is
# beside it, and BARE, which have none), zero, in writable memory that comes from the file and is not
# executable. With --sites, each probe has N sites.
import struct
import sys

ARGS = {
    "task__begin": 4, "task__end": 5, "task__enter": 4, "task__leave": 4,
    "task__traceparent": 2, "region__begin": 6, "region__end": 6,
    "async__begin": 6, "async__end": 6, "log": 6,
    "batch__on": 2, "batch__register": 3, "batch__full": 2, "batch__one": 6,
}
BARE = ("batch__register", "batch__full", "batch__one")
X86_64, AARCH64 = 62, 183
REGS = {
    X86_64: ["%rdi", "%rsi", "%rdx", "%rcx", "%r8", "%r9"],
    AARCH64: ["x0", "x1", "x2", "x3", "x4", "x5"],
}
NOP = {X86_64: b"\x90", AARCH64: b"\x1f\x20\x03\xd5"}
NOP5 = b"\x0f\x1f\x44\x00\x00"
PF_X, PF_W = 1, 2


class Elf:
    def __init__(self, path):
        self.data = open(path, "rb").read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a little-endian ELF64 file")
        (self.machine, _, _, phoff, shoff, _, _, phsz, phnr, shsz, shnr,
         strndx) = struct.unpack_from("<HIQQQIHHHHHH", self.data, 18)
        self.loads = []
        for i in range(phnr):
            kind, flags, off, addr, _, filesz, _, _ = struct.unpack_from(
                "<IIQQQQQQ", self.data, phoff + i * phsz)
            if kind == 1:
                self.loads.append((addr, filesz, off, flags))
        heads = [struct.unpack_from("<IIQQQQ", self.data, shoff + i * shsz) for i in range(shnr)]
        names = heads[strndx][4]
        self.sections = {}
        for name, _, _, addr, off, size in heads:
            self.sections.setdefault(self.string(names + name), []).append((addr, off, size))

    def string(self, off):
        return self.data[off:self.data.index(b"\0", off)].decode()

    def place(self, addr):
        """(file offset, segment flags) of an address that has contents in the file"""
        for start, size, off, flags in self.loads:
            if start <= addr < start + size:
                return off + addr - start, flags
        return None, 0

    def notes(self):
        """(probe, args, location, base, semaphore) of each of our probes"""
        for _, off, size in self.sections.get(".note.stapsdt", []):
            end = off + size
            while off < end:
                namesz, descsz, kind = struct.unpack_from("<III", self.data, off)
                desc = off + 12 + (namesz + 3 & ~3)
                off = desc + (descsz + 3 & ~3)
                loc, base, sema = struct.unpack_from("<QQQ", self.data, desc)
                text = self.data[desc + 24:desc + descsz].split(b"\0")
                provider, probe, args, rest = (t.decode() for t in text)
                if provider == "ctrace":
                    if kind != 3 or rest:
                        raise ValueError("malformed note of " + probe)
                    yield probe, args, loc, base, sema


def faults(path, sites):
    elf = Elf(path)
    regs, nop = REGS[elf.machine], NOP[elf.machine]
    base = elf.sections.get(".stapsdt.base", [(None,)])[0][0]
    count, at, semaphores = dict.fromkeys(ARGS, 0), {}, set()
    for probe, args, loc, note_base, sema in elf.notes():
        if probe not in ARGS:
            yield "unknown probe " + probe
            continue
        count[probe] += 1
        if probe in BARE:
            if sema:
                yield f"{probe}: has a semaphore"
        else:
            semaphores.add(sema - 2 if probe == "batch__on" else sema)
        if args != " ".join("8@" + r for r in regs[:ARGS[probe]]):
            yield f"{probe}: arguments are {args!r}"
        off, flags = elf.place(loc)
        if off is None or not flags & PF_X:
            yield f"{probe}: site {loc:#x} is not in executable memory"
        elif elf.data[off:off + len(nop)] != nop:
            yield f"{probe}: no nop at its site, but {elf.data[off:off + 4].hex()}"
        elif NOP5 in elf.data[off - 4:off + 6]:
            yield f"{probe}: a 5-byte nop touches its site"
        if at.setdefault(loc, probe) != probe:
            yield f"{probe}: shares its site with {at[loc]}"
        if base is None or note_base != base:
            yield f"{probe}: base {note_base:#x} is not that of .stapsdt.base"
    for sema in semaphores:
        off, flags = elf.place(sema)
        if off is None or not flags & PF_W or flags & PF_X:
            yield f"semaphore {sema:#x} is not in writable, non-executable memory from the file"
        elif off % 8 or elf.data[off:off + 16] != bytes(16):
            yield "semaphores, object and session are not 16 aligned zeroes"
    if len(semaphores) != 1:
        yield f"{len(semaphores)} semaphores"
    for probe, nr in count.items():
        if nr == 0 or sites not in (0, nr):
            yield f"{probe}: {nr} sites"


def main():
    args, sites = sys.argv[1:], 0
    if args[0] == "--sites":
        sites, args = int(args[1]), args[2:]
    bad = 0
    for path in args:
        try:
            for fault in faults(path, sites):
                print(f"{path}: {fault}")
                bad = 1
        except (OSError, ValueError, struct.error, KeyError) as e:
            print(f"{path}: {e}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
