
/* One task: why it took so long, its timeline, and in tables its critical path, its waits and its steps. */

function stepText(s, x) {
	const child = x.kind === "child" && storyOfChild(s, x);

	if (child)
		return link(`#/one/${encodeURIComponent(child.key)}`, nameText(x.name));
	return x.kind !== "wait" ? stepName(x) : QUEUES.includes(x.wait.state) ? "" : x.wait.resource || x.wait.syscall;
}

function stepTable(s, pick, picked) {
	return table({ id: "p", caption: "Steps", rows: s.steps, sort: "at", find: x => `${x.kind} ${stepName(x)} ${x.detail} ${x.comm} ${x.wait ? who(x.wait.waker) : ""}`,
		empty: "Of this task only the sums were kept.", pick, picked, columns: [
			{ key: "at", label: "At", ns: true, val: x => x.offset_ns, title: "since the task began" },
			{ key: "took", label: "Took", ns: true, val: x => x.duration_ns },
			{ key: "thread", label: "Thread", val: x => `${x.comm} ${x.tid}` },
			{ key: "what", label: "What", wide: true, val: x => stepName(x), cell: x => el("span", { class: `what d${Math.min(6, num(x.depth))}` },
				el("span", { class: "kind" }, x.kind === "wait" ? swatch(x.wait.state) : x.kind),
				stepText(s, x),
				x.kind === "region" && x.detail ? el("code", null, x.detail) : null) },
			timesColumn("Its time", x => x.states_ns ? timesOf(x) : Object.fromEntries(ALL_STATES.map(k => [k, 0])))] });
}

/* Whom a wait hung on, while what: the chain as a tree; of long ones the rest unfolds. */
function chainList(w) {
	const item = l => el("li", { class: `d${Math.min(6, num(l.depth) - 1)}`, "data-link": "" }, exact(l.ns), ` while ${linkWords(l)}`), links = w.chain.slice(1);

	return links.length ? [el("ul", { class: "chain" }, links.slice(0, 4).map(item)),
		links.length > 4 ? el("details", null, el("summary", null, `${links.length - 4} more`), el("ul", { class: "chain" }, links.slice(4).map(item))) : null] : "";
}

function endedBy(w) {
	return QUEUES.includes(w.state) && num(w.prev_tid) ? `${w.prev_comm || "thread"} (${w.prev_tid}) left the CPU` : who(w.waker);
}

function waitTable(s, pick, picked) {
	const rows = s.steps.filter(x => x.kind === "wait"), some = f => rows.some(f);

	return rows.length ? table({ id: "wt", caption: "Waits", rows, sort: "-took", pick, picked,
		find: x => `${stepName(x)} ${endedBy(x.wait)} ${holderOf(x.wait)} ${x.wait.culprits.map(culpritName).join(" ")} ${x.wait.chain.map(linkWords).join(" ")}`, columns: [
			{ key: "at", label: "At", ns: true, val: x => x.offset_ns, title: "since the task began" },
			{ key: "took", label: "Took", ns: true, val: x => x.duration_ns },
			{ key: "ready", label: "For a CPU", ns: true, val: readyOf, title: "part of it in which it was ready, and had no CPU" },
			{ key: "for", label: "For", val: x => stepName(x), cell: x => el("span", { class: "why" }, swatch(x.wait.state), ` ${stepText(s, x)}`,
				el("span", { class: "dim" }, peerOf(x.wait), x.wait.kernel_function ? ` at ${x.wait.kernel_function}` : "")) },
			...some(x => x.wait.holder) ? [{ key: "holder", label: "Held by", val: x => holderOf(x.wait) }] : [],
			{ key: "by", label: "Ended by", val: x => endedBy(x.wait) },
			{ key: "chain", label: "Meanwhile", wide: true, val: x => x.wait.chain.length, num: false, cell: x => chainList(x.wait) },
			...some(x => x.wait.culprits.length) ? [{ key: "culprits", label: "Its CPU ran", num: true, val: x => x.wait.culprits[0] ? num(x.wait.culprits[0].ns) : 0, cell: x => x.wait.culprits.length ? culpritList(x.wait, readyOf(x)) : "" }] : []] }) : null;
}

