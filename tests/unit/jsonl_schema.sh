#!/bin/bash
# SPDX-License-Identifier: MIT
#
# JSON Lines are what docs/ctrace-bpf.jsonl.schema.json says, by Debian's python3-jsonschema: jsonl_schema.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
export CTRACE=${CTRACE:-${O:-build}/ctrace-bpf}
python3 -W ignore -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null ||
	{ echo "ok jsonl_schema # SKIP there is no python3-jsonschema"; exit 0; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/unit/jsonl_schema.py "$tmp"
