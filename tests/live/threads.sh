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

if account_of "threads that are born and die" run churn -n 10; then
	check "threads that are born and die: no child was hurt" no_orphans
	children=$(seen in_child)
	# A child is followed from its birth, its marks from when the tracer has armed its probes.
	check "forked children: of their 15 marks $children are there, and once" [ "$children" -le 15 ]
	exited=$(python3 -c 'import json,sys
print(sum(t["exited"] for t in json.load(open(sys.argv[1]))["threads"]))' "$json")
	check "threads that are born and die: all 40 are listed" [ "$exited" -ge 40 ]
fi

# A thread that is not the first executes a program: it gets the first one's tid, and is told of under each.
if account_of "exec by a thread" run churn -n 2 -m thread; then
	mkdir "$tmp/exec" && mv "$capture" "$tmp/exec/thread.ctrace"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/unit CTRACE=$CTRACE python3 - "$tmp/exec" <<-'PYTHON' || failed=1
		import json, subprocess, sys
		import export_events as e
		s = json.loads(subprocess.run([e.CTRACE, "report", sys.argv[1] + "/thread.ctrace", "-f", "json"], check=True,
		                              capture_output=True).stdout)
		leaders = [t for t in s["threads"] if t["pid"] == t["tid"] and t["comm"] in ("churn", "exe")]
		again = [t for t in leaders if any(o["tid"] == t["tid"] and o["start_ns"] < t["start_ns"] for o in leaders)]
		by = [t for t in s["threads"] for a in again if t["pid"] == a["pid"] != t["tid"] and t["exited"] and
		      t["start_ns"] + t["lifetime_ns"] == a["start_ns"]]
		e.result("exec by a thread: its first life ends where that with the leader's tid begins",
		         e.same("threads", (len(again), len(by)), (1, 1)))
		for ext, read in e.READERS.items():
		    e.check(sys.argv[1], "thread", ext, read)
		sys.exit(e.failed)
	PYTHON
fi

if run blocked; then
	judge blocked "$json" "$out" ""
else
	not_ok "threads that are blocked all the time" "$why"
fi

plugin=$O/tests/workloads/plugin.so
if ${CC:-gcc} -O2 -g -shared -fPIC -Iinclude -o "$plugin" tests/workloads/plugin/plugin.c; then
	account_of "a library that comes later" run late -n 500 -f "$plugin" &&
		check "a library that comes later is found" grep -q '^plugin enabled=1' "$out"
else
	not_ok "the library is compiled"
fi
finish
