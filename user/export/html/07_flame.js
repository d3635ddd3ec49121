
/* Time by call stack: a box a function, as wide as the time in it, upon the one that called it. Outermost is the
 * process, then the regions that were open, then the program's functions, then the kernel's; off CPU, innermost is
 * the state. The table below has the same by function. */

const FLAME_ROW = 18, FLAME_LEAST = 0.0012, FLAME_BOXES = 3000;
const FRAME_KINDS = ["user", "kernel", "inlined"], SAMPLED = 1, OTHERS = 2, USER_CUT = 4, KERNEL_CUT = 8, LOST = 16;
const FRAMES = STACKS.frames.map(([text, module, kind]) => ({ name: STACKS.texts[text], module: STACKS.texts[module], kind: FRAME_KINDS[kind] }));

/* Of numbers of frames, outermost first, and what is missing of them. */
function framesOf(numbers, flags) {
	const cut = { name: "[cut]", module: "", kind: "note" }, frames = numbers.map(f => FRAMES[f]), kernel = frames.findIndex(f => f.kind === "kernel");

	if (flags & KERNEL_CUT)
		frames.splice(kernel < 0 ? frames.length : kernel, 0, cut);
	return [...flags & LOST ? [{ name: "[stack lost]", module: "", kind: "note" }] : [], ...flags & OTHERS ? [{ name: "[others]", module: "", kind: "note" }] : [],
		...flags & USER_CUT ? [cut] : [], ...frames];
}

const STACK_ROWS = STACKS.rows.map(([process, state, flags, times, spent, regions, frames]) => ({ process: STACKS.texts[process], state: STATES[state], flags,
	count: num(times), ns: num(spent), regions: regions.map(r => STACKS.texts[r]), frames }));
const stacksOn = cpu => STACK_ROWS.filter(r => (r.state === "running") === (cpu === "on"));

/* The tree of some rows: {name, module, kind, ns, count, below: Map, depth, up}. */
function flameTree(rows, withState) {
	const root = { name: "all", module: "", kind: "all", ns: 0, count: 0, below: new Map(), depth: 0, up: null };

	for (const r of rows) {
		const path = [{ name: r.process, module: "", kind: "process" }, ...r.regions.map(name => ({ name, module: "", kind: "region" })), ...framesOf(r.frames, r.flags),
			...withState ? [{ name: `[${r.state}]`, module: "", kind: "state", state: r.state }] : []];
		let at = root;

		at.ns += r.ns;
		at.count += r.count;
		for (const f of path) {
			const key = `${f.kind === "kernel" || f.kind === "region" || f.kind === "process" ? f.kind : ""}\0${f.name}`;

			if (!at.below.has(key))
				at.below.set(key, { ...f, ns: 0, count: 0, below: new Map(), depth: at.depth + 1, up: at });
			at = at.below.get(key);
			at.ns += r.ns;
			at.count += r.count;
		}
	}
	return root;
}

const childrenOf = n => [...n.below.values()].sort((a, b) => b.ns - a.ns || (a.name < b.name ? -1 : 1));

/* By function: its own time, and that of all it called; one that calls itself counts once. */
function functionTable(rows) {
	const sums = new Map();

	for (const r of rows) {
		const frames = framesOf(r.frames, r.flags), seen = new Set();

		frames.forEach((f, i) => {
			const key = `${f.kind}\0${f.name}\0${f.module}`, v = sums.get(key) || { ...f, self: 0, total: 0, count: 0 };

			v.self += i === frames.length - 1 ? r.ns : 0;
			if (!seen.has(key)) {
				v.total += r.ns;
				v.count += r.count;
			}
			seen.add(key);
			sums.set(key, v);
		});
	}
	return [...sums.values()];
}

/* The part of a tree's time that is in boxes whose name has the text: each moment once. */
function matching(node, text) {
	if (node.up && node.name.toLowerCase().includes(text))
		return node.ns;
	return [...node.below.values()].reduce((n, c) => n + matching(c, text), 0);
}

