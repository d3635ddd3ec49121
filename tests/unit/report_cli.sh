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
python3 tests/golden/capture.py demo "$tmp/demo.ctrace" || { echo "not ok capture.py"; exit 1; }

# expect NAME STATUS STDERR-REGEX ARGUMENT...
expect() {
	local why= rc

	"$CTRACE" report "${@:4}" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ $rc -eq "$2" ] || why="exit status $rc, not $2"
	if [ "$2" = 0 ]; then
		[ -s "$tmp/err" ] && why="$why; stderr is not empty"
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
if [ -c /dev/full ]; then
	"$CTRACE" report "$tmp/demo.ctrace" >/dev/full 2>"$tmp/err"
	check "a full disk is a failure" [ $? -eq 1 ]
	check "... and said" grep -q "^ctrace-bpf: .*No space left" "$tmp/err"
fi
exit $failed
