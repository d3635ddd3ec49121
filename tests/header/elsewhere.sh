#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Where marks are for nothing: with CTRACE_DISABLE, and on machines, systems and compilers that the
# header does not know. It compiles without a warning, leaves no trace in the object file, and when
# optimised, no instruction.
set -u
. tests/header/lib.bash

# nothing WHAT COMPILE...: compiles every.c and looks for what should not be there.
nothing() {
	what=$1
	shift
	rm -f "$tmp/every.o"
	{
		if "$@" $warn -c $src/every.c -o "$tmp/every.o"; then
			grep -aoE 'stapsdt|ctrace_(semaphore|thread|fire)[a-z_0-9]*|every\.c:[0-9]+' "$tmp/every.o"
		fi
	} >"$tmp/err" 2>&1
	result "$what" "$tmp/err"
}

# The size of a function in every.o.
size_of() { nm -S -t d "$tmp/every.o" | awk -v name="$1" '$4 == name { print $2 + 0 }'; }

for cc in "gcc -x c -std=c11" "clang -x c -std=c11" "g++ -x c++ -std=c++11" "clang++ -x c++ -std=c++17"; do
	have "${cc%% *}" || { echo "ok CTRACE_DISABLE: $cc # SKIP not here"; continue; }
	nothing "CTRACE_DISABLE: $cc -O0" $cc -O0 -DCTRACE_DISABLE
	nothing "CTRACE_DISABLE: $cc -O2" $cc -O2 -fcf-protection=none -DCTRACE_DISABLE
	{
		[ "$(size_of marked)" = "$(size_of bare)" ] || echo "$(size_of marked) bytes, not $(size_of bare)"
		nm -u "$tmp/every.o" | grep -v __gxx_personality_v0
		${cc%% *} "$tmp/every.o" -o "$tmp/every" && "$tmp/every" || echo "has failed"
	} >"$tmp/err" 2>&1
	result "CTRACE_DISABLE: $cc -O2: marks are no instruction" "$tmp/err"
done

nothing "gcc -m32" gcc -m32 -ffreestanding -std=c11 -O2
nothing "g++ -m32" g++ -m32 -ffreestanding -x c++ -std=c++11 -O2
if have clang; then
	for target in i386-linux-gnu x86_64-linux-gnux32 arm-linux-gnueabihf aarch64_be-linux-gnu \
		riscv64-linux-gnu powerpc64le-linux-gnu s390x-linux-gnu x86_64-apple-darwin \
		arm64-apple-darwin x86_64-unknown-freebsd x86_64-pc-windows-msvc; do
		for lang in "c -std=c11" "c++ -std=c++11"; do
			clang --target=$target -x $lang -ffreestanding -nostdinc++ -c /dev/null -o "$tmp/void.o" 2>/dev/null ||
				{ echo "ok $target: $lang # SKIP this clang does not know it"; continue; }
			nothing "$target: $lang" clang --target=$target -ffreestanding -nostdinc++ -x $lang -O1
		done
	done
	nothing "a compiler without GNU extensions" clang -ffreestanding -U__GNUC__ -std=c11 -O1
else
	echo "ok other machines # SKIP no clang"
fi
exit $failed