const nodeTitle = (n, whole) => `${n.name}${n.module ? ` (${n.module.replace(/.*\//, "")})` : ""}, ${ns(n.ns)}, ${percent(n.ns, whole)}, ${many(n.count, "time")}`;
const flameClass = n => n.kind === "state" ? `s-${n.state}` : n.kind === "user" || n.kind === "inlined" ? `fu${tint(n.name)}` : `f-${n.kind}`;

/* A tree as boxes. f: {tree, at: the box that is as wide as all, text: what is searched, onZoom}. Arrow keys go from box to
 * box, Enter widens one, Escape goes back. */
function flameGraph(f) {
	const plot = el("div", { class: "flame", role: "group", "aria-label": "Flame graph. Arrow keys go from box to box, Enter makes one as wide as the graph, Escape shows all; the table below lists the same by function." });
	const boxes = new Map(), above = [];
	let deep = 0, focus = null;

	function box(n, x, w) {
		const on = f.text && n.up && n.name.toLowerCase().includes(f.text), y = n.depth * FLAME_ROW;
		const e = el("button", { type: "button", tabindex: "-1", class: `${flameClass(n)}${on ? " hit" : ""}`, title: nodeTitle(n, f.tree.ns), "aria-label": nodeTitle(n, f.tree.ns), "data-ns": String(n.ns),
			style: { left: `${100 * x}%`, width: `${100 * w}%`, top: `${y}px` } }, w > 0.012 ? n.name : "");

		boxes.set(n, e);
		deep = Math.max(deep, n.depth + 1);
		e.addEventListener("click", () => f.onZoom(n));
		e.addEventListener("focus", () => { focus = n; });
		plot.append(e);
	}
	/* Row by row, so that if there are too many boxes, it is the innermost that are not drawn. */
	function fill(from) {
		for (let row = [[from, 0, 1]], next = []; row.length; row = next, next = []) {
			for (const [n, left, w] of row) {
				let x = left;

				if (boxes.size >= FLAME_BOXES) {
					plot.undrawn++;
					continue;
				}
				box(n, x, w);
				for (const c of childrenOf(n)) {
					const part = c.ns / (n.ns || 1) * w;

					if (part >= FLAME_LEAST)
						next.push([c, x, part]);
					x += part;
				}
			}
		}
	}
	function go(n) {
		if (!n || !boxes.has(n))
			return;
		boxes.get(focus).tabIndex = -1;
		focus = n;
		boxes.get(n).tabIndex = 0;
		boxes.get(n).focus();
	}
	plot.addEventListener("keydown", e => {
		const row = focus.up ? childrenOf(focus.up).filter(c => boxes.has(c)) : [focus], i = row.indexOf(focus);
		const to = { ArrowDown: () => go(childrenOf(focus)[0]), ArrowUp: () => go(focus.up), ArrowLeft: () => go(row[i - 1]), ArrowRight: () => go(row[i + 1]), Home: () => go(f.tree),
			Escape: () => f.onZoom(f.tree) }[e.key];

		if (!to)
			return;
		e.preventDefault();
		to();
	});
	for (let n = f.at.up; n; n = n.up)
		above.unshift(n);
	above.forEach(n => box(n, 0, 1));
	plot.undrawn = 0;
	fill(f.at);
	plot.style.height = `${deep * FLAME_ROW}px`;
	focus = f.at;
	boxes.get(focus).tabIndex = 0;
	plot.grab = () => boxes.get(focus).focus();
	return plot;
}

/* The box at an address as "0.2.1": the nth largest child, and so on. */
function flameAt(tree, path) {
	let n = tree;

	for (const i of (path || "").split(".").filter(Boolean))
		n = childrenOf(n)[Number(i)] || n;
	return n;
}

function flamePath(n) {
	return n.up ? [flamePath(n.up), String(childrenOf(n.up).indexOf(n))].filter(Boolean).join(".") : "";
}

const IN_ANY = "in any region", ANY = "all time";

/* "*" before a region's name in the address, for one may be called as the two above. */
function inRegionRows(rows, where) {
	if (where === "any")
		return rows.filter(r => r.regions.length);
	return where[0] === "*" ? rows.filter(r => r.regions.includes(where.slice(1))) : rows;
}

function choice(label, name, value, options, onChange) {
	const select = el("select", { name, on: { change: () => onChange(select.value) } }, options.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));

	return el("label", { class: "choice" }, `${label} `, select);
}

function flames() {
	const head = [el("h1", null, "Flame graphs"), el("p", { class: "lead" }, "Where in the program the time went, by the functions that called each other: on a CPU as sampled, off CPU as waited.")];
	const some = STACK_ROWS.some(r => r.regions.length), body = el("div");

	if (!STACK_ROWS.length)
		return [...head, el("p", null, "No call stacks were taken. ", el("code", null, "ctrace-bpf -g"), " takes them.")];
	/* What was used keeps the focus. */
	const set = values => {
		const used = document.activeElement, again = used && (used.name ? `[name="${used.name}"]` : used.dataset.cpu ? `[data-cpu="${used.dataset.cpu}"]` : "");

		setParams({ at: null, ...values });
		show(!again);
		if (again)
			body.querySelector(again).focus();
	};
	/* focus: whether the graph is to have it, as after a key in it. */
	function show(focus) {
		const cpu = param("cpu") === "on" ? "on" : "off", where = param("in") || (some ? "any" : "all"), only = cpu === "off" ? param("state") || "" : "";
		const all = stacksOn(cpu), states = STATES.filter(s => all.some(r => r.state === s)), regions = [...new Set(all.flatMap(r => r.regions))].sort();
		const rows = inRegionRows(all, where).filter(r => !only || r.state === only), tree = flameTree(rows, cpu === "off"), text = (param("q") || "").toLowerCase();
		const at = flameAt(tree, param("at")), found = text ? matching(tree, text) : 0;
		const graph = flameGraph({ tree, at, text, onZoom: n => {
			setParams({ at: flamePath(n) || null });
			show(true);
			say(nodeTitle(n, tree.ns));
		} });
		const input = el("input", { type: "search", id: "flame-q", placeholder: "Search functions", value: param("q") || "", autocomplete: "off", "aria-label": "Search functions" });

		input.addEventListener("input", () => {
			setParams({ q: input.value || null });
			show();
			document.getElementById("flame-q").focus();
			document.getElementById("flame-q").setSelectionRange(input.selectionStart, input.selectionStart);
		});
		body.replaceChildren(...[el("div", { class: "tools" },
			["off", "on"].map(k => el("button", { type: "button", "data-cpu": k, "aria-pressed": String(cpu === k), on: { click: () => set({ cpu: k === "off" ? null : k, state: null }) } }, k === "on" ? "On CPU" : "Off CPU")),
			choice("In", "in", where, [...some ? [["any", IN_ANY]] : [], ["all", ANY], ...regions.map(r => [`*${r}`, r])], v => set({ in: v })),
			cpu === "off" ? choice("State", "state", only, [["", "any"], ...states.map(s => [s, s])], v => set({ state: v || null })) : null, input),
		el("p", { class: "flame-sum", "data-ns": String(tree.ns), "data-found": String(found) }, el("strong", null, ns(tree.ns)), cpu === "on" ? ` in ${many(tree.count, "sample")}` : ` in ${many(tree.count, "wait")}`,
			text ? `; ${ns(found)} (${percent(found, tree.ns)}) of it in \u201c${param("q")}\u201d` : "", at !== tree ? ["; shown: ", el("strong", null, at.name), ` ${ns(at.ns)} `, el("button", { type: "button", on: { click: () => set({}) } }, "Show all")] : ""),
		num(STACKS.left_out) || num(STACKS.lost) ? el("p", { class: "note leftout" }, [num(STACKS.left_out) ? `${many(STACKS.left_out, "stack")} with ${ns(STACKS.left_out_ns)} left out of this page: ctrace-bpf export -o x.folded has them. ` : "",
			num(STACKS.lost) ? `${many(STACKS.lost, "stack")} could not be recorded.` : ""]) : null,
		rows.length ? graph : el("p", null, "No time was spent so."),
		graph.undrawn ? el("p", { class: "note leftout" }, `${many(graph.undrawn, "box", "boxes")}, and what is upon them, not drawn: there are too many. A click on one that is wide shows more.`) : null,
		rows.some(r => r.flags & (USER_CUT | KERNEL_CUT)) ? el("p", { class: "note" }, "[cut]: the stack goes on from there, but could not be followed: most often, code without frame pointers (-fno-omit-frame-pointer gives them).") : null,
		table({ id: "f", caption: "By function", rows: functionTable(rows), sort: "-self", find: v => `${v.name} ${v.module}`, columns: [
			{ key: "name", label: "Function", val: v => v.name },
			{ key: "kind", label: "Of", val: v => v.kind === "note" ? "\u2013" : v.kind },
			{ key: "module", label: "File", val: v => v.module, cell: v => el("code", null, v.module) },
			{ key: "self", label: "Self", ns: true, val: v => v.self },
			{ key: "total", label: "Total", ns: true, val: v => v.total, title: "with what it called" },
			{ key: "count", label: cpu === "on" ? "Samples" : "Waits", n: true, val: v => v.count }] })].filter(Boolean));
		if (focus && rows.length)
			graph.grab();
	}
	show();
	return [...head, body];
}
