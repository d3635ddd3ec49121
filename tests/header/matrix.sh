#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The header with each compiler, standard, optimisation and linkage: it compiles without a warning,
# the rules of rules.c hold, and every object's notes are right, with one site a probe.
set -u
. tests/header/lib.bash

# try COMPILER STD OPT: the same units, linked in five ways, and run. Complaints go to stdout.
try() {
	to=$tmp/$1.$2.$3
	units="rules.c guards.cc"
	[[ $1 = *++ ]] || units=rules.c
	mkdir "$to"
	for how in "fixed -fno-pie" "pie -fPIE" "pic -fPIC -DMAIN=library_main"; do
		for unit in $units call.c; do
			$1 -x "$([[ $1 = *++ ]] && echo c++ || echo c)" -std=$2 $3 $warn ${how#* } \
				-c $src/$unit -o "$to/${unit%.*}.${how%% *}" || return
		done
	done
	objs() { for unit in $units; do echo "$to/${unit%.*}.$1"; done; }
	$1 -no-pie $(objs fixed) -o "$to/no-pie" &&
		$1 -static $(objs fixed) -o "$to/static" &&
		$1 -pie $(objs pie) -o "$to/pie" &&
		$1 -static-pie $(objs pie) -o "$to/static-pie" &&
		$1 -shared $(objs pic) -o "$to/lib.so" &&
		$1 "$to/call.pic" "$to/lib.so" -Wl,-rpath,"$to" -o "$to/of-lib" || return
	for program in no-pie static pie static-pie of-lib; do
		"$to/$program" || echo "$program has failed"
	done
	python3 $notes --sites 1 "$to"/{no-pie,static,pie,static-pie,lib.so}
}

if [ "${1:-}" = try ]; then
	tmp=$2
	trap - EXIT
	try "$3" "$4" "$5" >"$tmp/$3.$4.$5.err" 2>&1
	exit 0
fi
configs() {
	for cc in gcc:c11 clang:c11 g++:c++11 clang++:c++11; do
		for opt in -O0 -O1 -O2 -O3; do echo "${cc%:*} ${cc#*:} $opt"; done
	done
	for std in c++17 c++20; do
		for cc in g++ clang++; do echo "$cc $std -O2"; done
	done
}
configs | xargs -P "$(nproc)" -L 1 "$0" try "$tmp"
while read -r cc std opt; do
	have "$cc" && result "$cc -std=$std $opt: rules hold and notes are right in all linkages" \
		"$tmp/$cc.$std.$opt.err" || echo "ok $cc -std=$std $opt # SKIP no $cc here"
done < <(configs)
exit $failed
