#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Nothing is lost that need not be, and what is lost is counted to the last mark.
. "$(dirname "$0")/lib.bash"

value() { python3 tests/live/truth.py value "$json" "$1"; }
marks_lost() {
	python3 -c 'import json, sys
lost = json.load(open(sys.argv[1]))["capture"]["lost"]
print(lost.get("ring_full_marks", 0) +
      sum(lost.get("ring_full_" + k, 0) for k in ("task", "region", "async", "log", "parent")))' "$json"
}

# Four threads, 200,000 marks a second, default buffers.
if account_of "200,000 marks/s" run flood -n 200 -s 3; then
	made=$(sed -n 's/^marks count=//p' "$out")
	check "200,000 marks/s: as many marks are read as were made" [ "$(value marks)" = "$made" ]
fi

# small_buffer NAME OPTION...: a flood with buffers that are far too small.
small_buffer() {
	local name=$1 made

	shift
	start flood "$@"
	tracer -p "$pid" -d 60s --ring-size 4K --strict
	wait_for 30 has_line "$out" '^done'
	tracer_stop
	stop "$pid"
	made=$(sed -n 's/^marks count=//p' "$out")
	check "$name: something is lost" [ "$(value capture.lost.total)" -gt 0 ]
	check "$name: with --strict the exit status is 3" [ "$rc" -eq 3 ]
	check "$name: $(value marks) marks read and $(marks_lost) lost are the $made that were made" \
		[ $(($(value marks) + $(marks_lost))) -eq "$made" ]
	judge conserve "$json" "$name: "
	"$CTRACE" report "$capture" >"$tmp/text" 2>&1
	check "$name: the report says that something is lost" grep -qi "lost" "$tmp/text"
}

small_buffer "a small buffer" -n 200 -s 2
# What a thread leaves behind is still in its memory, and counted already.
small_buffer "a small buffer, threads that end" -n 20 -m waves
finish
