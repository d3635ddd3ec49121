#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Chrome JSON by readers that nobody here wrote: TracerBench's and speedscope's, from npm. chrome.js says
# what is looked at.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
skip() { echo "ok chrome # SKIP $1"; exit 0; }
. tests/web/npm.bash

npm_get @tracerbench/trace-model || skip "$npm_why"
if ! browser_get || ! npm_get playwright-core speedscope; then
	echo "ok chrome in speedscope # SKIP $npm_why"
	browser=
fi
kinds=(demo plain lossy hostile parties exec random-0 random-1 random-2)
PYTHONDONTWRITEBYTECODE=1 python3 -c 'import sys
sys.path.insert(0, "tests/unit")
import export_events
export_events.make(sys.argv[1])' "$tmp" || { echo "not ok export_events.py makes captures"; exit 1; }
for kind in "${kinds[@]}"; do
	"$CTRACE" export "$tmp/$kind.ctrace" -o "$tmp/$kind.events.json" --as chrome 2>/dev/null &&
		"$CTRACE" report "$tmp/$kind.ctrace" -f json >"$tmp/$kind.json" ||
		{ echo "not ok export of $kind"; exit 1; }
done
NODE_PATH="$npm_path" BROWSER="$browser" HOME="$tmp" node tests/web/chrome.js "$tmp" "${kinds[@]}"
