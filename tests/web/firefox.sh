#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The HTML page in Firefox: firefox.js says what is looked at. html_report.sh has the clicks and the keys,
# in Chromium.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
skip() { echo "ok firefox # SKIP $1"; exit 0; }

if [ "$(id -u)" = 0 ]; then tests/deps firefox 2>/dev/null || tests/deps install-firefox >/dev/null 2>&1; fi
browser=$(command -v firefox-esr || command -v firefox) || skip "there is no Firefox, and it cannot be installed"
command -v node >/dev/null || skip "there is no node"
python3 tests/web/capture.py rich "$tmp/rich.ctrace" || { echo "not ok capture.py rich"; exit 1; }
"$CTRACE" report "$tmp/rich.ctrace" -o "$tmp/rich.html" || { echo "not ok report -o rich.html"; exit 1; }
"$CTRACE" report "$tmp/rich.ctrace" -f json >"$tmp/rich.json" || exit 1
FIREFOX=$browser node tests/web/firefox.js "$tmp"
