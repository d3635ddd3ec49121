# SPDX-License-Identifier: MIT
#
# npm.bash - packages of npm for a test, kept in $O/web. It is sourced.
#
#	. tests/web/npm.bash
#	npm_get speedscope @tracerbench/trace-model || skip "$npm_why"
#	NODE_PATH=$npm_path node tests/web/x.js
#
# The packages that are not there yet are fetched; none of their scripts is run.

npm_path=${O:-build}/web/node_modules
npm_why=
npm_get() {
	local p missing=()

	command -v node >/dev/null || { npm_why="there is no node"; return 1; }
	for p; do
		[ -d "$npm_path/$p" ] || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	command -v npm >/dev/null || { npm_why="there is no npm to get ${missing[*]} with"; return 1; }
	mkdir -p "${O:-build}/web" && timeout 120 npm install --prefix "${O:-build}/web" --no-audit --no-fund \
		--ignore-scripts "${missing[@]}" >/dev/null 2>&1 ||
		{ npm_why="npm cannot get ${missing[*]}"; return 1; }
}
browser_get() {
	[ "$(id -u)" != 0 ] || tests/deps web 2>/dev/null || tests/deps install-web >/dev/null 2>&1
	browser=$(command -v chromium || command -v chromium-browser) ||
		{ npm_why="there is no chromium, and it cannot be installed"; return 1; }
}
