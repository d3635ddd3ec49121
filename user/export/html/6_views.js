
/* The views: each returns the nodes of the main part. */

const C = SUMMARY.capture;

function facts(pairs) {
	return el("dl", { class: "facts" }, pairs.filter(p => p[1] !== "" && p[1] !== null)
		.map(([k, v]) => el("div", null, el("dt", null, k), el("dd", null, v))));
}

function when(unixNs, plus) {
	const ms = num(String(unixNs).slice(0, -6) || 0) + num(plus || 0) / 1e6;

	return `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

function processName() {
	const p = C.processes[0];

	return !p ? "a trace" : `${p.comm} (${p.pid})` + (C.processes.length > 1 ? ` and ${C.processes.length - 1} more` : "");
}

/* What is to be known before any figure is believed. */
function trust() {
	const lines = [], lost = num(C.lost.total), d = C.damage, f = SUMMARY.filter;

	if (lost)
		lines.push(`${many(C.lost.total, "record")} lost (${Object.entries(C.lost).filter(e => e[0] !== "total").map(e => `${e[0]} ${count(e[1])}`).join(", ")}): figures of what was open then may be wrong.`);
	if (C.cut)
		lines.push("The capture has no end: it is explained up to its last whole part.");
	for (const [k, v] of Object.entries(d))
		if (num(v))
			lines.push(`The capture is damaged: ${k.replace("_", " ")} ${count(v)}.`);
	for (const k of ["late", "unknown_kinds", "bad_records"])
		if (num(C[k]))
			lines.push(`Records with a flaw: ${k.replace("_", " ")} ${count(C[k])}.`);
	for (const m of SUMMARY.misuse)
		lines.push(`Marks used wrongly: ${m.name} ${count(m.count)}.`);
	if (f.task || f.region || num(f.min_ns))
		lines.push(`This is not all: only ${[f.task && `tasks called ${f.task}`, f.region && `regions called ${f.region}`, num(f.min_ns) && `tasks of at least ${ns(f.min_ns)}`].filter(Boolean).join(", ")}.`);
	if (!lines.length)
		return el("p", { class: "good" }, "Nothing was lost.");
	return el("ul", { class: "warn" }, lines.map(l => el("li", null, l)));
}

function leftOut() {
	const words = Object.entries(DETAILS.left_out).filter(e => num(e[1])).map(([k, v]) => `${count(v)} ${k}`);

	return words.length ? el("p", { class: "note leftout" }, `Left out to keep this page small: ${words.join(", ")}. ctrace-bpf report has them.`) : null;
}

/* States side by side: a row each, as share and as time. */
function statesTable(caption, columns) {
	const states = ALL_STATES.filter(s => columns.some(c => c.times[s] > 0));

	return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, el("table", { class: "states" }, el("caption", { class: "sr" }, caption),
		el("thead", null, el("tr", null, el("th", { scope: "col" }, "State"), columns.map(c => el("th", { scope: "col", class: "num", colspan: "2" }, c.label)))),
		el("tbody", null, states.map(s => el("tr", null, el("th", { scope: "row" }, swatch(s)), columns.map(c => [
			el("td", { class: "num", "data-state": s, "data-ns": String(c.exact ? c.exact[s] : c.times[s]) }, ns(c.times[s] / (c.per || 1))),
			el("td", { class: "num share" }, percent(c.times[s], wholeOf(c.times)))]))))));
}

function storiesTable(id, caption, rows, sort, empty) {
	return table({ id, caption, rows, sort, empty, find: s => s.search, columns: [
		{ key: "task", label: "Task", val: s => s.name, cell: s => link(`#/one/${encodeURIComponent(s.key)}`, s.name) },
		{ key: "took", label: "Took", ns: true, val: s => s.duration_ns },
		{ key: "at", label: "At", ns: true, val: s => s.start_ns, title: "since the trace began" },
		{ key: "why", label: "Why", wide: true, val: s => s.why, cell: s => el("span", { class: "why" }, s.why) },
		timesColumn("Its time", timesOf),
		{ key: "steps", label: "Steps", n: true, val: s => s.steps.length }] });
}

