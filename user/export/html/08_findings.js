
/* The largest findings, in sentences. Each is counted in the time that it cost, and says only what the figures say: of
 * the slowest twentieth of a task's name, the kind of time that it has more of than the rest, and what that hung on;
 * of a name, what a part of all its time hung on; and of waits, those that cost most while work was being done. */

/* The bins of the slowest: from p95 on, when there are enough to compare. */
function slowBins(t) {
	const bins = BUCKETS.get(t.name) || [], p95 = num(t.duration_ns.p95);
	const slow = bins.filter(b => b.lo >= p95 || b.hi > p95), rest = bins.filter(b => b.hi <= p95);

	return num(t.complete) >= 20 && slow.length && rest.length ? { slow, rest } : null;
}

/* What the critical paths in this page of the tasks from `lo` on hung on, while they were in that state themselves or
 * because of it: {words, part, story}. */
function commonCause(t, state, lo) {
	const slow = STORIES.filter(s => s.name === t.name && s.hasPath && num(s.duration_ns) >= lo), isIt = c => c.behind ? c.behind === state : c.state === state;
	const causes = sumCauses(slow.map(s => ({ critical_path: s.critical_path.filter(isIt) }))), whole = causes.reduce((n, c) => n + c.ns, 0);

	return causes.length ? { words: causes[0].words, part: percent(causes[0].ns, whole), paths: slow.length,
		story: slow.sort((a, b) => num(b.duration_ns) - num(a.duration_ns)).find(s => s.critical_path.some(c => isIt(c) && blameWords(c, groupOf(c.comm)) === causes[0].key)) } : null;
}

/* Of all tasks of a name: what a good part of their time hung on, that was not their own work. */
function pathFinding(t) {
	const c = sumCauses([t]).find(x => x.state !== "running" || x.words.includes(", behind ")), share = c ? c.ns / (num(t.wall_ns) || 1) : 0;

	if (!c || share < 0.1 || c.state === "sleep" || c.state === "unknown")
		return null;
	return { cost: c.ns, node: el("li", null, el("strong", null, `${percent(c.ns, t.wall_ns)} of the time of all `), taskLink(t.name), ` (${ns(c.ns)} of ${ns(t.wall_ns)}) hung on `, el("strong", null, c.words), ".") };
}

function taskFinding(t) {
	const split = slowBins(t);

	if (!split)
		return null;
	const slow = sumBins(split.slow), rest = sumBins(split.rest);
	const more = s => slow.times[s] / (wholeOf(slow.times) || 1) - rest.times[s] / (wholeOf(rest.times) || 1);
	const state = ALL_STATES.reduce((a, b) => more(b) > more(a) ? b : a);
	const lo = split.slow[0].lo, cost = more(state) * slow.wall;

	if (more(state) < 0.1)
		return null;
	const cause = commonCause(t, state, lo);
	const hi = split.slow[split.slow.length - 1].hi;
	const where = `#/task/${encodeURIComponent(t.name)}?lo=${lo}&hi=${hi}`;

	return { cost, node: el("li", null, link(where, t.name), ` above ${ns(lo)} (${many(slow.count, "task")}): `,
		el("strong", null, `${percent(slow.times[state], wholeOf(slow.times))} of their time ${WAITING[state]}`),
		`, against ${percent(rest.times[state], wholeOf(rest.times))} in the faster ones.`,
		cause ? [` ${cause.part} of that hung on `, el("strong", null, cause.words), cause.paths < slow.count ? ` (of ${many(cause.paths, "path")} in this page). ` : ". ",
			link(`#/one/${encodeURIComponent(cause.story.key)}`, "See one.")] : "") };
}

function waitFinding(w) {
	const top = w.wakers[0], by = top ? who(top) : "";

	return { cost: num(w.total_ns), node: el("li", null, el("strong", null, `${ns(w.total_ns)} `), `${WAITING[w.state]}`,
		resourceWords(w.state, w.resource), ` in region ${w.region}, ${many(w.count, "time")}, ${ns(w.max_ns)} at most`,
		by ? `; ${percent(top.count, w.count)} of these were ended by ${by}` : "", ". ",
		link(`#/waits?w.q=${encodeURIComponent(w.region)}`, "Its waits")) };
}

function findings() {
	const largest = (rows, find, n) => rows.map(find).filter(Boolean).sort((a, b) => b.cost - a.cost).slice(0, n);
	const slow = largest(SUMMARY.tasks, taskFinding, 3), paths = largest(SUMMARY.tasks, pathFinding, 5 - slow.length);
	const waits = largest(SUMMARY.waits.filter(w => w.region && w.state !== "sleep"), waitFinding, 5 - slow.length - Math.min(paths.length, 1));

	return [...slow, ...[...paths, ...waits].sort((a, b) => b.cost - a.cost).slice(0, 5 - slow.length)].map(f => f.node);
}
