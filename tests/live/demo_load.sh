#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The demo's service at full speed: untraced it answers every request rightly, and refuses what is
# not HTTP; traced it still does, nothing is lost, and the trace counts the requests that there were.
. "$(dirname "$0")/lib.bash"
. tests/demo/service.sh

# ask BYTES: sends them (printf's escapes) and prints what comes until the server closes.
ask() {
	local fd

	exec {fd}<>"/dev/tcp/127.0.0.1/$service_port" || return 1
	# shellcheck disable=SC2059 # the escapes are wanted
	printf "$1" >&"$fd"
	timeout 10 cat <&"$fd" | tr -d '\r'
	exec {fd}>&-
}
statuses() { ask "$1" | grep -aoE 'HTTP/1\.1 [0-9]+' | cut -d' ' -f2 | paste -sd' '; }
# answers NAME BYTES STATUS...: these statuses, in this order, and then the end.
answers() {
	local got

	got=$(statuses "$2")
	[ "$got" = "$3" ] && ok "$1" || not_ok "$1" "expected '$3', got '$got'"
}
repeat() { printf "%$1s" | tr ' ' "$2"; }

http() {
	local h='Host: x\r\n' bye='Connection: close\r\n' one got

	one="GET /healthz HTTP/1.1\r\n$h$bye\r\n"
	answers "a request is answered" "$one" 200
	answers "empty lines before a request are skipped" "\r\n\r\n$one" 200
	answers "HTTP/1.0 needs no Host, and the connection ends" 'GET /healthz HTTP/1.0\r\n\r\n' 200
	answers "HTTP/1.1 needs a Host" 'GET /healthz HTTP/1.1\r\n\r\n' 400
	answers "two Hosts are refused" "GET /healthz HTTP/1.1\r\n$h$h\r\n" 400
	answers "an unknown path" "GET /no HTTP/1.1\r\n$h$bye\r\n" 404
	answers "a path that only begins like a known one" "GET /messagesx HTTP/1.1\r\n$h$bye\r\n" 404
	answers "another method" "DELETE /messages HTTP/1.1\r\n$h$bye\r\n" 405
	answers "a bare line feed is refused" "GET /healthz HTTP/1.1\n$h\n" 400
	answers "a folded header is refused" "GET /healthz HTTP/1.1\r\n$h a\r\n\r\n" 400
	answers "a control character in the target is refused" "GET /he\001 HTTP/1.1\r\n$h\r\n" 400
	answers "a NUL in a header is refused" "GET /healthz HTTP/1.1\r\n${h}A: \000\r\n\r\n" 400
	answers "what is not HTTP" 'hello\r\n\r\n' 400
	answers "another version" "GET /healthz HTTP/2.0\r\n$h\r\n" 505
	answers "a target that is too long" "GET /$(repeat 2000 a) HTTP/1.1\r\n$h\r\n" 414
	answers "a head that is too long" "GET / HTTP/1.1\r\n$h""A: $(repeat 9000 a)\r\n\r\n" 431
	answers "chunked bodies are not implemented" \
		"GET /healthz HTTP/1.1\r\n${h}Transfer-Encoding: chunked\r\n\r\n" 501
	answers "a negative length" "GET /healthz HTTP/1.1\r\n${h}Content-Length: -1\r\n\r\n" 400
	answers "two different lengths" \
		"GET /healthz HTTP/1.1\r\n${h}Content-Length: 1\r\nContent-Length: 2\r\n\r\n" 400
	answers "a body that is too long" \
		"GET /healthz HTTP/1.1\r\n${h}Content-Length: 99999999\r\n\r\n" 413
	answers "a body is read, and the next request behind it" \
		"POST /healthz HTTP/1.1\r\n${h}Content-Length: 5\r\n\r\nhello$one" "405 200"
	answers "who expects 100 gets it" \
		"GET /healthz HTTP/1.1\r\n${h}Expect: 100-continue\r\nContent-Length: 1\r\n$bye\r\n" 100
	answers "a broken escape" "GET /messages?user=%%zz HTTP/1.1\r\n$h$bye\r\n" 400
	answers "a user's name that no name is" "GET /messages?user=a%%20b HTTP/1.1\r\n$h$bye\r\n" 400
	answers "an unknown kind of slowness" "GET /messages?slow=no HTTP/1.1\r\n$h$bye\r\n" 400
	got=$(ask "HEAD /healthz HTTP/1.1\r\n$h$bye\r\n" | tail -n 1)
	[ -z "$got" ] && ok "HEAD has no body" || not_ok "HEAD has no body" "$got"
	got=$(ask "GET /messages HTTP/1.1\r\n${h}X-Request-Id: 7\r\n\r\nGET /messages HTTP/1.1\r\n${h}X-Request-Id: 8\r\n\r\n\
GET /messages?user=me HTTP/1.1\r\n${h}X-Request-Id: 9\r\n$bye\r\n" | grep -aoE '"request":[0-9]+' | paste -sd' ')
	[ "$got" = '"request":7 "request":8 "request":9' ] && ok "a pipeline is answered in order" ||
		not_ok "a pipeline is answered in order" "$got"
}

