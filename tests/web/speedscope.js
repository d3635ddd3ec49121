"use strict";
/* SPDX-License-Identifier: MIT
 *
 * speedscope, a viewer that nobody here wrote: what it has read is what it writes when it is told to
 * save. BROWSER is the browser's path. */

const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");

/* The file as it has read it, in its own format; dir: for files that are only needed meanwhile. */
async function read(file, dir) {
	const release = path.join(path.dirname(require.resolve("speedscope/package.json")), "dist/release");
	const name = path.basename(file), script = path.join(dir, "load.js"), saved = path.join(dir, "saved.json");
	const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--no-sandbox"] });
	const page = await browser.newPage();

	fs.writeFileSync(script, `speedscope.loadFileFromBase64("${name}", "${fs.readFileSync(file).toString("base64")}")`);
	await page.goto(`file://${release}/index.html#localProfilePath=${script}`);
	await page.waitForFunction(() => / - speedscope$/.test(document.title), null, { timeout: 30000 });
	const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Control+s")]);

	await download.saveAs(saved);
	await browser.close();
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

/* What was open from when to when: {frame, from, to}. */
function slices_of(profile) {
	const found = [], open = [];

	for (const e of profile.events)
		if (e.type === "O")
			open.push(e);
		else
			found.push({ frame: e.frame, from: open.pop().at, to: e.at });
	return found;
}

module.exports = { read, stacks_of, slices_of };
