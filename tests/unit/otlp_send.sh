#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `ctrace-bpf export --otlp`, and receivers that do what receivers do: otlp_send.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
CTRACE=$(realpath "${CTRACE:-${O:-build}/ctrace-bpf}")
export CTRACE
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/otlp_send.py "$tmp"