function overview() {
	const all = timesOf(SUMMARY.all_threads), tasks = {}, list = findings();
	const worst = [...STORIES].sort((a, b) => num(b.duration_ns) - num(a.duration_ns)).slice(0, 10);

	ALL_STATES.forEach(s => { tasks[s] = SUMMARY.tasks.reduce((n, t) => n + timesOf(t)[s], 0); });
	const states = { ...SUMMARY.all_threads.states_ns, idle: 0 };
	return [
		el("h1", null, processName()),
		facts([["Host", C.host], ["Kernel", C.kernel], ["From", when(C.start_unix_ns)], ["Traced", exact(C.duration_ns)],
			["Events", el("span", { "data-n": String(C.events) }, count(C.events))], ["Marks", count(SUMMARY.marks)],
			["Processes", count(C.processes.length)], ["Threads", count(SUMMARY.threads.length + num(SUMMARY.threads_left_out) + num(DETAILS.left_out.threads))],
			["Ended by", C.end_reason]]),
		trust(), leftOut(),
		list.length ? el("section", null, el("h2", null, "What stands out"), el("ol", { class: "findings" }, list)) : null,
		el("section", null, el("h2", null, "Where the time went"),
			SUMMARY.tasks.length ? [el("h3", null, "while tasks were open"), bar(tasks), shares(tasks, 6)] : null,
			el("h3", null, "of all threads"), bar(all), shares(all, 6),
			el("details", null, el("summary", null, "All states"), statesTable("Time of all threads by state", [{ label: "All threads", times: all, exact: states }]))),
		SUMMARY.tasks.length ? taskTable() : null,
		worst.length ? storiesTable("worst", "The slowest, and why", worst, "-took") : null,
		el("section", null, el("h2", null, "Processes"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Processes" }, el("table", null, el("thead", null, el("tr", null, ["Process", "PID", "Threads", "Program"].map((h, i) => el("th", { scope: "col", class: i % 3 ? "num" : null }, h)))),
			el("tbody", null, C.processes.map(p => el("tr", null, el("td", null, p.comm), el("td", { class: "num" }, String(p.pid)), el("td", { class: "num" }, count(p.threads)), el("td", null, p.exe))))))),
	];
}

function taskTable() {
	return table({ id: "t", caption: "Tasks", rows: SUMMARY.tasks, sort: "-total", left_out: DETAILS.left_out.tasks,
		empty: "The program marked no tasks: see the manual of ctrace/ctrace.h.", find: t => t.name, columns: [
			{ key: "name", label: "Task", val: t => t.name, cell: t => taskLink(t.name) },
			{ key: "count", label: "Count", n: true, val: t => t.count },
			{ key: "complete", label: "Complete", n: true, val: t => t.complete },
			{ key: "failed", label: "Failed", n: true, val: t => t.failed },
			...["p50", "p95", "p99", "max"].map(p => ({ key: p, label: p, ns: true, val: t => t.duration_ns[p] })),
			{ key: "total", label: "Total", ns: true, val: t => t.wall_ns, title: "time that they were open, summed" },
			timesColumn(null, timesOf)] });
}

function tasks() {
	return [el("h1", null, "Tasks"), el("p", { class: "lead" }, "A row for each name. Choose one to see its latency, and what its slow ones do that the others do not."),
		leftOut(), taskTable(), storiesTable("s", "Single tasks in this page", STORIES, "-took", "No task was completed.")];
}

function comparison(chosen, rest, names) {
	const a = sumBins(chosen), b = sumBins(rest), columns = [{ label: `${names[0]}, mean`, times: a.times, per: a.count, exact: a.times }];

	if (b.count)
		columns.push({ label: `${names[1]}, mean`, times: b.times, per: b.count, exact: b.times });
	return el("div", { class: "versus" },
		el("p", null, el("strong", null, names[0]), ` ${many(a.count, "task")}, ${ns(a.wall / (a.count || 1))} in the mean`), bar(a.times), shares(a.times, 5),
		b.count ? [el("p", null, el("strong", null, names[1]), ` ${many(b.count, "task")}, ${ns(b.wall / b.count)} in the mean`), bar(b.times), shares(b.times, 5)] : null,
		statesTable("Mean time of a task by state", columns));
}

