#!/bin/bash
# SPDX-License-Identifier: MIT
#
# For SECS seconds (25 if not given): tracers come and go, of a process that does everything that could
# lose a mark. After each round its own count is what was captured plus what was counted as lost.
# In some rounds the tracer is stopped or killed in the middle; the next one's count must be right.
. "$(dirname "$0")/lib.bash"

value() { python3 tests/live/truth.py value "$json" "$1" 2>/dev/null || echo 0; }
is_free() { [ "$(grep -c ^seen "$out")" = "$(grep -c ^free "$out")" ] || gone "$target"; }
rounds_said() { [ "$(grep -c ^round "$out")" -ge "$1" ] || gone "$tracer"; }
marks_lost() {
	python3 -c 'import json, sys
lost = json.load(open(sys.argv[1]))["capture"]["lost"]
print(lost.get("ring_full_marks", 0) +
      sum(lost.get("ring_full_" + k, 0) for k in ("task", "region", "async", "log", "parent")))' "$json"
}

start stress -n 400 || { not_ok "it starts"; finish; }
target=$pid
end=$((SECONDS + ${SECS:-25})) exact=0 cut=0 wrong=0 all=0 missed=0
RANDOM=${SEED:-$$}
while [ $SECONDS -lt "$end" ]; do
	said=$(grep -c ^round "$out")
	tracer -p "$target" -d 60s
	how=$((RANDOM % 5))
	if [ $how -le 2 ]; then
		wait_for 30 rounds_said $((said + 1))
		tracer_stop
		[ $rc -eq 0 ] || { wrong=$((wrong + 1)); echo "# exit status $rc: $(tail -n 2 "$err")"; break; }
		read -r begun finished < <(grep ^round "$out" | tail -n 1 | sed 's/round begun=\([0-9]*\) finished=/\1 /')
		seen=$(value marks) lost=$(marks_lost)
		exact=$((exact + 1)) all=$((all + finished)) missed=$((missed + lost))
		if [ $((seen + lost)) -lt "$finished" ] || [ $((seen + lost)) -gt "$begun" ]; then
			wrong=$((wrong + 1))
			echo "# $seen seen and $lost lost are not $finished to $begun"
		fi
		[ "$(value capture.lost.batch_corrupt)" = 0 ] || { wrong=$((wrong + 1)); echo "# a batch made no sense"; }
		[ "$(value capture.lost.marks_missed)" = 0 ] || { wrong=$((wrong + 1)); echo "# a copy never came"; }
		python3 tests/live/truth.py conserve "$json" >"$tmp/tap" || { wrong=$((wrong + 1)); grep -A1 '^not' "$tmp/tap"; }
	else
		sleep 0.$((RANDOM % 9))
		if [ $how = 3 ]; then kill -KILL "$tracer"; else kill -TERM "$tracer"; fi
		tracer_wait
		cut=$((cut + 1))
	fi
	rm -f "$capture" "$json" "$err"
	gone "$target" && break
	sleep 0.3
	wait_for 30 is_free || { wrong=$((wrong + 1)); echo "# it is still traced"; break; }
done
check "the process is as alive as before" kill -0 "$target"
check "$exact rounds, and $cut tracers stopped or killed: all of $all marks but $missed were captured, and those were counted" \
	[ $wrong -eq 0 -a $exact -gt 0 ]
stop "$target" KILL
finish
