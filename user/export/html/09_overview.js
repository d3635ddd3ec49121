
/* The views of the whole, and of tasks by name: each returns the nodes of the main part. */

const C = SUMMARY.capture;

function facts(pairs) {
	return el("dl", { class: "facts" }, pairs.filter(p => p[1] !== "" && p[1] !== null)
		.map(([k, v]) => el("div", null, el("dt", null, k), el("dd", null, v))));
}

function when(unixNs, plus) {
	const ms = num(String(unixNs).slice(0, -6) || 0) + num(plus || 0) / 1e6;

	return `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

const processesNr = () => C.processes.length + num(DETAILS.left_out.processes);

function processName() {
	const p = C.processes[0];

	return !p ? "a trace" : `${p.comm} (${p.pid})` + (processesNr() > 1 ? ` and ${processesNr() - 1} more` : "");
}

/* What is to be known before any figure is believed: a sentence each. */
function doubts() {
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
	if (C.tracer && num(C.tracer.tsc_steps))
		lines.push(`The TSC and the kernel's clock did not go together, ${many(C.tracer.tsc_steps, "time")}: marks around them may be off.`);
	for (const m of SUMMARY.misuse)
		lines.push(`Marks used wrongly: ${m.name} ${count(m.count)}.`);
	if (f.task || f.region || num(f.min_ns))
		lines.push(`This is not all: only ${[f.task && `tasks called ${f.task}`, f.region && `regions called ${f.region}`, num(f.min_ns) && `tasks of at least ${ns(f.min_ns)}`].filter(Boolean).join(", ")}.`);
	if (f.task || num(f.min_ns))
		lines.push(`${f.region ? "Threads cover" : "Regions, threads, waits and stacks cover"} the whole trace.`);
	else if (f.region)
		lines.push("Tasks and threads cover the whole trace.");
	if (f.task && !SUMMARY.tasks.length)
		lines.push(`No task is called ${f.task}.`);
	if (f.region && !SUMMARY.regions.length)
		lines.push(`No region is called ${f.region}.`);
	return lines;
}

const windowWords = w => `from ${ns(w.from_ns)} to ${ns(w.to_ns)} of a trace of ${ns(w.trace_ns)}`;

function trust() {
	const lines = doubts(), windowed = C.window ? `This is ${windowWords(C.window)}. ` : "";

	if (!lines.length)
		return el("p", { class: "good" }, `${windowed}Nothing was lost.`);
	return el("ul", { class: "warn" }, [windowed.trim(), ...lines].filter(Boolean).map(l => el("li", null, l)));
}

/* In every view but the one that says it all. */
function doubtful(view) {
	return view !== "overview" && doubts().length ? el("p", { class: "warn brief" }, `Not all is here, or not all is sure: ${doubts()[0]} `, link("#/overview", doubts().length > 1 ? `And ${doubts().length - 1} more` : "The overview")) : null;
}

/* Only where something was lost. */
const taintedColumn = rows => rows.some(r => num(r.tainted)) ? [{ key: "tainted", label: "Tainted", n: true, val: r => r.tainted, title: "of these, records were lost: their figures may be wrong" }] : [];

