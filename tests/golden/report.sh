#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What `ctrace-bpf report` prints of captures in which every time is known (capture.py), compared
# with what it is to print: report/NAME.expected. REWRITE=1 writes those anew; the diff is the review.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
here=tests/golden
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

for kind in demo after lossy plain queued; do
	python3 $here/capture.py $kind "$tmp/$kind.ctrace" || { echo "not ok capture.py $kind"; exit 1; }
done

# golden NAME COLUMNS ARGUMENT...
golden() {
	COLUMNS=$2 "$CTRACE" report "${@:3}" >"$tmp/out" 2>"$tmp/err"
	local rc=$?
	if [ $rc -ne 0 ] || [ -s "$tmp/err" ]; then
		echo "not ok $1: exit status $rc"
		sed 's/^/# /' "$tmp/err"
		failed=1
	else
		compare "$1"
	fi
}

# compare NAME: $tmp/out with what is expected
compare() {
	local name=$1 expected=$here/report/$1.expected

	if [ "${REWRITE:-}" = 1 ]; then
		mkdir -p $here/report
		cp "$tmp/out" "$expected"
		echo "ok $name: written anew"
	elif diff -u "$expected" "$tmp/out" >"$tmp/diff" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/# /' "$tmp/diff"
		failed=1
	fi
}

golden demo-120 120 "$tmp/demo.ctrace"
golden diff-120 120 --diff "$tmp/demo.ctrace" "$tmp/after.ctrace"
golden diff-60 60 --diff "$tmp/demo.ctrace" "$tmp/lossy.ctrace" --task 'GET /messages'
golden diff-json 80 --diff "$tmp/demo.ctrace" "$tmp/after.ctrace" -f json
golden demo-80 80 "$tmp/demo.ctrace"
golden demo-50 50 "$tmp/demo.ctrace"
golden demo-60 60 "$tmp/demo.ctrace"
golden demo-json 80 "$tmp/demo.ctrace" -f json
golden demo-filter 100 "$tmp/demo.ctrace" --task 'GET /messages' --region cache.Lookup --min 4500us --slowest 3
golden demo-region 100 "$tmp/demo.ctrace" --region cache.Lookup
golden demo-min 100 "$tmp/demo.ctrace" --task 'GET /messages' --min 10s
golden lossy-120 120 "$tmp/lossy.ctrace"
golden lossy-json 120 -f json "$tmp/lossy.ctrace"
golden plain-100 100 "$tmp/plain.ctrace"
golden queued-100 100 "$tmp/queued.ctrace"
# Names that nothing has: on stderr, too, so that who reads JSON is told.
COLUMNS=100 "$CTRACE" report "$tmp/demo.ctrace" --task 'GET /mesages' --region nosuch >"$tmp/out" 2>&1
compare demo-nosuch
COLUMNS=100 "$CTRACE" report --diff "$tmp/demo.ctrace" "$tmp/after.ctrace" --task 'POTS /orders' --region nosuch >"$tmp/out" 2>&1
compare diff-nosuch
golden demo-window 100 "$tmp/demo.ctrace" --from 700ms --to 800ms --task 'GET /messages'
for kind in demo plain; do
	"$CTRACE" report "$tmp/$kind.ctrace" --stats >/dev/null 2>"$tmp/out"
	compare $kind-stats
done

# The same file is explained the same, however it is asked for.
"$CTRACE" report "$tmp/demo.ctrace" -o "$tmp/demo.json" 2>"$tmp/err"
if [ "${REWRITE:-}" = 1 ] || cmp -s "$tmp/demo.json" $here/report/demo-json.expected; then
	echo "ok -o x.json is -f json"
else
	echo "not ok -o x.json is -f json"
	sed 's/^/# /' "$tmp/err"
	failed=1
fi
exit $failed
