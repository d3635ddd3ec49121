
/* Regions, and threads. */

/* Counted beside the states, if at all: part of running. */
function overlayColumns(rows) {
	const all = [{ key: "syscall", label: "In the kernel", ns: true, val: r => r.overlays_ns.syscall, title: "part of running that was inside system calls" },
		{ key: "irq", label: "Interrupts", ns: true, irq: true, val: r => r.overlays_ns.irq, title: "part of running that interrupts took" },
		{ key: "softirq", label: "Softirqs", ns: true, irq: true, val: r => r.overlays_ns.softirq, title: "part of running that softirqs took" },
		...rows.some(r => num(r.overlays_ns.gc)) ? [{ key: "gc", label: "GC", ns: true, irq: true, val: r => r.overlays_ns.gc, title: "overlap with the program's own pauses: async regions called gc" }] : [],
		{ key: "calls", label: "Calls", n: true, val: r => r.syscalls, title: "system calls that returned" },
		{ key: "faults", label: "Faults", n: true, val: r => r.faults, title: "page faults" }];

	return all.filter(c => rows.length && rows.every(r => c.val(r) !== null));
}

function regions() {
	const of = r => timesOf(r), kinds = r => SUMMARY.waits.filter(w => w.region === r.name), over = overlayColumns(SUMMARY.regions), states = STATES.filter(s => SUMMARY.regions.some(r => num(r.states_ns[s])));
	const plain = [
		{ key: "name", label: "Region", val: r => r.name, cell: r => r.name + (r.async ? " (async)" : "") },
		{ key: "site", label: "Where", val: r => r.site, cell: r => el("code", null, r.site) },
		{ key: "count", label: "Count", n: true, val: r => r.count },
		...SUMMARY.regions.some(r => String(r.complete) !== String(r.count)) ? [{ key: "complete", label: "Done", n: true, val: r => r.complete, title: "those whose end was seen" }] : [],
		...["p50", "p95", "p99", "max"].map(p => ({ key: p, label: p, ns: true, val: r => num(r.complete) ? r.duration_ns[p] : null })),
		{ key: "total", label: "Inclusive", ns: true, val: r => r.wall_ns, title: "with the regions nested in it" },
		{ key: "self", label: "Self", ns: true, val: r => r.async ? null : r.self_ns, title: "without the regions nested in it" },
		...taintedColumn(SUMMARY.regions), { key: "waits", label: "Waits", num: true, val: r => kinds(r).length, cell: r => kinds(r).length ? link(`#/waits?w.q=${encodeURIComponent(r.name)}`, many(kinds(r).length, "kind")) : "", title: "kinds of waits in regions of this name" }];
	const box = el("div"), button = el("button", { type: "button", "aria-pressed": "false", on: { click: () => {
		setParams({ states: param("states") ? null : "1" });
		show();
		button.focus();
	} } }, "A column per state");

	function show() {
		const wide = !!param("states");

		button.setAttribute("aria-pressed", String(wide));
		box.replaceChildren(table({ id: "r", caption: "Regions", alone: true, rows: SUMMARY.regions, sort: "-total", tools: button, left_out: DETAILS.left_out.regions,
			empty: emptyWords("regions", f => f.region), find: r => `${r.name} ${r.site}`,
			columns: wide ? [...plain, ...states.map(s => ({ key: s, label: s, ns: true, val: r => r.states_ns[s] })), ...over] : [...plain, ...over.filter(c => c.irq), timesColumn(null, of)] }));
	}
	show();
	return [el("h1", null, "Regions"), el("p", { class: "lead" }, "Stretches of one thread's work, by name and place in the source.", over.length ? " Beside the states, and part of running: what the kernel, and interrupts, took of it." : ""), box];
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
	return [el("h1", null, "Threads"), el("p", { class: "lead" }, `Over time: ${C.window ? `what of the trace is shown (${windowWords(C.window)})` : "the whole trace"} from left to right, each ${ns(DETAILS.slice_ns)} in the colour of the state that there was most of. Of threads, ${FOR_WORK}.`),
		table({ id: "h", caption: "Threads", alone: true, rows: SUMMARY.threads, sort: "-running", left_out: DETAILS.left_out.threads, not_kept: SUMMARY.threads_left_out,
			find: t => `${t.comm} ${t.pid} ${t.tid}`, columns: [
				{ key: "comm", label: "Thread", val: t => t.comm, cell: t => t.comm + (t.exited ? " \u2020" : "") },
				{ key: "tid", label: "TID", num: true, val: t => t.tid },
				{ key: "pid", label: "PID", num: true, val: t => t.pid },
				{ key: "life", label: "Lived", ns: true, val: t => t.lifetime_ns },
				{ key: "running", label: "Running", ns: true, val: t => t.states_ns.running },
				{ key: "strip", label: "Over time", wide: true, val: t => num(t.start_ns), cell: strip, title: "sorts by when it began" },
				timesColumn(null, timesOf),
				{ key: "vol", label: "Voluntary", n: true, val: t => t.switches.voluntary, title: "context switches" },
				{ key: "invol", label: "Involuntary", n: true, val: t => t.switches.involuntary, title: "context switches" },
				{ key: "moves", label: "Migrations", n: true, val: t => t.migrations, title: "came back on another CPU than it had left" },
				{ key: "calls", label: "Calls", n: true, val: t => t.syscalls, title: "system calls that returned" },
				{ key: "faults", label: "Faults", n: true, val: t => t.faults }] })];
}
