#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Servers under load are traced and left alone 200 times, and their tracer is killed 50 times.
# Each request is answered, and the processes are afterwards as they were before. Two servers are
# traced a hundred times each, and a third one's tracers are killed, all at the same time: most of
# a round is waiting for the kernel to let go.
. "$(dirname "$0")/lib.bash"

programs() { "$(command -v bpftool || echo /usr/sbin/bpftool)" prog show | grep -c '^[0-9]'; }
no_more_programs() { [ "$(programs)" -le "$loaded" ]; }

loaded=$(programs)
servers=() clients=() outs=() judges=()
for how in "100 detach first" "100 detach second" "50 kill killed"; do
	start server || { not_ok "a server starts"; finish; }
	servers+=("$pid")
	start server -m client -f "$(sed -n 's/.*port=//p' "$out")" || { not_ok "a client starts"; finish; }
	clients+=("$pid") outs+=("$out")
	read -r rounds end label <<<"$how"
	python3 tests/live/rounds.py "$CTRACE" "${servers[-1]}" "$rounds" "$end" "$label: $rounds rounds" \
		>"$tmp/rounds.$label" &
	judges+=($!)
	started+=($!)
done
for i in 0 1 2; do
	wait "${judges[$i]}" || failed=1
done
cat "$tmp"/rounds.*
for i in 0 1 2; do
	check "server $i is alive" kill -0 "${servers[$i]}"
	stop "${clients[$i]}"
	rc=$?
	if [ $rc -eq 0 ] && ! has_line "${outs[$i]}" 'asked=[0-9]{0,3} '; then
		ok "server $i: each request was answered, and right"
	else
		not_ok "server $i: each request was answered, and right" "status $rc" "$(tail -n 1 "${outs[$i]}")"
	fi
	stop "${servers[$i]}"
	check "server $i ends as if nothing had been" [ $? -eq 0 ]
done
check "no BPF program stays" wait_for 10 no_more_programs
finish
