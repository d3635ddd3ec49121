
/* Waits: each kind, and summed up by resource, by who ended them, by who had the CPU meanwhile. */

function wakerList(v, others, what) {
	const rest = num(others);

	return el("span", { class: "wakers" }, v.slice(0, 3).map(b => el("span", null, `${who(b) || "not known"} `, el("span", { class: "dim" }, `\u00d7${count(b.count)}`))),
		v.length > 3 || rest ? el("span", { class: "dim" }, `and ${many(v.slice(3).reduce((n, b) => n + num(b.count), rest), what)} by others`) : null);
}

/* Where waits were called from: the innermost functions of the program, and the whole stacks unfolded. */
function calledFrom(w) {
	const stacks = STACKS.waits[w.nr] || [];

	if (!stacks.length)
		return "";
	return el("details", { class: "stacks" }, el("summary", null, framesOf(stacks[0][3], stacks[0][0]).filter(f => f.kind !== "kernel").slice(-1).map(f => f.name)[0] || "the kernel"),
		stacks.map(([flags, times, spent, frames]) => el("div", null, el("span", { class: "dim" }, `${many(times, "time")}, ${ns(spent)}`),
			el("ol", { class: "stack" }, [...framesOf(frames, flags)].reverse().map(f => el("li", { class: f.kind === "kernel" ? "dim" : null }, f.name))))));
}

/* ready: how long it lacked a CPU, if that is known. */
function culpritList(w, ready) {
	const rest = [["others", othersOf(w, 3)], ["nobody", num(w.cpu_idle_ns)], ["not known", unknownOf(w, ready || 0)]];

	return partList(w.culprits.slice(0, 3).map(c => [culpritName(c), num(c.ns)]).concat(rest.filter(r => r[1] > 0)), 6);
}

/* Most of what is outside of regions is waiting for work to do, so it is only shown if asked for. */
const waitsInside = () => param("in") !== "all" && SUMMARY.waits.some(w => w.region);
const waitRows = () => waitsInside() ? SUMMARY.waits.filter(w => w.region) : SUMMARY.waits;

function eachWait() {
	const rows = waitRows(), any = f => rows.some(f);

	return table({ id: "w", caption: "Each kind of wait", alone: true, rows, sort: "-total", 
		find: w => `${w.state} ${w.resource} ${w.region} ${w.wakers.map(who).join(" ")} ${w.holders.map(who).join(" ")} ${w.culprits.map(culpritName).join(" ")}`, columns: [
			stateColumn,
			{ key: "resource", label: "Resource", val: w => w.resource, cell: w => el("span", { class: "why" }, w.resource, w.peer ? el("span", { class: "dim" }, peerOf(w)) : null) },
			{ key: "region", label: "In region", val: w => w.region },
			{ key: "count", label: "Count", n: true, val: w => w.count },
			{ key: "total", label: "Total", ns: true, val: w => w.total_ns },
			{ key: "mean", label: "Mean", num: true, val: w => num(w.total_ns) / (num(w.count) || 1), cell: w => ns(num(w.total_ns) / (num(w.count) || 1)) },
			{ key: "max", label: "Max", ns: true, val: w => w.max_ns },
			{ key: "wakers", label: "Ended by", val: w => w.wakers[0] ? who(w.wakers[0]) : "", cell: w => wakerList(w.wakers, w.wakers_others, "waking") },
			...any(w => w.culprits.length) ? [{ key: "culprits", label: "Its CPU ran", val: w => w.culprits[0] ? num(w.culprits[0].ns) : 0, num: true, cell: w => w.culprits.length ? culpritList(w, QUEUES.includes(w.state) ? num(w.total_ns) : 0) : "" }] : [],
			...any(w => w.holders.length) ? [{ key: "holders", label: "Held by (hint)", val: w => w.holders[0] ? who(w.holders[0]) : "", cell: w => wakerList(w.holders, w.holders_others, "wait") }] : [],
			...any(w => (STACKS.waits[w.nr] || []).length) ? [{ key: "stacks", label: "Called from", val: w => "", cell: calledFrom }] : []] });
}

/* Sums over the kinds of waits by a key. each(w) has what a kind adds: [{key, count, ns, max, ...}]. */
function sumWaits(each) {
	const sums = new Map();

	for (const w of waitRows()) {
		for (const a of each(w)) {
			const v = sums.get(a.key) || { ...a, count: 0, ns: 0, max: 0, regions: new Map(), resources: new Map() };
			const what = w.state + resourceWords(w.state, w.resource);

			v.count += a.count;
			v.ns += a.ns;
			v.max = Math.max(v.max, num(w.max_ns));
			v.regions.set(w.region, (v.regions.get(w.region) || 0) + a.ns);
			v.resources.set(what, (v.resources.get(what) || 0) + a.ns);
			sums.set(a.key, v);
		}
	}
	return [...sums.values()].map(v => ({ ...v, regions: [...v.regions].sort((a, b) => b[1] - a[1]), resources: [...v.resources].sort((a, b) => b[1] - a[1]) }));
}

const regionsColumn = { key: "regions", label: "In regions", val: v => v.regions[0][0], cell: v => partList(v.regions) };
const resourcesColumn = { key: "resources", label: "For", val: v => v.resources[0][0], cell: v => partList(v.resources, 3) };
const namesOf = v => v.regions.concat(v.resources).map(p => p[0]).join(" ");

