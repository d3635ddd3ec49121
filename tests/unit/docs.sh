#!/bin/bash
# SPDX-License-Identifier: MIT
#
# README, docs/ and the manual say what the program does: options, states, losses, columns, files
# and functions are compared with the code, and the examples that need no root are run, on a capture
# that was made for the reports' tests. tests/live/docs.sh runs the others.
set -u
O=${O:-build}
export CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

python3 tests/unit/docs.py facts || failed=1

mkdir -p "$tmp/bin" "$tmp/build/demo"
ln -s "$(realpath "$CTRACE")" "$tmp/bin/ctrace-bpf"
ln -s "$(realpath "$CTRACE")" "$tmp/build/ctrace-bpf"
ln -s "$PWD/include" "$tmp/include"
python3 tests/golden/capture.py demo "$tmp/slow.ctrace" &&
	cp "$tmp/slow.ctrace" "$tmp/build/demo/demo.ctrace" || exit 1
python3 tests/unit/docs.py examples user "$tmp" || failed=1
exit $failed
