#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The spans that `ctrace-bpf export` writes for OpenTelemetry, read back by readers of other making:
# otlp_events.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
export CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/otlp_events.py "$tmp"