/* The causes of its critical path, most time first. */
function pathTable(s) {
	return table({ id: "cp", caption: "What its time hung on", rows: s.critical_path, sort: "-ns", find: blameWords, columns: [
		{ key: "words", label: "Hung on", wide: true, val: blameWords, cell: c => el("span", { class: "cause" }, el("i", { class: `s-${c.state}`, "aria-hidden": "true" }), blameWords(c)) },
		{ key: "share", label: "Share", num: true, val: c => num(c.ns), cell: c => percent(c.ns, s.duration_ns) },
		{ key: "ns", label: "Time", ns: true, val: c => c.ns },
		{ key: "count", label: "Stretches", n: true, val: c => c.count }],
	tools: num(s.critical_path_others_ns) ? el("span", { class: "dim" }, `and ${ns(s.critical_path_others_ns)} of other causes`) : null });
}

/* --- to take along ------------------------------------------------------------------------- */

/* As JSON that says what the summary says of it, numbers with all their digits. */
function storyJson(s) {
	const { key, search, hasPath, ...story } = s;

	return JSON.stringify(story, null, 1).replace(/"(\w+)": "(\d{16,})"(?=,?\n)/g, (m, k, v) => k === "id" || k === "parent_id" || /(^|_)ns$/.test(k) ? `"${k}": ${v}` : m);
}

/* As ui.perfetto.dev opens it: trace events, in us; a track a thread, and one of the critical path. */
function storyEvents(s) {
	const us = v => num(v) / 1e3, events = [], named = new Set(), pid = num(s.pid), own = 0; /* a process of no threads, for what is the task's own */
	const meta = (of, what, tid, name) => events.push({ ph: "M", name: `${what}_name`, pid: of, tid, args: { name } });
	const add = (x, of, tid, name, args) => events.push({ ph: "X", name, pid: of, tid, ts: us(x.offset_ns), dur: us(x.duration_ns), args });

	meta(own, "process", 0, `${s.name} ${s.id}`);
	meta(pid, "process", 0, `threads of process ${s.pid}`);
	meta(own, "thread", 1, "critical path");
	s.critical_path_stretches.forEach(p => add(p, own, 1, p.part === null ? p.state : blameWords(s.critical_path[num(p.part)]), { thread: `${p.comm} ${p.tid}` }));
	for (const x of s.steps) {
		const tid = num(x.tid);

		if (!named.has(tid) && x.kind !== "child")
			meta(pid, "thread", tid, x.comm);
		named.add(tid);
		if (x.kind === "log")
			events.push({ ph: "i", s: "t", name: stepName(x), pid, tid, ts: us(x.offset_ns) });
		else if (x.kind !== "enter")
			add(x, x.kind === "child" ? own : pid, x.kind === "child" ? 2 : tid, stepName(x), x.wait ? { ended_by: who(x.wait.waker), resource: x.wait.resource } : {});
	}
	if (s.steps.some(x => x.kind === "child"))
		meta(own, "thread", 2, "child tasks");
	return JSON.stringify({ traceEvents: events, displayTimeUnit: "ns" });
}

