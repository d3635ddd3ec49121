
/* Latency on a log scale. The buckets are buttons: a click selects one, dragging or Shift and the
 * arrow keys select a range, Escape none. */

const BARS_MAX = 84;

/* The buckets' numbers: 8 to a power of two, as the tracer counts. */
function bucketNr(v) {
	if (v < 16)
		return Math.floor(v);
	const e = Math.floor(Math.log2(v));

	return (e - 3) * 8 + Math.floor(v / 2 ** (e - 3));
}

function bucketLo(i) {
	if (i < 16)
		return i;
	const e = Math.floor(i / 8) + 2;

	return (i - (e - 3) * 8) * 2 ** (e - 3);
}

function ticks(lo, hi) {
	const out = [], steps = hi / lo > 300 ? [1] : hi / lo > 20 ? [1, 3] : [1, 2, 5];

	for (let d = 1; d <= hi; d *= 10)
		steps.map(s => s * d).filter(v => v >= lo && v <= hi).forEach(v => out.push(v));
	return out;
}

function barsOf(bins) {
	const first = bucketNr(bins[0].lo), last = bucketNr(bins[bins.length - 1].lo);
	let group = 1;

	while (Math.floor(last / group) - Math.floor(first / group) >= BARS_MAX)
		group *= 2;
	const base = Math.floor(first / group) - 1, bars = [];
	for (let i = base; i <= Math.floor(last / group) + 1; i++)
		bars.push({ lo: bucketLo(Math.max(0, i) * group), hi: bucketLo((i + 1) * group), count: 0 });
	for (const b of bins)
		bars[Math.floor(bucketNr(b.lo) / group) - base].count += b.count;
	return bars.filter(b => b.hi > b.lo);
}

function histogram(bins, marks, selected, onSelect) {
	const bars = barsOf(bins), high = Math.max(...bars.map(b => b.count));
	const height = n => n ? Math.max(4, 100 * Math.log1p(n) / Math.log1p(high)) : 0;
	const from = bars[0].lo, to = bars[bars.length - 1].hi;
	const position = v => 100 * bars.reduce((x, b) => x + (v >= b.hi ? 1 : v > b.lo ? (v - b.lo) / (b.hi - b.lo) : 0), 0) / bars.length;
	let anchor = null, focus = 0, drag = false;

	const buttons = bars.map((b, i) => el("button", { type: "button", tabindex: "-1", "data-lo": b.lo, "data-hi": b.hi, "data-n": b.count,
		"aria-label": `${ns(b.lo)} to ${ns(b.hi)}: ${many(b.count, "task")}`, title: `${ns(b.lo)} to ${ns(b.hi)}: ${many(b.count, "task")}` },
	el("i", { style: { height: `${height(b.count)}%` } })));
	const plot = el("div", { class: "plot", role: "group", "aria-label": "Latency buckets, on a log scale. Arrow keys move, Enter selects, Shift with an arrow key extends, Escape clears." }, buttons);

	function mark() {
		buttons.forEach((e, i) => {
			const on = !!selected && bars[i].lo >= selected.lo && bars[i].lo < selected.hi;

			e.setAttribute("aria-pressed", String(on));
			e.tabIndex = i === focus ? 0 : -1;
		});
		plot.classList.toggle("some", !!selected);
	}
	function select(a, b, done) {
		selected = a === null ? null : { lo: bars[Math.min(a, b)].lo, hi: bars[Math.max(a, b)].hi };
		mark();
		if (done)
			onSelect(selected);
	}
	function indexAt(x) {
		const r = plot.getBoundingClientRect();

		return Math.max(0, Math.min(bars.length - 1, Math.floor((x - r.left) / r.width * bars.length)));
	}
	plot.addEventListener("pointerdown", e => {
		if (e.button !== 0)
			return;
		drag = true;
		anchor = e.shiftKey && anchor !== null ? anchor : indexAt(e.clientX);
		focus = indexAt(e.clientX);
		plot.setPointerCapture(e.pointerId);
		select(anchor, focus);
	});
	plot.addEventListener("pointermove", e => {
		if (drag) {
			focus = indexAt(e.clientX);
			select(anchor, focus);
		}
	});
	plot.addEventListener("pointerup", () => {
		if (drag)
			select(anchor, focus, true);
		drag = false;
		buttons[focus].focus();
	});
	plot.addEventListener("pointercancel", () => { drag = false; });
	plot.addEventListener("keydown", e => {
		const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -1e9, End: 1e9 }[e.key];

		if (step) {
			const before = focus;

			focus = Math.max(0, Math.min(bars.length - 1, focus + step));
			if (e.shiftKey) {
				anchor = selected && anchor !== null ? anchor : before;
				select(anchor, focus, true);
			}
			mark();
			buttons[focus].focus();
		} else if (e.key === "Enter" || e.key === " ") {
			anchor = focus;
			select(focus, focus, true);
		} else if (e.key === "Escape") {
			anchor = null;
			select(null, null, true);
		} else {
			return;
		}
		e.preventDefault();
	});
	focus = Math.max(0, bars.findIndex(b => selected ? b.lo >= selected.lo : b.count > 0));
	mark();
	return el("figure", { class: "histogram" }, plot,
		el("div", { class: "axis", "aria-hidden": "true" },
			ticks(from, to).map(v => el("span", { style: { left: `${position(v)}%` } }, ns(v))),
			marks.map(([label, v]) => el("b", { style: { left: `${position(num(v))}%` } }, label))),
		el("figcaption", null, `Latency on a log scale; heights are on a log scale too, so that a single task can be seen beside ${many(high, "task")}. Click a bucket or drag over some.`));
}
