#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What each probe's registers hold, read by a breakpoint on its site as a tracer would: the same
# from each compiler and optimisation, and under the options that move code and symbols about.
set -u
. tests/header/lib.bash

if [ "$(uname -m)" != x86_64 ]; then
	echo "ok arguments # SKIP reads x86-64 registers"
	exit 0
fi

# try WHAT COMPILE...: one build of args.c, its output and its notes. The compiler is the first word.
try() {
	what="$*" out=$tmp/$(echo "$*" | md5sum | cut -c1-12)
	case $1 in
	*++) lang="-x c++ -std=c++11" ;;
	*) lang="-x c -std=c11" ;;
	esac
	cc=$1
	shift
	{
		if [ "$1" = lib ]; then
			shift
			$cc $lang $warn "$@" -fPIC -shared -DMAIN=library_main $src/args.c -o "$out.so" &&
				$cc $lang "$@" $src/call.c -x none "$out.so" -o "$out.bin"
			object=$out.so
		else
			$cc $lang $warn "$@" $src/args.c -o "$out.bin"
			object=$out.bin
		fi &&
			"$out.bin" >"$out.text"
		case $? in
		0) diff tests/header/args.expected "$out.text" && python3 $notes --sites 1 "$object" ;;
		77) echo "this machine does not let code be changed" ;;
		*) echo "has failed" ;;
		esac
	} >"$out.err" 2>&1
	result "arguments: $what" "$out.err" >"$out.tap"
}

variants() {
	for cc in gcc clang g++ clang++; do
		for opt in -O0 -O1 -O2 -O3; do echo "$cc $opt"; done
		echo "$cc lib -O0"
		echo "$cc lib -O2 -fno-plt -fvisibility=hidden"
		echo "$cc -O2 -static"
		echo "$cc -O2 -masm=intel -fcf-protection=full"
		echo "$cc -O2 -fno-omit-frame-pointer -fstack-protector-all -fpatchable-function-entry=5"
		echo "$cc -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections"
		[[ $cc = *++ ]] || echo "$cc -O1 -fsanitize=address,undefined"
		have ld.lld && echo "$cc -O2 -fuse-ld=lld -ffunction-sections -Wl,--icf=all,--gc-sections"
		have ld.gold && echo "$cc -O2 -fuse-ld=gold -ffunction-sections -Wl,--icf=all,--gc-sections"
	done
	for cc in gcc g++; do
		echo "$cc -O2 -flto=2"
		echo "$cc -O2 -flto=2 -flto-partition=max"
		echo "$cc -O2 -fwhole-program"
	done
	have ld.lld && for cc in clang clang++; do
		echo "$cc -O2 -flto -fuse-ld=lld"
		echo "$cc -O2 -flto=thin -fuse-ld=lld"
	done
}

if [ "${1:-}" = try ]; then
	tmp=$2
	trap - EXIT
	shift 2
	try "$@"
	exit 0
fi
variants | while read -r cc rest; do have "$cc" && echo "$cc $rest"; done >"$tmp/variants"
xargs -P "$(nproc)" -L 1 "$0" try "$tmp" <"$tmp/variants"
cat "$tmp"/*.tap
[ "$(cat "$tmp"/*.tap | grep -c '^ok')" = "$(wc -l <"$tmp/variants")" ]
