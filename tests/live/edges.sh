#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Nothing of a batch is lost at an edge: what a thread has marked and nobody has taken yet when it,
# its memory or the trace ends, and what two threads or two processes have written into one block.
. "$(dirname "$0")/lib.bash"

export WORKLOAD_SETTLE_MS=600 # a busy machine takes its time from the first armed probe to the trace
value() { python3 tests/live/truth.py value "$json" "$1"; }
plugin=$O/tests/workloads/plugin.so
${CC:-gcc} -O2 -g -shared -fPIC -Iinclude -o "$plugin" tests/workloads/plugin/plugin.c ||
	not_ok "the library is compiled"

# edge MODE [ARGUMENT...]
edge() {
	local mode=$1 made

	shift
	start edges -m "$mode" "$@" || { not_ok "$mode" "it does not start"; return; }
	tracer -p "$pid" -d 60s "${TRACE_ARGS[@]+"${TRACE_ARGS[@]}"}"
	wait_for 60 done_or_gone
	has_line "$out" '^done' || { not_ok "$label$mode" "it is not done" "$(tail -n 2 "$err")"; stop "$pid" KILL; return; }
	sleep "${AFTER:-0}"
	tracer_stop
	stop "$pid" KILL
	[ $rc -eq 0 ] || { not_ok "$label$mode: the tracer's exit status is 0" "$rc" "$(tail -n 2 "$err")"; return; }
	made=$(sed -n 's/^marks count=//p' "$out")
	[ -z "$made" ] || check "$label$mode: $made marks are there" [ "$(value marks)" = "$made" ]
	judge loose "$json" "$out" "$label$mode: "
	check "$label$mode: no mark is lost" [ "$(value capture.lost.total)" = "$(value capture.lost.switch_missed 2>/dev/null || echo 0)" ]
}

for mode in exit exit_group segv kill abort others_die others_exec exec exec_self; do
	AFTER=0.1 edge $mode -n 7
done
for mode in thread_return pthread_exit exit_thread cancel short fork vfork vfork_exec vfork_first vfork_first_exec clone signal not_resident; do
	edge $mode -n 9
done
edge rare
if run edges -m gone_name -n 9; then
	check "gone_name: a task that is ended again, without its name, is one task" \
		[ "$(python3 -c 'import json, sys
print(*[(t["name"], t["complete"]) for t in json.load(open(sys.argv[1]))["tasks"]])' "$json")" = "('edge', 9)" ]
else
	not_ok "gone_name: a task can be ended again when its name is gone" "$why"
fi
edge dlclose -n 9 -f "$plugin"
# More than a block, so that it also is full in between.
for mode in exit fork vfork vfork_first vfork_first_exec; do
	AFTER=0.1 edge $mode -n 333
done
finish
