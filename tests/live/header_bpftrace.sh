#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bpftrace sees the header's probes in a running process: each mark once, with its strings, from
# the first one on; and the semaphore is down again when it has gone.
#
# bpftrace looks for tracefs in its usual place only. If it is not there, it is mounted for this
# test alone, in a mount namespace.
if [ "$(id -u)" = 0 ] && [ ! -e /sys/kernel/tracing/events ] && [ -z "${HEADER_NS:-}" ]; then
	HEADER_NS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.bash"
if [ -n "${HEADER_NS:-}" ] && ! mount -t tracefs none /sys/kernel/tracing; then
	skip "bpftrace" "tracefs cannot be mounted"
	finish
fi
if ! command -v bpftrace >/dev/null; then
	skip "bpftrace" "it is not installed"
	finish
fi

expected=$tmp/expected
cat >"$expected" <<'EOF'
async__begin queue: 50
async__end queue: 50
log test round: 50
region__begin block GET /messages: 50
region__begin parse child: 50
region__end block : 50
region__end parse child: 50
task__begin GET /messages: 50
task__begin child: 50
task__end GET /messages : 50
task__end child on purpose: 50
task__enter child: 50
task__leave GET /messages: 50
task__traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01: 50
EOF
fields() { # PROBE KEY: one clause
	echo "usdt:$tmp/counted:ctrace:$1 { @$1[$2] = count(); }"
}
script=$(
	for probe in task__begin task__enter task__leave; do fields $probe 'str(arg2)'; done
	fields task__end 'str(arg2), str(arg4)'
	fields task__traceparent 'str(arg1)'
	for probe in region__begin region__end; do fields $probe 'str(arg0), str(arg4)'; done
	for probe in async__begin async__end; do fields $probe 'str(arg0)'; done
	fields log 'str(arg0), str(arg1, 5)'
)

has_line_or_gone() { has_line "$tmp/out" "$1" || gone $bpftrace; }

# see WHAT COMPILE...: builds counted so, and compares what bpftrace counts.
see() {
	what="bpftrace: $1"
	shift
	rm -f "$tmp/counted" "$tmp/in"
	"$@" -Iinclude tests/header/src/counted.c -o "$tmp/counted" || { not_ok "$what" "does not build"; return; }
	mkfifo "$tmp/in"
	"$tmp/counted" 10 <"$tmp/in" >"$tmp/out" 2>&1 &
	counted=$!
	started+=($counted)
	exec 7>"$tmp/in"
	bpftrace -p $counted -e "$script" >"$tmp/seen" 2>"$tmp/err" &
	bpftrace=$!
	started+=($bpftrace)
	wait_for 30 has_line_or_gone armed
	echo >&7
	wait_for 30 has_line_or_gone 'done'
	kill -TERM $bpftrace 2>/dev/null
	wait $bpftrace
	wait $counted || { not_ok "$what" "$(cat "$tmp/out")" "$(head -n 5 "$tmp/err")"; return; }
	exec 7>&-
	sed -n 's/^@\(.*\)\[\(.*\)\]/\1 \2/p' "$tmp/seen" | sed 's/, / /g' | sort >"$tmp/counts"
	if diff "$expected" "$tmp/counts" >"$tmp/diff"; then
		ok "$what"
	else
		not_ok "$what" "$(cat "$tmp/diff")" "$(head -n 5 "$tmp/err")"
	fi
}

see "pie, gcc" gcc -O2
see "static-pie, gcc" gcc -O0 -static-pie
see "no-pie, clang++" clang++ -x c++ -O2 -no-pie
finish
