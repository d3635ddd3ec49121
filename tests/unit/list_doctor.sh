#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `ctrace-bpf list` and `ctrace-bpf doctor`, as root and as an ordinary user.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=$(realpath "${CTRACE:-${O:-build}/ctrace-bpf}") || exit 1
tmp=$(mktemp -d) || exit 1
pids=()
leave() {
	[ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
	rm -rf "$tmp"
}
trap leave EXIT
chmod 755 "$tmp"
failed=0
check() { # NAME STATUS: the status of what was tested
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		sed 's/^/# out: /' "$tmp/out"
		sed 's/^/# err: /' "$tmp/err"
		failed=1
	fi
}
# run STATUS ARGUMENT...: runs the tool; fails if it ends with another status
run() {
	local want=$1
	shift
	"${as[@]}" "$CTRACE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	[ $? -eq "$want" ]
}
as=()
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
out() { grep -qE -- "$1" "$tmp/out"; }
err() { grep -qE -- "$1" "$tmp/err"; }
# One sentence for the user, then what to do: nothing else on stderr.
sentence() { [ "$(head -n 1 "$tmp/err" | grep -c '^ctrace-bpf: ')" = 1 ] && [ "$(wc -l <"$tmp/err")" -le 2 ]; }
clean() { ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$tmp/out" "$tmp/err"; }

cat >"$tmp/marked.c" <<'C'
#include <ctrace/ctrace.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, argv[1]);
	alarm(100);
	if (write(1, ".", 1) == 1)
		pause();
	ctrace_region_begin("never");
	ctrace_region_end("never");
	return 0;
}
C
gcc -O2 -Iinclude "$tmp/marked.c" -o "$tmp/marked" || { echo "not ok the marked program compiles"; exit 1; }
# begin NAME: in the background, until it has its name; its pid is in $pid
begin() {
	"$tmp/marked" "$1" >"$tmp/ready" &
	pid=$!
	disown
	pids+=($pid)
	while [ ! -s "$tmp/ready" ] && kill -0 $pid; do sleep 0.02; done
	: >"$tmp/ready"
}
begin plain && first=$pid
begin $'\e[31m\n) x' && second=$pid
sleep 100 &
disown
plain=$!
pids+=($plain)

run 0 list -p "$first" && out "^process $first \(plain\): .*/marked$" && out '^    ctrace \(marks are taken in batches\)$' &&
	out '^ +region__begin +[0-9]+ sites? +semaphore +region marks$' &&
	out '^ +region__end +[0-9]+ sites? +semaphore +region marks$' && [ ! -s "$tmp/err" ]
check list_prints_probes_and_what_they_are_used_for $?

sed 's/batch__on/batch__no/g' "$tmp/marked" >"$tmp/older" && chmod 755 "$tmp/older"
"$tmp/older" older >/dev/null &
pids+=($!)
run 0 list -p $! && out '^    ctrace \(each mark is a trap: its ctrace.h is older than batches\)$'
check list_says_of_an_older_header_that_each_mark_is_a_trap $?

run 0 list -p "$second" && clean && out "^process $second \(.x1b\[31m.x0a\) x\): "
check list_escapes_the_name_of_a_process $?

run 0 list -p "$first" --pid "$second,$first" && [ "$(grep -c ^process "$tmp/out")" = 2 ] &&
	out "as in process $first" && [ "$(grep -c region__begin "$tmp/out")" = 1 ]
check list_prints_a_file_of_two_processes_once $?

run 0 list -p marked && [ "$(grep -c ^process "$tmp/out")" -ge 2 ]
check list_takes_a_name $?

run 0 list -p $plain && sentence && err "process $plain offers no probes" && err '  try: '
check list_says_what_to_do_where_there_are_no_probes $?

run 1 list -p no_such_process && sentence && err 'no process is named no_such_process'
check list_of_no_process_fails $?

ok=0
for args in '' '-p' '-p ,' '--foo' '-x' '42' '-p 1 2'; do
	# shellcheck disable=SC2086
	run 2 list $args && sentence && [ ! -s "$tmp/out" ] || { ok=1; break; }
done
check list_refuses_wrong_usage_with_one_sentence $ok

run 0 list -h && out '^usage: ctrace-bpf list' && out '--pid' && run 0 list --help
check list_has_a_help $?

run 0 doctor -h && out '^usage: ctrace-bpf doctor' && run 2 doctor -x && sentence &&
	run 2 doctor now && sentence
check doctor_has_a_help_and_refuses_wrong_usage $?

# Whatever this machine allows: the verdict, the status and the lines must say the same.
verdict() {
	"${as[@]}" "$CTRACE" doctor >"$tmp/out" 2>"$tmp/err" </dev/null
	case $? in
	0) out '^Tracing will work here\.$' && ! out '^lack' ;;
	1) out '^Tracing will not work here\.$' && out '^lack' && out '^ +remedy: ' ;;
	*) false ;;
	esac && [ ! -s "$tmp/err" ] && clean
}
verdict
check doctor_says_the_same_in_lines_verdict_and_status $?

if [ "$(id -u)" != 0 ]; then
	echo "ok doctor_tells_a_user_what_is_missing # SKIP needs root to become another user"
	echo "ok list_tells_a_user_what_is_missing # SKIP needs root to become another user"
	exit $failed
fi
as=("${user[@]}")
cp "$CTRACE" "$tmp/ctrace-bpf" && chmod 755 "$tmp/ctrace-bpf" && CTRACE=$tmp/ctrace-bpf
verdict && out '^lack +capabilities .*CAP_BPF, CAP_PERFMON' && out 'cannot be tried without bpf'
check doctor_tells_a_user_what_is_missing $?
run 1 list -p "$first" && err 'cannot read the mappings' && err '  try: .*sudo' && clean
check list_tells_a_user_what_is_missing $?
exit $failed
