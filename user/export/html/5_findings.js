
/* The largest findings, in sentences. Each is counted in the time that it cost, and says only
 * what the figures say: of the slowest twentieth of a task's name, the kind of time that it has
 * more of than the rest; and of waits, those that cost most while work was being done. */

/* The bins of the slowest: from p95 on, when there are enough to compare. */
function slowBins(t) {
	const bins = BUCKETS.get(t.name) || [], p95 = num(t.duration_ns.p95);
	const slow = bins.filter(b => b.lo >= p95 || b.hi > p95), rest = bins.filter(b => b.hi <= p95);

	return num(t.complete) >= 20 && slow.length && rest.length ? { slow, rest } : null;
}

/* What the stories of these buckets say of a state: the resource and the waker that it went to most. */
function commonWait(name, state, lo) {
	const seen = new Map();
	let whole = 0;

	for (const s of STORIES) {
		if (s.name !== name || num(s.duration_ns) < lo)
			continue;
		for (const x of s.steps) {
			if (x.kind !== "wait" || x.wait.state !== state)
				continue;
			const w = x.wait, by = w.waker.ctx === "task" ? w.waker.region || w.waker.comm : "";
			const key = `${w.resource}\0${by}`, v = seen.get(key) || { ns: 0, resource: w.resource, by, story: s };

			v.ns += num(x.duration_ns);
			whole += num(x.duration_ns);
			seen.set(key, v);
		}
	}
	const top = [...seen.values()].sort((a, b) => b.ns - a.ns)[0];
	return top && { ...top, part: percent(top.ns, whole) };
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
	const wait = commonWait(t.name, state, lo);
	const hi = split.slow[split.slow.length - 1].hi;
	const where = `#/task/${encodeURIComponent(t.name)}?lo=${lo}&hi=${hi}`;

	return { cost, node: el("li", null, link(where, t.name), ` above ${ns(lo)} (${many(slow.count, "task")}): `,
		el("strong", null, `${percent(slow.times[state], wholeOf(slow.times))} of their time ${WAITING[state]}`),
		`, against ${percent(rest.times[state], wholeOf(rest.times))} in the faster ones.`,
		wait && wait.resource ? ` In the stories of this page, ${wait.part} of that is ${wait.resource}` + (wait.by ? `, ended by ${wait.by}` : "") + "." : "",
		wait ? [" ", link(`#/one/${encodeURIComponent(wait.story.key)}`, "See one.")] : "") };
}

function waitFinding(w) {
	const top = w.wakers[0], by = top ? who(top) : "";

	return { cost: num(w.total_ns), node: el("li", null, el("strong", null, `${ns(w.total_ns)} `), `${WAITING[w.state]}`,
		w.resource ? ` (${w.resource})` : "", ` in region ${w.region}, ${many(w.count, "time")}, ${ns(w.max_ns)} at most`,
		by ? `; ${percent(top.count, w.count)} of these were ended by ${by}` : "", ". ",
		link(`#/waits?w.q=${encodeURIComponent(w.region)}`, "Its waits")) };
}

function findings() {
	const tasks = SUMMARY.tasks.map(taskFinding).filter(Boolean).sort((a, b) => b.cost - a.cost).slice(0, 3);
	const waits = SUMMARY.waits.filter(w => w.region && w.state !== "sleep").map(waitFinding)
		.sort((a, b) => b.cost - a.cost).slice(0, 5 - tasks.length);

	return [...tasks, ...waits].map(f => f.node);
}
