#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ctrace-bpf -- COMMAND: from its first instruction to its end.
. "$(dirname "$0")/lib.bash"

# command_ends NAME COMMAND...: traces it to its end; $rc, $json, $err.
command_ends() {
	json=$tmp/start.json err=$tmp/start.err capture=$tmp/start.ctrace
	timeout 60 "$CTRACE" -d 30s -o "$capture" --force -f json -- "$@" >"$json" 2>"$err" </dev/null
	rc=$?
}

# The account goes to the command's own stdout, which the shell lets be a file.
sleep_ends() {
	out=$tmp/sleep.out
	command_ends sh -c 'exec "$0" -x -n 20 >"$1"' "$W/sleep" "$out"
}
began=$SECONDS
account_of "a command" sleep_ends
check "a command: the trace ends when it ends" [ $((SECONDS - began)) -lt 20 ]
check "a command: the exit status is 0" [ $rc -eq 0 ]

command_ends sh -c 'exit 7'
check "a command that fails: its exit code is reported" grep -qE '\b7\b' "$err"
check "a command that fails: the trace is none the worse" [ $rc -eq 0 ]
command_ends sh -c 'kill -SEGV $$'
check "a command that is killed: its signal is reported" grep -qiE 'signal|SEGV|\b11\b' "$err"
command_ends /nonexistent/command
check "no such command: the exit status is 1" [ $rc -eq 1 ]
check "no such command: it is named" grep -q /nonexistent/command "$err"

# The time is up before the command ends.
timeout 60 "$CTRACE" -d 300ms -o "$tmp/short.ctrace" -f json -- "$W/sleep" -x -n 1000 \
	>"$tmp/short.json" 2>"$tmp/short.err" </dev/null
rc=$?
check "a command that outlives -d: the exit status is 0" [ $rc -eq 0 ]
finish
