
/* What is drawn of one task, before it is drawn: lanes, one below the other.
 *
 * A lane is {label, title, tid, kind, items, rows}; an item {a, b, row, kind, state, text, tip, pick}: from a to b in ns
 * since the task began. pick is what a click chooses: a step of the task, a stretch of its path, or a child's story. */

const THREADS_ELSEWHERE = 8;

/* Into the first row that is free. */
function stack(items) {
	const ends = [];

	for (const i of items) {
		let r = ends.findIndex(end => end <= i.a);

		r = r < 0 ? ends.length : r;
		ends[r] = i.b;
		i.row = r;
	}
	return ends.length;
}

function stepName(s) {
	if (s.kind === "wait" && QUEUES.includes(s.wait.state))
		return DID[s.wait.state];
	if (s.kind === "wait")
		return s.wait.state + (s.wait.resource ? `: ${s.wait.resource}` : s.wait.syscall ? `: ${s.wait.syscall}` : "");
	if (s.kind === "log")
		return `${s.name}: ${s.detail}`;
	return s.kind === "enter" ? "taken up" : s.name;
}

function waitTip(s) {
	const w = s.wait;

	return [w.holder ? `held by ${holderOf(w)}` : "", who(w.waker) ? `ended by ${who(w.waker)}` : "", w.culprits.length ? `its CPU ran ${culpritWords(s)}` : "",
		w.chain.length > 1 ? `while ${linkWords(w.chain[1])}` : ""].filter(Boolean);
}

/* v: {at, root, open}: a story that began `at` after the one that is shown, or is that one (root); open: the keys of
 * the children that are unfolded. */
function itemOf(s, v) {
	const a = v.at + num(s.offset_ns), b = a + num(s.duration_ns);

	return { kind: s.kind, a, b, row: 0, state: s.wait ? s.wait.state : null, text: stepName(s), pick: v.root ? s : null, step: s,
		woken: s.wait && readyOf(s) && !QUEUES.includes(s.wait.state) ? b - readyOf(s) : b, tip: s.wait ? waitTip(s) : [] };
}

/* A lane a thread: a row per depth of regions, and one for waits and logs. */
function threadLanes(story, v) {
	const lanes = new Map();

	for (const s of story.steps) {
		if (s.kind === "child")
			continue;
		const lane = lanes.get(String(s.tid)) || { label: `${s.comm || "thread"} ${s.tid}`, tid: String(s.tid), kind: "thread", items: [], base: Infinity };

		lane.items.push(itemOf(s, v));
		if (s.kind === "region")
			lane.base = Math.min(lane.base, num(s.depth));
		lanes.set(lane.tid, lane);
	}
	for (const lane of lanes.values()) {
		const regions = lane.items.filter(i => i.kind === "region");

		regions.forEach(i => { i.row = num(i.step.depth) - lane.base; });
		const depths = regions.reduce((n, i) => Math.max(n, i.row + 1), 0), below = lane.items.filter(i => i.kind === "wait" || i.kind === "log");
		below.forEach(i => { i.row = depths; });
		lane.rows = depths + (below.length ? 1 : 0) || 1;
	}
	return [...lanes.values()];
}

