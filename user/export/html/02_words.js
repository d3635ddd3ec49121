
/* Waits, chains and causes in words: the same ones as the text report's (user/export/words.c and
 * blame_words.c), of the summary's figures. */

const DID = { running: "ran", runnable: "waited for a CPU", preempted: "was preempted", throttled: "was stopped by its cgroup's CPU quota",
	yield: "gave its CPU away", disk: "waited for the disk", fault: "waited for a page of memory", network: "waited for the network", poll: "waited for events",
	lock: "waited for a lock", ipc: "waited for another process or thread", sleep: "slept", child: "waited for a child process", stopped: "was stopped",
	other: "was blocked", unknown: "was off CPU, nothing tells why" };
const QUEUES = ["runnable", "preempted", "yield", "throttled"];

/* Who only lacks a CPU does not wait for what it was about to do. */
function resourceWords(state, resource) {
	if (!resource || resource === state || QUEUES.includes(state))
		return "";
	return ` (${resource.replace(/\(/g, "[").replace(/\)/g, "]")})`;
}

const inRegion = region => region ? ` in ${region}` : "";

/* Why a chain does not go on; nothing where there is nothing behind it. */
function endWords(ended, by) {
	return { untraced: `; ended by ${by || "a thread"}, not traced`, forgotten: "; what it waited for is too long ago", bound: "; not looked at further" }[ended] || "";
}

function linkWords(l) {
	return (l.inferred ? "probably " : "") + (l.comm || `thread ${l.tid}`) + ` ${DID[l.state]}` + resourceWords(l.state, l.resource) + inRegion(l.region) +
		(num(l.self_ns) ? endWords(l.ended, l.by) : "");
}

/* Of one of the causes of a critical path. */
function blameWords(p) {
	return p.state + resourceWords(p.state, p.resource) + inRegion(p.region) + (p.behind && p.comm ? ` by ${p.comm}` : "") + endWords(p.ended, p.by) +
		(p.inferred ? " (probably)" : "") + (p.behind === "idle" ? ", before it was taken up" : p.behind ? `, behind ${p.behind}${inRegion(p.behind_region)}` : "");
}

function who(w) {
	if (w.ctx === "softirq" && w.softirq)
		return `softirq ${w.softirq}`;
	if (w.ctx === "softirq" || w.ctx === "hardirq" || w.ctx === "nmi")
		return { softirq: "a softirq", hardirq: "an interrupt", nmi: "an NMI" }[w.ctx];
	if (!num(w.tid))
		return "";
	return (w.comm || "thread") + ` (${w.tid})` + inRegion(w.region) + (w.task ? ` of ${w.task}` : "");
}

const holderOf = w => w.holder ? `${who({ ...w.holder, ctx: "task" })} (hint)` : "";
const peerOf = w => w.peer ? ` with ${w.peer.comm || "process"} (${w.peer.pid})` : "";
const culpritName = c => (c.comm || "thread") + (num(c.tid) ? ` (${c.tid})` : "");

/* What of a wait was one for a CPU: all of it, or what came after it was woken. */
function readyOf(step) {
	const took = num(step.duration_ns), woken = num(step.wait.woken_ns);

	return QUEUES.includes(step.wait.state) ? took : woken && woken < took ? took - woken : 0;
}

/* "stress-ng (77) 3.20 ms, cc1 (80) 1.10 ms and others 200 us"; of w with culprits. */
function culpritWords(w) {
	const told = w.culprits.slice(0, 3), others = w.culprits.slice(3).reduce((n, c) => n + num(c.ns), num(w.culprits_others_ns));

	return told.map(c => `${culpritName(c)} ${ns(c.ns)}`).join(", ") + (told.length && others ? ` and others ${ns(others)}` : "");
}

/* Of a set of critical paths, causes that are the same in words: [{words, ns, count, state}], largest first. */
function sumCauses(paths) {
	const sums = new Map();

	for (const p of paths) {
		for (const c of p.critical_path) {
			const words = blameWords(c), v = sums.get(words) || { words, state: c.state, ns: 0, count: 0 };

			v.ns += num(c.ns);
			v.count += num(c.count);
			sums.set(words, v);
		}
	}
	return [...sums.values()].sort((a, b) => b.ns - a.ns);
}
