#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Threads that come and go, children, exec, a library that comes later, and threads that never
# move while they are looked at.
. "$(dirname "$0")/lib.bash"

value() { python3 tests/live/truth.py value "$json" "$1"; }
# seen NAME: regions of that name in the trace
seen() {
	python3 -c 'import json,sys
print(sum(r["count"] for r in json.load(open(sys.argv[1]))["regions"] if r["name"] == sys.argv[2]))' \
		"$json" "$1"
}
no_orphans() { [ -z "$(sed -n '/child status/p' "$out")" ]; }

if run churn -n 10; then
	judge account "$json" "$out" "threads that are born and die: "
	check "threads that are born and die: no child was hurt" no_orphans
	children=$(seen in_child)
	# A child is followed from its birth, its marks from when the tracer has armed its probes.
	check "forked children: of their 15 marks $children are there, and once" [ "$children" -le 15 ]
	exited=$(python3 -c 'import json,sys
print(sum(t["exited"] for t in json.load(open(sys.argv[1]))["threads"]))' "$json")
	check "threads that are born and die: all 40 are listed" [ "$exited" -ge 40 ]
else
	not_ok "threads that are born and die" "$why"
fi

if run blocked; then
	judge blocked "$json" "$out" ""
else
	not_ok "threads that are blocked all the time" "$why"
fi

plugin=$O/tests/workloads/plugin.so
if ${CC:-gcc} -O2 -g -shared -fPIC -Iinclude -o "$plugin" tests/workloads/plugin/plugin.c; then
	if run late -n 500 -f "$plugin"; then
		check "a library that comes later is found" grep -q '^plugin enabled=1' "$out"
		judge account "$json" "$out" "a library that comes later: "
	else
		not_ok "a library that comes later" "$why"
	fi
else
	not_ok "the library is compiled"
fi
finish
