"use strict";
/* SPDX-License-Identifier: MIT
 *
 * What the page says of itself: that something was lost, left out, filtered, not over, or has no
 * name; and that whoever uses the keyboard, or needs contrast, can. */

const { ok, same } = require("./tap.js");
const { open } = require("./page.js");

const VIEWS = ["#/tasks", "#/regions", "#/waits", "#/waits?by=culprit", "#/stacks", "#/threads"];

async function testLoss(browser) {
	const p = await open(browser, "lossy"), said = [];

	for (const view of VIEWS) {
		await p.show(view);
		said.push(await p.textContent("main .brief"));
	}
	ok("every view says that something was lost", said.every(x => /^Not all is here, or not all is sure: 1 236 records lost .*And \d more$/.test(x.replace(/\u202f/g, " "))), said);
	await p.show("#/regions");
	ok("a region says how many of it that taints", (await p.rows("r")).some(r => Number(r.tainted) > 0), await p.rows("r"));
	await p.show("#/tasks");
	ok("... and a task", (await p.rows("t")).some(r => Number(r.tainted) > 0), await p.rows("t"));
	same("losses say nothing in the console", p.said, []);
	await p.close();
	const whole = await open(browser, "demo");
	await whole.show("#/tasks");
	same("of what is whole, nothing is said", [await whole.locator(".brief").count(), await whole.locator("[data-col=tainted]").count()], [0, 0]);
	await whole.close();
}

/* Only what was asked for is there: the program is not to blame. */
async function testPart(browser) {
	const p = await open(browser, "filter");

	await p.show("#/tasks");
	const text = await p.textContent("main");
	ok("a filter that leaves no task is named", text.includes("None of the tasks is one of those that were asked for.") && !text.includes("marked no tasks") && text.includes("only tasks called nosuch"), text);
	await p.show("#/overview");
	const doubts = await p.textContent(".warn");
	ok("... and what it is not for", doubts.includes("No task is called nosuch.") && doubts.includes("Regions, threads, waits and stacks cover the whole trace."), doubts);
	const w = await open(browser, "window");
	await w.show("#/threads");
	ok("a window is named in every view", (await w.textContent("#who")).includes("from 100 ms to 400 ms of a trace of") && (await w.textContent(".lead")).includes("from 100 ms to 400 ms"), await w.textContent(".lead"));
	same("parts say nothing in the console", [p.said, w.said], [[], []]);
	await p.close();
	await w.close();
}

async function testOpen(browser) {
	const p = await open(browser, "blank");

	await p.show("#/tasks");
	const rows = await p.rows("t"), open1 = rows.find(r => r.name === "never over");
	same("what was not over has no latency", [open1.count, open1.complete, open1.p50, open1.max], ["1", "0", "\u2013", "\u2013"]);
	await p.show("#/regions");
	const r = (await p.rows("r")).find(x => x.name === "opened");
	same("... and a region says how many were", [r.count, r.complete, r.p50], ["2", "1", "1000000"]);
	await p.show("#/task/never%20over");
	ok("... in the view of its name, too", (await p.textContent(".facts")).includes("p50\u2013"), await p.textContent(".facts"));
	/* Names without a letter. */
	const empty = await p.evaluate(() => SUMMARY.tasks.map(t => t.name).filter(n => !n.trim()).sort());
	same("there are tasks without a name", empty, ["", " "]);
	for (const name of empty) {
		await p.show(`#/task/${encodeURIComponent(name)}`);
		same(`the one called "${name}" can be seen`, [await p.textContent("h1"), await p.locator("#s a", { hasText: "(no name)" }).count()], ["(no name)", 1]);
		await p.locator("#s a").first().click();
		await p.settle();
		ok("... and its single ones", (await p.textContent("h1")).startsWith("(no name) "), await p.textContent("h1"));
	}
	await p.show("#/task/never%20over?lo=abc&hi=3");
	ok("an address with a range that is none selects all", (await p.textContent(".chosen")).startsWith("All "), await p.textContent(".chosen"));
	same("what is open says nothing in the console", p.said, []);
	await p.close();
}

