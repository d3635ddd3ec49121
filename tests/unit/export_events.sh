#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What `ctrace-bpf export` writes, read back by readers of other making: export_events.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
export CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/export_events.py "$tmp"
