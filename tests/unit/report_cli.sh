#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `ctrace-bpf report`: exit status 0 done, 1 failed, 2 wrong usage; what fails is said in one sentence
# on stderr with a hint below it, stdout is data, and no file is made or overwritten by mistake.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
python3 tests/golden/capture.py demo "$tmp/demo.ctrace" && python3 tests/golden/capture.py after "$tmp/after.ctrace" ||
	{ echo "not ok capture.py"; exit 1; }

# expect NAME STATUS STDERR-REGEX ARGUMENT...
expect() {
	local why= rc

	"$CTRACE" report "${@:4}" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ $rc -eq "$2" ] || why="exit status $rc, not $2"
	if [ "$2" = 0 ]; then
		grep -qv '^Wrote /' "$tmp/err" && why="$why; stderr says more than what was written"
	else
		[ -s "$tmp/out" ] && why="$why; stdout is not empty"
		head -n 1 "$tmp/err" | grep -qE "^ctrace-bpf: .*($3)" || why="$why; stderr lacks /$3/"
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

expect "a capture is explained" 0 "" "$tmp/demo.ctrace"
check "nothing but text without a terminal: no colour" bash -c '! grep -q $'"'\\033'"' "$1"' - "$tmp/out"
expect "-h is for stdout" 0 "" -h
check "-h names every option" bash -c 'for o in -f -o --force --diff --task --region --min --slowest --from --to -h; do
	grep -q -- "$o" "$1" || exit 1; done' - "$tmp/out"
expect "options may stand behind the file" 0 "" "$tmp/demo.ctrace" -f json
expect "no capture" 2 "which capture"
expect "two captures with a window" 2 "for one capture" "$tmp/demo.ctrace" "$tmp/demo.ctrace" --from 1s
expect "one capture twice" 1 "same capture" "$tmp/demo.ctrace" "$tmp/demo.ctrace"
expect "--diff of one" 2 "two captures" --diff a
expect "--diff of three" 2 "two captures" --diff a b c
expect "--diff as a page" 2 "no html" --diff a b -f html
expect "--diff of a capture that is none" 1 "none.ctrace" --diff "$tmp/demo.ctrace" "$tmp/none.ctrace"
expect "--diff of a capture with itself" 0 "" --diff "$tmp/demo.ctrace" "$tmp/demo.ctrace"
check "... finds no change" bash -c '! grep -qE "chance|only in| [+-][1-9]" "$1"' - "$tmp/out"
expect "an unknown option" 2 "no option --bogus" --bogus "$tmp/demo.ctrace"
expect "an unknown letter" 2 "no option -x" "$tmp/demo.ctrace" -x
expect "an option without its value" 2 "needs a value" "$tmp/demo.ctrace" --task
expect "an unknown format" 2 "text, json and html" "$tmp/demo.ctrace" -f xml
expect "--min of nonsense" 2 "min.*5x" "$tmp/demo.ctrace" --min 5x
for n in 0 -1 1001 x 1x ''; do
	expect "--slowest '$n'" 2 "1 to 1000" "$tmp/demo.ctrace" --slowest "$n"
done
expect "no such file" 1 "nothing.ctrace" "$tmp/nothing.ctrace"
expect "a folder" 1 "." "$tmp"
head -c 100 /dev/urandom >"$tmp/random"
expect "something else than a capture" 1 "random" "$tmp/random"
expect "a name that plays tricks on the terminal" 1 'x1b' $'\033[31m.ctrace'
check "... is escaped" bash -c '! grep -q $'"'\\033'"' "$1"' - "$tmp/err"

expect "-o makes a file" 0 "" "$tmp/demo.ctrace" -o "$tmp/new.txt"
check "... for its owner alone" [ "$(stat -c %a "$tmp/new.txt")" = 600 ]
check "... that holds the report" grep -q '^SLOWEST TASKS' "$tmp/new.txt"
echo precious >"$tmp/old.txt"
expect "-o does not overwrite" 1 "old.txt" "$tmp/demo.ctrace" -o "$tmp/old.txt"
check "... a byte" grep -qx precious "$tmp/old.txt"
expect "-o does, with --force" 0 "" "$tmp/demo.ctrace" -o "$tmp/old.txt" --force
check "... all of it" cmp -s "$tmp/new.txt" "$tmp/old.txt"
expect "-o of a capture that is none" 1 "random" "$tmp/random" -o "$tmp/none.txt"
check "... makes no file" [ ! -e "$tmp/none.txt" ]
expect "-o -: stdout" 0 "" "$tmp/demo.ctrace" -o -
check "... as without it" cmp -s "$tmp/out" "$tmp/new.txt"

# An output is never an input, by whatever name, nor another output.
cp "$tmp/demo.ctrace" "$tmp/in.json"
ln -s in.json "$tmp/symbolic.json"
ln "$tmp/in.json" "$tmp/hard.json"
for name in in.json ./in.json symbolic.json hard.json; do
	expect "an output that is an input, as $name" 2 "is an input: it would be overwritten" \
		"$tmp/in.json" -o "$tmp/$name" --force
	expect "... with --diff" 2 "is an input" --diff "$tmp/demo.ctrace" "$tmp/in.json" -o "$tmp/$name" --force
	expect "... of several" 2 "is an input" "$tmp/demo.ctrace" "$tmp/in.json" -o "$tmp/$name" --force