/* A parent may be in another process, whose ids are its own. */
async function testParents(browser) {
	const p = await open(browser, "rich"), is = (s, c) => p.evaluate(([a, b]) => !!isParent(a, b), [s, c]);
	const child = { pid: 2, parent_id: "7", parent_name: "get" };

	same("a parent is known by its id, and by its name if in another process", [await is({ pid: 2, id: "7", name: "other" }, child), await is({ pid: 1, id: "7", name: "get" }, child),
		await is({ pid: 1, id: "7", name: "other" }, child), await is({ pid: 2, id: "0", name: "get" }, { ...child, parent_id: "0" })], [true, true, false, false]);
	await p.close();
}

async function testBoxes(browser) {
	const p = await open(browser, "rich");
	const got = await p.evaluate(() => {
		const leaf = (name, depth, up) => { const n = { name, kind: "user", module: "", ns: up ? up.ns / (depth === 1 ? 200 : 1) : 200e6, count: 1, below: new Map(), depth, up }; return n; };
		const root = leaf("all", 0, null);

		for (let i = 0; i < 200; i++)
			for (let d = 1, at = root; d <= 40; d++) {
				const n = leaf(`f${i}`, d, at);

				at.below.set(n.name, n);
				at = n;
			}
		const plot = flameGraph({ tree: root, at: root, text: "", onZoom: () => 0 }), boxes = [...plot.querySelectorAll("button")];
		return [boxes.length, new Set(boxes.filter(b => b.style.top === "18px").map(b => b.getAttribute("aria-label").split(",")[0])).size, plot.undrawn > 0];
	});
	same("of too many boxes, the outer ones are drawn, and that some are not is known", got, [3000, 200, true]);
	await p.close();
}

async function testFocus(browser) {
	const p = await open(browser, "rich"), focused = () => p.evaluate(() => document.activeElement.name || document.activeElement.textContent);

	await p.show("#/stacks");
	await p.locator("select[name=in]").focus();
	await p.keyboard.press("ArrowDown");
	const region = await focused();
	await p.locator("button", { hasText: "On CPU" }).press("Enter");
	same("what was used in the flame graphs keeps the focus", [region, await focused()], ["in", "On CPU"]);
	await p.show("#/task/GET%20%2Fpage?lo=1&hi=900000000");
	await p.locator("button", { hasText: "Select all" }).press("Enter");
	ok("after all were selected, the focus is on the buckets", await p.evaluate(() => !!document.activeElement.closest(".plot")));
	await p.close();
}

/* WCAG's contrast of two colours as [r, g, b]. */
function contrast(a, b) {
	const light = c => c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((n, v, i) => n + v * [0.2126, 0.7152, 0.0722][i], 0);
	const [x, y] = [light(a), light(b)].sort((p, q) => q - p);

	return (x + 0.05) / (y + 0.05);
}

async function testContrast(browser) {
	for (const colorScheme of ["light", "dark"]) {
		const p = await open(browser, "demo", { colorScheme });
		const pairs = await p.evaluate(() => {
			const rgb = name => { const c = document.createElement("canvas").getContext("2d"); c.fillStyle = color(name); c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3); };

			return [...ALL_STATES.map(s => [`--${s}`, look({ kind: "wait", state: s }).ink]), ...["--region0", "--region1", "--region2", "--childtask", "--cpu", "--frame0", "--frame1", "--frame2"].map(n => [n, color("--region-ink")])]
				.map(([name, ink]) => { document.documentElement.style.setProperty("--probe", ink); colors.clear(); return [name, rgb(name), rgb("--probe")]; });
		});
		same(`what is written on colours can be read in ${colorScheme}`, pairs.map(([name, a, b]) => [name, contrast(a, b)]).filter(v => v[1] < 4.5), []);
		await p.close();
	}
}

module.exports = { doubtTests: [testLoss, testPart, testOpen, testParents, testBoxes, testFocus, testContrast] };
