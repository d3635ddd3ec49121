"use strict";
/* SPDX-License-Identifier: MIT
 *
 * The view of one task: its critical path, the chains of its waits, its children, and what is saved
 * of it. Of the capture "rich" every time is known: tests/web/capture.py. */

const fs = require("fs");
const { ok, same } = require("./tap.js");
const { exact, open } = require("./page.js");

const settle = p => p.settle();
/* The slowest request of the summary, and its address. */
async function slowest(p) {
	const t = exact("rich.json").tasks.find(x => x.name === "GET /page").slowest[0];

	await p.show(await p.evaluate(id => `#/one/${STORIES.find(s => s.name === "GET /page" && String(s.id) === id).key}`, String(t.id)));
	return t;
}
const cells = (p, id, column) => p.$$eval(`#${id} td[data-col=${column}]`, v => v.map(e => e.dataset.ns));
const lanes = p => p.evaluate(() => document.querySelector(".timeline").lanes.map(l => [l.kind, l.label, l.items.map(i => [i.a, i.b, i.text])]));

async function testPath(browser) {
	const p = await open(browser, "rich"), t = await slowest(p), drawn = await lanes(p);
	const lane = kind => drawn.filter(l => l[0] === kind);

	same("the critical path's causes are those of the summary", (await cells(p, "cp", "ns")).sort(), t.critical_path.map(c => String(c.ns)).sort());
	same("the path is drawn over the task's time as the summary has it", lane("path")[0][2].map(i => [i[0], i[1] - i[0]]), t.critical_path_stretches.map(x => [x.offset_ns, x.duration_ns]));
	same("... without a gap from its begin to its end", [lane("path")[0][2][0][0], lane("path")[0][2].every((i, n, v) => !n || v[n - 1][1] === i[0]), lane("path")[0][2].slice(-1)[0][1]], [0, true, t.duration_ns]);
	same("threads that only the path goes over have lanes of their own", lane("elsewhere").map(l => l[1]).sort(), ["rich-1 1235", "rich-2 1236"]);
	ok("the path's words are the text report's", (await p.textContent(".hungon")).startsWith("Its time hung on: ") && await p.evaluate(() => {
		const told = document.querySelector(".hungon").textContent;

		return STORY_BY_KEY.get(address().arg).critical_path.slice(0, 3).every(c => told.includes(` ${blameWords(c)}`));
	}), await p.textContent(".hungon"));
	same("so they are of every story of the page", await p.evaluate(() => STORIES.flatMap(s => s.critical_path.slice(0, s.hung_on ? s.hung_on.split(/; \d|; [<>]/).length : 0).map(c => blameWords(c)).filter(w => !s.hung_on.includes(w)))), []);
	const waits = t.steps.filter(x => x.kind === "wait");
	same("each wait is a row with its time and the part for a CPU", [(await cells(p, "wt", "took")).sort(), (await cells(p, "wt", "ready")).sort()],
		[waits.map(x => String(x.duration_ns)).sort(), waits.map(x => String(x.wait.state === "preempted" ? x.duration_ns : x.wait.woken_ns ? x.duration_ns - x.wait.woken_ns : 0)).sort()]);
	const chains = await p.$$eval("#wt tbody tr", v => v.map(tr => [tr.querySelector("[data-col=at]").dataset.ns, [...tr.querySelectorAll("[data-link] .v")].map(e => e.dataset.ns)]));
	same("a wait's chain has every link of the summary's", chains.sort(), waits.map(x => [String(x.offset_ns), x.wait.chain.slice(1).map(l => String(l.ns))]).sort());
	const text = await p.textContent("#wt");
	ok("the chain says whom it hung on, while what, and where", text.includes("while rich-1 waited for the disk (file /srv/demo/journal on vda1) in rebuild") && text.includes("while rich-1 was preempted in rebuild"), text);
	ok("a lock has its name", /futex cache_lock/.test(text), text);
	ok("its trace id is told", (await p.textContent(".facts")).includes("0af7651916cd43dd8448eb211c80"));
	await p.locator("#wt .pick").first().press("Enter");
	ok("a wait is picked with the keyboard", await p.locator("#wt tr.picked").count() === 1 && await p.locator("#p tr.picked").count() === 1 && (await p.textContent("#live")).includes("lock"), await p.textContent("#live"));
	same("the path says nothing in the console", p.said, []);
	await p.close();
}

