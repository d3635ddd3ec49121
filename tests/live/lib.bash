# SPDX-License-Identifier: MIT
#
# lib.bash - what the live tests share: TAP lines, workloads, the tracer, and an end that leaves
# nothing behind. It is sourced; a test ends with `finish`.
#
#	. "$(dirname "$0")/lib.bash"
#	run spin -n 20 && judge account "$json" "$out"
#	finish
#
# Every process that is started here is in `started` and is killed at the end, however it comes.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
W=$O/tests/workloads
failed=0
started=()
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-live.XXXXXX") || exit 1

leave() {
	local p

	for p in "${started[@]+"${started[@]}"}"; do
		kill -KILL "$p" 2>/dev/null
	done
	wait 2>/dev/null
	mountpoint -q "$tmp/full" && umount "$tmp/full"
	rmdir /sys/fs/cgroup/cpu/ctrace-test-* /sys/fs/cgroup/ctrace-test-* 2>/dev/null
	rm -rf "$tmp"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

ok() { echo "ok $1"; }
not_ok() { # NAME [WHY...]
	echo "not ok $1"
	shift
	[ $# -eq 0 ] || printf '# %s\n' "$@"
	failed=1
}
skip() { echo "ok $1 # SKIP $2"; }
finish() { exit $failed; }
# check NAME COMMAND...: ok if the command succeeds.
check() {
	local name=$1

	shift
	if "$@"; then ok "$name"; else not_ok "$name" "failed: $*"; fi
}

if [ "$(id -u)" != 0 ]; then
	skip "$(basename "$0" .sh)" "needs root"
	exit 0
fi

for file in "$CTRACE" "$W/spin"; do
	[ -x "$file" ] || { not_ok "$(basename "$0" .sh)" "there is no $file: make workloads"; exit 1; }
done

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
has_line() { grep -qE "$2" "$1" 2>/dev/null; }
gone() { ! kill -0 "$1" 2>/dev/null; }

ready_or_gone() { has_line "$out" '^(ready|skip)' || gone "$pid"; }

# start WORKLOAD [ARGUMENT...]: leaves its process in $pid and its account in $out.
runs=0
start() {
	runs=$((runs + 1))
	out=$tmp/$1.$runs.out
	"$W/$1" "${@:2}" >"$out" 2>"$out.err" </dev/null &
	pid=$!
	started+=("$pid")
	wait_for 10 ready_or_gone
	has_line "$out" '^(ready|skip)' || { cat "$out" "$out.err" >&2; return 1; }
}
# stop PID [SIGNAL]: waits for its end and returns its status.
stop() {
	kill -"${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# tracer ARGUMENT...: starts the tracer; $tracer, $json (its stdout), $err, $capture.
# It is asked for a file ($CAPTURE, if set) and a summary both; the arguments come last.
tracer() {
	runs=$((runs + 1))
	json=$tmp/trace.$runs.json err=$tmp/trace.$runs.err capture=${CAPTURE:-$tmp/trace.$runs.ctrace}
	"$CTRACE" -o "$capture" -f json "$@" >"$json" 2>"$err" </dev/null &
	tracer=$!
	started+=("$tracer")
}
# Ctrl-C for the tracer: leaves its exit status in $rc.
tracer_stop() {
	kill -INT "$tracer" 2>/dev/null
	tracer_wait
}
tracer_wait() {
	local i

	for ((i = 0; i < 1500; i++)); do
		gone "$tracer" && break
		sleep 0.02
	done
	gone "$tracer" || { echo "# the tracer does not end" >&2; kill -KILL "$tracer"; }
	wait "$tracer" 2>/dev/null
	rc=$?
}

# schedstat PID FILE: the kernel's own figures of each thread: tid cpu_ns run_delay_ns
schedstat() {
	local t

	for t in /proc/"$1"/task/*/schedstat; do
		[ -e "$t" ] && echo "$(basename "$(dirname "$t")") $(cat "$t" 2>/dev/null)"
	done >"$2"
}

done_or_gone() { has_line "$out" '^done' || gone "$tracer" || gone "$pid"; }

# run WORKLOAD [ARGUMENT...]: traces it until it says that it is done; $TRACE_ARGS go to the
# tracer. Returns 77 if the workload has to be skipped ($why), 1 if something is wrong.
TRACE_ARGS=()
run() {
	start "$@" || { why="$1 does not start"; return 1; }
	if has_line "$out" '^skip'; then
		why=$(sed -n 's/^skip //p' "$out")
		return 77
	fi
	schedstat "$pid" "$out.before"
	tracer -p "$pid" -d 60s "${TRACE_ARGS[@]+"${TRACE_ARGS[@]}"}"
	wait_for 60 done_or_gone
	if ! has_line "$out" '^done'; then
		why="the workload is not done: $(tail -n 3 "$err" | tr '\n' ' ')"
		stop "$tracer" KILL
		stop "$pid" KILL
		return 1
	fi
	tracer_stop
	schedstat "$pid" "$out.after"
	stop "$pid"
	[ $rc -eq 0 ] || { why="the tracer's exit status is $rc: $(tail -n 3 "$err" | tr '\n' ' ')"; return 1; }
}

# judge CHECK FILE...: truth.py's TAP lines are ours.
judge() { python3 tests/live/truth.py "$@" || failed=1; }

# account_of NAME RUN...: run it and compare what the workload says of itself with the trace. Counts,
# sums and stamps must be right each time. A comparison with the kernel's CPU clocks may be off
# when others use the machine (they charge softirqs, host steal and the way from a wakeup to the
# switch differently), so such a one has failed only if it did in each of six tries. Returns
# whether there is a trace of it.
account_of() {
	local name=$1 try why= status

	shift
	: >"$tmp/off"
	for try in 1 2 3 4 5 6; do
		[ $try = 1 ] || sleep 1 # what disturbs may be over then
		"$@"
		case $? in
		77) skip "$name" "$why"; return 77 ;;
		1) not_ok "$name" "$why"; return 1 ;;
		esac
		python3 tests/live/truth.py account "$json" "$out" "$name: " >"$tmp/tap"
		status=$?
		grep '^not ok ' "$tmp/tap" >"$tmp/off.now"
		[ $try = 1 ] || { grep -Fxf "$tmp/off" "$tmp/off.now" >"$tmp/both"; mv "$tmp/both" "$tmp/off.now"; }
		mv "$tmp/off.now" "$tmp/off"
		[ $status -eq 75 ] && [ -s "$tmp/off" ] || break
	done
	[ -s "$tmp/tap" ] || not_ok "$name" "truth.py said nothing"
	if [ $status -eq 75 ] && [ ! -s "$tmp/off" ]; then
		sed 's/^not ok /ok /' "$tmp/tap"
		return 0
	fi
	cat "$tmp/tap"
	[ $status -eq 0 ] || failed=1
	return 0
}

# truth WORKLOAD [ARGUMENT...]
truth() { account_of "$label$1" run "$@"; }
label=
