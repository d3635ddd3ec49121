#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does the trace find out why a request was slow? The load generator makes one request in ten slow
# in one of five ways and keeps to itself which; each of them is looked up in the trace, by its id
# in the request's log line, and what its critical path hung on most is compared with the truth.
. "$(dirname "$0")/lib.bash"
. tests/demo/service.sh

# On a file system in memory nothing waits for a disk.
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/ctrace-demo.XXXXXX") || exit 1
trap 'leave; rm -rf "$dir"' EXIT

attempt() {
	local loader

	service_start "$dir" || { echo "not ok the service starts"; return 1; }
	started+=("${service_pids[@]}")
	"$service_bin/demo-load" --port "$service_port" --rate 80 --connections 16 --slow-every 10 \
		--seconds 120 --truth "$dir/truth" >"$dir/load" 2>&1 &
	loader=$!
	started+=("$loader")
	sleep 0.3
	tracer -p "$(IFS=,; echo "${service_pids[*]}")" -d 27s
	tracer_wait
	kill "$loader"
	wait "$loader" || { echo "not ok every request is answered"; sed 's/^/# /' "$dir/load"; return 1; }
	service_stop || { echo "not ok the service ends well"; return 1; }
	[ "$rc" -eq 0 ] || { echo "not ok the tracer ends well"; sed 's/^/# /' "$err"; return 1; }
	"$CTRACE" report "$capture" --task 'GET /messages' --slowest 1000 -f json >"$dir/json" &&
		python3 tests/live/demo_truth.py causes "$dir/json" "$dir/truth"
}

# Others use this machine too: one bad day is forgiven, not two.
attempt >"$tmp/tap" || { sed 's/^/# once: /' "$tmp/tap"; attempt >"$tmp/tap"; } || failed=1
cat "$tmp/tap"
finish
