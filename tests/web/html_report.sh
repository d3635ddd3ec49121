#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The HTML page in a real browser: html_report.js says what is looked at. Chromium and Node.js are
# the machine's; playwright-core, which speaks to the browser, and axe-core, which knows what stands
# in the way of people with disabilities, come from npm and are kept in $O.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
skip() { echo "ok html_report # SKIP $1"; exit 0; }

if [ "$(id -u)" = 0 ]; then tests/deps web 2>/dev/null || tests/deps install-web >/dev/null 2>&1; fi
browser=$(command -v chromium || command -v chromium-browser) || skip "there is no chromium, and it cannot be installed"
command -v node >/dev/null || skip "there is no node"
npm=$O/web
if [ ! -d "$npm/node_modules/axe-core" ]; then
	command -v npm >/dev/null || skip "there is no npm to get playwright-core and axe-core with"
	mkdir -p "$npm" && timeout 120 npm install --prefix "$npm" --no-audit --no-fund --ignore-scripts \
		playwright-core axe-core >"$tmp/npm" 2>&1 || skip "npm cannot get playwright-core and axe-core"
fi

python3 tests/golden/capture.py demo "$tmp/demo.ctrace" || { echo "not ok capture.py"; exit 1; }
for kind in many rich hostile; do
	python3 tests/web/capture.py $kind "$tmp/$kind.ctrace" || { echo "not ok capture.py $kind"; exit 1; }
done
for kind in demo many rich hostile; do
	"$CTRACE" report "$tmp/$kind.ctrace" -o "$tmp/$kind.html" || { echo "not ok report -o $kind.html"; exit 1; }
	"$CTRACE" report "$tmp/$kind.ctrace" --slowest 24 -f json >"$tmp/$kind.json" || exit 1
	"$CTRACE" export "$tmp/$kind.ctrace" -o "$tmp/$kind.folded" 2>/dev/null
done
"$CTRACE" report "$tmp/demo.ctrace" -f html | cmp - "$tmp/demo.html" && echo "ok the same page each time" ||
	echo "not ok the same page each time"
NODE_PATH="$npm/node_modules" BROWSER="$browser" HOME="$tmp" node tests/web/html_report.js "$tmp"
