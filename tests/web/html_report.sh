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
. tests/web/npm.bash
browser_get || skip "$npm_why"
npm_get playwright-core axe-core || skip "$npm_why"

for kind in demo lossy; do
	python3 tests/golden/capture.py $kind "$tmp/$kind.ctrace" || { echo "not ok capture.py $kind"; exit 1; }
done
for kind in many rich hostile blank; do
	python3 tests/web/capture.py $kind "$tmp/$kind.ctrace" || { echo "not ok capture.py $kind"; exit 1; }
done
for kind in demo many rich hostile blank lossy; do
	"$CTRACE" report "$tmp/$kind.ctrace" -o "$tmp/$kind.html" || { echo "not ok report -o $kind.html"; exit 1; }
	"$CTRACE" report "$tmp/$kind.ctrace" --slowest 24 -f json >"$tmp/$kind.json" || exit 1
	"$CTRACE" export "$tmp/$kind.ctrace" -o "$tmp/$kind.folded" 2>/dev/null
done
"$CTRACE" report "$tmp/demo.ctrace" --task nosuch -o "$tmp/filter.html" 2>/dev/null
"$CTRACE" report "$tmp/demo.ctrace" --from 100ms --to 400ms -o "$tmp/window.html" || exit 1
"$CTRACE" report "$tmp/demo.ctrace" -f html | cmp - "$tmp/demo.html" && echo "ok the same page each time" ||
	echo "not ok the same page each time"
NODE_PATH="$npm_path" BROWSER="$browser" HOME="$tmp" node tests/web/html_report.js "$tmp"
