"use strict";
/* SPDX-License-Identifier: MIT
 *
 * What the tests of the page share: the summary's figures with all their digits, and a page that
 * notes whatever the browser says of it. The folder with the reports is the first argument. */

const fs = require("fs");
const path = require("path");

const dir = process.argv[2];
/* Numbers of 16 digits and more become strings, which keep them. */
const exact = file => JSON.parse(fs.readFileSync(path.join(dir, file), "utf8")
	.replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, m => m[0] === '"' ? m : `"${m}"`));

async function open(browser, kind, options) {
	const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });

	page.said = [];
	page.on("console", m => page.said.push(`${m.type()}: ${m.text()}`));
	page.on("pageerror", e => page.said.push(`error: ${e.message}`));
	page.on("dialog", d => { page.said.push("a dialog"); d.dismiss(); });
	page.on("request", r => { if (!/^(file|data):/.test(r.url())) page.said.push(`request: ${r.url()}`); });
	await page.goto(`file://${dir}/${kind}.html`);
	/* Until what was asked for is on the screen: a frame that was under way, and the next. On a busy machine
	 * they take longer than the pause before. */
	page.settle = async (ms = 60) => {
		await page.waitForTimeout(ms);
		await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
	};
	page.show = async hash => {
		await page.evaluate(h => { location.hash = h; }, hash);
		await page.settle();
	};
	/* {column: exact value} of each row of a table. */
	page.rows = id => page.$$eval(`#${id} tbody tr`, rows => rows.map(tr => Object.fromEntries([...tr.cells].map(td => [td.dataset.col, td.dataset.ns || td.dataset.n || td.textContent]))));
	page.box = async selector => (await page.$(selector)).boundingBox();
	page.hash = () => page.evaluate(() => decodeURIComponent(location.hash));
	return page;
}

module.exports = { exact, open, dir };
