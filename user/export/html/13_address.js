
/* Every view has an address: #/overview, #/tasks, #/task/NAME, #/regions, #/waits, #/stacks,
 * #/threads, #/one/KEY, with ?what=... it is sorted by, filtered for, and selected. */

const VIEWS = { overview: ["Overview", overview], tasks: ["Tasks", tasks], regions: ["Regions", regions], waits: ["Waits", waits], stacks: ["Stacks", flames], threads: ["Threads", threads],
	task: ["", task, "tasks"], one: ["", one, "tasks"] };

function address() {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
	const [view, ...rest] = path.split("/");
	let arg = rest.join("/");

	try {
		arg = decodeURIComponent(arg);
	} catch (e) {
		arg = "";
	}
	return { view: Object.hasOwn(VIEWS, view) ? view : "overview", arg, params: new URLSearchParams(query || "") };
}

function param(name) {
	return address().params.get(name);
}

/* Into the address, without a step of the browser's history. null removes. */
function setParams(values) {
	const { params } = address(), path = location.hash.split("?")[0] || "#/overview";

	for (const [k, v] of Object.entries(values)) {
		if (v === null)
			params.delete(k);
		else
			params.set(k, v);
	}
	const query = params.toString(), hash = path + (query ? `?${query}` : "");
	if (hash !== location.hash)
		history.replaceState(null, "", hash);
}

function render(moved) {
	const { view, arg } = address(), [label, make, under] = VIEWS[view], main = document.getElementById("main");

	for (const a of document.querySelectorAll("#nav a"))
		if (a.dataset.view === (under || view))
			a.setAttribute("aria-current", "page");
		else
			a.removeAttribute("aria-current");
	main.dataset.view = view;
	main.replaceChildren(...[doubtful(view), ...make(arg)].filter(Boolean));
	document.title = `${label || (view === "one" && STORY_BY_KEY.has(arg) ? `${STORY_BY_KEY.get(arg).name}, ${ns(STORY_BY_KEY.get(arg).duration_ns)}` : arg)} \u00b7 ${processName()} \u00b7 ctrace-bpf`;
	if (moved) {
		main.focus({ preventScroll: true });
		window.scrollTo(0, 0);
		say(document.title);
	}
}

document.getElementById("nav").append(...Object.entries(VIEWS).filter(([, v]) => v[0])
	.map(([name, v]) => el("li", null, el("a", { href: `#/${name}`, "data-view": name }, v[0]))));
document.getElementById("who").textContent = `${processName()} \u00b7 ${C.window ? windowWords(C.window) : ns(C.duration_ns)} \u00b7 ${when(C.start_unix_ns).slice(0, 19)} UTC`;
window.addEventListener("hashchange", () => render(true));
document.querySelector(".skip").addEventListener("click", e => {
	e.preventDefault();
	document.getElementById("main").focus();
});
render(false);
