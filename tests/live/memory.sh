#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The tracer's memory is bounded, however much is traced: live, and when a large capture is
# explained again.
. "$(dirname "$0")/lib.bash"

limit=$((150 * 1024)) # KiB

# peak NAME COMMAND...: runs it and compares the most memory it ever had with the limit.
peak() {
	local name=$1 kib

	shift
	kib=$(python3 - "$tmp/peak.err" "$@" <<'P'
import os, subprocess, sys
with open(sys.argv[1], "wb") as err:
    p = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
    _, status, usage = os.wait4(p.pid, 0)
print(usage.ru_maxrss if os.waitstatus_to_exitcode(status) == 0 else -1)
P
	)
	if [ "$kib" -gt 0 ] && [ "$kib" -lt $limit ]; then
		ok "$name ($((kib / 1024)) MiB)"
	else
		not_ok "$name" "$kib KiB; the limit is $limit" "$(tail -n 3 "$tmp/peak.err")"
	fi
}

start flood -n 400 -s 30
peak "a flood of marks is traced in less than 150 MiB" \
	"$CTRACE" -p "$pid" -d 5s -o "$tmp/flood.ctrace" -f json
peak "its capture is explained in less than 150 MiB" "$CTRACE" report "$tmp/flood.ctrace"
stop "$pid" KILL
start churn -n 400
peak "2000 threads are traced in less than 150 MiB" \
	"$CTRACE" -p "$pid" -d 4s -o "$tmp/churn.ctrace" -f json
stop "$pid" KILL
finish
