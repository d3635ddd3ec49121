#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Marks from threads and signal handlers, under each sanitizer.
set -u
. tests/header/lib.bash

for cc in "gcc -x c -std=gnu11" "clang -x c -std=gnu11" "g++ -x c++ -std=c++17"; do
	for san in "-O2" "-O1 -fsanitize=address,undefined" "-O1 -fsanitize=thread -DSIGNALS=0"; do
		what="threads and signals: ${cc%% *} $san"
		have "${cc%% *}" || { echo "ok $what # SKIP not here"; continue; }
		{
			$cc $san -g $warn -fno-sanitize-recover=all -pthread $src/threads.c -o "$tmp/threads" &&
				{ TSAN_OPTIONS=halt_on_error=1 timeout 60 "$tmp/threads" || echo "exit $?"; }
		} >"$tmp/err" 2>&1
		result "$what" "$tmp/err"
	done
done
exit $failed
