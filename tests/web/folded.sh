#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A .folded file in a viewer that nobody here wrote: speedscope, from npm, in the machine's
# Chromium. folded.js says what is looked at.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
skip() { echo "ok folded # SKIP $1"; exit 0; }
. tests/web/npm.bash

[ "$(id -u)" = 0 ] || skip "needs root"
browser_get && npm_get playwright-core speedscope || skip "$npm_why"
cc -O2 -fno-omit-frame-pointer -Iinclude -D_GNU_SOURCE -pthread tests/workloads/stacks/stacks.c -ldl -o "$tmp/stacks" &&
	"$CTRACE" -q -g -f json -o "$tmp/x.ctrace" -o "$tmp/x.folded" -- "$tmp/stacks" 30 >"$tmp/x.json" ||
	{ echo "not ok folded: there is no trace"; exit 1; }
NODE_PATH="$npm_path" BROWSER="$browser" HOME="$tmp" node tests/web/folded.js "$tmp"
