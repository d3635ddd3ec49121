#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Targets that cannot be traced, captures that are none, and options that make no sense: each is
# answered with one sentence and the right exit status, and never with a crash.
. "$(dirname "$0")/lib.bash"

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# expect STATUS WORDS NAME COMMAND...: STATUS is one or several, as "0 1"; WORDS an extended
# regular expression that stderr must match ("." anything, "" nothing is asked for).
expect() {
	local want=$1 words=$2 name=$3 why=

	shift 3
	timeout -k 5 30 "$@" >"$tmp/expect.out" 2>"$tmp/expect.err" </dev/null
	rc=$?
	case " $want " in *" $rc "*) ;; *) why="exit status $rc, not $want" ;; esac
	[ -z "$words" ] || grep -qiE -- "$words" "$tmp/expect.err" || why="$why; stderr lacks /$words/"
	# One sentence, and one line of what to do next.
	[ $rc -eq 0 ] || [ "$(wc -l <"$tmp/expect.err")" -le 2 ] || why="$why; more than a sentence"
	[ $rc -eq 0 ] || grep -q '^ctrace-bpf: ' "$tmp/expect.err" || why="$why; nobody speaks"
	if [ -z "$why" ]; then ok "$name"; else not_ok "$name" "$why" "$(head -n 5 "$tmp/expect.err")"; fi
}
trace=("$CTRACE" -d 300ms -o "$tmp/x.ctrace" --force)

# --- targets
expect 1 "no such process|no process" "no such pid" "${trace[@]}" -p 4194000
expect 1 "no process" "no process of that name" "${trace[@]}" -p no-such-name
expect 1 "kernel thread" "a kernel thread" "${trace[@]}" -p 2

python3 -c '
import os, sys, time
pid = os.fork()
if pid == 0: os._exit(0)
open(sys.argv[1], "w").write("%d\n" % pid)
time.sleep(100)' "$tmp/zombie" &
started+=($!)
wait_for 10 has_line "$tmp/zombie" '^[0-9]+$'
expect 1 "zombie|dead|has ended|exited" "a zombie" "${trace[@]}" -p "$(cat "$tmp/zombie")"

if [ "$(uname -m)" = x86_64 ]; then
	python3 - "$tmp/elf32" <<'P'
# A static i386 program: nanosleep(1 s) by int 0x80, again and again.
import os, struct, sys
base, head = 0x08048000, 52 + 32
code = lambda ts: (b"\xb8" + struct.pack("<I", 162) + b"\xbb" + struct.pack("<I", ts) +
                   b"\x31\xc9\xcd\x80\xeb\xf0")
ts = base + head + len(code(0))
text = code(ts) + struct.pack("<II", 1, 0)
size = head + len(text)
elf = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + head, 52, 0,
                                                      0, 52, 32, 1, 40, 0, 0)
elf += struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 4096) + text
open(sys.argv[1], "wb").write(elf)
os.chmod(sys.argv[1], 0o755)
P
	"$tmp/elf32" &
	bits32=$!
	started+=("$bits32")
	sleep 0.2
	if kill -0 $bits32 2>/dev/null; then
		expect "0 1" "32-bit" "a 32-bit process" "${trace[@]}" -p $bits32
	else
		skip "a 32-bit process" "this kernel runs none"
	fi
fi

start plain
expect 0 "" "a process without probes: text" "${trace[@]}" -p "$pid"
check "a process without probes is explained" grep -q sleep "$tmp/expect.out"
check "a process without probes: there is a hint at marks" grep -q 'ctrace\.h' "$tmp/expect.out"
expect 0 "" "a process without probes: json" "${trace[@]}" -p "$pid" -f json
judge conserve "$tmp/expect.out" "a process without probes: "
plain=$pid
python3 - "$W/sleep" "$tmp/corrupt" <<'P'
# The notes of a program with marks, overwritten: sizes, addresses and strings are all nonsense.
import os, random, struct, sys
elf = bytearray(open(sys.argv[1], "rb").read())
shoff, = struct.unpack_from("<Q", elf, 40)
entsize, nr, strndx = struct.unpack_from("<HHH", elf, 58)
rows = [struct.unpack_from("<IIQQQQ", elf, shoff + i * entsize) for i in range(nr)]
for name, _, _, _, off, size in rows:
    at = rows[strndx][4] + name
    if elf[at:].startswith(b".note.stapsdt\0"):
        rng = random.Random(1)
        for i in range(off, off + size):
            if rng.random() < 0.3:
                elf[i] = rng.randrange(256)
open(sys.argv[2], "wb").write(elf)
os.chmod(sys.argv[2], 0o755)
P
"$tmp/corrupt" >/dev/null &
corrupt=$!
started+=("$corrupt")
sleep 0.2
expect "0 1" "" "corrupt notes" "${trace[@]}" -p $corrupt -f json
check "corrupt notes: the process goes on" kill -0 $corrupt
[ -s "$tmp/expect.out" ] && judge conserve "$tmp/expect.out" "corrupt notes: "