function task(name) {
	const t = SUMMARY.tasks.find(x => x.name === name), bins = BUCKETS.get(name) || [];

	if (!t)
		return [el("h1", null, "No such task"), el("p", null, `The page has no task called ${name}.`)];
	const below = el("div"), d = t.duration_ns;
	let chosen = param("lo") !== null ? { lo: num(param("lo")), hi: num(param("hi")) } : null;

	function choose(range, speak) {
		const isIn = b => range && b.lo >= range.lo && b.lo < range.hi, picked = range ? bins.filter(isIn) : bins;
		const inRange = s => !range || num(s.duration_ns) >= range.lo && num(s.duration_ns) < range.hi;
		const n = picked.reduce((x, b) => x + b.count, 0), words = range ? `${ns(range.lo)} to ${ns(range.hi)}` : "";

		chosen = range;
		setParams({ lo: range ? range.lo : null, hi: range ? range.hi : null });
		below.replaceChildren(
			el("p", { class: "chosen", "data-n": String(n) }, range ? [el("strong", null, `${many(n, "task")}`), ` took ${words}. `,
				el("button", { type: "button", on: { click: () => show() } }, "Select all")] : `All ${many(n, "complete task")}.`),
			comparison(picked, range ? bins.filter(b => !isIn(b)) : [], range ? ["Selected", "The rest"] : ["All", ""]),
			storiesTable("s", range ? `Single tasks that took ${words}` : "Single tasks in this page", STORIES.filter(s => s.name === name && inRange(s)), "-took",
				"Of these, none is in this page: choose a wider range, or ask ctrace-bpf report --slowest."));
		if (speak)
			say(range ? `${n} tasks took ${words}` : "all tasks");
	}
	const figure = el("div");
	function show() {
		if (bins.length)
			figure.replaceChildren(histogram(bins, [["p50", d.p50], ["p95", d.p95], ["p99", d.p99]], chosen = null, r => choose(r, true)));
		choose(null, true);
	}
	if (bins.length)
		figure.append(histogram(bins, [["p50", d.p50], ["p95", d.p95], ["p99", d.p99]], chosen, r => choose(r, true)));
	choose(chosen);
	return [el("p", { class: "crumb" }, link("#/tasks", "Tasks")), el("h1", null, t.name),
		facts([["Count", count(t.count)], ["Complete", count(t.complete)], ["Failed", count(t.failed)], ["Affected by loss", num(t.tainted) ? count(t.tainted) : ""],
			...["min", "p50", "p90", "p95", "p99", "max", "mean"].map(p => [p, exact(d[p])]), ["Total", exact(t.wall_ns)]]),
		figure, below];
}

function regions() {
	const of = r => timesOf(r), states = STATES.filter(s => SUMMARY.regions.some(r => num(r.states_ns[s])));
	const plain = [
		{ key: "name", label: "Region", val: r => r.name, cell: r => r.name + (r.async ? " (async)" : "") },
		{ key: "site", label: "Where", val: r => r.site, cell: r => el("code", null, r.site) },
		{ key: "count", label: "Count", n: true, val: r => r.count },
		...["p50", "p95", "p99", "max"].map(p => ({ key: p, label: p, ns: true, val: r => r.duration_ns[p] })),
		{ key: "total", label: "Inclusive", ns: true, val: r => r.wall_ns, title: "with the regions nested in it" },
		{ key: "self", label: "Self", ns: true, val: r => r.self_ns, title: "without the regions nested in it" }];
	const box = el("div"), button = el("button", { type: "button", "aria-pressed": "false", on: { click: () => {
		setParams({ states: param("states") ? null : "1" });
		show();
		button.focus();
	} } }, "A column per state");

	function show() {
		const wide = !!param("states");

		button.setAttribute("aria-pressed", String(wide));
		box.replaceChildren(table({ id: "r", caption: "Regions", alone: true, rows: SUMMARY.regions, sort: "-total", tools: button, left_out: DETAILS.left_out.regions,
			empty: "The program marked no regions.", find: r => `${r.name} ${r.site}`,
			columns: wide ? [...plain, ...states.map(s => ({ key: s, label: s, ns: true, val: r => r.states_ns[s] }))] : [...plain, timesColumn(null, of)] }));
	}
	show();
	return [el("h1", null, "Regions"), el("p", { class: "lead" }, "Stretches of one thread's work, by name and place in the source."), box];
}

function wakerList(w) {
	const rest = num(w.wakers_others);

	return el("span", { class: "wakers" }, w.wakers.slice(0, 3).map(b => el("span", null, `${who(b) || "not known"} `, el("span", { class: "dim" }, `×${count(b.count)}`))),
		w.wakers.length > 3 || rest ? el("span", { class: "dim" }, `and ${many(w.wakers.slice(3).reduce((n, b) => n + num(b.count), rest), "waking")} by others`) : null);
}

