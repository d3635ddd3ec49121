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

[ "$(id -u)" = 0 ] || skip "needs root"
tests/deps web 2>/dev/null || tests/deps install-web >/dev/null 2>&1
browser=$(command -v chromium || command -v chromium-browser) || skip "there is no chromium, and it cannot be installed"
command -v node >/dev/null || skip "there is no node"
npm=$O/web
if [ ! -d "$npm/node_modules/speedscope" ] || [ ! -d "$npm/node_modules/playwright-core" ]; then
	command -v npm >/dev/null || skip "there is no npm to get speedscope with"
	mkdir -p "$npm" && timeout 120 npm install --prefix "$npm" --no-audit --no-fund --ignore-scripts \
		playwright-core axe-core speedscope >"$tmp/npm" 2>&1 || skip "npm cannot get speedscope"
fi
cc -O2 -fno-omit-frame-pointer -Iinclude -D_GNU_SOURCE -pthread tests/workloads/stacks/stacks.c -ldl -o "$tmp/stacks" &&
	"$CTRACE" -q -g -f json -o "$tmp/x.ctrace" -o "$tmp/x.folded" -- "$tmp/stacks" 30 >"$tmp/x.json" ||
	{ echo "not ok folded: there is no trace"; exit 1; }
NODE_PATH="$npm/node_modules" BROWSER="$browser" HOME="$tmp" node tests/web/folded.js "$tmp"