chmod 711 "$tmp"
cp "$CTRACE" "$tmp/ctrace-bpf"
mkdir -m 777 "$tmp/open"
expect 1 "sudo|CAP_|root|capabilit" "without permission" "${nobody[@]}" "$tmp/ctrace-bpf" \
	-d 300ms -o "$tmp/open/x.ctrace" -p "$plain"
check "without permission: no file is left" [ ! -e "$tmp/open/x.ctrace" ]

# --- captures
"${trace[@]}" -p "$plain" >/dev/null 2>&1
stop "$plain" KILL
good=$tmp/x.ctrace
expect 0 "" "the capture that the next ones are made from" "$CTRACE" report "$good"
: >"$tmp/empty"
expect 1 . "an empty capture" "$CTRACE" report "$tmp/empty"
head -c 20 "$good" >"$tmp/short"
expect 1 . "a capture shorter than its header" "$CTRACE" report "$tmp/short"
head -c 5000 /dev/urandom >"$tmp/random"
expect 1 "not a|no ctrace" "random bytes" "$CTRACE" report "$tmp/random"
expect 1 . "a directory" "$CTRACE" report "$tmp"
expect 1 "no such file" "no such file" "$CTRACE" report "$tmp/nothing"
expect 1 . "a device" "$CTRACE" report /dev/zero
python3 - "$good" "$tmp" <<'P'
import random, struct, sys, zlib
good = open(sys.argv[1], "rb").read()
def header(**change):
    head = bytearray(good[:64])
    if "major" in change:
        struct.pack_into("<H", head, 8, change["major"])
    size, = struct.unpack_from("<H", head, 12)
    struct.pack_into("<I", head, size - 4, zlib.crc32(bytes(head[:size - 4])))
    return bytes(head[:size]) + good[size:]
open(sys.argv[2] + "/newer", "wb").write(header(major=9))
rng = random.Random(2)
for i in range(40):
    open("%s/cut.%d" % (sys.argv[2], i), "wb").write(good[:rng.randrange(len(good))])
    b = bytearray(good)
    for _ in range(rng.choice((1, 4, 64))):
        b[rng.randrange(len(b))] = rng.randrange(256)
    open("%s/flip.%d" % (sys.argv[2], i), "wb").write(b)
P
expect 1 "version|newer" "a capture of a newer format" "$CTRACE" report "$tmp/newer"
crashed=
for f in "$tmp"/cut.* "$tmp"/flip.*; do
	timeout -k 5 20 "$CTRACE" report "$f" -f json >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ $rc -le 1 ] || crashed="$crashed ${f##*/}:$rc"
	[ $rc -ne 0 ] || python3 tests/live/truth.py conserve "$tmp/out" >"$tmp/tap" || \
		crashed="$crashed ${f##*/}:$(grep -m1 '^not' "$tmp/tap")"
done
check "captures that are cut or damaged: status 0 or 1, and sums that add up${crashed:+:$crashed}" \
	[ -z "$crashed" ]

# --- options
usage() { expect 2 "$1" "$2" "$CTRACE" "${@:3}"; }
usage . "no argument at all"
usage "bogus" "an unknown option" --bogus
usage . "-p without a value" -p
for d in abc -1 5x 1e99h 99999999999999999999 '' 5ss; do
	usage "duration|-d" "-d '$d'" -p 1 -d "$d"
done
expect "1 2" . "-p 0" "${trace[@]}" -p 0
expect "1 2" . "-p -5" "${trace[@]}" -p -5
expect "1 2" . "-p ''" "${trace[@]}" -p ''
expect "1 2" . "-p 1,,x" "${trace[@]}" -p 1,,x
expect "1 2" . "-p 99999999999" "${trace[@]}" -p 99999999999
usage . "report without a file" report
usage . "report with an unknown format" report "$good" -f nonsense
usage . "export without -o" export "$good"
usage "tsc and monotonic" "an unknown clock of marks" -p 1 --mark-clock sundial
expect "1 2" . "export to an unknown extension" "$CTRACE" export "$good" -o "$tmp/x.nonsense"
usage . "list without -p" list
: >"$tmp/there.ctrace"
start plain
expect 1 "exists|force" "a file that is there is not overwritten" \
	"$CTRACE" -p "$pid" -d 300ms -o "$tmp/there.ctrace"
check "a file that is there is as it was" [ ! -s "$tmp/there.ctrace" ]
expect 1 . "a file in no directory" "$CTRACE" -p "$pid" -d 300ms -o "$tmp/no/such/x.ctrace"
finish
