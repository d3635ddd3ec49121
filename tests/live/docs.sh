#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The examples of the README and of the manual, as they stand there: the demo, a marked program, one
# without marks, the five questions. What the README shows of their output is compared with what is
# printed, but for the figures. Two commands are left out: `sudo make check`, which is this, and
# `sudo make install`.
# shellcheck disable=SC2034,SC2154 # lib.bash has them
. "$(dirname "$0")/lib.bash"

# A place that looks like the project's folder, so that what the examples write goes elsewhere.
here=$tmp/project
mkdir -p "$here/bin"
for p in * .clang-format; do
	[ "$p" = build ] || ln -s "$PWD/$p" "$here/$p"
done
rm -f "$here/build" "$here/bin/sudo"
ln -s "$(realpath "$O")" "$here/build"
ln -s "$(realpath "$CTRACE")" "$here/bin/ctrace-bpf"
printf '#!/bin/sh\nexec "$@"\n' >"$here/bin/sudo" && chmod +x "$here/bin/sudo"

# The manual's nginx is a program with tasks "job" and regions "work".
cp "$W/tasks" "$tmp/nginx"
"$tmp/nginx" -n 1000000 >"$tmp/nginx.out" &
PID=$!
started+=("$PID")
check "a program to trace starts" wait_for 10 has_line "$tmp/nginx.out" '^ready'

export PID
# The demo builds nothing anew: make is told where everything is.
O=build CTRACE=build/ctrace-bpf TMPDIR=/var/tmp python3 tests/unit/docs.py examples root "$here" || failed=1
finish
