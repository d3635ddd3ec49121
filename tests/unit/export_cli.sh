#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `ctrace-bpf export`: exit status 0 done, 1 failed, 2 wrong usage; what fails is said in one sentence
# on stderr with a hint below it, stdout is data, and no file is made, left behind or overwritten by
# mistake. What is in the files: export_events.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
python3 tests/golden/capture.py demo "$tmp/demo.ctrace" || { echo "not ok capture.py"; exit 1; }

# expect NAME STATUS STDERR-REGEX ARGUMENT...
expect() {
	local why= rc

	"$CTRACE" export "${@:4}" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ $rc -eq "$2" ] || why="exit status $rc, not $2"
	[ -z "$3" ] && [ -s "$tmp/err" ] && why="$why; stderr is not empty"
	[ -z "$3" ] || head -n 1 "$tmp/err" | grep -qE -- "$3" || why="$why; stderr lacks /$3/"
	if [ "$2" != 0 ]; then
		[ -s "$tmp/out" ] && why="$why; stdout is not empty"
		head -n 1 "$tmp/err" | grep -q '^ctrace-bpf: ' || why="$why; no sentence"
		[ "$(wc -l <"$tmp/err")" -le 2 ] || why="$why; more than a sentence and a hint"
	fi
	if [ -z "$why" ]; then echo "ok $1"; else
		echo "not ok $1"
		echo "# $why"
		sed 's/^/# /' "$tmp/err"
		failed=1
	fi
}
check() { # NAME COMMAND...
	if "${@:2}"; then echo "ok $1"; else echo "not ok $1"; failed=1; fi
}

expect "-h is for stdout" 0 "" -h
check "-h names every option and format" bash -c 'for o in -o --as --force --from --to -h .pftrace .json .json.gz .otlp.jsonl .otlp.pb .jsonl .csv; do
	grep -q -- "$o" "$1" || exit 1; done' - "$tmp/out"
expect "no capture" 2 "which capture" -o "$tmp/x.pftrace"
expect "two captures with a window" 2 "for one capture" a b -o "$tmp/x.pftrace" --from 1s
expect "one capture twice" 1 "same capture" "$tmp/demo.ctrace" "$tmp/demo.ctrace" -o "$tmp/x.pftrace"
expect "no output" 2 "-o FILE" "$tmp/demo.ctrace"
expect "an unknown option" 2 "no option --bogus" --bogus
expect "an unknown letter" 2 "no option -x" -x
expect "an option without its value" 2 "needs a value" "$tmp/demo.ctrace" -o
expect "a name that tells no format" 2 "what is .*/x to be" "$tmp/demo.ctrace" -o "$tmp/x"
expect "... nor does that of its folder" 2 "to be" "$tmp/demo.ctrace" -o "$tmp.pftrace/x"
expect "a format that there is not" 2 'not "xml"' "$tmp/demo.ctrace" -o "$tmp/x.pftrace" --as xml
expect "a format of nothing" 2 "behind an -o" "$tmp/demo.ctrace" --as pftrace -o "$tmp/x.pftrace"
expect "one file twice" 2 "twice" "$tmp/demo.ctrace" -o "$tmp/x.pftrace" -o "$tmp/x.pftrace"
expect "no such file" 1 "nothing.ctrace" "$tmp/nothing.ctrace" -o "$tmp/x.pftrace"
head -c 100 /dev/urandom >"$tmp/random"
expect "something else than a capture" 1 "random" "$tmp/random" -o "$tmp/x.pftrace"
check "... and no file was made" [ ! -e "$tmp/x.pftrace" ]

expect "a file is made" 0 '^Wrote /.*/new.pftrace \([1-9][0-9]*\.[0-9] kB\)\.$' "$tmp/demo.ctrace" -o "$tmp/new.pftrace"
check "... for its owner alone" [ "$(stat -c %a "$tmp/new.pftrace")" = 600 ]
check "... and nothing is said on stdout" [ ! -s "$tmp/out" ]
expect "several at once, under any name" 0 "Wrote" "$tmp/demo.ctrace" \
	-o "$tmp/a.pftrace" -o "$tmp/b" --as pftrace -o - --as pftrace
