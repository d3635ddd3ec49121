#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The laws of the house that a compiler does not keep.
#
#  1. wire.h is the only header of ours that bpf/ and user/ share.
#  2. model/ and export/ are pure: no libbpf, no libelf, no system call, no clock, no environment,
#     no mutable file-scope data.
set -u
O=${O:-build}
rc=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

verdict() { # name file-with-offenders
	if [ -s "$2" ]; then
		echo "not ok $1"
		sed 's/^/# /' "$2"
		rc=1
	else
		echo "ok $1"
	fi
}

includes() { # dir...: "path header" for each #include
	grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' "$@" --include='*.[ch]' |
		sed -E 's/:[^<"]*[<"]/ /'
}

# bpf/ may take from include/ wire.h alone, and nothing from user/; nobody else takes from bpf/
# but the skeleton that is made of it.
includes bpf | awk '
	$2 ~ /^ctrace\// && $2 != "ctrace/wire.h" { print }
	$2 ~ /^(base|model|export|store|attach|cli)\// { print }
	$2 ~ /\.\./ { print }' >"$tmp/law1"
includes user | awk '$2 ~ /\.bpf\.h$/ || $2 ~ /^bpf\/.*\.h$/ && $1 !~ /^user\/attach\//' >>"$tmp/law1"
includes include/ctrace/wire.h | awk '$2 != "linux/types.h"' >>"$tmp/law1"
verdict wire_h_is_all_that_kernel_and_user_share "$tmp/law1"

# What of ours each may know, and of the system's nothing that acts.
includes user/model | awk '
	$2 ~ /\// && $2 !~ /^(model|base)\// && $2 != "ctrace/wire.h" { print }' >"$tmp/knows"
includes user/export | awk '
	$2 ~ /\// && $2 !~ /^(export|base)\// && $2 !~ /^model\/(span|sink|diff)\.h$/ &&
	$2 != "ctrace/wire.h" { print }' >>"$tmp/knows"
verdict model_and_export_know_only_what_they_may "$tmp/knows"

includes user/model user/export | awk '
	$2 ~ /^(bpf|sys|linux|asm|net|netinet|arpa)\// ||
	$2 ~ /^(libelf|gelf|unistd|fcntl|time|pthread|signal|dlfcn|poll|sched|spawn|threads)\.h$/' >"$tmp/headers"
verdict model_and_export_include_nothing_that_acts "$tmp/headers"

# What the objects call and hold: the compiler's own view.
forbidden='open|open64|openat|fopen|fopen64|fdopen|freopen|read|write|close|ioctl|mmap|syscall|socket|fork|vfork|execve|execv|execvp|system|popen|kill|signal|sigaction|time|clock|gettimeofday|clock_gettime|localtime|localtime_r|strftime|sleep|usleep|nanosleep|getenv|secure_getenv|setlocale|getpid|gettid|rand|random|srand|getrandom|pthread_create|dlopen|exit|printf|puts|perror|bpf_.*|elf_.*|gelf_.*'
: >"$tmp/calls"
: >"$tmp/data"
seen=0
for src in user/model/*.c user/export/*.c; do
	obj=$O/${src%.c}.o
	[ -e "$obj" ] || continue
	seen=$((seen + 1))
	nm -u "$obj" | awk '{ sub(/@.*/, "", $NF); print $NF }' | grep -xE "$forbidden" | sed "s|^|$src calls |" >>"$tmp/calls"
	# D and B: data that can be written; d of .data.rel.ro (tables of pointers) can not.
	nm -f sysv "$obj" | awk -F'|' -v src="$src" '
		$4 ~ /OBJECT|TLS/ && $7 ~ /^(\.data|\.bss|\*COM\*|\.tdata|\.tbss)/ && $7 !~ /^\.data\.rel\.ro/ &&
		$1 !~ /asan|ubsan|odr|^\.L|__func__|Lubsan/ { gsub(/ /, "", $1); print src " holds " $1 " in " $7 }' >>"$tmp/data"
done
[ "$seen" -gt 0 ] || echo "no object under $O/user/model" >>"$tmp/calls"
verdict model_and_export_call_nothing_that_acts "$tmp/calls"
verdict model_and_export_hold_no_mutable_data "$tmp/data"
exit $rc
