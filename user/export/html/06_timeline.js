
/* One task on a canvas: its critical path, the threads that worked for it with their regions and
 * waits, those that it hung on, who had the CPU, its children. The tables of waits and steps say
 * the same in words. Wheel and W/S zoom, dragging and A/D pan, 0 shows all. */

const ROW = 20, GAP = 2, HEAD = 22, LABEL = 16, INDENT = 14;

/* The style's colours, looked up once a drawing: the user may change to dark at any time. */
const colors = new Map();

function color(name) {
	if (!colors.has(name))
		colors.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
	return colors.get(name);
}

const tint = text => [...text].reduce((h, ch) => (h * 31 + ch.codePointAt(0)) % 3, 7);

/* How an item looks: {fill, ink, h}. */
function look(i) {
	const ink = color("--region-ink"), onState = i.state === IDLE ? ink : color("--state-ink");

	switch (i.kind) {
	case "region": return { fill: color(`--region${tint(i.text)}`), ink, h: ROW };
	case "child": return { fill: color("--childtask"), ink, h: ROW };
	case "cpu": return { fill: color(i.text === "nobody" ? "--idle" : i.text === "not known" ? "--unknown" : "--cpu"), ink, h: ROW - 4 };
	case "path": return { fill: color(`--${i.state}`), ink: onState, h: ROW };
	default: return { fill: color(`--${i.state}`), ink: onState, h: ROW - 4 };
	}
}

