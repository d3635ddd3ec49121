#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The header for arm64, cross-compiled: notes with x0 to x5 and a 4-byte nop. Nothing is run here;
# the live tests on other kernels do that.
set -u
. tests/header/lib.bash

libc=/usr/aarch64-linux-gnu/include/stdio.h
for cc in "aarch64-linux-gnu-gcc -x c -std=c11" "aarch64-linux-gnu-g++ -x c++ -std=c++17" \
	"clang --target=aarch64-linux-gnu -x c -std=c11"; do
	for how in "-O0 -static" "-O2 -static" "-O2 -pie -fPIE -mbranch-protection=standard"; do
		what="arm64: ${cc%% -*} $how"
		if ! have "${cc%% *}" || [ ! -e $libc ]; then
			echo "ok $what # SKIP no cross compiler or no C library for it"
			continue
		fi
		{
			$cc $how $warn $src/rules.c -o "$tmp/arm64" && python3 $notes --sites 1 "$tmp/arm64"
		} >"$tmp/err" 2>&1
		result "$what" "$tmp/err"
	done
done
exit $failed
