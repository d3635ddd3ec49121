#!/bin/bash
# SPDX-License-Identifier: MIT
#
# --from and --to: what they say, and that they say what the whole capture says (window.py).
set -u
cd "$(dirname "$0")/../.." || exit 1
export O=${O:-build}
export CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
check() { # NAME COMMAND...
	if "${@:2}"; then echo "ok $1"; else echo "not ok $1"; failed=1; fi
}
says() { # STATUS PATTERN COMMAND...
	"${@:3}" >"$tmp/out" 2>&1
	[ $? -eq "$1" ] && grep -qE -- "$2" "$tmp/out" || { sed 's/^/# /' "$tmp/out"; return 1; }
}

python3 tests/golden/capture.py demo "$tmp/demo.ctrace" || exit 1
"$O/tests/unit/test_toc" rewrite "$tmp/demo.ctrace" "$tmp/x.ctrace" || exit 1
check "a window is called one" says 0 "This is from 0.500 s to 1.000 s of a trace of 1.50 s" \
	"$CTRACE" report "$tmp/x.ctrace" --from 500ms --to 1s
check "... also of a file without an index" says 0 "This is from 0.500 s to 1.000 s" \
	"$CTRACE" report "$tmp/demo.ctrace" --from 500ms --to 1s
check "... and says the same" cmp -s <("$CTRACE" report "$tmp/x.ctrace" --from 500ms --to 1s) \
	<("$CTRACE" report "$tmp/demo.ctrace" --from 500ms --to 1s)
check "the JSON has it too" says 0 '"window": {"from_ns": 500000000, "to_ns": 1500000000, "trace_ns": 1500000000}' \
	"$CTRACE" report "$tmp/x.ctrace" --from 500ms -f json
check "a window that is all of it differs in that line alone, and does not say why the trace ended" [ "$(diff <("$CTRACE" report "$tmp/x.ctrace" | sed 's/; ended because .*//') \
	<("$CTRACE" report "$tmp/x.ctrace" --from 0) | grep -vE '^[0-9,acd]+$|This is from|is heard of|whole trace' | wc -l)" = 0 ]
check "one behind the end is an error" says 1 "is over after 1.50 s" "$CTRACE" report "$tmp/x.ctrace" --from 2s
check "one that ends before it begins is wrong usage" says 2 "later than" \
	"$CTRACE" export "$tmp/x.ctrace" -o "$tmp/x.csv" --from 1s --to 500ms
check "a time that is none is wrong usage" says 2 "--to: " "$CTRACE" report "$tmp/x.ctrace" --to soon
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/window.py "$tmp" || failed=1
exit $failed
