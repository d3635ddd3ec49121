#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Several translation units, C and C++, a linked library and a plugin in one process: the current
# task is shared where ctrace.h says so, ids are unique, each object has its own semaphore and one
# site a probe.
set -u
. tests/header/lib.bash

for pair in "gcc g++" "clang clang++" "gcc clang++"; do
	read -r cc cxx <<<"$pair"
	have "$cc" && have "$cxx" || { echo "ok objects of $pair # SKIP not here"; continue; }
	c="$cc -std=c11 -O2 $warn" cc="$cxx -x c++ -std=c++11 -O2 $warn"
	{
		$c -fPIC -shared -DOBJECT=library $src/object.c -o "$tmp/library.so" &&
			$cc -fPIC -shared -DOBJECT=plugin $src/object.c -o "$tmp/plugin.so" &&
			$c -DOBJECT=unit_c -c $src/object.c -o "$tmp/c.o" &&
			$cc -DOBJECT=unit_cc -c $src/object.c -o "$tmp/cc.o" &&
			$c -c $src/objects.c -o "$tmp/main.o" &&
			$c -DLIBRARY -c $src/objects.c -o "$tmp/main-library.o" &&
			$cxx "$tmp"/{c,cc,main}.o -pthread -ldl -o "$tmp/alone" &&
			$cxx "$tmp"/{c,cc,main}.o -pthread -ldl -rdynamic -o "$tmp/exports" &&
			$cxx "$tmp"/{c,cc,main-library}.o "$tmp/library.so" -pthread -ldl -Wl,-rpath,"$tmp" \
				-o "$tmp/with-library"
	} >"$tmp/err" 2>&1
	result "$pair: objects of both link into one process" "$tmp/err"
	"$tmp/alone" "$tmp/plugin.so" own >"$tmp/err" 2>&1 || echo "exit $?" >>"$tmp/err"
	result "$pair: a plugin of an executable that exports nothing has its own current task" "$tmp/err"
	"$tmp/exports" "$tmp/plugin.so" shared >"$tmp/err" 2>&1 || echo "exit $?" >>"$tmp/err"
	result "$pair: a plugin of an executable that exports it shares the current task" "$tmp/err"
	"$tmp/with-library" "$tmp/plugin.so" shared >"$tmp/err" 2>&1 || echo "exit $?" >>"$tmp/err"
	result "$pair: a linked library shares the current task" "$tmp/err"
	python3 $notes --sites 1 "$tmp"/{alone,exports,with-library,library.so,plugin.so} >"$tmp/err" 2>&1
	result "$pair: each object has one site a probe and one semaphore" "$tmp/err"
done
exit $failed