function waits() {
	return [el("h1", null, "Waits"), el("p", { class: "lead" }, "What was waited for, in which region, and who ended it."),
		table({ id: "w", caption: "Waits", alone: true, rows: SUMMARY.waits, sort: "-total", left_out: num(SUMMARY.waits_left_out) + num(DETAILS.left_out.waits),
			find: w => `${w.state} ${w.resource} ${w.region} ${w.wakers.map(who).join(" ")}`, columns: [
				{ key: "state", label: "State", val: w => w.state, cell: w => swatch(w.state) },
				{ key: "resource", label: "Resource", val: w => w.resource, cell: w => el("span", { class: "why" }, w.resource) },
				{ key: "region", label: "In region", val: w => w.region },
				{ key: "count", label: "Count", n: true, val: w => w.count },
				{ key: "total", label: "Total", ns: true, val: w => w.total_ns },
				{ key: "mean", label: "Mean", num: true, val: w => num(w.total_ns) / (num(w.count) || 1), cell: w => ns(num(w.total_ns) / (num(w.count) || 1)) },
				{ key: "max", label: "Max", ns: true, val: w => w.max_ns },
				{ key: "wakers", label: "Ended by", val: w => w.wakers[0] ? who(w.wakers[0]) : "", cell: wakerList }] })];
}

/* What a thread did when: in each slice of the trace, the state of which there was most. */
function strip(t) {
	const slices = STRIPS.get(`${t.pid} ${t.tid} ${t.start_ns}`), runs = [];

	if (!slices)
		return el("span", { class: "dim" }, "not kept");
	for (const ch of slices) {
		if (runs.length && runs[runs.length - 1].ch === ch)
			runs[runs.length - 1].n++;
		else
			runs.push({ ch, n: 1 });
	}
	const state = ch => STATES[ch.charCodeAt(0) - 97];
	return el("div", { class: "bar strip", role: "img", "aria-label": `over time: ${runs.slice(0, 12).map(r => state(r.ch) || "absent").join(", ")}${runs.length > 12 ? " and so on" : ""}` },
		runs.map(r => el("i", { class: r.ch === "-" ? null : `s-${state(r.ch)}`, title: r.ch === "-" ? null : `${state(r.ch)} for about ${ns(r.n * num(DETAILS.slice_ns))}`, style: { width: `${100 * r.n / slices.length}%` } })));
}

function threads() {
	return [el("h1", null, "Threads"), el("p", { class: "lead" }, `Over time: the whole trace from left to right, each ${ns(DETAILS.slice_ns)} in the colour of the state that there was most of.`),
		table({ id: "h", caption: "Threads", alone: true, rows: SUMMARY.threads, sort: "-running", left_out: num(SUMMARY.threads_left_out) + num(DETAILS.left_out.threads),
			find: t => `${t.comm} ${t.pid} ${t.tid}`, columns: [
				{ key: "comm", label: "Thread", val: t => t.comm, cell: t => t.comm + (t.exited ? " †" : "") },
				{ key: "tid", label: "TID", num: true, val: t => t.tid },
				{ key: "pid", label: "PID", num: true, val: t => t.pid },
				{ key: "life", label: "Lived", ns: true, val: t => t.lifetime_ns },
				{ key: "running", label: "Running", ns: true, val: t => t.states_ns.running },
				{ key: "strip", label: "Over time", wide: true, val: t => num(t.start_ns), cell: strip, title: "sorts by when it began" },
				timesColumn(null, timesOf),
				{ key: "vol", label: "Voluntary", n: true, val: t => t.switches.voluntary, title: "context switches" },
				{ key: "invol", label: "Involuntary", n: true, val: t => t.switches.involuntary, title: "context switches" },
				{ key: "calls", label: "Calls", n: true, val: t => t.syscalls, title: "system calls that returned" },
				{ key: "faults", label: "Faults", n: true, val: t => t.faults }] })];
}

/* The story of a child, if it is in the page. */
function storyOfChild(s, step) {
	return STORIES.find(x => x.parent_id === s.id && x.name === step.name && num(x.start_ns) - num(s.start_ns) === num(step.offset_ns));
}

function stepText(s, x) {
	const child = x.kind === "child" && storyOfChild(s, x);

	if (child)
		return link(`#/one/${encodeURIComponent(child.key)}`, x.name);
	return x.kind === "wait" ? x.wait.resource || x.wait.syscall : stepName(x);
}

