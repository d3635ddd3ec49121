#!/bin/bash
# SPDX-License-Identifier: MIT
#
# PostgreSQL under pgbench, all its processes traced by name: every export of that says what the report
# says. pgbench.py compares; protoc, TracerBench's model and speedscope, as far as they are here, read it too.
# shellcheck disable=SC2154 # lib.bash has them
. "$(dirname "$0")/lib.bash"
. tests/web/npm.bash

pgbin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | tail -1)
if [ ! -x "$pgbin/pgbench" ] || ! id postgres >/dev/null 2>&1; then
	skip pgbench "there is no PostgreSQL with pgbench"
	finish
fi
pg=$(mktemp -d "${TMPDIR:-/var/tmp}/ctrace-pg.XXXXXX") || exit 1
cleanup() {
	su postgres -c "$pgbin/pg_ctl -D $pg/data -m immediate stop" >/dev/null 2>&1
	rm -rf "$pg"
	leave
}
trap cleanup EXIT
chown postgres "$pg"
as_postgres() { su postgres -c "cd $pg && $*"; }
bench() { as_postgres "$pgbin/pgbench -h $pg -p 54398 $*"; }
if ! as_postgres "$pgbin/initdb -D data -A trust && $pgbin/pg_ctl -D data -w start \
	-o '-p 54398 -k $pg -c listen_addresses=' -l log && $pgbin/pgbench -h $pg -p 54398 -i -s 2 postgres" \
	>"$tmp/setup" 2>&1; then
	skip pgbench "PostgreSQL does not start: $(tail -n 1 "$tmp/setup")"
	finish
fi

# Twice as many readers as writers, at a rate that does not fill the machine.
bench "-c 6 -j 2 -T 60 -R 1200 -M prepared -b tpcb-like@1 -b select-only@2 postgres" >"$tmp/bench" 2>&1 &
load=$!
started+=("$load")
busy() { [ "$(pgrep -c -f 'postgres: .* (SELECT|UPDATE|idle|COMMIT|INSERT)')" -ge 6 ]; }
check "pgbench has its connections" wait_for 20 busy
traced() {
	"$CTRACE" -q --force -d 700ms -p postgres -o "$tmp/pgbench.ctrace" -f json -o "$tmp/pgbench.pftrace" \
		-o "$tmp/pgbench.jsonl" -o "$tmp/pgbench.csv" -o "$tmp/pgbench.folded" -o "$tmp/pgbench.otlp.pb" \
		-o "$tmp/pgbench.otlp.jsonl" -o "$tmp/pgbench.events.json" --as chrome >"$tmp/pgbench.json" 2>"$tmp/err"
}
nothing_lost() { [ "$(python3 tests/live/truth.py value "$tmp/pgbench.json" capture.lost.total)" = 0 ]; }
check "its processes are traced" traced || sed 's/^/# /' "$tmp/err"
# Some hosts hide a switch now and then, which is counted as missed: once of four is enough.
for _ in 2 3 4; do
	nothing_lost && break
	traced
done
stop "$load"
PYTHONDONTWRITEBYTECODE=1 python3 tests/live/pgbench.py "$tmp" || failed=1

if npm_get @tracerbench/trace-model; then
	browser=
	if browser_get && npm_get playwright-core speedscope; then
		NODE_PATH="$npm_path" BROWSER="$browser" HOME="$tmp" node tests/web/folded.js "$tmp" pgbench || failed=1
	else
		skip "pgbench in speedscope" "$npm_why"
	fi
	NODE_PATH="$npm_path" BROWSER="$browser" HOME="$tmp" node tests/web/chrome.js "$tmp" pgbench || failed=1
else
	skip "pgbench in TracerBench" "$npm_why"
fi
if npm_get ajv; then
	NODE_PATH="$npm_path" node tests/web/jsonl.js "$tmp/pgbench.jsonl" || failed=1
else
	skip "pgbench by its JSON schema" "$npm_why"
fi
finish
