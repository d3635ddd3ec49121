#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a capture by what man/ctrace-bpf.data.5 says, and nothing else.

data_reader.py FILE prints the records stream by stream, and what the capture says of itself, in
the lines of `test_reader dump FILE`. data_reader.py FILE FROM TO prints the records that tell of that
time, found by the index; names are stream -1.
"""
import re
import struct
import sys
import zlib

RECORDS, META, PROCESS, LOSSES, CLOCK, END, SYMBOLS, NAMES, INDEX = range(1, 10)
KINDS = range(1, 10)
DEFLATE, DELTA = 1, 8
LIMIT = 1048576
ESCAPED = {b"\\": b"\\", b"n": b"\n", b"0": b"\0"}


# Kinds with times that are not much before their own: their offsets.
INSTANTS = {4: (16, 24), 5: (16,)}


def lanes_of_ran(record, pids):
    """What RAN's from_ts and pids are guessed to be: [(offset, lane)]."""
    ts, = struct.unpack_from("<Q", record, 8)
    ts -= sum(struct.unpack_from("<3Q", record, 24))
    guesses = []
    for at in range(56, len(record) - 15, 16):
        tid, _, ns = struct.unpack_from("<IIQ", record, at)
        ts -= ns
        known, pid = pids.get(tid % 256, (None, 0))
        guesses.append((at + 4, pid if known == tid else tid))
    return guesses + [(16, ts % 2**32), (20, (ts >> 32) % 2**32)]


