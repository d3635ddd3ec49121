"use strict";
/* SPDX-License-Identifier: MIT
 *
 * folded.js DIR [NAME] - speedscope must find in NAME.folded what the report, NAME.json, says. NAME is x,
 * the workload stacks, if it is not given. */

const fs = require("fs");
const path = require("path");
const speedscope = require("./speedscope.js");
const { ok, same, run } = require("./tap.js");

const dir = process.argv[2], name = process.argv[3] || "x";

run("folded", async () => {
	const file = path.join(dir, `${name}.folded`);
	const got = await speedscope.read(file, dir);
	const report = JSON.parse(fs.readFileSync(path.join(dir, `${name}.json`), "utf8"));
	const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n");
	const stacks = speedscope.stacks_of(got.profiles[0]), names = got.shared.frames.map(f => f.name);
	const sums = {}, off = {};

	ok("speedscope reads as many stacks as there are lines", stacks.length === lines.length, [stacks.length, lines.length]);
	for (const { stack, weight } of stacks) {
		const state = names[stack[stack.length - 1]].slice(1, -1);

		sums[state] = (sums[state] || 0) + weight;
	}
	for (const [state, ns] of Object.entries(report.all_threads.states_ns))
		if (ns && state !== "running")
			off[state] = ns;
	delete sums.running;
	same("its sums are the report's, to the nanosecond", Object.entries(sums).sort(), Object.entries(off).sort());
	if (name !== "x")
		return;
	ok("the path to a function is that of its calls", stacks.some(({ stack }) => {
		const at = stack.map(f => names[f]);

		return at.indexOf("sleeping") > 0 && at.indexOf("main") > at.indexOf("sleeping") && at.indexOf("sleep_outer") > at.indexOf("main");
	}), names.slice(0, 40));
});
