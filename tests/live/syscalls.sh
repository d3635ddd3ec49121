#!/bin/bash
# SPDX-License-Identifier: MIT
#
# System calls are counted with --syscalls, each of them; without, their numbers are absent, not 0.
set -u
. "$(dirname "$0")/lib.bash"

calls() { # options: how many calls a dd of $n bytes one by one made
	"$CTRACE" -q -o "$tmp/c.ctrace" --force -f json "$@" -- dd if=/dev/zero of=/dev/null bs=1 count="$n" status=none \
		2>/dev/null | python3 -c '
import json, sys
d = json.load(sys.stdin)
t = d["threads"][0]
print(t["syscalls"], t["overlays_ns"]["syscall"], t["states_ns"]["running"], d["capture"]["lost"]["total"])'
}
n=1000 && read -r few few_ns _ lost1 < <(calls --syscalls)
n=31000 && read -r many many_ns running lost2 < <(calls --syscalls)
if [ "$lost1$lost2" = 00 ]; then
	check "30,000 more reads and writes are 60,000 more calls" [ $((many - few)) = 60000 ]
	check "the CPU time in calls is a part of running, and grows" [ "$many_ns" -gt "$few_ns" -a "$many_ns" -le "$running" ]
else
	skip "exact counts of calls" "records were lost ($lost1, $lost2)"
fi
read -r none none_ns _ _ < <(calls)
check "without --syscalls the count is null" [ "$none" = None ]
check "without --syscalls the time in calls is null" [ "$none_ns" = None ]
finish
