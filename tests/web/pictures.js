"use strict";
/* SPDX-License-Identifier: MIT
 *
 * pictures.js PAGE DIR - what the README shows of the page. The task is one whose critical path goes over many threads. */

const path = require("path");
const { chromium } = require("playwright-core");

const PICTURES = [["report-overview", "light", () => "#/overview"],
	["report-task", "light", () => { const t = SUMMARY.tasks[0]; return `#/task/${encodeURIComponent(t.name)}?lo=${slowBins(t).slow[0].lo}&hi=${slowBins(t).slow.slice(-1)[0].hi}`; }],
	["report-one", "light", () => {
		const threads = s => new Set(s.critical_path_stretches.map(p => p.tid)).size, own = s => s.steps.filter(x => x.kind === "child").map(x => storyOfChild(s, x)).filter(Boolean);
		const clear = s => (own(s).length ? 10 : 0) + (/one wait/.test(s.why) ? 5 : 0) + threads(s) - s.steps.length / 10;
		const s = STORIES.filter(x => x.name === SUMMARY.tasks[0].name && x.slowest).sort((a, b) => clear(b) - clear(a))[0];

		return `#/one/${encodeURIComponent(s.key)}?open=${own(s).slice(-1).map(x => encodeURIComponent(x.key)).join("")}`;
	}],
	["report-flame", "dark", () => "#/stacks"]];

(async () => {
	const [, , page, dir] = process.argv, browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--headless", "--no-sandbox", "--disable-gpu"] });

	for (const [name, colorScheme, where] of PICTURES) {
		const p = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme });

		await p.goto(`file://${page}`);
		await p.evaluate(hash => { location.hash = hash; }, await p.evaluate(where));
		await p.waitForTimeout(300);
		await p.screenshot({ path: path.join(dir, `${name}.png`) });
		await p.close();
	}
	await browser.close();
})();