# A client that sends half of a request is cut off, not waited for. Takes 5 s: runs beside the rest.
half_a_request() {
	local fd begin=$SECONDS

	exec {fd}<>"/dev/tcp/127.0.0.1/$service_port" || return 1
	printf 'GET /healthz HT' >&"$fd"
	timeout 12 cat <&"$fd" >/dev/null
	[ $((SECONDS - begin)) -ge 4 ] && [ $((SECONDS - begin)) -le 9 ]
}

byte_by_byte() {
	local fd i text=$'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

	exec {fd}<>"/dev/tcp/127.0.0.1/$service_port" || return 1
	for ((i = 0; i < ${#text}; i++)); do
		printf '%s' "${text:i:1}" >&"$fd"
	done
	timeout 10 cat <&"$fd" | grep -q 'HTTP/1.1 200'
}

load() { "$service_bin/demo-load" --port "$service_port" "$@" >"$tmp/load" 2>&1; }

mkdir "$tmp/fast" "$tmp/full"
service_start "$tmp/fast" --fast || { not_ok "the service starts"; finish; }
started+=("${service_pids[@]}")
half_a_request &
half=$!
http
check "a request that comes byte by byte is answered" byte_by_byte
check "untraced, at full speed, every request is answered rightly" \
	load --closed --seconds 3 --connections 16 --reconnect 1000
check "many connections that do not last" load --closed --seconds 2 --connections 64 --reconnect 2
check "half a request is given up after some seconds" wait "$half"

# The load begins before the trace and ends after it. Prints TAP lines.
traced() {
	"$service_bin/demo-load" --port "$service_port" --closed --seconds 60 --connections 16 \
		--reconnect 1000 --truth "$tmp/truth" >"$tmp/load" 2>&1 &
	loader=$!
	started+=("$loader")
	sleep 0.5
	tracer -p "$(IFS=,; echo "${service_pids[*]}")" -d 3s
	tracer_wait
	[ "$rc" -eq 0 ] && ok "the tracer ends well" ||
		not_ok "the tracer ends well" "status $rc" "$(tail -n 5 "$err")"
	sleep 0.5
	kill "$loader"
	wait "$loader" && ok "traced, every request is answered rightly" ||
		not_ok "traced, every request is answered rightly" "$(cat "$tmp/load")"
	python3 tests/live/demo_truth.py count "$json" "$tmp/truth"
}

# Both processors are busy with the service alone, and others may use this machine too: a loss, or
# what follows from it, is forgiven once. Any other failure is not.
traced >"$tmp/tap"
if grep -q '^not ok nothing is lost' "$tmp/tap"; then
	sed 's/^/# once: /' "$tmp/tap"
	traced >"$tmp/tap"
fi
cat "$tmp/tap"
grep -q '^not ok' "$tmp/tap" && failed=1
check "the service ends well" service_stop

service_start "$tmp/full" || { not_ok "the service starts"; finish; }
started+=("${service_pids[@]}")
check "with troubles, every request is answered rightly" \
	load --rate 300 --slow-every 20 --seconds 3 --reconnect 20
load --rate 300 --slow-every 20 --seconds 20 & # its complaints are expected
loader=$!
started+=("$loader")
sleep 0.5
check "it ends well in the middle of it" service_stop
kill "$loader"
finish
