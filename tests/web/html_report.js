"use strict";
/* SPDX-License-Identifier: MIT
 *
 * What people do with the page, done in Chromium: each line of TAP is one thing that has to work.
 * Any message of the browser's console but those that a test provokes is a failure. */

const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");
const { ok, same, run } = require("./tap.js");
const { exact, open, dir } = require("./page.js");
const { testPath, testChildren, testSaved } = require("./html_one.js");
const { testWaits, testFlames } = require("./html_waits.js");
const { doubtTests } = require("./html_doubt.js");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const SIZE_MAX = 5 << 20;

async function views(browser, kind, options) {
	const p = await open(browser, kind, options), names = JSON.stringify(options || {});
	const one = await p.evaluate(() => STORIES.map(s => `#/one/${encodeURIComponent(s.key)}`).slice(0, 12));
	const tasks = await p.evaluate(() => SUMMARY.tasks.slice(0, 6).map(t => `#/task/${encodeURIComponent(t.name)}`));

	for (const view of ["#/overview", "#/tasks", "#/regions", "#/regions?states=1", "#/waits", "#/waits?by=resource", "#/waits?by=waker", "#/waits?by=culprit", "#/stacks", "#/stacks?cpu=on", "#/stacks?in=all&q=main", "#/threads", "#/nonsense", "#/one/none", "#/task/%", "#/task/none", ...tasks, ...one]) {
		await p.show(view);
		if (!await p.$("main h1"))
			p.said.push(`nothing at ${view}`);
		const odd = await p.evaluate(() => /\[object|undefined|NaN/.exec(document.querySelector("main").innerText));
		if (odd)
			p.said.push(`${odd} at ${view}`);
	}
	same(`every view of ${kind} opens without a word in the console ${names}`, p.said, []);
	await p.close();
}

/* Columns of a table against what the summary says of each row. */
async function numbers(p, view, id, expected) {
	await p.show(view);
	const rows = (await p.rows(id)).map(r => Object.fromEntries(Object.keys(expected[0]).map(k => [k, r[k]])));
	const sort = v => v.map(r => JSON.stringify(r)).sort();

	same(`the numbers of ${view} are those of the summary`, sort(rows), sort(expected.map(r => Object.fromEntries(Object.entries(r).map(([k, v]) => [k, String(v)])))));
}

async function testNumbers(browser) {
	const p = await open(browser, "demo"), s = exact("demo.json");
	const times = r => Object.fromEntries(["p50", "p95", "p99", "max"].map(k => [k, Number(r.complete) ? r.duration_ns[k] : "\u2013"]));

	await numbers(p, "#/tasks", "t", s.tasks.map(t => ({ name: t.name, count: t.count, complete: t.complete, failed: t.failed, ...times(t), total: t.wall_ns })));
	await numbers(p, "#/regions?states=1", "r", s.regions.map(r => ({ site: r.site, count: r.count, ...times(r), total: r.wall_ns, self: r.async ? "\u2013" : r.self_ns, syscall: r.overlays_ns.syscall, calls: r.syscalls, running: r.states_ns.running, lock: r.states_ns.lock, network: r.states_ns.network })));
	await numbers(p, "#/waits?in=all", "w", s.waits.map(w => ({ state: w.state, resource: w.resource, region: w.region, count: w.count, total: w.total_ns, max: w.max_ns })));
	await numbers(p, "#/threads", "h", s.threads.map(t => ({ tid: t.tid, life: t.lifetime_ns, running: t.states_ns.running, vol: t.switches.voluntary, invol: t.switches.involuntary, moves: t.migrations, calls: t.syscalls, faults: t.faults })));
	await p.show("#/overview");
	same("the time of all threads by state is that of the summary", await p.$$eval("[data-state]", v => Object.fromEntries(v.map(e => [e.dataset.state, e.dataset.ns]))),
		Object.fromEntries(Object.entries(s.all_threads.states_ns).filter(e => Number(e[1])).map(e => [e[0], String(e[1])])));
	const inPage = await p.evaluate(() => JSON.parse(document.getElementById("data-summary").textContent));
	const plain = JSON.parse(fs.readFileSync(path.join(dir, "demo.json"), "utf8"));
	plain.tasks.forEach(t => { t.slowest = []; });
	plain.waits.forEach(w => { w.stacks = []; });
	same("the page holds the summary, whole", inPage, plain);
	same("the buckets are those of the summary's histograms", await p.evaluate(() => DETAILS.buckets.map(b => b.bins.map(v => v.slice(0, 3)))),
		s.tasks.map(t => t.histogram.map(b => [b.lo_ns, b.hi_ns, b.count])));
	same("the buckets' times are those of the complete tasks", await p.evaluate(() => DETAILS.buckets.filter((b, i) => SUMMARY.tasks[i].count === SUMMARY.tasks[i].complete)
		.map(b => b.bins.reduce((n, v) => v.slice(6).reduce((x, y) => x + y, n), 0))), s.tasks.filter(t => t.count === t.complete).map(t => Object.values(t.states_ns).reduce((x, y) => x + y, 0)));
	const slowest = s.tasks.flatMap(t => t.slowest.map(x => `${x.id} ${x.duration_ns} ${x.steps.length}`));
	same("the slowest of each name are in the page with their steps", await p.evaluate(() => STORIES.filter(x => x.slowest).map(x => `${x.id} ${x.duration_ns} ${x.steps.length}`)).then(v => slowest.filter(x => !v.includes(x))), []);
	/* Of 96 slices of 15.6 ms, worker 2 waits for the lock from 709 ms on for 71 ms. */
	await p.show("#/threads");
	same("a thread's strip shows what it did when", await p.evaluate(() => [44, 45, 46, 47, 48, 49].map(i => STATES[STRIPS.get("1234 1236 0").charCodeAt(i) - 97])),
		["poll", "lock", "lock", "lock", "lock", "lock"]);
	same("every thread has a strip of the whole trace", await p.evaluate(() => [SUMMARY.threads.length, document.querySelectorAll("#h .strip").length, [...STRIPS.values()].every(v => v.length === 96)]), [5, 5, true]);
	same("reading numbers says nothing in the console", p.said, []);
	await p.close();
}

async function testTables(browser) {
	const p = await open(browser, "demo"), column = async k => (await p.rows("t")).map(r => Number(r[k]));
	const sorted = (v, dir) => JSON.stringify(v) === JSON.stringify([...v].sort((a, b) => dir * (a - b)));
	const head = name => p.locator("#t thead button", { hasText: name });
	const aria = () => p.$$eval("#t th[scope=col]", v => v.map(e => e.getAttribute("aria-sort")).filter(x => x !== "none"));

	await p.show("#/tasks");
	await head("p99").click();
	ok("a click on a column's head sorts, largest first", sorted(await column("p99"), -1));
	same("... and says so to a screen reader", await aria(), ["descending"]);
	await head("p99").press("Enter");
	ok("the Enter key on it turns the order round", sorted(await column("p99"), 1) && !sorted(await column("p99"), -1));
	same("... and says so", await aria(), ["ascending"]);
	ok("the address holds the order", (await p.hash()).includes("t.sort=p99"), await p.hash());
	const all = (await p.rows("t")).length;
	await p.fill("#t-q", "orders");
	const few = await p.rows("t");
	ok("typing filters the rows", few.length === 1 && few[0].name === "POST /orders" && all > 1, few);
	ok("what is filtered is said", (await p.textContent("#t .note")).includes(`1 of ${all}`));
	await p.reload();
	ok("the address brings back order and filter", (await p.rows("t")).length === 1 && (await aria())[0] === "ascending");
	await p.fill("#t-q", "no such name");
	ok("a filter that nothing matches says so", (await p.textContent("#t .note")).includes(`0 of ${all}`));
	await p.show("#/tasks?s.q=stale");
	ok("logs are searched", (await p.rows("s")).length >= 1);
	await p.show("#/regions");
	await p.locator("button", { hasText: "A column per state" }).press("Enter");
	ok("regions show a column per state when asked", await p.$("#r td[data-col=lock]") !== null && (await p.hash()).includes("states=1"));
	same("tables say nothing in the console", p.said, []);
	await p.close();
}

async function testHistogram(browser) {
	const p = await open(browser, "many"), t = exact("many.json").tasks.find(x => x.name === "GET /messages");
	const inRange = (lo, hi) => t.histogram.filter(b => b.lo_ns >= lo && b.lo_ns < hi).reduce((n, b) => n + b.count, 0);
	const range = async () => new URLSearchParams((await p.hash()).split("?")[1]);
	const chosen = async () => Number(await p.getAttribute(".chosen", "data-n"));
	const agrees = async () => { const r = await range(); return r.has("lo") && await chosen() === inRange(Number(r.get("lo")), Number(r.get("hi"))) && await chosen() > 0; };

	await p.show("#/task/GET%20%2Fmessages");
	same("the bars are all complete tasks", await p.$$eval(".plot button", v => v.reduce((n, b) => n + Number(b.dataset.n), 0)), t.complete);
	const full = await p.$$eval(".plot button", v => v.findIndex(b => Number(b.dataset.n) > 5));
	await p.locator(".plot button").nth(full).click();
	ok("a click selects a bucket", await agrees() && await p.locator(".plot [aria-pressed=true]").count() === 1, await p.hash());
	const r = await p.box(".plot");
	await p.mouse.move(r.x + r.width * 0.6, r.y + 40);
	await p.mouse.down();
	await p.mouse.move(r.x + r.width * 0.8, r.y + 60, { steps: 3 });
	await p.mouse.move(r.x + r.width - 1, r.y + 60, { steps: 3 });
	await p.mouse.up();
	ok("dragging selects a range", await agrees() && await p.locator(".plot [aria-pressed=true]").count() > 3, await p.hash());
	const { lo, hi } = Object.fromEntries(await range());
	const stories = await p.$$eval("#s td[data-col=took]", v => v.map(e => Number(e.dataset.ns)));
	ok("single tasks of that range are listed", stories.length > 0 && stories.every(x => x >= lo && x < hi), stories);
	const lock = await p.$$eval("[data-state=lock]", v => v.map(e => Number(e.dataset.ns)));
	ok("the slow ones are set against the rest: they wait for the lock", lock.length === 2 && lock[0] > 0 && lock[1] < lock[0], lock);
	await p.reload();
	ok("the address brings the range back", await agrees() && (await range()).get("lo") === lo);
	await p.locator(".plot button[tabindex='0']").focus();
	await p.keyboard.press("Escape");
	same("Escape selects all", [await chosen(), (await range()).has("lo")], [Number(t.complete), false]);
	await p.keyboard.press("Home");
	for (let i = 0; i < full; i++)
		await p.keyboard.press("ArrowRight");
	await p.keyboard.press("Enter");
	ok("arrow keys and Enter select a bucket", await agrees() && await p.locator(".plot [aria-pressed=true]").count() === 1, await p.hash());
	await p.keyboard.press("Shift+ArrowRight");
	await p.keyboard.press("Shift+ArrowRight");
	ok("Shift and an arrow key extend it", await agrees() && await p.locator(".plot [aria-pressed=true]").count() === 3, await p.hash());
	ok("each bucket says what it is to a screen reader", await p.$$eval(".plot button", v => v.every(b => / to .*: .* tasks?$/.test(b.getAttribute("aria-label")))));
	ok("the page is within its bound", fs.statSync(path.join(dir, "many.html")).size <= SIZE_MAX, fs.statSync(path.join(dir, "many.html")).size);
	await p.show("#/tasks");
	const out = await p.evaluate(() => DETAILS.left_out);
	ok("what is left out is counted, and said in place", Number(out.stories) > 0 && (await p.textContent(".leftout")).includes("stories"), out);
	same("the histogram says nothing in the console", p.said, []);
	await p.close();
}

async function testOne(browser) {
	const p = await open(browser, "demo");
	const span = async () => p.$eval("canvas", c => Number(c.dataset.to) - Number(c.dataset.from));
	const from = async () => p.$eval("canvas", c => Number(c.dataset.from));
	const settle = () => p.settle();

	await p.show("#/overview");
	await p.locator("#t a", { hasText: "GET /messages" }).click();
	const r0 = await p.box(".plot button:nth-last-child(2)");
	await p.mouse.click(r0.x + r0.width / 2, r0.y + r0.height / 2);
	await p.locator("#s a").first().click();
	await settle();
	ok("three clicks from the overview tell why one was slow", (await p.textContent(".lead")).includes("for a lock (futex 0x7f12a4c0) in region cache.Lookup") && (await p.hash()).startsWith("#/one/"), await p.textContent("main"));
	const story = await p.evaluate(() => STORY_BY_KEY.get(address().arg));
	same("its steps are a row each", (await p.rows("p")).map(r => r.took), story.steps.map(s => String(s.duration_ns)));
	ok("a wait has its resource and who ended it", /futex 0x7f12a4c0/.test(await p.textContent("#wt")) && /demo-worker-3/.test(await p.textContent("#wt")));
	const whole = await span(), r = await p.box("canvas");
	same("the timeline shows the whole task", whole, Number(story.duration_ns));
	await p.mouse.move(r.x + r.width / 2, r.y + 40);
	await p.mouse.wheel(0, -400);
	await settle();
	ok("the wheel zooms in", await span() < whole * 0.6, await span());
	const before = await from();
	await p.mouse.down();
	await p.mouse.move(r.x + r.width / 2 - 120, r.y + 40, { steps: 4 });
	await p.mouse.up();
	await settle();
	ok("dragging pans", await from() > before, [before, await from()]);
	await p.locator("canvas").focus();
	await p.keyboard.press("0");
	await settle();
	same("0 shows all", await span(), whole);
	await p.keyboard.press("w");
	await settle();
	const zoomed = await span(), left = await from();
	ok("W zooms in", zoomed < whole);
	await p.keyboard.press("d");
	await settle();
	ok("D pans", await from() > left && Math.abs(await span() - zoomed) < 2);
	await p.keyboard.press("a");
	await p.keyboard.press("s");
	await settle();
	ok("A and S go back", await span() > zoomed);
	await p.keyboard.press("0");
	await settle();
	const wait = story.steps.findIndex(s => s.kind === "wait" && s.wait.state === "lock");
	await p.locator("#p tbody tr").nth(wait).click();
	same("a step that is picked is marked", await p.$$eval("#p tbody tr", v => v.findIndex(e => e.classList.contains("picked"))), wait);
	ok("the task's fault is told: its time adds up", await p.evaluate(() => { const s = STORY_BY_KEY.get(address().arg); return wholeOf(timesOf(s)) === Number(s.duration_ns); }));
	await p.show(await p.evaluate(() => `#/one/${STORIES.find(s => s.name === "POST /orders" && s.slowest).key}`));
	await p.locator("#p a", { hasText: "journal" }).click();
	await settle();
	ok("a child task is a click away, and so is its parent", (await p.textContent("h1")).startsWith("journal") && await p.locator(".facts a", { hasText: "POST /orders" }).count() === 1, await p.textContent("main"));
	await p.goBack();
	await p.goBack();
	await p.goBack();
	await settle();
	ok("the browser's back goes to the task's name", (await p.hash()).startsWith("#/task/GET"));
	await p.show("#/tasks?s.q=refresh");
	await p.locator("#s a").first().click();
	await settle();
	const text = await p.textContent(".facts");
	ok("an id of 64 bits keeps its digits", text.includes("18446744069414584321"), text);
	ok("a distributed trace's id is shown", text.includes("0af7651916cd43dd8448eb211c80319c"), text);
	same("single tasks say nothing in the console", p.said, []);
	await p.close();
}

async function testFindings(browser) {
	const p = await open(browser, "rich"), s = exact("rich.json");

	await p.show("#/overview");
	const found = await p.$$eval(".findings li", v => v.map(e => e.textContent)), t = s.tasks.find(x => x.name === "GET /page"), c = t.critical_path[0];
	ok("what stands out is at most five sentences", found.length > 1 && found.length <= 5 && found.every(x => x.endsWith(".") || x.endsWith("Its waits")), found);
	ok("one says what the critical paths hung on, with its share", found.some(x => x.includes(`${Math.round(100 * c.ns / t.wall_ns)} % of the time of all GET /page`) && x.includes("disk (file /srv/demo/journal on vda1) in rebuild by rich-1, behind lock in Lookup")), found);
	const slow = await open(browser, "many");
	await slow.show("#/overview");
	const many = await slow.$$eval(".findings li", v => v.map(e => e.textContent));
	ok("one says what slow ones do that fast ones do not, and what that hung on", many.some(x => /^GET \/messages above .*waiting for a lock, against .*of that hung on .*behind lock in cache.Lookup/.test(x)), many);
	await slow.locator(".findings a", { hasText: "See one." }).first().click();
	ok("... and leads to one of them", (await slow.hash()).startsWith("#/one/") && (await slow.textContent(".hungon")).includes("behind lock"), await slow.textContent("main"));
	same("findings say nothing in the console", [p.said, slow.said], [[], []]);
	await p.close();
	await slow.close();
}

async function testHostile(browser) {
	const p = await open(browser, "hostile");
	const source = fs.readFileSync(path.join(dir, "hostile.html"), "utf8");
	const data = source.slice(source.indexOf('id="data-summary">') + 18, source.lastIndexOf("<script>"));

	const markup = /<\/script>\n(<script type="application\/json" id="data-(details|stacks|stories)">)?/g;
	same("no < of the capture is in the file", [data.replace(markup, "").match(/</g), data.match(markup).length], [null, 4]);
	await p.show("#/task/" + encodeURIComponent(await p.evaluate(() => SUMMARY.tasks.find(t => t.name.startsWith("</script>")).name)));
	ok("a hostile name is text", (await p.textContent("h1")).startsWith("</script><img src=x onerror="));
	await p.locator("#s a").first().click();
	await p.settle(150);
	same("hostile names make no element and run nothing", await p.evaluate(() => [window.pwned, document.querySelectorAll("img, iframe, object").length, document.scripts.length]), [undefined, 0, 5]);
	const views = await p.evaluate(() => ["#/stacks?in=all", "#/stacks?cpu=on&in=all&q=script", "#/waits", "#/waits?by=resource", "#/waits?by=waker", "#/waits?by=culprit", "#/regions?states=1",
		`#/one/${encodeURIComponent(STORIES.find(s => s.name.startsWith("GET /page") && s.steps.some(x => x.kind === "child")).key)}`]);
	const seen = [];
	for (const view of views) {
		await p.show(view);
		if (view.startsWith("#/one"))
			await p.locator("button", { hasText: "Unfold child tasks" }).click();
		seen.push(await p.evaluate(() => [window.pwned, document.querySelectorAll("img, iframe, object").length, document.scripts.length, document.querySelector("main").textContent.includes("<img src=x onerror=")]));
	}
	same("nor do those of functions, files, locks and culprits", seen, views.map(() => [null, 0, 5, true]));
	same("hostile names say nothing in the console", p.said, []);
	await p.evaluate(() => {
		const s = document.createElement("script"), i = document.createElement("b");

		s.textContent = "window.pwned = 3";
		document.body.append(s);
		i.setAttribute("onclick", "window.pwned = 4");
		document.body.append(i);
		i.click();
	}).catch(() => 0);
	same("the policy would not run it either", await p.evaluate(() => window.pwned), undefined);
	ok("the policy is strict", /default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; script-src 'sha256-[A-Za-z0-9+/]{43}='/.test(source));
	await p.close();
}

/* The colour that most of the timeline has. It is read off a copy, which the browser keeps for that. */
const MOSTLY = `() => {
	const c = document.querySelector("canvas"), copy = Object.assign(document.createElement("canvas"), { width: c.width, height: c.height });
	const to = copy.getContext("2d", { willReadFrequently: true }), seen = new Map();

	to.drawImage(c, 0, 0);
	new Uint32Array(to.getImageData(0, 0, c.width, c.height).data.buffer).forEach(v => v && seen.set(v, (seen.get(v) || 0) + 1));
	return [...seen].sort((a, b) => b[1] - a[1])[0][0].toString(16);
}`;

async function testPaper(browser) {
	const mostly = [], sharp = [], shapes = [];

	for (const colorScheme of ["light", "dark"]) {
		const p = await open(browser, "demo", { colorScheme });

		await p.show("#/threads");
		await p.pdf(); /* nothing there is drawn */
		await p.show(await p.evaluate(() => `#/one/${encodeURIComponent(STORIES[0].key)}`));
		await p.settle(100);
		await p.evaluate(`window.addEventListener("beforeprint", () => {
			window.onPaper = (${MOSTLY})();
			window.paperSize = [document.querySelector("canvas").width, document.querySelector("canvas").height];
		})`);
		mostly.push(await p.evaluate(`(${MOSTLY})()`));
		await p.pdf();
		mostly.push(await p.evaluate(() => window.onPaper), await p.evaluate(`(${MOSTLY})()`));
		sharp.push(await p.evaluate(() => window.paperSize[0]));
		await p.emulateMedia({ media: "print", colorScheme });
		shapes.push(await p.$eval("canvas", c => Math.abs(c.clientWidth / c.clientHeight / (c.width / c.height) - 1) < 0.02));
		same(`printing in ${colorScheme} says nothing in the console`, p.said, []);
		await p.close();
	}
	const [light, onPaper, after, dark, darkOnPaper, darkAfter] = mostly;

	ok("the timeline is dark on a dark screen", dark !== light, mostly.join(" "));
	same("on paper it is light", [onPaper, darkOnPaper], [light, light]);
	same("it is drawn for a page, at twice the screen's dots", sharp, [1600, 1600]);
	same("and keeps its proportions there", shapes, [true, true]);
	same("then it is on the screen as before", [after, darkAfter], [light, dark]);
}

async function testAccess(browser) {
	const p = await open(browser, "rich");

	for (const view of ["#/overview", "#/tasks", "#/task/GET%20%2Fpage", "#/regions", "#/waits", "#/waits?by=culprit", "#/stacks", "#/threads"]) {
		await p.show(view);
		const bad = await p.evaluate(() => [
			...[...document.querySelectorAll("button, a, input, canvas, [role=img]")].filter(e => !(e.textContent.trim() || e.getAttribute("aria-label"))).map(e => `${e.tagName} has no name`),
			...[...document.querySelectorAll("th")].filter(e => !e.scope).map(e => `th ${e.textContent} has no scope`),
			...(document.querySelectorAll("h1").length === 1 ? [] : ["not one h1"]),
			...[...document.querySelectorAll("[id]")].map(e => e.id).filter((x, i, v) => v.indexOf(x) !== i).map(x => `two of id ${x}`)]);
		same(`${view}: everything has a name and a place`, bad, []);
	}
	for (const colorScheme of ["light", "dark"]) {
		await p.emulateMedia({ colorScheme });
		for (const view of ["#/overview", "#/tasks", "#/task/GET%20%2Fpage", "#/task/GET%20%2Fpage?lo=20000000&hi=30000000", "#/regions", "#/regions?states=1", "#/waits", "#/waits?by=resource", "#/waits?by=waker",
			"#/waits?by=culprit", "#/stacks", "#/stacks?cpu=on&q=main", "#/threads", await p.evaluate(() => { const s = STORIES.find(x => x.name === "GET /page"); return `#/one/${s.key}?open=${STORIES.find(x => x.parent_id === s.id).key}`; })]) {
			await p.show(view);
			await p.evaluate(axe);
			const found = await p.evaluate(() => window.axe.run().then(r => r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 120) + (n.any[0] ? n.any[0].message : ""))])));
			same(`axe finds nothing at ${view.replace(/[0-9].*/, "")} in ${colorScheme}`, found, []);
		}
	}
	await p.show("#/overview");
	await p.reload();
	await p.keyboard.press("Tab");
	await p.keyboard.press("Tab");
	await p.keyboard.press("Tab");
	await p.keyboard.press("Enter");
	await p.settle(100);
	same("the views are reached with the keyboard alone", await p.hash(), "#/tasks");
	await p.keyboard.press("Tab");
	ok("where the focus is can be seen", await p.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none" && document.activeElement !== document.body));
	await p.emulateMedia({ media: "print" });
	ok("in print, there is no navigation", !await p.isVisible("nav"));
	same("the keyboard says nothing in the console", p.said, []);
	await p.close();
}

run("the tests ran to their end", async () => {
	const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

	try {
		await views(browser, "demo");
		await views(browser, "demo", { colorScheme: "dark", viewport: { width: 480, height: 800 } });
		await views(browser, "rich");
		await views(browser, "rich", { colorScheme: "dark", viewport: { width: 480, height: 800 } });
		await views(browser, "many");
		await views(browser, "hostile");
		await views(browser, "blank");
		await views(browser, "lossy");
		for (const test of [testNumbers, testTables, testHistogram, testOne, testPath, testChildren, testSaved, testWaits, testFlames, testFindings, testHostile, testAccess, testPaper, ...doubtTests])
			await test(browser);
	} finally {
		await browser.close();
	}
});
