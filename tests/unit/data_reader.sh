#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two readers of a capture, reader.c and one that knows the manual page alone, must agree: on
# whole, cut and damaged files. The example in the page is run as well.
set -u
O=${O:-build}
page=man/ctrace-bpf.data.5
writer=$O/tests/unit/test_writer reader=$O/tests/unit/test_reader
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
rc=0
result() { # status name
	if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; rc=1; fi
}

same() { # file name
	"$reader" dump "$1" >"$tmp/c" && python3 tests/unit/data_reader.py "$1" >"$tmp/py" &&
		[ "$(wc -l <"$tmp/c")" -gt 3 ] && diff "$tmp/c" "$tmp/py" >"$tmp/diff"
	local status=$?
	[ $status = 0 ] || head -n 20 "$tmp/diff" >&2
	result $status "$2"
}

for level in -1 0 1 9; do
	"$writer" sample "$tmp/x$level" $level 2000 || exit 1
	same "$tmp/x$level" "both_readers_find_the_same_at_level_$level"
	[ "$(grep -c '^[0-9]' "$tmp/c")" = 6000 ] || { echo "not ok level_${level}_has_all_records"; rc=1; }
done

size=$(stat -c %s "$tmp/x1")
head -c $((size - 10)) "$tmp/x1" >"$tmp/cut"
same "$tmp/cut" both_readers_find_the_same_without_the_end
head -c $((size / 2)) "$tmp/x1" >"$tmp/half"
same "$tmp/half" both_readers_find_the_same_in_half_a_file

poke() { printf '\125\252' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
cp "$tmp/x1" "$tmp/damaged"
poke "$tmp/damaged" 60 # a chunk's header
poke "$tmp/damaged" $((size / 2)) # a payload
same "$tmp/damaged" both_readers_find_the_same_in_a_damaged_file
grep -q '^bad 2 unknown 0 cut 0$' "$tmp/c"
result $? both_kinds_of_damage_are_counted

# A window, as the index finds it, has all that a scan of the whole finds in it.
read -r low high < <(python3 tests/unit/data_reader.py "$tmp/x0" | awk '/^[0-9]/ { print $6 }' | sort -n |
	awk '{ v[NR] = $1 } END { print v[int(NR * .4)], v[int(NR * .5)] }')
python3 tests/unit/data_reader.py "$tmp/x0" "$low" "$high" >"$tmp/window"
python3 tests/unit/data_reader.py "$tmp/x0" | awk -v a="$low" -v b="$high" '/^[0-9]/ && $6 >= a && $6 <= b' |
	sort >"$tmp/all"
[ "$(wc -l <"$tmp/all")" -gt 100 ] && awk -v a="$low" -v b="$high" '$1 >= 0 && $6 >= a && $6 <= b' "$tmp/window" |
	sort | cmp -s - "$tmp/all"
result $? the_index_of_the_page_finds_what_is_in_a_window

sed -n '/in Python:/,/^\.EE/p' "$page" | sed -n 's/^    //p' | sed 's/\\-/-/g; s/\\e/\\/g' >"$tmp/example.py"
python3 "$tmp/example.py" "$tmp/x1" | awk '$1 == 1 { n += $3 } END { exit n != 6000 }'
result $? the_example_of_the_page_finds_every_record
exit $rc