function save(name, text) {
	const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));

	el("a", { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
	say(`${name} is saved`);
}

function saveButtons(s) {
	const name = `${s.name.replace(/[^\w.-]+/g, "-").slice(0, 40)}-${s.id}`;

	return [el("button", { type: "button", on: { click: () => save(`${name}.json`, storyJson(s)) } }, "Save as JSON"),
		el("button", { type: "button", on: { click: () => save(`${name}.trace.json`, storyEvents(s)) } }, "Save for ui.perfetto.dev")];
}

/* --- the view ------------------------------------------------------------------------------ */

/* Which children are unfolded is part of the address. */
function unfolding(s) {
	const open = new Set((param("open") || "").split(" ").filter(k => STORY_BY_KEY.has(k))), kids = s.steps.filter(x => x.kind === "child").map(x => storyOfChild(s, x)).filter(x => x && x.steps.length);
	const box = el("span"), missing = s.steps.filter(x => x.kind === "child").length - kids.length;
	let line = null;

	function change() {
		setParams({ open: [...open].join(" ") || null });
		line.unfold();
		show();
	}
	function show() {
		const all = kids.length && kids.every(k => open.has(k.key));

		box.replaceChildren(kids.length ? el("button", { type: "button", "aria-pressed": String(!!all), on: { click: () => {
			kids.forEach(k => all ? open.delete(k.key) : open.add(k.key));
			change();
			box.firstChild.focus();
		} } }, all ? "Fold child tasks" : "Unfold child tasks") : "");
	}
	show();
	return { open, box, missing, on: l => { line = l; }, toggle: child => {
		if (!open.delete(child.key))
			open.add(child.key);
		change();
		say(`${child.name} is ${open.has(child.key) ? "unfolded" : "folded"}`);
	} };
}

function oneFacts(s) {
	const parent = STORIES.find(x => isParent(x, s)), trace = s.traceparent.split("-")[1];

	return facts([["Took", exact(s.duration_ns)], ["Began", `${when(C.start_unix_ns, s.start_ns)} (+${ns(s.start_ns)})`], ["Process", String(s.pid)], ["Thread", String(s.tid)],
		["Threads", count(s.threads)], ["Task id", String(s.id)],
		["Child of", s.parent_name || num(s.parent_id) ? parent ? link(`#/one/${encodeURIComponent(parent.key)}`, nameText(s.parent_name)) : s.parent_name || String(s.parent_id) : ""],
		["Trace id", s.traceparent ? el("code", { title: s.traceparent }, trace || s.traceparent) : ""], ["System calls", s.syscalls === null ? "" : count(s.syscalls)], ["Faults", s.faults === null ? "" : count(s.faults)],
		["Failed", s.fail_message], ["Loss", s.tainted ? "records were lost meanwhile: figures may be wrong" : ""]]);
}

function one(key) {
	const s = STORY_BY_KEY.get(key);

	if (!s)
		return [el("h1", null, "Not in this page"), el("p", null, "This task's story was left out. ctrace-bpf report --slowest tells more of them.")];
	const children = STORIES.filter(x => isParent(s, x)), unfold = unfolding(s);
	let chosen = null, tables = [];

	function pick(x, show) {
		chosen = x;
		line[show ? "show" : "pick"](x);
		tables.forEach(t => t.refresh());
		say(`${x.kind ? stepName(x) : `${x.state} by ${x.comm}`}, ${ns(x.duration_ns)} at +${ns(x.offset_ns)}`);
	}
	const line = s.steps.length || s.hasPath ? timeline({ story: s, open: unfold.open, onPick: pick, onOpen: unfold.toggle }) : null;
	unfold.on(line);
	const waits = waitTable(s, x => pick(x, true), x => x === chosen), steps = stepTable(s, x => pick(x, true), x => x === chosen);
	tables = [waits, steps].filter(Boolean);
	return [el("p", { class: "crumb" }, link("#/tasks", "Tasks"), " / ", taskLink(s.name)), el("h1", null, `${nameText(s.name)} `, el("span", { class: s.failed ? "bad" : "dim" }, s.failed ? `failed after ${ns(s.duration_ns)}` : ns(s.duration_ns))),
		el("p", { class: "lead" }, s.why), s.hung_on ? el("p", { class: "lead hungon" }, `Its time hung on: ${s.hung_on}.`) : null,
		oneFacts(s), bar(timesOf(s)), shares(timesOf(s), 6),
		line ? el("section", null, el("div", { class: "tools" }, el("h2", null, "Timeline"), el("span", { class: "right" }, unfold.box, saveButtons(s))), line,
			el("p", { class: "note" }, "Wheel or W and S zoom, drag or A and D pan, 0 or a double click shows all; a click picks a step, or unfolds a child. ",
				s.hasPath ? "The coloured line along the threads is the critical path. " : "Its critical path was not kept: that of the slowest is. ",
				num(s.critical_path_stretches_left_out) ? el("span", { class: "leftout" }, `${many(s.critical_path_stretches_left_out, "shorter stretch", "shorter stretches")} of the path left out. `) : "",
				unfold.missing ? el("span", { class: "leftout" }, `${many(unfold.missing, "child", "children")} cannot be unfolded: ${unfold.missing === 1 ? "its story is" : "their stories are"} not in this page. `) : "",
				num(s.steps_left_out) ? el("span", { class: "leftout" }, `${many(s.steps_left_out, "shorter step")} left out.`) : "")) : null,
		s.hasPath ? pathTable(s) : null, waits, steps,
		children.length ? storiesTable("c", "Child tasks in this page", children, "at") : null];
}
