#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Spans, read by OpenTelemetry's own code: @opentelemetry/otlp-transformer has what protobufjs makes of
# opentelemetry-proto. otlp_npm.js says what is looked at. The package comes from npm and is kept in $O.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CTRACE=$(realpath "${CTRACE:-$O/ctrace-bpf}")
export CTRACE
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
skip() { echo "ok otlp_npm # SKIP $1"; exit 0; }

command -v node >/dev/null || skip "there is no node"
npm=$O/web-otlp
package=@opentelemetry/otlp-transformer
generated=$npm/node_modules/$package/build/src/generated/root.js
if [ ! -e "$generated" ]; then
	command -v npm >/dev/null || skip "there is no npm to get $package with"
	# Later versions encode by hand, and decode nothing.
	mkdir -p "$npm" && timeout 120 npm install --prefix "$npm" --no-audit --no-fund --ignore-scripts \
		"$package@0.203.0" >"$tmp/npm" 2>&1 || skip "npm cannot get $package"
fi
PYTHONDONTWRITEBYTECODE=1 python3 -c 'import sys
sys.path.insert(0, "tests/unit")
import otlp_events
otlp_events.base.make(sys.argv[1])
otlp_events.many(sys.argv[1])' "$tmp" || { echo "not ok otlp_events.py makes captures"; exit 1; }
unset "${!OTEL_@}"
node tests/web/otlp_npm.js "$tmp" "$(realpath "$generated")"