/* The part of the lanes that is drawn: from and to, in ns, on so many pixels; all that is drawn is noted in hits. */
class Drawing {
	constructor(c, view, wide, chosen) {
		Object.assign(this, { c, view, wide, chosen, hits: [] });
	}
	/* Whether an item is narrower than a pixel that the last one of its row has already filled. */
	hidden(i, drawn) {
		const left = this.x(i.a), right = this.x(i.b);

		if (left >= drawn[i.row] - 1 && right <= drawn[i.row] && (!i.pick || i.pick !== this.chosen))
			return true;
		drawn[i.row] = Math.floor(right) + 1;
		return false;
	}
	x(t) {
		return (t - this.view.from) / (this.view.to - this.view.from) * this.wide;
	}
	text(words, x, y, width) {
		if (width <= 24)
			return;
		this.c.save();
		this.c.beginPath();
		this.c.rect(x, y - ROW / 2, width - 4, ROW);
		this.c.clip();
		this.c.fillText(words, x + 5, y + 0.5);
		this.c.restore();
	}
	block(i, y) {
		const { c } = this, { fill, ink, h } = look(i), left = Math.max(-2, this.x(i.a)), w = Math.max(1, Math.min(this.wide + 2, this.x(i.b)) - left);

		if (left > this.wide || left + w < 0)
			return;
		c.fillStyle = fill;
		c.fillRect(left, y, Math.max(1, w - (w > 3 ? 1 : 0)), h);
		if (i.woken < i.b) { /* from then on, it waited for a CPU */
			const from = Math.max(left, this.x(i.woken));

			c.fillStyle = color("--runnable");
			c.fillRect(from, y, Math.max(1, left + w - from), h);
		}
		c.fillStyle = ink;
		this.text(i.text, Math.max(left, 0), y + h / 2, w + Math.min(left, 0));
		this.hits.push({ i, x: left, y, w: Math.max(w, 4), h });
		if (i.pick && i.pick === this.chosen) {
			c.strokeStyle = color("--ink");
			c.lineWidth = 2;
			c.strokeRect(left + 1, y + 1, Math.max(2, w - 3), h - 2);
		}
	}
	log(i, y) {
		const { c } = this, at = this.x(i.a);

		c.fillStyle = color("--ink");
		c.beginPath();
		c.moveTo(at, y + 2);
		c.lineTo(at + 5, y + 8);
		c.lineTo(at, y + 14);
		c.lineTo(at - 5, y + 8);
		c.fill();
		this.hits.push({ i, x: at - 6, y, w: 12, h: 16 });
	}
	line(at, from, to, width) {
		this.c.lineWidth = width;
		this.c.beginPath();
		this.c.moveTo(at, from);
		this.c.lineTo(at, to);
		this.c.stroke();
	}
	tip(at, y, back) {
		this.c.beginPath();
		this.c.moveTo(at, y);
		this.c.lineTo(at - 3, y + back);
		this.c.lineTo(at + 3, y + back);
		this.c.fill();
	}
	lane(l) {
		const { c } = this, top = l.y + LABEL, narrow = (this.view.to - this.view.from) / this.wide;

		if (l.inside) { /* a band on the left holds together what belongs to a child */
			c.fillStyle = color("--childtask");
			c.fillRect(0, l.y, 3, LABEL + l.rows * (ROW + GAP) + 6);
		}
		const drawn = new Array(l.rows).fill(-Infinity);
		for (const i of l.items) {
			if (i.kind === "log")
				this.log(i, top + i.row * (ROW + GAP));
			else if (i.kind === "enter") {
				c.fillStyle = color("--accent");
				c.fillRect(this.x(i.a), top - 3, Math.max(1, this.x(i.b) - this.x(i.a)), 2);
			} else if (i.b - i.a >= narrow || !this.hidden(i, drawn))
				this.block(i, top + i.row * (ROW + GAP));
		}
	}
	/* Above what goes from lane to lane. */
	label(l) {
		const { c } = this, left = 4 + (l.inside || 0) * INDENT, more = l.title || (l.of ? `of ${l.of}` : "");

		c.font = "600 11px system-ui, sans-serif";
		const wide = c.measureText(l.label).width;
		c.font = "11px system-ui, sans-serif";
		c.fillStyle = color("--card");
		c.fillRect(left - 1, l.y + 1, wide + (more ? 8 + c.measureText(more).width : 0) + 3, 13);
		c.fillStyle = color("--dim");
		c.fillText(more, left + 8 + wide, l.y + 8);
		c.font = "600 11px system-ui, sans-serif";
		c.fillText(l.label, left, l.y + 8);
		c.font = "11px system-ui, sans-serif";
	}
	/* From the lane of the thread that ended a wait; if it has none, from above with its name. */
	waking(i, lane, lanes) {
		const { c } = this, w = i.kind === "wait" ? i.step.wait : null, at = w ? this.x(i.woken) : 0, y = lane.y + LABEL + i.row * (ROW + GAP);

		if (!w || w.waker.ctx !== "task" || !num(w.waker.tid) || !num(w.woken_ns) || at < 0 || at > this.wide)
			return;
		const from = lanes.find(l => l !== lane && l.tid === String(w.waker.tid));
		c.strokeStyle = c.fillStyle = color("--ink");
		if (from) {
			const a = from.y + LABEL, down = y > a, tip = down ? y : y + ROW - 4;

			this.line(at, a, tip, 1);
			this.tip(at, tip, down ? -5 : 5);
		} else {
			this.line(at, y + ROW + 1, y + ROW - 4, 1);
			this.tip(at, y + ROW - 4, 4);
		}
	}
	/* The path over the threads' lanes: a line along what it hung on, and from thread to thread. */
	path(lanes) {
		const { c } = this, items = lanes.filter(l => l.kind === "path").flatMap(l => l.items);
		let last = null;

		c.strokeStyle = c.fillStyle = color("--path");
		for (const i of items) {
			const lane = lanes.find(l => l.tid === i.tid), a = Math.max(-2, this.x(i.a)), b = Math.min(this.wide + 2, this.x(i.b));

			if (lane && b >= 0 && a <= this.wide) {
				c.fillRect(a, lane.y + LABEL - 4, Math.max(1, b - a), 3);
				if (last && last.lane !== lane && Math.abs(last.b - i.a) < 1)
					this.line(a, last.lane.y + LABEL - 2, lane.y + LABEL - 2, 1.5);
			}
			last = lane ? { lane, b: i.b } : null;
		}
	}
	axis(high) {
		const { c, view, wide } = this, rough = (view.to - view.from) / Math.max(2, wide / 110), p = 10 ** Math.floor(Math.log10(rough));
		const step = [1, 2, 5, 10].find(k => k * p >= rough) * p;

		c.fillStyle = color("--dim");
		c.strokeStyle = color("--line");
		for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
			const at = Math.round(this.x(t)) + 0.5;

			this.line(at, HEAD - 4, high, 1);
			if (at + 3 + c.measureText(`+${ns(t)}`).width <= wide)
				c.fillText(t ? `+${ns(t)}` : "0", at + 3, 9);
		}
	}
}