/* Who had the CPU while a thread of the task waited for it. In which order is not known: the longest is first. */
function cpuLane(story, v) {
	const items = [];

	for (const s of story.steps) {
		const ready = s.kind === "wait" ? readyOf(s) : 0, end = v.at + num(s.offset_ns) + num(s.duration_ns);

		if (!ready)
			continue;
		const w = s.wait, parts = w.culprits.map(c => [culpritName(c), num(c.ns)]), group = { a: end - ready, b: end };
		let a = end - ready;

		if (num(w.culprits_others_ns))
			parts.push(["others", num(w.culprits_others_ns)]);
		if (!parts.length && num(w.prev_tid))
			parts.push([`${w.prev_comm || "thread"} (${w.prev_tid}) at the end`, ready]);
		if (num(w.cpu_idle_ns))
			parts.push(["nobody", num(w.cpu_idle_ns)]);
		if (parts.length && unknownOf(w, ready))
			parts.push(["not known", unknownOf(w, ready)]);
		for (const [name, took] of parts) {
			const b = Math.min(end, a + took);

			if (b > a)
				items.push({ kind: "cpu", a, b, group, text: name, pick: v.root ? s : null, tip: [`${ns(took)} of ${ns(ready)} that ${s.comm || "the thread"} waited for the CPU`, `from +${ns(end - ready)} on; when in that time is not known`] });
			a = b;
		}
	}
	const groups = [...new Set(items.map(i => i.group))].sort((x, y) => x.a - y.a), rows = stack(groups);
	items.forEach(i => { i.row = i.group.row; });
	return items.length ? [{ label: "who had the CPU", title: "shares of each wait for it, in no order", kind: "cpu", items, rows }] : [];
}

/* Ids are a process's own, but a parent may be in another one: then by its name, too. */
const isParent = (s, child) => num(child.parent_id) && s.id === child.parent_id && (s.pid === child.pid || s.name === child.parent_name);

/* The story of a child, if it is in the page. */
function storyOfChild(s, step) {
	return STORIES.find(x => isParent(s, x) && x.name === step.name && num(x.start_ns) - num(s.start_ns) === num(step.offset_ns));
}

function childLanes(story, v) {
	const items = [], inside = [];

	for (const s of story.steps) {
		const child = s.kind === "child" && storyOfChild(story, s);

		if (s.kind !== "child")
			continue;
		items.push({ ...itemOf(s, v), text: `${child && child.steps.length ? v.open.has(child.key) ? "\u25be " : "\u25b8 " : ""}${s.name}`, child, tip: [child ? "a click unfolds it" : "its story is not in this page"] });
		if (child && v.open.has(child.key))
			inside.push(...lanesOf(child, { at: v.at + num(s.offset_ns), root: false, open: v.open }).map(l => ({ ...l, inside: (l.inside || 0) + 1, of: l.of || child.name })));
	}
	return items.length ? [{ label: "child tasks", kind: "child", items, rows: stack(items) }, ...inside] : [];
}

/* The path's stretches: where the task's time hung on what. */
function pathItems(story) {
	return story.critical_path_stretches.map(p => {
		const cause = p.part === null ? null : story.critical_path[num(p.part)], a = num(p.offset_ns);

		return { kind: "path", a, b: a + num(p.duration_ns), row: 0, state: p.state, tid: String(p.tid), text: `${p.comm}: ${cause ? p.state + inRegion(cause.region) : p.state}`,
			pick: p, tip: [cause ? blameWords(cause) : `${p.state} by ${p.comm}`, `thread ${p.comm} ${p.tid} of process ${p.pid}`] };
	});
}

/* Threads that the path goes over, and that did not work for the task: those with most time. */
function elsewhere(items, here) {
	const lanes = new Map();

	for (const i of items) {
		if (here.has(i.tid) || i.tid === "0")
			continue;
		const lane = lanes.get(i.tid) || { label: `${i.pick.comm || "thread"} ${i.tid}`, title: "on the path", tid: i.tid, kind: "elsewhere", items: [], rows: 1, ns: 0 };

		lane.ns += i.b - i.a;
		lane.items.push({ ...i, kind: "stretch" });
		lanes.set(i.tid, lane);
	}
	return [...lanes.values()].sort((a, b) => b.ns - a.ns).slice(0, THREADS_ELSEWHERE);
}

function lanesOf(story, v) {
	const threads = threadLanes(story, v), cpu = cpuLane(story, v), children = childLanes(story, v), path = v.root ? pathItems(story) : [];
	const here = new Set([...threads, ...children].filter(l => l.tid).map(l => l.tid));

	return [...path.length ? [{ label: "critical path", kind: "path", items: path, rows: 1 }] : [], ...threads, ...elsewhere(path, here), ...cpu, ...children];
}
