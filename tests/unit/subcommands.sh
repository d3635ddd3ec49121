#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What is typed instead of a subcommand: `ctrace-bpf` says in one sentence what may have been meant, and
# traces nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
python3 tests/golden/capture.py demo "$tmp/demo.ctrace" || { echo "not ok capture.py"; exit 1; }

# wrong NAME STDERR-REGEX ARGUMENT...: status 2, a sentence and a hint
wrong() {
	local why= rc

	"$CTRACE" "${@:3}" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ $rc -eq 2 ] || why="exit status $rc, not 2"
	[ -s "$tmp/out" ] && why="$why; stdout is not empty"
	head -n 1 "$tmp/err" | grep -qE -- "^ctrace-bpf: $2" || why="$why; stderr lacks /$2/"
	[ "$(wc -l <"$tmp/err")" -le 2 ] || why="$why; more than a sentence and a hint"
	if [ -z "$why" ]; then echo "ok $1"; else
		echo "not ok $1"
		echo "# $why"
		sed 's/^/# /' "$tmp/err"
		failed=1
	fi
}

# same NAME ARGUMENT... = ARGUMENT...: both print the same, and succeed
same() {
	local a=() b=() name=$1

	for shift in "${@:2}"; do
		if [ "$shift" = = ]; then a=("${b[@]}") b=(); else b+=("$shift"); fi
	done
	if "$CTRACE" "${a[@]}" >"$tmp/a" 2>&1 && "$CTRACE" "${b[@]}" >"$tmp/b" 2>&1 &&
		[ -s "$tmp/a" ] && cmp -s "$tmp/a" "$tmp/b"; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/# /' "$tmp/a"
		failed=1
	fi
}

wrong "a misspelt subcommand" "there is no subcommand reprot; did you mean report\?" reprot x
wrong "another" "there is no subcommand doctr; did you mean doctor\?" doctr
wrong "a capture" "ctrace-bpf report .*/demo.ctrace explains it" "$tmp/demo.ctrace"
wrong "a file that is none" ".*subcommands.sh is not an option \(a command to start goes behind --\)" \
	tests/unit/subcommands.sh
wrong "a command without --" "ls is not an option \(a command to start goes behind --\)" ls
wrong "nothing" " is not an option" ""
wrong "-d without its value" "-d needs a value" -d -- ls
wrong "--duration without its value" "--duration needs a value" --duration -- ls
wrong "a task without a name" "--task and --region take a name" --task '' -- ls
wrong "a region without a name" "--task and --region take a name" --region '' -- ls
wrong "one output twice" "-o .*x.html twice" -o "$tmp/x.html" -o "$tmp/./x.html" -- ls
wrong "help of what there is not" "there is no subcommand nosuchthing$" help nosuchthing
wrong "help, nearly" "there is no subcommand repotr; did you mean report\?" help repotr
wrong "a forgotten process" "-p needs a process id or a name, not -d" -p -d 5s
wrong "a clock of batches without batches" "--mark-clock is for batched marks" --marks direct --mark-clock tsc -- ls
same "help" help = -h
same "help of a subcommand" help report = report -h
same "version" version = -V
same "version, in full" version = --version
exit $failed