function leftOut() {
	const words = Object.entries(DETAILS.left_out).filter(e => num(e[1])).map(([k, v]) => `${count(v)} ${k}`);

	return words.length ? el("p", { class: "note leftout" }, `Left out to keep this page small: ${words.join(", ")}. What ctrace-bpf report -f json prints is whole but for single tasks: of these it tells the slowest.`) : null;
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

/* of: how many tasks there are that could have been in it. */
function storiesTable(id, caption, rows, sort, empty, of) {
	return table({ id, caption, rows, sort, empty, tools: num(of || 0) > rows.length ? el("span", { class: "dim" }, `${count(rows.length)} of ${many(of, "task")}: the slowest, and some of each latency`) : null, find: s => s.search, columns: [
		{ key: "task", label: "Task", val: s => s.name, cell: s => link(`#/one/${encodeURIComponent(s.key)}`, nameText(s.name)) },
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
			["Processes", count(processesNr())], ["Threads", count(SUMMARY.threads.length + num(SUMMARY.threads_left_out) + num(DETAILS.left_out.threads))],
			["Ended by", C.end_reason]]),
		trust(), leftOut(),
		list.length ? el("section", null, el("h2", null, "What stands out"), el("ol", { class: "findings" }, list)) : null,
		el("section", null, el("h2", null, "Where the time went"),
			SUMMARY.tasks.length ? [el("h3", null, "while tasks were open"), bar(tasks), shares(tasks, 16)] : null,
			el("h3", null, `of all threads (${FOR_WORK})`), bar(all), shares(all, 16),
			el("details", null, el("summary", null, "All states"), statesTable("Time of all threads by state", [{ label: "All threads", times: all, exact: states }]))),
		SUMMARY.tasks.length ? taskTable() : null,
		C.captures ? hosts() : null,
		worst.length ? storiesTable("worst", "The slowest, and why", worst, "-took") : null,
		el("section", null, el("h2", null, "Processes"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Processes" }, el("table", null, el("thead", null, el("tr", null, ["Process", "PID", "Threads", "Program"].map((h, i) => el("th", { scope: "col", class: i % 3 ? "num" : null }, h)))),
			el("tbody", null, C.processes.map(p => el("tr", null, el("td", null, p.comm), el("td", { class: "num" }, String(p.pid)), el("td", { class: "num" }, count(p.threads)), el("td", null, p.exe))))))),
	];
}

/* Several captures, explained as one. */
function hosts() {
	return el("section", null, el("h2", null, "Captures"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Captures" }, el("table", null,
		el("thead", null, el("tr", null, ["Host", "Kernel", "From", "For", "Events", "Lost", "PIDs", "Clock"].map(h => el("th", { scope: "col" }, h)))),
		el("tbody", null, C.captures.map(c => el("tr", null, el("td", null, c.host), el("td", null, c.kernel), el("td", null, `+${ns(c.start_ns)}`), el("td", null, exact(c.duration_ns)),
			el("td", null, count(c.events)), el("td", null, count(c.lost)), el("td", null, num(c.pid_add) ? `plus ${count(c.pid_add)}` : "as they were"),
			el("td", null, c.clock === "same" ? "that of the first" : `by the time of day, within ${ns(c.clock_err_ns)} if both hosts had it right`)))))));
}

/* Why a table of what is marked is empty. */
function emptyWords(what, isFiltered) {
	if (num(DETAILS.left_out[what]))
		return `There was no room for ${what} in this page.`;
	return isFiltered(SUMMARY.filter) ? `None of the ${what} is one of those that were asked for.` : `The program marked no ${what}: see the manual of ctrace/ctrace.h.`;
}

function taskTable() {
	return table({ id: "t", caption: "Tasks", rows: SUMMARY.tasks, sort: "-total", left_out: DETAILS.left_out.tasks,
		empty: emptyWords("tasks", f => f.task || num(f.min_ns)), find: t => t.name, columns: [
			{ key: "name", label: "Task", val: t => t.name, cell: t => taskLink(t.name) },
			{ key: "count", label: "Count", n: true, val: t => t.count },
			{ key: "complete", label: "Done", n: true, val: t => t.complete, title: "those whose end was seen" },
			{ key: "failed", label: "Failed", n: true, val: t => t.failed },
			...["p50", "p95", "p99", "max"].map(p => ({ key: p, label: p, ns: true, val: t => num(t.complete) ? t.duration_ns[p] : null })),
			{ key: "total", label: "Total", ns: true, val: t => t.wall_ns, title: "time that they were open, summed" },
			...taintedColumn(SUMMARY.tasks), timesColumn(null, timesOf)] });
}