def undelta(coded, raw_sz):
    at, out, contexts, masks, given, before, pids = 0, bytearray(), {}, {}, 0, None, {}

    def take(n):
        nonlocal at
        if at + n > len(coded):
            raise ValueError("cut")
        at += n
        return coded[at - n:at]

    while len(out) < raw_sz:
        first = take(1)[0]
        number, like = first & 127, None
        if number == 127:
            number = given % 382
            given += 1
            head = take(8)
        else:
            number = 126 + take(1)[0] if number == 126 else number
            like = contexts[number]
            head = like[:8]
        length, kind = struct.unpack_from("<HB", head)
        lanes = (length - 8) // 4
        if first < 128:
            masks[number] = int.from_bytes(take((lanes + 7) // 8), "little")
        differ = [i for i in range(lanes) if masks[number] >> i & 1]
        sizes = int.from_bytes(take((len(differ) + 3) // 4), "little")
        guess = bytearray(like or bytes(length))
        guess[:16] = head + (before[8:16] if before else bytes(8))
        is_ran = kind == 17 and length >= 56
        for off, _ in lanes_of_ran(guess, pids) if is_ran else ():
            guess[off:off + 4] = bytes(4)
        for k, i in enumerate(differ + [lanes]):
            if i > 1 and (k == 0 or differ[k - 1] < 2):
                offs = [off for off in INSTANTS.get(kind, ())
                        if off + 8 <= length and (not like or any(like[off:off + 8]))]
                for off in offs:
                    guess[off:off + 8] = guess[8:16]
                if kind == 4 and offs and before and before[2] == 17 and len(before) >= 56 and \
                        before[4:16] == guess[4:16]:
                    guess[offs[-1]:offs[-1] + 8] = before[16:24]
            if i == lanes:
                break
            n = int.from_bytes(take((sizes >> 2 * k & 3) + 1), "little")
            lane = struct.unpack_from("<I", guess, 8 + 4 * i)[0]
            lane += n // 2 if n % 2 == 0 else -(n + 1) // 2
            struct.pack_into("<I", guess, 8 + 4 * i, lane % 4294967296)
        if is_ran:
            for off, lane in lanes_of_ran(guess, pids):
                lane += struct.unpack_from("<I", guess, off)[0]
                struct.pack_into("<I", guess, off, lane % 2**32)
            for off in range(56, length - 15, 16):
                tid, pid = struct.unpack_from("<II", guess, off)
                pids[tid % 256] = tid, pid
        contexts[number] = before = bytes(guess)
        out += before
    if at != len(coded):
        raise ValueError("bytes behind the last record")
    return bytes(out)


def decode(flags, payload, raw_sz):
    if flags & DEFLATE:
        inflater = zlib.decompressobj()
        payload = inflater.decompress(payload)
        if not inflater.eof or inflater.unused_data:
            raise ValueError("no zlib stream")
    if flags & DELTA:
        payload = undelta(payload, raw_sz)
    if len(payload) != raw_sz:
        raise ValueError("not of the size that the header says")
    return payload


def is_chunk(data, at):
    if data[at:at + 4] != b"CHNK" or len(data) - at < 48:
        return False
    stored_sz, raw_sz = struct.unpack_from("<II", data, at + 12)
    crc = struct.unpack_from("<I", data, at + 44)[0]
    return crc == zlib.crc32(data[at:at + 44]) and stored_sz <= LIMIT and raw_sz <= LIMIT


def text(payload):
    values = {}
    for line in payload.split(b"\n")[:-1]:
        key, value = line.split(b"=", 1)
        value = re.sub(rb"\\(.)", lambda m: ESCAPED[m[1]], value)
        values[key.decode()] = value.decode()
    return values


def records(payload):
    at = 0
    while at < len(payload):
        left = len(payload) - at
        if left < 16:
            return
        length, kind, flags, tid, ts = struct.unpack_from("<HBBIQ", payload, at)
        if length < 16 or length % 8 or length > 1024 or length > left:
            return
        yield kind, flags, length, tid, ts, "%x" % zlib.crc32(payload[at:at + length])
        at += length


class Capture:
    def __init__(self, data):
        (magic, major, _, header_sz, _, streams, _, self.start, self.unix, _, _,
         crc) = struct.unpack_from("<8sHHHHIIQQQII", data, 0)
        if magic != b"CTRACE\r\n" or major != 1 or crc != zlib.crc32(data[:52]):
            raise ValueError("not a capture of major version 1")
        self.streams = [[] for _ in range(streams)]
        self.meta, self.processes, self.losses = {}, {}, []
        self.stop, self.end = self.start, None
        self.events = self.bad = self.unknown = self.cut = 0
        self.walk(data, header_sz)

    def walk(self, data, at):
        while at < len(data):
            found = at
            while found < len(data) and not is_chunk(data, found):
                found = data.find(b"CHNK", found + 1)
                found = len(data) if found < 0 else found
            stored_sz = struct.unpack_from("<I", data, found + 12)[0] if found < len(data) else 0
            if found == len(data) or found + 48 + stored_sz > len(data):
                self.cut = len(data) - at
                return
            self.bad += found != at
            self.take(data, found)
            at = found + 48 + stored_sz

    def take(self, data, at):
        (_, kind, flags, stream, stored_sz, raw_sz, count, _, max_ts, crc,
         _) = struct.unpack_from("<IHHIIIIQQII", data, at)
        stored = data[at + 48:at + 48 + stored_sz]
        if flags & ~(DEFLATE | DELTA) or kind not in KINDS:
            self.unknown += 1
            return
        if kind in (SYMBOLS, NAMES, INDEX):  # copies, and where things are
            return
        if kind == RECORDS:
            self.events += count
            if self.end is None:
                self.stop = max(self.stop, max_ts)
        try:
            if zlib.crc32(stored) != crc:
                raise ValueError("payload_crc")
            payload = decode(flags, stored, raw_sz)
        except (ValueError, zlib.error):
            self.bad += 1
            return
        if kind == RECORDS:
            self.streams[stream] += records(payload)
        elif kind == META:
            self.meta.update(text(payload))
        elif kind == PROCESS:
            process = text(payload)
            self.processes[int(process["pid"])] = process
        elif kind == LOSSES:
            self.losses = list(struct.iter_unpack("<24sQ", payload))
        elif kind == END:
            self.stop, _, reason = struct.unpack_from("<QQ32s", payload)
            self.end = reason.rstrip(b"\0").decode()


def window(data, start, stop):
    """By the page's section on INDEX and NAMES: the records that tell of that time, stream by stream."""
    kind, = struct.unpack_from("<H", data, len(data) - 104 + 4)
    at, = struct.unpack_from("<Q", data, len(data) - 8)
    if not is_chunk(data, len(data) - 104) or kind != END or not at:
        raise ValueError("no index")
    found, names = [], []
    while at < len(data) - 104:
        (_, kind, flags, _, stored_sz, raw_sz, _, _, _, crc, _) = struct.unpack_from("<IHHIIIIQQII", data, at)
        table = data[at + 48:at + 48 + stored_sz]
        if kind != INDEX or flags or zlib.crc32(table) != crc:
            raise ValueError("no index")
        for off, low, high, reach, _, kind, stream in struct.iter_unpack("<QQQQIHH", table):
            if kind == RECORDS and high >= start and reach <= stop:
                found.append((stream, off))
            elif kind == NAMES and low < start:
                names.append(off)
        at += 48 + stored_sz
    for stream, off in [(-1, off) for off in names] + found:
        flags, = struct.unpack_from("<H", data, off + 6)
        stored_sz, raw_sz = struct.unpack_from("<II", data, off + 12)
        for record in records(decode(flags, data[off + 48:off + 48 + stored_sz], raw_sz)):
            if stream >= 0 or record[4] < start:
                yield (stream, *record)


def main(path, *times):
    if times:
        for record in window(open(path, "rb").read(), *map(int, times)):
            print(*record)
        return
    c = Capture(open(path, "rb").read())
    for i, stream in enumerate(c.streams):
        for record in stream:
            print(i, *record)
    print("start", c.start, "unix", c.unix)
    print("stop", c.stop, "cut" if c.end is None else c.end)
    print("events", c.events)
    for pid, p in sorted(c.processes.items()):
        print("process", pid, p.get("comm", ""), p.get("exe", ""), p.get("threads", 0))
    for name, count in c.losses:
        if count:
            print("lost", name.rstrip(b"\0").decode(), count)
    print("command", c.meta.get("command", ""))
    print("bad", c.bad, "unknown", c.unknown, "cut", c.cut)


if __name__ == "__main__":
    main(*sys.argv[1:])
