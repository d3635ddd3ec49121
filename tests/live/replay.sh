#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What `report` prints of a capture is, byte for byte, what the live run printed.
. "$(dirname "$0")/lib.bash"

for format in text json; do
	for work in "tasks -n 300" "contend -n 4" "churn -n 3"; do
		name=${work%% *}
		# shellcheck disable=SC2086 # words are wanted
		start $work || { not_ok "$name starts"; continue; }
		tracer -p "$pid" -d 60s -f $format
		wait_for 30 has_line "$out" '^done'
		tracer_stop
		stop "$pid"
		"$CTRACE" report "$capture" -f $format >"$tmp/again" 2>"$tmp/again.err"
		if [ -s "$json" ] && cmp -s "$json" "$tmp/again"; then
			ok "$name: the report in $format is the same again"
		else
			not_ok "$name: the report in $format is the same again" \
				"$(diff "$json" "$tmp/again" | head -n 10)" "$(cat "$tmp/again.err")"
		fi
	done
done
setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null && {
	cp "$capture" "$tmp/open.ctrace" && chmod 644 "$tmp/open.ctrace" && chmod 755 "$tmp"
	cp "$CTRACE" "$tmp/ctrace-bpf"
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$tmp/ctrace-bpf" report "$tmp/open.ctrace" -f json >"$tmp/user" 2>"$tmp/user.err"
	check "an ordinary user reads it the same" cmp -s "$tmp/again" "$tmp/user"
}
finish
