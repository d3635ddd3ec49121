"use strict";
/* SPDX-License-Identifier: MIT
 *
 * A .folded file in speedscope, a viewer that nobody here wrote: it must find in it what the report
 * says. What it has read is what it writes when it is told to save. */

const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");

const dir = process.argv[2];
let failed = false;

function ok(name, good, why) {
	console.log(`${good ? "ok" : "not ok"} ${name}`);
	if (!good) {
		failed = true;
		console.log(`# ${JSON.stringify(why).slice(0, 600)}`);
	}
}

async function read(browser, file) {
	const speedscope = path.join(path.dirname(require.resolve("speedscope/package.json")), "dist/release");
	const script = path.join(dir, "load.js");
	const page = await browser.newPage();

	fs.writeFileSync(script, `speedscope.loadFileFromBase64("x.folded", "${fs.readFileSync(file).toString("base64")}")`);
	await page.goto(`file://${speedscope}/index.html#localProfilePath=${script}`);
	await page.waitForFunction(() => document.title.includes("x.folded"), null, { timeout: 20000 });
	const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Control+s")]);
	const saved = path.join(dir, "saved.json");

	await download.saveAs(saved);
	return JSON.parse(fs.readFileSync(saved, "utf8"));
}

/* It saves when frames open and close; a stack is what is open until the next change. */
function stacks_of(profile) {
	const found = [], open = [];
	let at = profile.startValue;

	for (const e of profile.events) {
		if (e.at > at)
			found.push({ stack: [...open], weight: e.at - at });
		at = e.at;
		if (e.type === "O")
			open.push(e.frame);
		else
			open.pop();
	}
	return found;
}

async function main() {
	const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--no-sandbox"] });
	const got = await read(browser, path.join(dir, "x.folded"));
	const report = JSON.parse(fs.readFileSync(path.join(dir, "x.json"), "utf8"));
	const lines = fs.readFileSync(path.join(dir, "x.folded"), "utf8").trimEnd().split("\n");
	const stacks = stacks_of(got.profiles[0]), names = got.shared.frames.map(f => f.name);
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
	ok("its sums are the report's, to the nanosecond", JSON.stringify(Object.entries(sums).sort()) === JSON.stringify(Object.entries(off).sort()), [sums, off]);
	ok("the path to a function is that of its calls", stacks.some(({ stack }) => {
		const at = stack.map(f => names[f]);

		return at.indexOf("sleeping") > 0 && at.indexOf("main") > at.indexOf("sleeping") && at.indexOf("sleep_outer") > at.indexOf("main");
	}), names.slice(0, 40));
	await browser.close();
	process.exit(failed ? 1 : 0);
}

main().catch(e => { console.log(`not ok folded\n# ${e}`); process.exit(1); });
