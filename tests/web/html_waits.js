"use strict";
/* SPDX-License-Identifier: MIT
 *
 * Waits by resource, waker and culprit, and flame graphs: their sums, read off the page, against the
 * summary's and the .folded file's. */

const fs = require("fs");
const path = require("path");
const { ok, same } = require("./tap.js");
const { exact, open, dir } = require("./page.js");

/* Sums by key: [[key, count, ns], …] in one order. */
function sums(entries) {
	const all = new Map();

	for (const [key, n, ns] of entries) {
		const v = all.get(key) || [key, 0, 0];

		v[1] += n;
		v[2] += ns;
		all.set(key, v);
	}
	return [...all.values()].map(v => v.map(String)).sort();
}

async function testWaits(browser) {
	const p = await open(browser, "rich"), s = exact("rich.json");

	await p.show("#/waits");
	same("waits are at first those inside of regions", (await p.rows("w")).length, s.waits.filter(w => w.region).length);
	await p.locator("button", { hasText: "Outside of regions, too" }).press("Enter");
	same("... and all, if asked for", [(await p.rows("w")).length, (await p.hash()).includes("in=all"), await p.evaluate(() => document.activeElement.textContent)], [s.waits.length, true, "Outside of regions, too"]);
	ok("... which is more", s.waits.some(w => !w.region));
	await p.locator("button", { hasText: "By resource" }).click();
	same("waits by resource are those of the summary", (await p.rows("wr")).map(r => [r.state + r.resource, r.count, r.total]).sort(), sums(s.waits.map(w => [w.state + (w.resource || "(not known)"), w.count, w.total_ns])));
	ok("... with the regions, and the time in each", /Lookup\s+231 ms/.test(await p.textContent("#wr")), await p.textContent("#wr"));
	ok("the address holds it", (await p.hash()).includes("by=resource"));
	await p.locator("button", { hasText: "By who ended them" }).press("Enter");
	same("waits by who ended them are those of the summary", (await p.rows("ww")).map(r => [r.region, r.count, r.total]).sort(), sums(s.waits.flatMap(w => w.wakers.map(k => [`${k.ctx}${k.softirq}${k.tid}\0${k.region}`, k.count, k.total_ns]))).map(v => [v[0].split("\0")[1], v[1], v[2]]).sort());
	ok("... which were in a region themselves", (await p.rows("ww")).some(r => r.name === "rich-1 (1235)" && r.region === "rebuild"), await p.rows("ww"));
	await p.locator("button", { hasText: "By who had the CPU" }).press("Enter");
	same("who had the CPU has the time that the summary says", (await p.rows("wc")).map(r => [r.name, r.total]).sort(), sums(s.waits.flatMap(w => w.culprits.map(c => [`${c.comm} (${c.tid})`, 1, c.ns]))).map(v => [v[0], v[2]]));
	ok("... and in which regions that was", (await p.rows("wc")).every(r => /rebuild/.test(r.regions)) && (await p.rows("wc")).length === 2, await p.rows("wc"));
	ok("the focus stays on the button", await p.evaluate(() => document.activeElement.textContent) === "By who had the CPU");
	await p.show("#/waits?in=all");
	const stacks = exact("rich.json").waits.filter(w => w.stacks.length);
	same("a wait says where it was called from", await p.$$eval("#w td[data-col=stacks] details", v => v.map(e => e.querySelector("summary").textContent).sort()), stacks.map(w => w.stacks[0].user[0].name).sort());
	await p.locator("#w details summary").first().click();
	ok("... and unfolds the whole stack", /schedule/.test(await p.locator("#w details[open] .stack").first().textContent()));
	await p.show("#/threads");
	same("migrations are counted", (await p.rows("h")).map(r => [r.tid, r.moves]).sort(), s.threads.map(t => [String(t.tid), String(t.migrations)]).sort());
	ok("... there are some", s.threads.some(t => Number(t.migrations) >= 20), s.threads.map(t => t.migrations));
	await p.show("#/regions");
	same("regions say what interrupts took of them", (await p.rows("r")).map(r => [r.name, r.irq, r.softirq]).sort(), s.regions.map(r => [r.name + (r.async ? " (async)" : ""), String(r.overlays_ns.irq), String(r.overlays_ns.softirq)]).sort());
	same("... and the pauses of a runtime", (await p.rows("r")).map(r => [r.name, r.gc]).filter(r => r[1] !== "0").sort(), [["Lookup", "40000000"], ["rebuild", "40000000"]]);
	await p.locator("#r a", { hasText: "kind" }).first().click();
	ok("a region leads to its waits", /#\/waits\?w\.q=/.test(await p.hash()) && (await p.rows("w")).length > 0, await p.hash());
	ok("... which is something", s.regions.some(r => Number(r.overlays_ns.irq) === 800000), s.regions.map(r => r.overlays_ns));
	same("waits say nothing in the console", p.said, []);
	await p.close();
}

/* {stack: ns} of the lines of a .folded file that the filter takes. */
function folded(filter) {
	return fs.readFileSync(path.join(dir, "rich.folded"), "utf8").trim().split("\n").map(l => [l.slice(0, l.lastIndexOf(" ")), Number(l.slice(l.lastIndexOf(" ") + 1))]).filter(v => filter(v[0]));
}
const total = lines => lines.reduce((n, v) => n + v[1], 0);

async function testFlames(browser) {
	const p = await open(browser, "rich"), s = exact("rich.json"), on = l => l.endsWith("[running]"), inside = l => /;(Lookup|rebuild|read_page);/.test(l.replace(/;[^;]*_\[k\].*/, "").split(";").slice(0, 3).join(";") + ";");
	const sum = async () => [Number(await p.getAttribute(".flame-sum", "data-ns")), Number(await p.getAttribute(".flame-sum", "data-found"))];
	const stateTime = names => s.stacks.filter(r => names(r.state)).reduce((n, r) => n + r.total_ns, 0);
	const boxes = () => p.$$eval(".flame button", v => v.map(e => [e.getAttribute("aria-label").split(",")[0], Number(e.dataset.ns)]));

	await p.show("#/stacks?in=all");
	same("off CPU, the graph is all time that the summary has", await sum(), [stateTime(x => x !== "running"), 0]);
	same("... and the .folded file", (await sum())[0], total(folded(l => !on(l))));
	await p.locator("button", { hasText: "On CPU" }).click();
	same("on CPU, it is that of the samples", await sum(), [stateTime(x => x === "running"), 0]);
	await p.locator("button", { hasText: "Off CPU" }).click();
	await p.show("#/stacks");
	same("without a choice, it is what was in a region", (await sum())[0], total(folded(l => !on(l) && inside(l))));
	await p.selectOption("select[name=in]", { label: "rebuild" });
	same("a region can be chosen", (await sum())[0], s.stacks.filter(r => r.state !== "running" && r.regions.includes("rebuild")).reduce((n, r) => n + r.total_ns, 0));
	await p.selectOption("select[name=state]", "disk");
	same("and a state", (await sum())[0], s.stacks.filter(r => r.state === "disk" && r.regions.includes("rebuild")).reduce((n, r) => n + r.total_ns, 0));
	await p.reload();
	ok("the address brings both back", (await sum())[0] > 0 && (await p.hash()).includes("state=disk") && (await p.hash()).includes("in=*rebuild"), await p.hash());
	await p.show("#/stacks");
	await p.fill("#flame-q", "vfs_fsync");
	same("a search says how much time is in what it finds", (await sum())[1], total(folded(l => !on(l) && inside(l) && l.includes("vfs_fsync"))));
	ok("... and marks the boxes", await p.locator(".flame .hit").count() > 0 && (await p.$$eval(".flame .hit", v => v.every(e => e.getAttribute("aria-label").includes("vfs_fsync")))));
	ok("typing goes on", await p.evaluate(() => document.activeElement.id === "flame-q"));
	await p.fill("#flame-q", "");
	const all = await boxes();
	ok("functions of the kernel stand upon those of the program, and states upon all", ["main", "handle_request", "pthread_mutex_lock", "do_syscall_64", "schedule", "[lock]"].every((f, i, v) => all.some(b => b[0].startsWith(f))), all);
	await p.locator(".flame button").first().focus();
	await p.keyboard.press("ArrowDown");
	await p.keyboard.press("ArrowDown");
	const region = await p.evaluate(() => document.activeElement.getAttribute("aria-label"));
	ok("arrow keys go down to what was called", /^Lookup, 361 ms/.test(region), region);
	await p.keyboard.press("ArrowRight");
	ok("... and to the side", /^rebuild/.test(await p.evaluate(() => document.activeElement.getAttribute("aria-label"))));
	await p.keyboard.press("Enter");
	ok("Enter makes a box as wide as the graph", (await p.hash()).includes("at=") && await p.evaluate(() => { const e = document.activeElement; return e.getAttribute("aria-label").startsWith("rebuild") && Math.round(e.offsetWidth) >= e.parentNode.offsetWidth - 1; }));
	await p.reload();
	ok("the address brings it back", (await p.textContent(".flame-sum")).includes("rebuild"));
	await p.locator(".flame button[tabindex='0']").focus();
	await p.keyboard.press("Escape");
	ok("Escape shows all", !(await p.hash()).includes("at="));
	await p.locator(".flame button", { hasText: "pthread_mutex_lock" }).first().click();
	ok("a click widens a box", (await p.hash()).includes("at="));
	await p.show("#/stacks?in=all");
	const self = (await p.rows("f")).find(r => r.name === "schedule" && r.kind === "kernel");
	same("the table has the same by function", [self.self, self.total], [1, 1].map(() => String(total(folded(l => !on(l) && /;schedule_\[k\];\[/.test(l))))));
	const demo = await open(browser, "demo");
	await demo.show("#/stacks");
	ok("without stacks, it is said how to take them", (await demo.textContent("main")).includes("ctrace-bpf -g"));
	same("flame graphs say nothing in the console", [p.said, demo.said], [[], []]);
	await demo.close();
	await p.close();
}

module.exports = { testWaits, testFlames };
