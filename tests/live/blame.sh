#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whom a wait hung on: programs that know who did what while they waited, and what the chains and
# critical paths of a trace say of it; over threads, and over a pipe, a UNIX socket and TCP to another
# process.
. "$(dirname "$0")/lib.bash"

# On a file system in memory nothing waits for a disk.
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/ctrace-blame.XXXXXX") || exit 1
trap 'leave; rm -rf "$dir"' EXIT

attempt() { # MODE
	local other

	start blame -m "$1" -n 20 -f "$dir/file" || { why="it does not start"; return 1; }
	other=$(sed -n 's/^ready .*other=\([0-9]*\)$/\1/p' "$out")
	[ "$other" = 0 ] || started+=("$other")
	tracer -p "$pid$([ "$other" = 0 ] || echo ",$other")" -d 60s
	wait_for 60 done_or_gone
	tracer_stop
	stop "$pid"
	[ "$rc" -eq 0 ] && has_line "$out" '^done' || { why="status $rc: $(tail -n 3 "$err" | tr '\n' ' ')"; return 1; }
	"$CTRACE" report "$capture" --slowest 100 -f json >"$json"
}

# Clocks of several threads are compared: on a machine that others use too, once of four is enough.
for mode in mutex cond pipe unix tcp; do
	for try in 1 2 3 4; do
		status=1
		attempt $mode || { echo "not ok $mode: $why" >"$tmp/tap"; break; }
		python3 tests/live/blame.py "$json" "$out" $mode >"$tmp/tap"
		status=$?
		[ $status -eq 75 ] || break
		[ $try = 4 ] || sed 's/^not ok/# once:/' "$tmp/tap" | grep '^# ' >&2
	done
	cat "$tmp/tap"
	[ $status -eq 0 ] || failed=1
done
finish
