#!/bin/bash
# SPDX-License-Identifier: MIT
#
# However a trace ends, what was traced until then is there and can be read.
. "$(dirname "$0")/lib.bash"

# readable NAME: the capture explains itself without root's help, and its sums are right.
readable() {
	if "$CTRACE" report "$capture" -f json >"$tmp/report" 2>"$tmp/report.err"; then
		ok "$1: the capture is readable"
	else
		not_ok "$1: the capture is readable" "$(cat "$tmp/report.err")"
		return
	fi
	python3 tests/live/truth.py conserve "$tmp/report" "$1: " >"$tmp/tap" || failed=1
	cat "$tmp/tap"
}
regions() { # of the report: how many were seen
	python3 -c 'import json,sys; print(sum(r["count"] for r in json.load(open(sys.argv[1]))["regions"]))' "$1"
}
server_and_client() {
	start server || return 1
	server=$pid
	start server -m client -f "$(sed -n 's/.*port=//p' "$out")" || return 1
	client=$pid
}
traces() { [ "$(stat -c %s "$capture" 2>/dev/null || echo 0)" -gt "${1:-0}" ]; }

check "a server and its client start" server_and_client || finish

for sig in INT TERM; do
	tracer -p "$server" -d 60s
	wait_for 10 traces
	sleep 1.2
	kill -$sig "$tracer"
	tracer_wait
	check "SIG$sig: the exit status is 0" [ "$rc" -eq 0 ]
	readable "SIG$sig"
	check "SIG$sig: the marks are in it" [ "$(regions "$tmp/report")" -gt 100 ]
	check "SIG$sig: the summary was printed, the same" cmp -s "$json" "$tmp/report"
done

tracer -p "$server" -d 60s
wait_for 10 traces
sleep 2.5
kill -KILL "$tracer"
tracer_wait
readable "SIGKILL"
check "SIGKILL: the marks until the last flush are in it" [ "$(regions "$tmp/report")" -gt 100 ]
check "SIGKILL: the report says that the capture is cut" \
	sh -c '"$1" report "$2" 2>&1 | grep -qiE "cut|incomplete|unfinished"' - "$CTRACE" "$capture"

# A reader of stdout that goes away is no reason to lose the capture.
capture=$tmp/pipe.ctrace
"$CTRACE" -p "$server" -d 1s -o "$capture" 2>"$tmp/pipe.err" | head -n 1 >"$tmp/pipe.out"
status=${PIPESTATUS[0]}
check "broken pipe: it ends without a crash (status $status)" [ "$status" -le 3 -o "$status" = 141 ]
readable "broken pipe"

# A full disk: a file system of 96 KiB.
mkdir "$tmp/full"
if mount -t tmpfs -o size=96k tmpfs "$tmp/full" 2>/dev/null; then
	CAPTURE=$tmp/full/x.ctrace tracer -p "$server" -d 20s
	tracer_wait
	check "full disk: the exit status is 1" [ "$rc" -eq 1 ]
	check "full disk: it says so" grep -qi "no space" "$err"
	readable "full disk"
	umount "$tmp/full"
else
	skip "full disk" "no tmpfs can be mounted here"
fi
stop "$client"
stop "$server"

# The target ends in the middle of the trace, and with it the trace.
start server
server=$pid
start server -m client -f "$(sed -n 's/.*port=//p' "$out")"
client=$pid
tracer -p "$server" -d 60s
wait_for 10 traces
sleep 0.5
began=$SECONDS
kill -KILL "$server"
tracer_wait
check "the target is killed: the trace ends at once" [ $((SECONDS - began)) -lt 10 ]
check "the target is killed: the exit status is 0" [ "$rc" -eq 0 ]
readable "the target is killed"
check "the target is killed: its marks are in it" [ "$(regions "$tmp/report")" -gt 100 ]
finish
