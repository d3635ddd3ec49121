#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The examples of docs/markers.md compile without a warning; so does the one atop ctrace.h.
set -u
. tests/header/lib.bash

awk -v to="$tmp/" '
	/^```/ { if (file) { close(file); file = "" }
		 else if ($0 == "```c") file = to "markers-" NR ".c"
		 else if ($0 == "```c++") file = to "markers-" NR ".cc"
		 else file = to "other"
		 next }
	file { print >file }' docs/markers.md
{
	echo '#include <stddef.h>'
	echo 'struct request { int size; };'
	echo 'int parse(struct request *r);'
	echo 'void serve(struct request *r);'
	sed -n '/^ \*	#include/,/^ \*	}/s/^ \*	//p' include/ctrace/ctrace.h
} >"$tmp/header.c"

n=0
for example in "$tmp"/*.c "$tmp"/*.cc; do
	case $example in
	*.c) compilers="gcc:-std=c11 clang:-std=c11 g++:-xc++" ;;
	*) compilers="g++:-std=c++11 clang++:-std=c++17" ;;
	esac
	for cc in $compilers; do
		have "${cc%%:*}" || continue
		${cc%%:*} "${cc#*:}" $warn -c "$example" -o "$tmp/example.o"
	done >"$tmp/err" 2>&1
	result "example ${example##*/} compiles" "$tmp/err"
	n=$((n + 1))
done
[ $n -ge 6 ] || { echo "not ok examples are found: only $n"; failed=1; }
exit $failed