function stepTable(s, picked) {
	const t = table({ id: "p", caption: "Steps", rows: s.steps, sort: "at", find: x => `${x.kind} ${stepName(x)} ${x.detail} ${x.comm} ${x.wait ? who(x.wait.waker) : ""}`,
		empty: "Of this task only the sums were kept.", columns: [
			{ key: "at", label: "At", ns: true, val: x => x.offset_ns, title: "since the task began" },
			{ key: "took", label: "Took", ns: true, val: x => x.duration_ns },
			{ key: "thread", label: "Thread", val: x => `${x.comm} ${x.tid}` },
			{ key: "what", label: "What", wide: true, val: x => stepName(x), cell: x => el("span", { class: `what d${Math.min(6, num(x.depth))}` },
				el("span", { class: "kind" }, x.kind === "wait" ? swatch(x.wait.state) : x.kind),
				stepText(s, x),
				x.kind === "region" && x.detail ? el("code", null, x.detail) : null) },
			{ key: "by", label: "Ended by", val: x => x.wait ? who(x.wait.waker) : "", cell: x => x.wait ? whoEnded(x.wait) : "" },
			timesColumn("Its time", x => x.states_ns ? timesOf(x) : Object.fromEntries(ALL_STATES.map(k => [k, 0])))] });

	t.querySelector("tbody").addEventListener("click", e => {
		const tr = e.target.closest("tr");
		const at = tr && tr.querySelector("[data-col=at]").dataset.ns, took = tr && tr.querySelector("[data-col=took]").dataset.ns;

		picked(s.steps.find(x => String(x.offset_ns) === at && String(x.duration_ns) === took));
	});
	return t;
}

function whoEnded(w) {
	const by = who(w.waker), queue = w.state === "runnable" || w.state === "preempted" || w.state === "throttled";

	if (queue && num(w.prev_tid))
		return `${w.prev_comm} (${w.prev_tid}) left the CPU`;
	return by;
}

function one(key) {
	const s = STORY_BY_KEY.get(key);

	if (!s)
		return [el("h1", null, "Not in this page"), el("p", null, "This task's story was left out. ctrace-bpf report --slowest tells more of them.")];
	const parent = STORIES.find(x => x.pid === s.pid && x.id === s.parent_id), children = STORIES.filter(x => x.parent_id === s.id && x.pid === s.pid && num(x.id));
	const line = s.steps.length ? timeline(s, pick) : null;
	let steps = null;

	function pick(x) {
		if (!x || !line)
			return;
		line.pick(x);
		for (const tr of steps.querySelectorAll("tbody tr"))
			tr.classList.toggle("picked", tr.querySelector("[data-col=at]").dataset.ns === String(x.offset_ns) && tr.querySelector("[data-col=took]").dataset.ns === String(x.duration_ns));
		say(`${stepName(x)}, ${ns(x.duration_ns)}`);
	}
	steps = stepTable(s, pick);
	return [el("p", { class: "crumb" }, link("#/tasks", "Tasks"), " / ", taskLink(s.name)), el("h1", null, `${s.name} `, el("span", { class: s.failed ? "bad" : "dim" }, s.failed ? `failed after ${ns(s.duration_ns)}` : ns(s.duration_ns))),
		el("p", { class: "lead" }, s.why),
		facts([["Took", exact(s.duration_ns)], ["Began", `${when(C.start_unix_ns, s.start_ns)} (+${ns(s.start_ns)})`], ["Process", String(s.pid)], ["Thread", String(s.tid)],
			["Threads", count(s.threads)], ["Task id", String(s.id)],
			["Child of", s.parent_name || num(s.parent_id) ? parent ? link(`#/one/${encodeURIComponent(parent.key)}`, s.parent_name) : s.parent_name || String(s.parent_id) : ""],
			["Trace", s.traceparent ? el("code", null, s.traceparent) : ""], ["System calls", count(s.syscalls)], ["Faults", count(s.faults)],
			["Failed", s.fail_message], ["Loss", s.tainted ? "records were lost meanwhile: figures may be wrong" : ""]]),
		bar(timesOf(s)), shares(timesOf(s), 6),
		line ? el("section", null, el("h2", null, "Timeline"), line, el("p", { class: "note" }, "Wheel or W and S zoom, drag or A and D pan, 0 or a double click shows all; a click picks a step. ",
			num(s.steps_left_out) ? el("span", { class: "leftout" }, `${many(s.steps_left_out, "shorter step")} left out.`) : "")) : null,
		steps,
		children.length ? storiesTable("c", "Child tasks in this page", children, "at") : null];
}
