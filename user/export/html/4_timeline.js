
/* One task over the threads that worked for it, on a canvas: regions nested, waits beneath them,
 * child tasks at the end. The table of steps says the same in words.
 * Wheel and W/S zoom, dragging and A/D pan, 0 shows all. */

const ROW = 20, GAP = 2, HEAD = 22;

/* The style's colours, looked up once a drawing: the user may change to dark at any time. */
const colors = new Map();

function color(name) {
	if (!colors.has(name))
		colors.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
	return colors.get(name);
}

/* Lanes: a thread each, with a row per depth of regions, and one for its waits. */
function lanesOf(story) {
	const lanes = new Map();

	for (const s of story.steps) {
		const key = s.kind === "child" ? "child tasks" : `${s.comm || "thread"} ${s.tid}`;
		const lane = lanes.get(key) || { label: key, tid: s.kind === "child" ? null : String(s.tid), child: s.kind === "child", base: Infinity, depths: 0, waits: false, steps: [] };

		lane.steps.push(s);
		if (s.kind === "region")
			lane.base = Math.min(lane.base, s.depth);
		lane.waits = lane.waits || s.kind === "wait" || s.kind === "log";
		lanes.set(key, lane);
	}
	const list = [...lanes.values()].sort((a, b) => a.child - b.child);
	for (const l of list) {
		const ends = [];

		for (const s of l.steps) {
			if (l.child) { /* children overlap: each into the first row that is free */
				let r = ends.findIndex(end => end <= num(s.offset_ns));

				r = r < 0 ? ends.length : r;
				ends[r] = num(s.offset_ns) + num(s.duration_ns);
				s.row = r;
			} else if (s.kind === "region") {
				s.row = s.depth - l.base;
			}
			l.depths = Math.max(l.depths, s.row === undefined ? 0 : s.row + 1);
		}
		for (const s of l.steps)
			s.row = s.kind === "region" || l.child ? s.row : l.depths;
		l.rows = l.depths + (l.waits ? 1 : 0) || 1;
	}
	return list;
}

function stepName(s) {
	if (s.kind === "wait")
		return s.wait.state + (s.wait.resource ? `: ${s.wait.resource}` : s.wait.syscall ? `: ${s.wait.syscall}` : "");
	if (s.kind === "log")
		return `${s.name}: ${s.detail}`;
	return s.kind === "enter" ? "taken up" : s.name;
}

