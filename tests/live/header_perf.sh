#!/bin/bash
# SPDX-License-Identifier: MIT
#
# perf sees the header's probes in a running process: found in its notes, armed through their
# semaphore, each mark counted once. The probes it adds to the kernel are removed again.
#
# perf needs tracefs. If it is not in its usual place, it is mounted there for this test alone, in
# a mount namespace.
if [ "$(id -u)" = 0 ] && [ ! -e /sys/kernel/tracing/events ] && [ -z "${HEADER_NS:-}" ]; then
	HEADER_NS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.bash"
what="perf: counts of each probe"
give_up() {
	skip "$what" "$1"
	finish
}
if [ -n "${HEADER_NS:-}" ] && ! mount -t tracefs none /sys/kernel/tracing; then
	give_up "tracefs cannot be mounted"
fi
command -v perf >/dev/null || give_up "perf is not installed"
[ -e /sys/kernel/tracing/uprobe_events ] || give_up "this kernel has no uprobe_events"
[ ! -e /sys/kernel/tracing/events/sdt_ctrace ] || give_up "somebody has probes named sdt_ctrace"

# What the ELF notes are found by is a cache of perf's: one of our own.
perf_ours() { perf --buildid-dir "$tmp/buildid" "$@"; }

gcc -O2 -Iinclude tests/header/src/counted.c -o "$tmp/counted" &&
	perf_ours buildid-cache --add "$tmp/counted" || { not_ok "perf: notes are read"; finish; }
perf_ours list sdt 2>/dev/null | awk '/sdt_ctrace:/ { print $1 }' | sort >"$tmp/listed"
[ "$(grep -vc batch__ "$tmp/listed")" = 10 ] && ok "perf: notes are read" ||
	not_ok "perf: notes are read" "$(cat "$tmp/listed")"

leave_probes() {
	perf_ours probe -q -d 'sdt_ctrace:*' >/dev/null 2>&1
	leave
}
trap leave_probes EXIT
if ! perf_ours probe -q 'sdt_ctrace:*' >"$tmp/probe" 2>&1; then
	give_up "perf probe: $(grep -m 1 . "$tmp/probe")"
fi

mkfifo "$tmp/in" "$tmp/control" "$tmp/ack"
"$tmp/counted" 10 <"$tmp/in" >"$tmp/out" 2>&1 &
counted=$!
started+=($counted)
exec 7>"$tmp/in" 8<>"$tmp/control" 9<>"$tmp/ack"
# It opens its events before it is ready for them: -D -1 lets us say when to begin.
perf record -q -e 'sdt_ctrace:*' -p $counted -D -1 --control "fifo:$tmp/control,$tmp/ack" \
	-o "$tmp/data" >"$tmp/record" 2>&1 &
perf=$!
started+=($perf)
armed_or_gone() { has_line "$tmp/out" armed || gone $perf; }
done_or_gone() { has_line "$tmp/out" 'done' || gone $perf; }
wait_for 30 armed_or_gone
echo enable >&8
read -r -t 10 ack <&9
echo >&7
wait_for 30 done_or_gone
kill -TERM $perf 2>/dev/null
wait $perf
wait $counted || not_ok "perf: the semaphore is down when it has gone" "$(cat "$tmp/out" "$tmp/record")"
exec 7>&- 8>&- 9>&-

# (Those of batches, which it has armed too, say nothing that the others do not.)
# flags are the last argument: 16, failed, and 32, its reason a literal, in half of task__end
perf script -i "$tmp/data" -F event,trace 2>/dev/null |
	sed -nE 's/^ *sdt_ctrace:([a-z_]+):.*/\1/p' | grep -v batch__ | sort | uniq -c | awk '{ print $2, $1 }' >"$tmp/counts"
perf script -i "$tmp/data" -F event,trace 2>/dev/null |
	sed -nE 's/^ *sdt_ctrace:task__end:.* arg4=([0-9]+) .*/task__end flags \1/p' | sort | uniq -c |
	awk '{ print $2, $3, $4, $1 }' >>"$tmp/counts"
cat >"$tmp/expected" <<'EOF'
async__begin 50
async__end 50
log 50
region__begin 100
region__end 100
task__begin 100
task__end 100
task__enter 50
task__leave 50
task__traceparent 50
task__end flags 1 50
task__end flags 57 50
EOF
diff "$tmp/expected" "$tmp/counts" >"$tmp/diff" && ok "$what" ||
	not_ok "$what" "$(cat "$tmp/diff" "$tmp/record")"
finish