function byResource() {
	const rows = sumWaits(w => [{ key: `${w.state}\0${w.resource}`, state: w.state, resource: w.resource, peer: w.peer, count: num(w.count), ns: num(w.total_ns) }]);

	return table({ id: "wr", caption: "Waits by resource", alone: true, rows, sort: "-total", find: v => `${v.state} ${v.resource} ${namesOf(v)}`, columns: [stateColumn,
		{ key: "resource", label: "Resource", val: v => v.resource, cell: v => el("span", { class: "why" }, v.resource || "(not known)", v.peer ? el("span", { class: "dim" }, peerOf(v)) : null) },
		{ key: "count", label: "Count", n: true, val: v => v.count },
		{ key: "total", label: "Total", ns: true, val: v => v.ns },
		{ key: "max", label: "Max", ns: true, val: v => v.max }, regionsColumn] });
}

function byWaker() {
	const rows = sumWaits(w => w.wakers.map(b => ({ key: [b.ctx, b.softirq, b.pid, b.tid, b.region].join("\0"), name: who({ ...b, region: "" }), region: b.region, count: num(b.count), ns: num(b.total_ns) })));
	const others = waitRows().reduce((n, w) => n + num(w.wakers_others), 0);

	return [table({ id: "ww", caption: "Waits by who ended them", alone: true, rows, sort: "-total", find: v => `${v.name} ${v.region} ${namesOf(v)}`, columns: [
		{ key: "name", label: "Ended by", val: v => v.name || "not known" },
		{ key: "region", label: "Which was in", val: v => v.region },
		{ key: "count", label: "Wakings", n: true, val: v => v.count },
		{ key: "total", label: "Waited for it", ns: true, val: v => v.ns, title: "how long the waits were that it ended" }, resourcesColumn, regionsColumn] }),
	others ? el("p", { class: "note leftout" }, `${many(others, "waking")} by others: of each kind of wait, the eight that ended most are known.`) : null];
}

function byCulprit() {
	const rows = sumWaits(w => w.culprits.map(c => ({ key: [c.pid, c.tid, num(c.tid) ? "" : c.comm].join("\0"), name: culpritName(c), pid: c.pid, count: 1, ns: num(c.ns) })));
	const sum = k => waitRows().reduce((n, w) => n + num(w[k]), 0), others = sum("culprits_others_ns"), idle = sum("cpu_idle_ns");
	const queued = waitRows().filter(w => QUEUES.includes(w.state)).reduce((n, w) => n + num(w.total_ns), 0), known = rows.reduce((n, r) => n + r.ns, others + idle);

	return [el("p", null, `Of ${ns(queued)} in which threads lacked a CPU, it is known for ${ns(known)} who had it: ${ns(known - others - idle)} those below, ${ns(others)} others, ${ns(idle)} nobody.`),
		table({ id: "wc", caption: "Waits for a CPU by who had it", alone: true, rows, sort: "-total", find: v => `${v.name} ${namesOf(v)}`, empty: "No thread that was traced waited for a CPU that another one had.", columns: [
			{ key: "name", label: "Had the CPU", val: v => v.name },
			{ key: "pid", label: "PID", num: true, val: v => num(v.pid) || "" },
			{ key: "total", label: "Meanwhile", ns: true, val: v => v.ns, title: "while a traced thread waited for that CPU" },
			{ key: "kinds", label: "Kinds of waits", n: true, val: v => v.count }, resourcesColumn, regionsColumn] })];
}

const WAITS_BY = [["", "Each kind", eachWait], ["resource", "By resource", byResource], ["waker", "By who ended them", byWaker], ["culprit", "By who had the CPU", byCulprit]];

function waits() {
	const box = el("div"), tools = el("div", { class: "tools" });

	function show(focus) {
		const by = WAITS_BY.find(v => v[0] === (param("by") || "")) || WAITS_BY[0];

		tools.replaceChildren(...WAITS_BY.map(([key, label]) => el("button", { type: "button", "aria-pressed": String(key === by[0]), on: { click: () => {
			setParams({ by: key || null });
			show(key);
		} } }, label)), ...SUMMARY.waits.some(w => w.region) ? [el("button", { type: "button", class: "right", "aria-pressed": String(!waitsInside()), title: "waits outside of regions, too: most of them are for work to do", on: { click: () => {
			setParams({ in: waitsInside() ? "all" : null });
			show("in");
		} } }, "Outside of regions, too")] : []);
		const missing = leftOutRows("kind of wait", DETAILS.left_out.waits, SUMMARY.waits_left_out);

		box.replaceChildren(...[by[2](), missing.length ? el("p", { class: "note" }, missing, by[0] ? " These sums lack them." : "") : null].flat().filter(Boolean));
		if (focus !== undefined)
			tools.children[focus === "in" ? WAITS_BY.length : WAITS_BY.indexOf(by)].focus();
	}
	show();
	return [el("h1", null, "Waits"), el("p", { class: "lead" }, "What was waited for, in which region, who ended it, and who had the CPU meanwhile.",
		SUMMARY.filter.task || num(SUMMARY.filter.min_ns) ? " These are the waits of all tasks." : ""), tools, box];
}
