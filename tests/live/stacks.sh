#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Call stacks of a program whose functions are known, built in each way that changes where symbols
# are and how addresses come about. Each of these processes has ended when its names are looked up.
. "$(dirname "$0")/lib.bash"

src=tests/workloads/stacks
flags="-O2 -g -fno-omit-frame-pointer -Iinclude -D_GNU_SOURCE -pthread"
lines=
ldd "$CTRACE" | grep -q libdw && lines=lines

# judged LABEL PREFIX EXTRA... -- COMMAND...: traces the command and judges what comes out.
judged() {
	local label=$1 prefix=$2 extra=()

	shift 2
	while [ "$1" != -- ]; do extra+=("$1"); shift; done
	shift
	rm -f "$tmp/x.ctrace" "$tmp/x.folded"
	"$CTRACE" -q -g -f json -o "$tmp/x.ctrace" -o "$tmp/x.folded" -- "$@" >"$tmp/x.json" 2>"$tmp/x.err" ||
		{ not_ok "$label" "$(tail -n 3 "$tmp/x.err")"; return; }
	python3 tests/live/stacks.py "$tmp/x.json" "$tmp/x.folded" "$label" "$prefix" "${extra[@]}" || failed=1
}
built() { # NAME COMPILER-LINE...
	local name=$1

	shift
	"$@" -o "$tmp/$name" 2>"$tmp/cc.err" || { not_ok "$name is built" "$(head -n 3 "$tmp/cc.err")"; return 1; }
}

built plugin.so cc $flags -shared -fPIC $src/plugin.c
built pie cc $flags $src/stacks.c -ldl && {
	judged "a position-independent program" "" plugin $lines -- "$tmp/pie" 60 "$tmp/plugin.so"
	cp "$tmp/pie" "$tmp/pie-gone"
	judged "a program that removed its file" "" $lines -- "$tmp/pie-gone" 40
	[ -e "$tmp/pie-gone" ] && not_ok "the file is gone"
	# Explained on another machine: without the files, and the same.
	"$CTRACE" report "$tmp/x.ctrace" -f json | cmp - "$tmp/x.json" &&
		ok "the report needs no files but the capture" || not_ok "the report needs no files but the capture"
}
built fixed cc $flags -no-pie $src/stacks.c -ldl &&
	judged "a program at fixed addresses" "" $lines -- "$tmp/fixed" 40
built static cc $flags -static $src/stacks.c -ldl &&
	judged "a static program" "" $lines -- "$tmp/static" 40
built cxx g++ -x c++ $flags $src/stacks.c -ldl &&
	judged "a C++ program" app:: $lines -- "$tmp/cxx" 40

# Stripped, with its symbols in a debug file beside it; and without.
if built whole cc $flags $src/stacks.c -ldl; then
	objcopy --only-keep-debug "$tmp/whole" "$tmp/stripped.debug" && strip -o "$tmp/stripped" "$tmp/whole" &&
		(cd "$tmp" && objcopy --add-gnu-debuglink=stripped.debug stripped)
	judged "a stripped program with a debug file" "" $lines -- "$tmp/stripped" 40
	rm "$tmp/stripped.debug"
	"$CTRACE" -q -g -o "$tmp/bare.ctrace" -o "$tmp/bare.folded" -- "$tmp/stripped" 10 >/dev/null 2>&1
	grep -q ';stripped+0x[0-9a-f]*;' "$tmp/bare.folded" && ok "without symbols, file and offset are shown" ||
		not_ok "without symbols, file and offset are shown" "$(head -n 3 "$tmp/bare.folded")"
fi

# Attached to while it runs; and what old kernels need.
"$tmp/pie" 9000 &
pid=$!
started+=("$pid")
sleep 0.3
for force in none hash,perf-uprobe; do
	CTRACE_FORCE=$force "$CTRACE" -q -g -d 1s -f json -o "$tmp/at.$force.ctrace" -o "$tmp/at.$force.folded" -p "$pid" >"$tmp/at.json" 2>"$tmp/at.err"
	python3 tests/live/stacks.py "$tmp/at.json" "$tmp/at.$force.folded" "attached to, CTRACE_FORCE=$force" "" || failed=1
done
stop "$pid"

# Not asked for, there are none.
"$CTRACE" -q -f json -o "$tmp/no.ctrace" -- "$tmp/pie" 5 2>/dev/null |
	python3 -c 'import json, sys; s = json.load(sys.stdin); sys.exit(s["stacks"] != [] or any(w["stacks"] for w in s["waits"]))' &&
	ok "without -g there are no stacks" || not_ok "without -g there are no stacks"
finish
