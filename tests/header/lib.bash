# SPDX-License-Identifier: MIT
#
# What the header's tests share. They are run from the project's root.
src=tests/header/src
notes=tests/header/check_notes.py
warn="-Wall -Wextra -Werror -pedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wcast-qual"
warn="$warn -Wformat=2 -Wredundant-decls -Iinclude"
failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

have() { command -v "$1" >/dev/null 2>&1; }

# result NAME FILE: ok if the file, of complaints, is empty.
result() {
	if [ -s "$2" ]; then
		echo "not ok $1"
		head -n 20 "$2" | sed 's/^/# /'
		failed=1
	else
		echo "ok $1"
	fi
}