function tasks() {
	return [el("h1", null, "Tasks"), el("p", { class: "lead" }, "A row for each name. Choose one to see its latency, and what its slow ones do that the others do not."),
		leftOut(), taskTable(), storiesTable("s", "Single tasks in this page", STORIES, "-took", "No task was completed.", SUMMARY.tasks.reduce((n, t) => n + num(t.complete), 0))];
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

/* What critical paths hung on: of all tasks of a name exactly; of chosen ones as far as their paths are in this page. */
function causesTable(t, range, isIn) {
	const stories = STORIES.filter(s => s.name === t.name && s.hasPath), some = range ? stories.filter(isIn) : [], rest = range ? stories.filter(s => !isIn(s)) : [];
	const all = sumCauses(range ? some : [t]), whole = range ? some.reduce((n, s) => n + num(s.duration_ns), 0) : num(t.wall_ns);
	const others = new Map(sumCauses(rest).map(c => [c.key, c.ns])), restWhole = rest.reduce((n, s) => n + num(s.duration_ns), 0);
	const shareOf = { key: "share", label: "Share", num: true, val: c => c.ns, cell: c => percent(c.ns, whole) };

	if (range && !some.length)
		return el("p", { class: "note" }, "Of what the critical paths of these hung on, nothing is in this page: paths are kept of the slowest.");
	return table({ id: "cp", caption: range ? "What the selected ones hung on" : "What their time hung on", rows: all, sort: "-ns", find: c => c.words, left_out: 0, empty: "Nothing is known of it.",
		tools: range ? el("span", { class: "dim" }, `${many(some.length, "task")} whose path is in this page, against ${count(rest.length)} of the rest`) : null,
		columns: [{ key: "words", label: "Hung on", wide: true, val: c => c.words, cell: c => el("span", { class: "cause" }, el("i", { class: `s-${c.state}`, "aria-hidden": "true" }), c.words) }, shareOf,
			{ key: "ns", label: "Time", ns: true, val: c => c.ns }, range ? { key: "rest", label: "Share of the rest", num: true, val: c => (others.get(c.key) || 0) / (restWhole || 1), cell: c => restWhole ? percent(others.get(c.key) || 0, restWhole) : "\u2013" } :
				{ key: "each", label: "Each", num: true, val: c => c.ns / (num(t.count) || 1), cell: c => ns(c.ns / (num(t.count) || 1)) }] });
}

function task(name) {
	const t = SUMMARY.tasks.find(x => x.name === name), bins = BUCKETS.get(name) || [];

	if (!t)
		return [el("h1", null, "No such task"), el("p", null, `The page has no task called ${name}.`)];
	const below = el("div"), d = t.duration_ns;
	const asked = { lo: num(param("lo")), hi: num(param("hi")) };
	let chosen = param("lo") !== null && Number.isFinite(asked.hi) && asked.lo < asked.hi ? asked : null;

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
			causesTable(t, range, inRange),
			storiesTable("s", range ? `Single tasks that took ${words}` : "Single tasks in this page", STORIES.filter(s => s.name === name && inRange(s)), "-took",
				"Of these, none is in this page: choose a wider range, or ask ctrace-bpf report --slowest.", n));
		if (speak)
			say(range ? `${n} tasks took ${words}` : "all tasks");
	}
	const figure = el("div");
	function show() {
		if (bins.length)
			figure.replaceChildren(histogram(bins, [["p50", d.p50], ["p95", d.p95], ["p99", d.p99]], chosen = null, r => choose(r, true)));
		choose(null, true);
		if (bins.length)
			figure.querySelector("button").focus();
	}
	if (bins.length)
		figure.append(histogram(bins, [["p50", d.p50], ["p95", d.p95], ["p99", d.p99]], chosen, r => choose(r, true)));
	choose(chosen);
	return [el("p", { class: "crumb" }, link("#/tasks", "Tasks")), el("h1", null, nameText(t.name)),
		facts([["Count", count(t.count)], ["Complete", count(t.complete)], ["Failed", count(t.failed)], ["Affected by loss", num(t.tainted) ? count(t.tainted) : ""],
			...["min", "p50", "p90", "p95", "p99", "max", "mean"].map(p => [p, num(t.complete) ? exact(d[p]) : "\u2013"]), ["Total", exact(t.wall_ns)]]),
		figure, below];
}

