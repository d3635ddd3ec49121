#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A trace that is asked for in other tools' formats writes what `ctrace-bpf export` makes of its
# capture.
# shellcheck disable=SC2154 # lib.bash has them
. "$(dirname "$0")/lib.bash"

"$W/tasks" -n 1000000 >"$tmp/tasks.out" 2>&1 &
pid=$!
started+=("$pid")
check "a program to trace starts" wait_for 10 has_line "$tmp/tasks.out" '^ready'
traced() {
	"$CTRACE" -q -d 500ms -p "$pid" -o "$tmp/x.ctrace" -o "$tmp/x.pftrace" -o "$tmp/x.json" --as chrome \
		-o "$tmp/x.csv" -o "$tmp/x.otlp.pb" -o "$tmp/x.otlp.jsonl" -o - --as jsonl >"$tmp/x.jsonl"
}
check "a trace in several formats" traced
check "... is the export of its capture" "$CTRACE" export "$tmp/x.ctrace" -o "$tmp/y.pftrace" \
	-o "$tmp/y.json" --as chrome -o "$tmp/y.csv" -o "$tmp/y.jsonl" -o "$tmp/y.otlp.pb" \
	-o "$tmp/y.otlp.jsonl" 2>/dev/null
for ext in pftrace json csv jsonl otlp.pb otlp.jsonl; do
	check "... as $ext" cmp "$tmp/x.$ext" "$tmp/y.$ext"
done
check "... with its tasks in it" grep -q '"type": "task"' "$tmp/x.jsonl"
finish