function timeline(story, onPick) {
	const whole = Math.max(1, num(story.duration_ns)), lanes = lanesOf(story);
	const high = HEAD + lanes.reduce((h, l) => h + 16 + l.rows * (ROW + GAP) + 6, 0) + 4;
	const canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": `Timeline of ${many(story.steps.length, "step")} over ${many(lanes.filter(l => !l.child).length, "thread")}; the table below lists them. W and S zoom, A and D pan, 0 shows all.` });
	const tip = el("div", { class: "tip", hidden: true });
	const box = el("div", { class: "timeline" }, canvas, tip);
	const view = { from: 0, to: whole };
	let drawn = [], wide = 0, picked = null, pending = false, drag = null;

	const x = t => (t - view.from) / (view.to - view.from) * wide;

	function block(c, s, a, b, y, h, fill, text, ink) {
		const left = Math.max(-2, x(a)), w = Math.max(1, Math.min(wide + 2, x(b)) - left);

		if (left > wide || left + w < 0)
			return;
		c.fillStyle = fill;
		c.fillRect(left, y, Math.max(1, w - (w > 3 ? 1 : 0)), h);
		if (text && w > 24) {
			c.save();
			c.beginPath();
			c.rect(left, y, w - 3, h);
			c.clip();
			c.fillStyle = ink;
			c.fillText(text, Math.max(left, 0) + 5, y + h / 2 + 0.5);
			c.restore();
		}
		if (s) {
			drawn.push({ s, x: left, y, w: Math.max(w, 4), h });
			if (s === picked) {
				c.strokeStyle = color("--ink");
				c.lineWidth = 2;
				c.strokeRect(left + 1, y + 1, Math.max(2, w - 3), h - 2);
			}
		}
	}
	function drawAxis(c) {
		const span = view.to - view.from, rough = span / Math.max(2, wide / 110), p = 10 ** Math.floor(Math.log10(rough));
		const step = [1, 2, 5, 10].find(k => k * p >= rough) * p;

		c.fillStyle = color("--dim");
		c.strokeStyle = color("--line");
		c.lineWidth = 1;
		for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
			const at = Math.round(x(t)) + 0.5;

			c.beginPath();
			c.moveTo(at, HEAD - 4);
			c.lineTo(at, high);
			c.stroke();
			c.fillText(t ? `+${ns(t)}` : "0", at + 3, 9);
		}
	}
	function drawStep(c, s, y) {
		const a = num(s.offset_ns), b = a + num(s.duration_ns), top = y + s.row * (ROW + GAP);

		if (s.kind === "region") {
			const tint = [...s.name].reduce((h, ch) => (h * 31 + ch.codePointAt(0)) % 3, 7);

			block(c, s, a, b, top, ROW, color(`--region${tint}`), s.name, color("--region-ink"));
		} else if (s.kind === "child") {
			block(c, s, a, b, top, ROW, color("--child"), s.name, color("--region-ink"));
		} else if (s.kind === "wait") {
			const woken = num(s.wait.woken_ns) ? Math.min(b, a + num(s.wait.woken_ns)) : b;

			block(c, s, a, b, top, ROW - 4, color(`--${s.wait.state}`), stepName(s), color("--state-ink"));
			if (woken < b && s.wait.state !== "runnable" && s.wait.state !== "preempted")
				block(c, null, woken, b, top, ROW - 4, color("--runnable"), "", "");
		} else if (s.kind === "enter") {
			block(c, s, a, b, y - 3, 2, color("--accent"));
		} else {
			const at = x(a);

			c.fillStyle = color("--ink");
			c.beginPath();
			c.moveTo(at, top + 2);
			c.lineTo(at + 5, top + 8);
			c.lineTo(at, top + 14);
			c.lineTo(at - 5, top + 8);
			c.fill();
			drawn.push({ s, x: at - 6, y: top, w: 12, h: 16 });
		}
	}
	/* From the lane of the thread that ended a wait, where that worked for this task as well. */
	function drawWaking(c, s, lane) {
		const from = s.kind === "wait" && num(s.wait.woken_ns) && lanes.find(l => l !== lane && l.tid === String(s.wait.waker.tid));
		const at = from && x(num(s.offset_ns) + num(s.wait.woken_ns));

		if (!from || s.wait.waker.ctx !== "task" || at < 0 || at > wide)
			return;
		const a = from.y + 16, b = lane.y + 16 + s.row * (ROW + GAP), tip = b > a ? b : b + ROW - 4, back = b > a ? -5 : 5;

		c.strokeStyle = c.fillStyle = color("--ink");
		c.lineWidth = 1;
		c.beginPath();
		c.moveTo(at, a);
		c.lineTo(at, tip);
		c.stroke();
		c.beginPath();
		c.moveTo(at, tip);
		c.lineTo(at - 3, tip + back);
		c.lineTo(at + 3, tip + back);
		c.fill();
	}
	function draw() {
		const scale = window.devicePixelRatio || 1, c = canvas.getContext("2d");

		pending = false;
		colors.clear();
		wide = box.clientWidth || 800;
		canvas.width = wide * scale;
		canvas.height = high * scale;
		canvas.style.height = `${high}px`;
		c.scale(scale, scale);
		c.font = "11px system-ui, sans-serif";
		c.textBaseline = "middle";
		c.clearRect(0, 0, wide, high);
		drawAxis(c);
		drawn = [];
		let y = HEAD;
		for (const l of lanes) {
			c.fillStyle = color("--dim");
			c.font = "600 11px system-ui, sans-serif";
			c.fillText(l.label, 4, y + 8);
			c.font = "11px system-ui, sans-serif";
			l.y = y;
			for (const s of l.steps)
				drawStep(c, s, y + 16);
			y += 16 + l.rows * (ROW + GAP) + 6;
		}
		lanes.forEach(l => l.steps.forEach(s => drawWaking(c, s, l)));
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
		let from = at - (at - view.from) * span / (view.to - view.from) + by;

		from = Math.max(0, Math.min(whole - span, from));
		view.from = from;
		view.to = from + span;
		later();
	}
	function at(e) {
		const r = canvas.getBoundingClientRect(), px = e.clientX - r.left, py = e.clientY - r.top;

		return { px, t: view.from + px / wide * (view.to - view.from),
			hit: drawn.filter(d => px >= d.x && px <= d.x + d.w && py >= d.y && py <= d.y + d.h).pop() };
	}
	function hover(e) {
		const { px, hit } = at(e);

		tip.hidden = !hit;
		if (!hit)
			return;
		const s = hit.s, by = s.wait && who(s.wait.waker);

		tip.replaceChildren(el("b", null, stepName(s)), el("br"), `${ns(s.duration_ns)} at +${ns(s.offset_ns)}`,
			by ? el("span", null, el("br"), `ended by ${by}`) : "");
		tip.style.left = `${Math.min(px + 12, wide - 280)}px`;
		tip.style.top = `${hit.y + hit.h + 6}px`;
	}
	canvas.addEventListener("wheel", e => {
		if (e.ctrlKey)
			return;
		e.preventDefault();
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY))
			move(1, 0, e.deltaX / wide * (view.to - view.from));
		else
			move(Math.exp(e.deltaY / 400), at(e).t, 0);
	}, { passive: false });
	canvas.addEventListener("pointerdown", e => {
		drag = { px: e.clientX, from: e.clientX };
		canvas.setPointerCapture(e.pointerId);
	});
	canvas.addEventListener("pointermove", e => {
		if (!drag)
			return hover(e);
		move(1, 0, (drag.px - e.clientX) / wide * (view.to - view.from));
		drag.px = e.clientX;
	});
	canvas.addEventListener("pointerup", e => {
		const hit = drag && Math.abs(e.clientX - drag.from) < 4 && at(e).hit;

		drag = null;
		if (hit)
			onPick(hit.s);
	});
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
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
	box.pick = s => {
		picked = s;
		later();
	};
	return box;
}
