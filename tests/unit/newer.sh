#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A capture of a newer format is read as far as it is understood: newer.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
export CTRACE=${CTRACE:-$O/ctrace-bpf} O
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/newer.py "$tmp"
