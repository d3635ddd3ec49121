#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The same run as perf and bpftrace see it: how long each thread ran, waited and lacked a CPU, within
# two in a hundred and a millisecond, and how many system calls it made, exactly.
#
# Both look for tracefs in its usual place only. If it is not there, it is mounted for this test alone.
if [ "$(id -u)" = 0 ] && [ ! -e /sys/kernel/tracing/events ] && [ -z "${PEERS_NS:-}" ]; then
	PEERS_NS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.bash"
if [ -n "${PEERS_NS:-}" ] && ! mount -t tracefs none /sys/kernel/tracing; then
	skip "peers" "tracefs cannot be mounted"
	finish
fi
for tool in perf bpftrace; do
	command -v $tool >/dev/null || { skip "peers" "needs $tool"; finish; }
done

script='
tracepoint:sched:sched_switch {
	@since[args->prev_pid] = nsecs;
	if (@since[args->next_pid]) { @off[args->next_pid] += nsecs - @since[args->next_pid]; }
}
tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:raw_syscalls:sys_exit { @calls[tid] = count(); }'

# attempt WORKLOAD [ARGUMENT...]: what the tools say goes to $tmp
attempt() {
	local perf bt

	bpftrace -o "$tmp/bt" -e "$script" >/dev/null 2>"$tmp/bt.err" &
	bt=$!
	started+=("$bt")
	wait_for 30 has_line "$tmp/bt" '^Attaching' || { why="bpftrace: $(tail -n 2 "$tmp/bt.err")"; return 77; }
	perf sched record -a -o "$tmp/perf.data" -- sleep 60 >/dev/null 2>"$tmp/perf.err" &
	perf=$!
	started+=("$perf")
	wait_for 30 test -s "$tmp/perf.data" || { why="perf: $(tail -n 2 "$tmp/perf.err")"; return 77; }
	sleep 3 # it does not say when it is through with attaching
	# Only who is born while all watch is compared: so the shell forks, and the workload is.
	tracer --syscalls -- sh -c '"$@" >/dev/null; exit $?' - "$W/$1" -x -u "${@:2}"
	tracer_wait
	sleep 0.2
	kill -INT "$perf"
	wait "$perf"
	kill -INT "$bt"
	wait "$bt"
	[ "$rc" -eq 0 ] || { why="the tracer's exit status is $rc: $(tail -n 3 "$err")"; return 1; }
	perf script -i "$tmp/perf.data" -F event,trace 2>/dev/null | grep -a sched_switch >"$tmp/switches"
	perf sched timehist -i "$tmp/perf.data" >"$tmp/timehist" 2>/dev/null ||
		{ why="perf sched timehist fails"; return 77; }
}

# Each tool loses some switches when others use the machine: once of four is enough for times.
compare() {
	local try what status=0

	for try in 1 2 3 4; do
		attempt "$@"
		case $? in
		77) skip "peers: $1" "$why"; return ;;
		1) not_ok "peers: $1" "$why"; return ;;
		esac
		status=0
		: >"$tmp/tap"
		for what in perf offcpu calls; do
			python3 tests/live/peers.py "$json" "$tmp/switches" $what \
				"$tmp/$([ $what = perf ] && echo timehist || echo bt)" >>"$tmp/tap"
			s=$?
			[ $s -gt $status ] && status=$s
		done
		[ $status -eq 75 ] || break
	done
	sed "s/^\(not ok\|ok\) /\1 $1: /" "$tmp/tap"
	# Times that are off in all four, and not only nothing to compare.
	[ $status -ne 1 ] && ! grep -q '^not ok' "$tmp/tap" || failed=1
}

compare lock -n 25
compare contend -n 10
compare child -n 20
finish
