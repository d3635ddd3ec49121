#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The times of batched marks are those of CLOCK_MONOTONIC, whichever clock the threads read, on whichever
# CPU: within 1 us. SECS=60 for longer.
# shellcheck disable=SC2154 # lib.bash has them
. "$(dirname "$0")/lib.bash"
secs=${SECS:-4}

stamps() { # CLOCK NS
	local name="marks by $1"

	start stamps -s "$secs" || { not_ok "$name" "stamps does not start"; return; }
	tracer -p "$pid" -d $((secs + 60))s --mark-clock "$1"
	wait_for $((secs + 30)) done_or_gone
	tracer_stop
	stop "$pid"
	if grep -q 'cannot be stamped by the TSC' "$err"; then
		skip "$name" "$(sed -n 's/^ctrace-bpf: //p' "$err" | head -1)"
		return
	fi
	python3 tests/live/stamps.py "$capture" "$out" "$2" | sed -E "s/^((not )?ok) /\\1 $name: /" >"$tmp/tap"
	cat "$tmp/tap"
	grep -q '^ok ' "$tmp/tap" || not_ok "$name" "stamps.py said nothing"
	! grep -q '^not ok' "$tmp/tap" || failed=1
	said=$(python3 tests/live/truth.py value "$json" capture.tracer.tsc_err_ns)
	steps=$(python3 tests/live/truth.py value "$json" capture.tracer.tsc_steps)
}
stamps monotonic 0
check "the kernel's clock is no TSC" [ "$said" = 0 ]
said= steps=
stamps tsc 1000
if [ -n "$said" ]; then
	check "the TSC is known within 1 us, it is said ($said ns)" [ "$said" -gt 0 -a "$said" -lt 1000 ]
	check "the two clocks went together" [ "$steps" = 0 ]
fi
finish
