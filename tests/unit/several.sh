#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Several captures explained and exported as one: several.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
export CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/several.py "$tmp"