/* Who had the CPU: of a task that waited for it. Children: in place. */
async function testChildren(browser) {
	const p = await open(browser, "rich"), t = await slowest(p);
	const before = await lanes(p), child = t.steps.find(x => x.kind === "child");
	const place = label => p.evaluate(name => { const box = document.querySelector(".timeline"), c = box.querySelector("canvas").getBoundingClientRect(), l = box.lanes.find(x => x.label === name), i = l.items[0], whole = Number(box.querySelector("canvas").dataset.to);
		return { x: c.left + (i.a + i.b) / 2 / whole * c.width, y: c.top + l.y + 24 }; }, label);

	ok("a child task has a bar in the timeline", before.some(l => l[0] === "child" && l[2].some(i => i[0] === child.offset_ns && i[1] - i[0] === child.duration_ns)), before);
	const at = await place("child tasks");
	await p.evaluate(y => window.scrollBy(0, y - 500), at.y);
	const now = await place("child tasks");
	await p.mouse.move(now.x, now.y);
	ok("what is pointed at is told", (await p.innerText(".tip")) === `\u25b8 ${child.name}\n${await p.evaluate(c => `${ns(c.duration_ns)} at +${ns(c.offset_ns)}`, child)}\na click unfolds it`, await p.innerText(".tip"));
	await p.mouse.click(now.x, now.y);
	await settle(p);
	const after = await lanes(p), inside = after.slice(before.length);
	ok("a click unfolds it in place: the lanes of its threads, at its time", after.length > before.length && inside.some(l => l[2].some(i => i[2] === "read_page" && i[0] >= child.offset_ns && i[1] <= child.offset_ns + child.duration_ns)), after.map(l => l.slice(0, 2)));
	ok("the address holds it", (await p.hash()).includes("open="), await p.hash());
	await p.reload();
	same("... and brings it back", (await lanes(p)).length, after.length);
	await p.locator("button", { hasText: "Fold child tasks" }).press("Enter");
	same("the button folds them with the keyboard", [(await lanes(p)).length, (await p.hash()).includes("open=")], [before.length, false]);
	await p.locator("button", { hasText: "Unfold child tasks" }).press("Enter");
	same("... and unfolds them", (await lanes(p)).length, after.length);
	/* On the lane of who had the CPU stands what the summary says of each wait for it. */
	const cpu = await p.evaluate(() => STORIES.filter(s => cpuLane(s, { at: 0, root: true, open: new Set() }).length).length);
	ok("who had the CPU has a lane", cpu > 0 && await p.evaluate(() => STORIES.filter(s => s.steps.some(x => x.wait && readyOf(x) && x.wait.culprits.length)).length) === cpu, cpu);
	/* Shares of a wait have no place in time, and what is not known has a share, too. */
	await p.evaluate(() => { location.hash = `#/one/${STORIES.find(s => cpuLane(s, { at: 0, root: true, open: new Set() }).length).key}`; });
	await settle(p);
	const shown = await p.evaluate(() => { const box = document.querySelector(".timeline"), r = box.querySelector("canvas").getBoundingClientRect(), l = box.lanes.find(x => x.kind === "cpu"), i = l.items[0], whole = Number(box.querySelector("canvas").dataset.to);

		window.scrollBy(0, r.top + l.y - 400);
		const top = box.querySelector("canvas").getBoundingClientRect().top;
		return { x: r.left + (i.a + i.b) / 2 / whole * r.width, y: top + l.y + 24, text: i.text };
	});
	await p.mouse.move(shown.x, shown.y);
	ok("who had the CPU is told without a time of its own", (await p.innerText(".tip")).startsWith(`${shown.text}\n`) && /waited for the CPU\nfrom \+.* on; when in that time is not known$/.test(await p.innerText(".tip")), await p.innerText(".tip"));
	const wait = { duration_ns: 1000, wait: { state: "preempted", woken_ns: 0, culprits: [["a", 1, 300], ["b", 2, 200], ["c", 3, 100], ["d", 4, 50]].map(([comm, tid, ns]) => ({ comm, tid, ns })), culprits_others_ns: 50, cpu_idle_ns: 0 } };
	same("what is not known of it is told", await p.evaluate(w => [culpritWords(w), unknownOf(w.wait, 700), culpritList(w.wait, 1000).textContent], wait),
		["a (1) 300 ns, b (2) 200 ns, c (3) 100 ns and others 100 ns (of 300 ns it is not known)", 0, "a (1) 300 nsb (2) 200 nsc (3) 100 nsothers 100 nsnot known 300 ns"]);
	same("causes of threads with the same name are one", await p.evaluate(() => sumCauses([{ critical_path: ["w-1", "w-2", "x9", "9"].map((comm, i) => ({ comm, state: "lock", resource: "", region: "r", behind: "idle", ended: "", by: "", ns: 10 + i, count: 1 })) }]).map(c => [c.words, c.ns, c.count])),
		[["lock in r by w-*, before it was taken up", 21, 2], ["lock in r by 9, before it was taken up", 13, 1], ["lock in r by x9, before it was taken up", 12, 1]]);
	same("children say nothing in the console", p.said, []);
	await p.close();
}

async function saved(p, name) {
	const [download] = await Promise.all([p.waitForEvent("download"), p.locator("button", { hasText: name }).click()]);

	return [download.suggestedFilename(), fs.readFileSync(await download.path(), "utf8")];
}

async function testSaved(browser) {
	const p = await open(browser, "rich"), t = await slowest(p), [name, text] = await saved(p, "Save as JSON"), story = JSON.parse(text);

	ok("a task is saved as JSON under its name", /^GET-page-\d+\.json$/.test(name), name);
	same("what is saved is what the summary has", Object.fromEntries(Object.keys(t).map(k => [k, story[k]])), t);
	const [, events] = await saved(p, "Save for ui.perfetto.dev"), list = JSON.parse(events).traceEvents;
	same("for Perfetto, each step and each stretch of the path is an event", list.filter(e => e.ph === "X").length, t.critical_path_stretches.length + t.steps.filter(x => x.kind !== "log" && x.kind !== "enter").length);
	ok("... in microseconds", list.some(e => e.ph === "X" && e.dur === t.steps[0].duration_ns / 1000), list.slice(0, 5));
	const big = await open(browser, "demo");
	await big.show("#/tasks?s.q=refresh");
	await big.locator("#s a").first().click();
	await settle(big);
	ok("an id of 64 bits is saved with all its digits, as a number", /"id": 18446744069414584321,/.test((await saved(big, "Save as JSON"))[1]));
	same("saving says nothing in the console", [p.said.filter(x => !x.startsWith("request: blob:")), big.said.filter(x => !x.startsWith("request: blob:"))], [[], []]);
	await p.close();
	await big.close();
}

module.exports = { testPath, testChildren, testSaved };
