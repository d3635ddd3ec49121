#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The demo's service is traced while its requests come from spans of an application upstream, and the
# trace is sent to a receiver of OpenTelemetry: each request must be there as a child of its span.
# shellcheck disable=SC2154 # lib.bash has them
. "$(dirname "$0")/lib.bash"
. tests/demo/service.sh

service_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/ctrace-demo.XXXXXX") || exit 1
load=
cleanup() {
	[ -n "$load" ] && service_end "$load" >/dev/null
	service_stop
	rm -rf "$service_dir"
	leave
}
trap cleanup EXIT
unset "${!OTEL_@}"

PYTHONDONTWRITEBYTECODE=1 python3 tests/live/otlp.py receive "$tmp" &
receiver=$!
start() { OTEL_SERVICE_NAME=shop OTEL_RESOURCE_ATTRIBUTES=team=caf%C3%A9 service_start "$service_dir" --fast; }
check "the service starts" start || exit 1
"$service_bin/demo-load" --port "$service_port" --rate 200 --traceparent --seconds 600 >"$service_dir/load" &
load=$!
wait_for 30 test -s "$tmp/port" || { not_ok "a receiver listens"; exit 1; }
sleep 1

pids=$(IFS=,; echo "${service_pids[*]}")
traced() {
	"$CTRACE" -q -d 2s -p "$pids" -o "$tmp/x.ctrace" -f json --otlp "http://127.0.0.1:$(cat "$tmp/port")" \
		>"$tmp/x.json" 2>"$tmp/err"
}
check "a trace is sent" traced || sed 's/^/# /' "$tmp/err"
service_end "$load" >/dev/null
load=
kill -TERM "$receiver"
wait "$receiver"
PYTHONDONTWRITEBYTECODE=1 python3 tests/live/otlp.py judge "$tmp" || failed=1

# Ctrl-C, by which most traces end, ends the trace and not the sending.
PYTHONDONTWRITEBYTECODE=1 python3 tests/live/otlp.py receive "$tmp" &
receiver=$!
wait_for 30 test -s "$tmp/port" || { not_ok "a receiver listens"; exit 1; }
"$CTRACE" -q -p "$pids" -o "$tmp/y.ctrace" --otlp "http://127.0.0.1:$(cat "$tmp/port")" >/dev/null 2>"$tmp/err" &
tracer=$!
"$service_bin/demo-load" --port "$service_port" --rate 50 --seconds 3 >"$service_dir/load"
kill -INT "$tracer"
wait "$tracer"
check "a trace that Ctrl-C has ended is sent, too" grep -qE '^Sent [0-9,]+ spans to ' "$tmp/err"
kill -TERM "$receiver"
wait "$receiver"
finish