done
check "... and not a byte of it is lost" cmp -s "$tmp/in.json" "$tmp/demo.ctrace"
expect "one file twice" 2 "twice" "$tmp/demo.ctrace" -o "$tmp/t.txt" -o "$tmp/./t.txt"

# A file holds what its name promises.
for end in csv pftrace jsonl otlp.jsonl otlp.pb folded json.gz; do
	expect "-o x.$end" 2 "x.$end is events: ctrace-bpf export FILE -o .*x.$end" "$tmp/demo.ctrace" -o "$tmp/x.$end"
	check "... makes no file" [ ! -e "$tmp/x.$end" ]
done
expect "-o x.ctrace" 2 "is a capture's name" "$tmp/demo.ctrace" -o "$tmp/x.ctrace"
for name in x.pdf x.htm; do
	expect "-o $name" 2 "the format of .*$name is not known: names end in .html, .json or .txt" \
		"$tmp/demo.ctrace" -o "$tmp/$name"
	check "... makes no file" [ ! -e "$tmp/$name" ]
done
for name in plain .hidden v1.2 tmp.Q4JxI7nVx8; do
	expect "-o of a name that says nothing, $name, is text" 0 "" "$tmp/demo.ctrace" -o "$tmp/$name"
	check "... as it is on stdout" cmp -s "$tmp/$name" "$tmp/new.txt"
done
expect "-o x.log, with -f" 0 "" "$tmp/demo.ctrace" -f text -o "$tmp/x.log"
expect "-f that contradicts the name" 2 "-f contradicts the name of .*x.html, which is html" \
	"$tmp/demo.ctrace" -f json -o "$tmp/x.html"
check "... makes no file" [ ! -e "$tmp/x.html" ]
expect "several outputs, each by its name, -f for stdout" 0 "" "$tmp/demo.ctrace" \
	-o "$tmp/1.html" -o "$tmp/1.json" -o "$tmp/1.txt" -f json -o - -o "$tmp/1.other"
check "... is JSON there" cmp -s "$tmp/out" "$tmp/1.json"
check "... and under a name that says nothing" cmp -s "$tmp/out" "$tmp/1.other"
check "... and JSON it is" grep -q '^ "schema": "ctrace.summary.v1"' "$tmp/1.json"
check "... text in .txt" cmp -s "$tmp/1.txt" "$tmp/new.txt"
check "... a page in .html" grep -qi '^<!doctype html>' "$tmp/1.html"
expect "one of several exists" 1 "1.json exists already" "$tmp/demo.ctrace" -o "$tmp/2.txt" -o "$tmp/1.json"
check "... so none is made" [ ! -e "$tmp/2.txt" ]

# A tracer that was killed at once.
head -c 64 "$tmp/demo.ctrace" >"$tmp/header.ctrace"
expect "a capture without a record" 1 "header.ctrace was cut off before its first record: there is nothing to explain" \
	"$tmp/header.ctrace" -o "$tmp/header.txt"
check "... makes no file" [ ! -e "$tmp/header.txt" ]
expect "... to compare with" 1 "header.ctrace was cut off" --diff "$tmp/demo.ctrace" "$tmp/header.ctrace"
expect "... beside one that has some" 0 "" "$tmp/demo.ctrace" "$tmp/header.ctrace"

# Who reads JSON by a script is told of a name that is not there, once.
expect "a task without a name" 2 "take a name" "$tmp/demo.ctrace" --task ''
expect "a region without a name" 2 "take a name" "$tmp/demo.ctrace" --region ''
"$CTRACE" report "$tmp/demo.ctrace" -f json --task 'GET /mesages' -o - -o "$tmp/nosuch.html" >"$tmp/out" 2>"$tmp/err"
check "a misspelt name is no failure" [ $? -eq 0 ]
check "a file that was written is named, with its size" \
	grep -qE '^Wrote /.*/nosuch\.html \([1-9][0-9.]* kB\)\.$' "$tmp/err"
sed -i '/^Wrote /d' "$tmp/err"
check "... but said on stderr, with the one that was meant" cmp -s "$tmp/err" - \
	<<<"ctrace-bpf: no task is named GET /mesages; did you mean GET /messages?"
check "... and stdout is data" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/out"
expect "a name that only --min leaves out is there" 0 "" "$tmp/demo.ctrace" --task 'GET /messages' --min 10s
expect "a name of one of two is there" 0 "" --diff "$tmp/demo.ctrace" "$tmp/after.ctrace" --task 'PUT /orders'

if [ -c /dev/full ]; then
	"$CTRACE" report "$tmp/demo.ctrace" >/dev/full 2>"$tmp/err"
	check "a full disk is a failure" [ $? -eq 1 ]
	check "... and said" grep -q "^ctrace-bpf: .*No space left" "$tmp/err"
fi
exit $failed
