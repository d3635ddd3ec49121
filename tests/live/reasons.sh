#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What a thread waited for, who ended the wait, who held the lock, who had the CPU meanwhile: of
# programs that know it.
. "$(dirname "$0")/lib.bash"

# reasons CHECK WORKLOAD [ARGUMENT...]
reasons() {
	local check=$1

	shift
	run "$@"
	case $? in
	77) skip "$label$1" "$why"; return ;;
	1) not_ok "$label$1" "$why"; return ;;
	esac
	python3 tests/live/reasons.py "$check" "$json" "$out" >"$tmp/tap" || failed=1
	sed "s/^\(not \)\{0,1\}ok /&$label/" "$tmp/tap"
}

reasons expect reasons -f "$O"
reasons fight fight -s 2
reasons quota quota -s 1
TRACE_ARGS=(--irq)
reasons irq spin -n 20

TRACE_ARGS=()
export CTRACE_FORCE=hash,perf-uprobe
label="forced old paths: "
reasons expect reasons -n 5 -f "$O"
reasons fight fight -s 1
finish
