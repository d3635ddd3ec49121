# SPDX-License-Identifier: MIT
#
# service.sh - starts and stops the demo's service; a library for bash scripts
#
#	. tests/demo/service.sh
#	service_start "$dir" [--fast]	sets service_pids (the frontend first) and service_port
#	service_stop			non-zero, with a line, if one did not end well
#
# Uses bash and coreutils only. The programs die with the script, whatever kills it.
service_bin=${O:-build}/demo
service_pids=()

# service_port_of FILE PID: prints the port once the program has written it
service_port_of() {
	local i
	for ((i = 0; i < 500; i++)); do
		[ -e "$1" ] && { cat "$1"; return 0; }
		kill -0 "$2" 2>/dev/null || break
		sleep 0.02
	done
	echo "a program of the demo did not start (pid $2)" >&2
	return 1
}

service_start() {
	local dir=$1 role port args=() backends=()
	shift
	rm -f "$dir"/*.port
	for role in auth cache spanner; do
		"$service_bin/demo-backend" --role $role --dir "$dir" --port-file "$dir/$role.port" "$@" >/dev/null &
		backends+=($!)
		service_pids=("${backends[@]}")
	done
	for role in auth cache spanner; do
		port=$(service_port_of "$dir/$role.port" "${backends[${#args[@]} / 2]}") || return 1
		args+=("--$role" "$port")
	done
	"$service_bin/demo-frontend" "${args[@]}" --dir "$dir" --port-file "$dir/frontend.port" "$@" >/dev/null &
	service_pids=($! "${backends[@]}")
	service_port=$(service_port_of "$dir/frontend.port" $!)
}

# service_end PID: asks it to end, and forces it after 5 s. Its exit status.
service_end() {
	local i
	kill "$1" 2>/dev/null
	for ((i = 0; i < 250; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.02
	done
	kill -9 "$1" 2>/dev/null && echo "pid $1 had to be killed" >&2
	wait "$1"
}

service_stop() {
	local pid rc=0
	for pid in "${service_pids[@]}"; do
		service_end "$pid" || { echo "pid $pid of the demo ended with status $?" >&2; rc=1; }
	done
	service_pids=()
	return $rc
}