check "... are the same" cmp -s "$tmp/a.pftrace" "$tmp/b"
check "... as on stdout" cmp -s "$tmp/a.pftrace" "$tmp/out"
check "... as alone" cmp -s "$tmp/a.pftrace" "$tmp/new.pftrace"
expect "compressed JSON" 0 "Wrote" "$tmp/demo.ctrace" -o "$tmp/a.json" -o "$tmp/a.json.gz" -o - --as json.gz
check "... is the JSON" bash -c 'gzip -dc "$1" | cmp -s - "$2"' - "$tmp/a.json.gz" "$tmp/a.json"
check "... on stdout too" cmp -s "$tmp/a.json.gz" "$tmp/out"
expect "a name that is all ending" 2 "to be" "$tmp/demo.ctrace" -o "$tmp/.json"
echo precious >"$tmp/old.pftrace"
expect "what is there is not overwritten" 1 "old.pftrace exists" "$tmp/demo.ctrace" \
	-o "$tmp/c.pftrace" -o "$tmp/old.pftrace"
check "... a byte" grep -qx precious "$tmp/old.pftrace"
check "... and the others are not left behind" [ ! -e "$tmp/c.pftrace" ]
expect "it is, with --force" 0 "Wrote" "$tmp/demo.ctrace" -o "$tmp/old.pftrace" --force
check "... all of it" cmp -s "$tmp/new.pftrace" "$tmp/old.pftrace"
head -c -100 "$tmp/demo.ctrace" >"$tmp/cut.ctrace"
expect "a damaged capture is exported, and that is said" 0 "cut.ctrace is damaged" "$tmp/cut.ctrace" \
	-o "$tmp/cut.pftrace"
check "... as bytes" grep -qE 'damaged: [0-9]+ bytes and 0 parts were' "$tmp/err"
python3 - "$tmp/demo.ctrace" "$tmp/flipped.ctrace" <<'EOF'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[len(b) // 2] ^= 1
open(sys.argv[2], "wb").write(b)
EOF
expect "one damaged part is one" 0 "damaged: 0 bytes and 1 part were left out" \
	"$tmp/flipped.ctrace" -o "$tmp/flipped.pftrace"
head -c 64 "$tmp/demo.ctrace" >"$tmp/header.ctrace"
expect "a capture without a record" 1 "header.ctrace was cut off before its first record: there is nothing to explain" \
	"$tmp/header.ctrace" -o "$tmp/header.pftrace"
check "... makes no file" [ ! -e "$tmp/header.pftrace" ]
# An output is never an input, by whatever name, nor another output.
cp "$tmp/demo.ctrace" "$tmp/in.pftrace"
ln -s in.pftrace "$tmp/symbolic.pftrace"
ln "$tmp/in.pftrace" "$tmp/hard.pftrace"
for name in in.pftrace ./in.pftrace symbolic.pftrace hard.pftrace; do
	expect "an output that is an input, as $name" 2 "is an input: it would be overwritten" \
		"$tmp/in.pftrace" -o "$tmp/$name" --force
	expect "... of several" 2 "is an input" "$tmp/demo.ctrace" "$tmp/in.pftrace" -o - --as csv -o "$tmp/$name" --force
done
check "... and not a byte of it is lost" cmp -s "$tmp/in.pftrace" "$tmp/demo.ctrace"
expect "one file twice, by two names" 2 "twice" "$tmp/demo.ctrace" -o "$tmp/t.csv" -o "$tmp/./t.csv"

if [ -c /dev/full ]; then
	"$CTRACE" export "$tmp/demo.ctrace" -o - --as pftrace >/dev/full 2>"$tmp/err"
	check "a full disk is a failure" [ $? -eq 1 ]
	check "... and said" grep -q "^ctrace-bpf: .*No space left" "$tmp/err"
fi
exit $failed
