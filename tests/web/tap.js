"use strict";
/* SPDX-License-Identifier: MIT
 *
 * A line of TAP a test, and whether one has failed. */

let failed = false;

function ok(name, good, why) {
	console.log(`${good ? "ok" : "not ok"} ${name}`);
	if (!good) {
		failed = true;
		if (why !== undefined)
			console.log(`# ${JSON.stringify(why).slice(0, 600)}`);
	}
}
/* Where two values differ, by path: what is wrong in a long list is not in its first 600 characters. */
function differences(a, b, at = "") {
	if (JSON.stringify(a) === JSON.stringify(b))
		return [];
	if (!a || !b || typeof a !== "object" || typeof b !== "object" || Array.isArray(a) !== Array.isArray(b))
		return [{ at, is: a, not: b }];
	return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap(k => differences(a[k], b[k], `${at}/${k}`));
}
/* Of the same keys, but in another order, they differ as a whole. */
function same(name, a, b) {
	const equal = JSON.stringify(a) === JSON.stringify(b), where = equal ? [] : differences(a, b);

	ok(name, equal, where.length ? where : { is: a, not: b });
}
/* Runs main, and ends the process with its status. */
function run(name, main) {
	main().then(() => process.exit(failed ? 1 : 0)).catch(e => {
		console.log(`not ok ${name}\n# ${e.stack}`);
		process.exit(1);
	});
}

module.exports = { ok, same, run };
