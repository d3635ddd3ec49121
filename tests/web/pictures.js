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
		const s = STORIES.filter(x => x.name === SUMMARY.tasks[0].name && x.slowest && /^GET .*(lock|network)/.test(x.why) && x.steps.length < 50 && own(x).length)
			.sort((a, b) => threads(b) - threads(a) || Number(b.duration_ns) - Number(a.duration_ns))[0];

		return `#/one/${encodeURIComponent(s.key)}?open=${encodeURIComponent(own(s).slice(-1)[0].key)}`;
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
