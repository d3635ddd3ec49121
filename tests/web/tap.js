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
const same = (name, a, b) => ok(name, JSON.stringify(a) === JSON.stringify(b), { is: a, not: b });
/* Runs main, and ends the process with its status. */
function run(name, main) {
	main().then(() => process.exit(failed ? 1 : 0)).catch(e => {
		console.log(`not ok ${name}\n# ${e.stack}`);
		process.exit(1);
	});
}

module.exports = { ok, same, run };