/* Places the lanes below each other; how high they are together. */
function place(lanes) {
	let y = HEAD;

	for (const l of lanes) {
		l.y = y;
		y += LABEL + l.rows * (ROW + GAP) + 6;
	}
	return y + 4;
}

/* Draws the timeline that is shown, at once: printing does not wait for a frame. */
let redraw = () => {};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

/* Paper is white, whatever the screen is, and narrower: letters that are drawn for a wide screen were too
 * small there. It is the whole page that changes, for as long as it is being printed. */
const PAPER_WIDE = 800, HIGH_MAX = 32000; /* of a canvas, in Firefox */
const onPaper = () => document.documentElement.classList.contains("paper");

function paper(on) {
	document.documentElement.classList.toggle("paper", on);
	redraw();
}
window.addEventListener("beforeprint", () => paper(true));
window.addEventListener("afterprint", () => paper(false));

/* t: {story, open: a Set of keys, onPick, onOpen}. The box has pick(thing) and unfold(). */
function timeline(t) {
	const whole = Math.max(1, num(t.story.duration_ns)), view = { from: 0, to: whole };
	const canvas = el("canvas", { tabindex: "0", role: "img" }), tip = el("div", { class: "tip", hidden: true }), box = el("div", { class: "timeline" }, canvas, tip);
	let lanes = [], high = 0, drawing = null, chosen = null, pending = false, drag = null;

	function draw() {
		const screen = box.clientWidth || PAPER_WIDE, wide = onPaper() ? Math.min(screen, PAPER_WIDE) : screen;
		const scale = Math.min(Math.max(window.devicePixelRatio || 1, onPaper() ? 2 : 1), HIGH_MAX / high), c = canvas.getContext("2d");

		pending = false;
		colors.clear();
		canvas.width = wide * scale;
		canvas.height = high * scale;
		canvas.style.height = `${high}px`;
		c.scale(scale, scale);
		c.font = "11px system-ui, sans-serif";
		c.textBaseline = "middle";
		drawing = new Drawing(c, view, wide, chosen);
		drawing.axis(high);
		lanes.forEach(l => drawing.lane(l));
		lanes.forEach(l => l.items.forEach(i => drawing.waking(i, l, lanes)));
		drawing.path(lanes);
		lanes.forEach(l => drawing.label(l));
		canvas.dataset.from = Math.round(view.from);
		canvas.dataset.to = Math.round(view.to);
	}
	function later() {
		if (!pending)
			requestAnimationFrame(draw);
		pending = true;
	}
	/* Zooms around the time `at`, pans, and stays inside the task. */
	function move(factor, at, by) {
		const span = Math.min(whole, Math.max(100, (view.to - view.from) * factor));

		view.from = Math.max(0, Math.min(whole - span, at - (at - view.from) * span / (view.to - view.from) + by));
		view.to = view.from + span;
		later();
	}
	function under(e) {
		const r = canvas.getBoundingClientRect(), px = e.clientX - r.left, py = e.clientY - r.top;

		return { px, t: view.from + px / r.width * (view.to - view.from),
			hit: drawing && drawing.hits.filter(d => px >= d.x && px <= d.x + d.w && py >= d.y && py <= d.y + d.h).pop() };
	}
	function hover(e) {
		const { px, hit } = under(e);

		tip.hidden = !hit;
		if (!hit)
			return;
		/* Of a share of a wait it is not known when it was. */
		tip.replaceChildren(el("b", null, hit.i.text), ...[hit.i.group ? "" : `${ns(hit.i.b - hit.i.a)} at +${ns(hit.i.a)}`, ...hit.i.tip].filter(Boolean).map(line => el("span", null, el("br"), line)));
		tip.style.left = `${Math.max(0, Math.min(px + 12, box.clientWidth - 340))}px`;
		const below = hit.y + hit.h + 6; /* or above, where it would be cut off */
		tip.style.top = `${below + tip.offsetHeight <= box.clientHeight ? below : Math.max(0, hit.y - 6 - tip.offsetHeight)}px`;
	}
	function choose(i) {
		if (i.child && i.child.steps.length)
			t.onOpen(i.child);
		else if (i.pick)
			t.onPick(i.pick);
	}
	canvas.addEventListener("wheel", e => {
		if (e.ctrlKey)
			return;
		e.preventDefault();
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY))
			move(1, 0, e.deltaX / box.clientWidth * (view.to - view.from));
		else
			move(Math.exp(e.deltaY / 400), under(e).t, 0);
	}, { passive: false });
	canvas.addEventListener("pointerdown", e => {
		drag = { px: e.clientX, from: e.clientX };
		canvas.setPointerCapture(e.pointerId);
	});
	canvas.addEventListener("pointermove", e => {
		if (!drag)
			return hover(e);
		move(1, 0, (drag.px - e.clientX) / box.clientWidth * (view.to - view.from));
		drag.px = e.clientX;
	});
	canvas.addEventListener("pointerup", e => {
		const hit = drag && Math.abs(e.clientX - drag.from) < 4 && under(e).hit;

		drag = null;
		if (hit)
			choose(hit.i);
	});
	canvas.addEventListener("pointercancel", () => { drag = null; });
	canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
	canvas.addEventListener("dblclick", () => move(Infinity, 0, 0));
	canvas.addEventListener("keydown", e => {
		const mid = (view.from + view.to) / 2, part = (view.to - view.from) / 6;
		const f = { w: [0.7, 0], "+": [0.7, 0], s: [1 / 0.7, 0], "-": [1 / 0.7, 0], a: [1, -part], ArrowLeft: [1, -part], d: [1, part], ArrowRight: [1, part], 0: [1e9, 0] }[e.key];

		if (!f || e.ctrlKey || e.metaKey || e.altKey)
			return;
		e.preventDefault();
		move(f[0], mid, f[1]);
	});
	new ResizeObserver(later).observe(box);
	redraw = draw;
	box.pick = thing => {
		const a = thing ? num(thing.offset_ns) : 0, b = thing ? a + num(thing.duration_ns) : 0;

		chosen = thing;
		if (thing && (b < view.from || a > view.to)) /* it is to be seen */
			move(1, 0, (a + b - view.from - view.to) / 2);
		later();
	};
	/* From a table, which may be far below: it comes into sight, wide enough to be seen. */
	box.show = thing => {
		const a = num(thing.offset_ns), span = num(thing.duration_ns);

		box.pick(thing);
		if (span * 50 < view.to - view.from)
			move(Math.max(1000, span * 20) / (view.to - view.from), a + span / 2, a + span / 2 - (view.from + view.to) / 2);
		box.scrollIntoView({ block: "nearest" });
	};
	box.unfold = () => {
		lanes = lanesOf(t.story, { at: 0, root: true, open: t.open });
		high = place(lanes);
		box.lanes = lanes;
		canvas.setAttribute("aria-label", `Timeline of ${many(t.story.steps.length, "step")} over ${many(lanes.filter(l => l.kind === "thread").length, "thread")}; the tables below list its critical path, its waits and its steps. W and S zoom, A and D pan, 0 shows all.`);
		later();
	};
	box.unfold();
	return box;
}
