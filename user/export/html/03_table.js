
/* A table that sorts and filters.
 *
 *	table({id: "t", caption: "...", columns: [{key, label, ns|n|text|cell, val}], rows, sort: "-p95", find: row => text,
 *		pick: row => ..., picked: row => true|false})
 *
 * val(row) is what a column sorts by; ns, n and text columns show it, cell(row) shows anything else.
 * What it is sorted by and filtered for is part of the address. With pick, a click on a row or the button in its first
 * cell chooses it; box.refresh() shows anew which one is. */

const ROWS_SHOWN = 200;

/* What there was no room for: in this page, or already where it was summed up. */
function leftOutRows(one, leftOut, notKept) {
	return [num(leftOut || 0) ? `${many(leftOut, one, one === "kind of wait" ? "kinds of waits" : null)} more left out of this page: ctrace-bpf report -f json has them.` : "",
		num(notKept || 0) ? `${many(notKept, one, one === "kind of wait" ? "kinds of waits" : null)} more not kept: there were too many.` : ""].filter(Boolean).map(words => el("span", { class: "leftout" }, ` ${words}`));
}

function cellOf(c, row, pick) {
	if (c.ns && pick)
		return el("td", { class: "num", "data-col": c.key, "data-ns": String(c.val(row)), title: `${count(c.val(row))} ns` },
			el("button", { type: "button", class: "pick", "aria-label": `show what was at ${ns(c.val(row))} on the timeline` }, ns(c.val(row))));
	if (c.ns && c.val(row) === null)
		return el("td", { class: "num", "data-col": c.key }, "\u2013");
	if (c.ns)
		return el("td", { class: "num", "data-col": c.key, "data-ns": String(c.val(row)), title: `${count(c.val(row))} ns` }, ns(c.val(row)));
	if (c.n)
		return el("td", { class: "num", "data-col": c.key, "data-n": String(c.val(row)) }, count(c.val(row)));
	return el("td", { class: c.wide ? "wide" : c.num ? "num" : null, "data-col": c.key }, c.cell ? c.cell(row) : String(c.val(row)));
}

function compare(c, dir) {
	return (x, y) => {
		const a = c.val(x), b = c.val(y);

		if (c.ns || c.n || typeof a === "number")
			return dir * (num(a) - num(b));
		return dir * String(a).localeCompare(String(b), "en", { numeric: true });
	};
}

function table(t) {
	const state = { sort: param(`${t.id}.sort`) || t.sort, q: param(`${t.id}.q`) || "", all: false };
	let refresh = null;
	const body = el("tbody"), note = el("p", { class: "note" }), heads = [];
	const input = el("input", { type: "search", id: `${t.id}-q`, placeholder: "Filter", value: state.q, autocomplete: "off",
		"aria-label": `Filter: ${t.caption}` });

	function fill(speak) {
		const key = state.sort.replace(/^-/, ""), dir = state.sort[0] === "-" ? -1 : 1;
		const column = t.columns.find(c => c.key === key) || t.columns[0];
		const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
		const found = t.rows.filter(r => words.every(w => t.find(r).toLowerCase().includes(w)));
		const rows = [...found].sort(compare(column, dir));
		const shown = state.all ? rows : rows.slice(0, ROWS_SHOWN);

		body.replaceChildren(...shown.map(r => el("tr", { class: t.picked && t.picked(r) ? "picked" : null, on: t.pick ? { click: e => e.target.closest("a, summary") || t.pick(r) } : {} },
			t.columns.map((c, i) => cellOf(c, r, t.pick && !i)))));
		refresh = () => [...body.rows].forEach((tr, i) => tr.classList.toggle("picked", t.picked(shown[i])));
		for (const [c, th] of heads)
			th.setAttribute("aria-sort", c !== column ? "none" : dir < 0 ? "descending" : "ascending");
		note.replaceChildren(...footer(rows.length, shown.length));
		if (speak)
			say(`${rows.length} of ${t.rows.length} rows, by ${column.label}, ${dir < 0 ? "descending" : "ascending"}`);
	}
	function footer(found, shown) {
		const parts = [];

		if (found !== t.rows.length)
			parts.push(`${count(found)} of ${many(t.rows.length, "row")} match. `);
		else if (!found)
			parts.push(t.empty || "Nothing was recorded.");
		if (shown < found)
			parts.push(`The first ${shown} are shown. `, el("button", { type: "button", on: { click: () => { state.all = true; fill(); box.querySelector(".scroll").focus(); } } }, "Show all"));
		parts.push(...leftOutRows("row", t.left_out, t.not_kept));
		return parts;
	}
	function sortBy(c) {
		const down = c.ns || c.n || c.num;

		state.sort = state.sort === c.key ? `-${c.key}` : state.sort === `-${c.key}` ? c.key : (down ? "-" : "") + c.key;
		setParams({ [`${t.id}.sort`]: state.sort === t.sort ? null : state.sort });
		fill(true);
	}
	input.addEventListener("input", () => {
		state.q = input.value;
		setParams({ [`${t.id}.q`]: state.q || null });
		fill(true);
	});
	const head = el("tr", null, t.columns.map(c => {
		const th = el("th", { scope: "col", class: c.ns || c.n || c.num ? "num" : c.wide ? "wide" : null },
			el("button", { type: "button", title: c.title, on: { click: () => sortBy(c) } }, c.label));

		heads.push([c, th]);
		return th;
	}));
	fill();
	const box = el("section", { class: "tablebox", id: t.id },
		el("div", { class: "tools" }, el("h2", { class: t.alone ? "sr" : null }, t.caption), t.tools || null, t.rows.length > 3 || state.q ? input : null),
		el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t.caption },
			el("table", null, el("caption", { class: "sr" }, t.caption), el("thead", null, head), body)),
		note);
	box.refresh = () => refresh();
	return box;
}

/* What a row's time is of, most first: [[name, ns], ...]; the rest in one word. */
function partList(parts, most) {
	const rest = parts.slice(most || 4);

	return el("span", { class: "parts" }, parts.slice(0, most || 4).map(([name, v]) => el("span", null, `${name || "(no region)"} `, el("span", { class: "dim" }, ns(v)))),
		rest.length ? el("span", { class: "dim" }, `and ${count(rest.length)} more, ${ns(rest.reduce((n, p) => n + p[1], 0))}`) : null);
}

const timesColumn = (label, of) => ({ key: "times", label: label || "Where its time went", wide: true,
	val: r => largest(of(r), 1).map(s => `${s} ${String(1e6 * of(r)[s] / (wholeOf(of(r)) || 1) | 0).padStart(7, "0")}`)[0] || "",
	cell: r => barCell(of(r)) });
const stateColumn = { key: "state", label: "State", val: r => r.state, cell: r => swatch(r.state) };
const link = (to, text, attrs) => el("a", { href: to, ...attrs }, text);
/* One that is empty, or blank, is to be seen, too. */
const nameText = name => name.trim() ? name : "(no name)";
const taskLink = name => link(`#/task/${encodeURIComponent(name)}`, nameText(name));
