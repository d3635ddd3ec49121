"use strict";
/* SPDX-License-Identifier: MIT
 *
 * speed.js PAGE - how soon a page shows something, and how smooth its timeline is: one line of JSON.
 *
 * Each load is one of a fresh browser tab from the disk. Zooming: the wheel is turned in every frame for
 * two seconds in the view of the task with most in it, children unfolded; a frame counts when the browser has drawn it.
 * Then once more with 50,000 waits beside it, which are all in sight. */

const { chromium } = require("playwright-core");

const LOADS = 5, ZOOM_MS = 2000, MANY = 50000, LANES = 10;
const median = v => [...v].sort((a, b) => a - b)[Math.floor(v.length / 2)];

async function load(browser, url) {
	const p = await browser.newPage({ viewport: { width: 1360, height: 900 } });

	await p.goto(url);
	await p.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
	const at = await p.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd]);
	return [p, at];
}

/* Frames that were drawn in ms while the wheel turns, and the longest pause between two. */
async function zoom(p, ms, many) {
	await p.evaluate(([more, in_lanes]) => {
		const most = s => s.steps.length + STORIES.filter(x => x.parent_id === s.id).reduce((n, x) => n + x.steps.length, 0);
		const s = STORIES.reduce((a, b) => most(b) > most(a) ? b : a);

		if (more) {
			const lanes = lanesOf, width = num(s.duration_ns) * in_lanes / more, states = ["running", "lock", "disk", "runnable", "network"];

			lanesOf = (story, v) => [...lanes(story, v), ...Array.from({ length: in_lanes }, (_, n) => ({ label: `made up ${n}`, kind: "elsewhere", rows: 1,
				items: Array.from({ length: more / in_lanes }, (_, k) => ({ kind: "stretch", a: k * width, b: (k + 0.9) * width, row: 0, state: states[(k * 7 + n) % 5], text: `wait ${k}`, tip: [] })) }))];
			location.hash = "#/tasks";
			window.dispatchEvent(new HashChangeEvent("hashchange"));
		}
		location.hash = `#/one/${encodeURIComponent(s.key)}?open=${STORIES.filter(x => x.parent_id === s.id).map(x => x.key).join("+")}`;
	}, [many, LANES]);
	await p.waitForFunction(many => !many || (document.querySelector(".timeline") || { lanes: [] }).lanes.length > 9, many);
	await p.waitForSelector("canvas");
	return p.evaluate(length => new Promise(done => {
		const c = document.querySelector("canvas"), r = c.getBoundingClientRect(), began = performance.now();
		let frames = 0, last = began, pause = 0;

		function frame(now) {
			if (frames)
				pause = Math.max(pause, now - last);
			last = now;
			frames++;
			c.dispatchEvent(new WheelEvent("wheel", { deltaY: Math.floor(frames / 20) % 2 ? 60 : -60, clientX: r.left + r.width / 2, clientY: r.top + 40, cancelable: true }));
			if (now - began < length)
				requestAnimationFrame(frame);
			else
				done({ fps: Math.round(1000 * frames / (now - began)), pause_ms: Math.round(pause), steps: document.querySelector(".timeline").lanes.reduce((n, l) => n + l.items.length, 0) });
		}
		requestAnimationFrame(frame);
	}), ms);
}

(async () => {
	const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
	const url = `file://${process.argv[2]}`, paints = [], ready = [];

	for (let i = 0; i < LOADS; i++) {
		const [p, [paint, loaded]] = await load(browser, url);

		paints.push(paint);
		ready.push(loaded);
		if (i === LOADS - 1)
			console.log(JSON.stringify({ first_paint_ms: Math.round(median(paints)), ready_ms: Math.round(median(ready)), ...await zoom(p, ZOOM_MS, 0), many: await zoom(p, ZOOM_MS, MANY) }));
		await p.close();
	}
	await browser.close();
})();
