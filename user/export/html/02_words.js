
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

/* Of one of the causes of a critical path; comm: whose, if not one thread's. */
function blameWords(p, comm) {
	return p.state + resourceWords(p.state, p.resource) + inRegion(p.region) + (p.behind && p.comm ? ` by ${comm || p.comm}` : "") + endWords(p.ended, p.by) +
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

/* How much of its time for a CPU is nobody's, if that is worth telling. */
function unknownOf(w, ready) {
	const n = ready - w.culprits.reduce((sum, c) => sum + num(c.ns), num(w.culprits_others_ns) + num(w.cpu_idle_ns));

	return n > ready / 20 ? n : 0;
}

/* Those but the first `most`, and those that the summary does not tell apart. */
const othersOf = (w, most) => w.culprits.slice(most).reduce((n, c) => n + num(c.ns), num(w.culprits_others_ns));

/* "stress-ng (77) 3.20 ms, cc1 (80) 1.10 ms and others 200 us"; of a wait with culprits. */
function culpritWords(step) {
	const w = step.wait, told = w.culprits.slice(0, 3), others = othersOf(w, 3), unknown = unknownOf(w, readyOf(step));

	return told.map(c => `${culpritName(c)} ${ns(c.ns)}`).join(", ") + (told.length && others ? ` and others ${ns(others)}` : "") + (unknown ? ` (of ${ns(unknown)} it is not known)` : "");
}

/* "worker-3" is one of worker-*, as the summary has them. */
const groupOf = comm => comm.replace(/(?<=.)(?<!\d)\d+$/, "*");

/* Of a set of critical paths, causes that are the same in words but for the threads' numbers: [{words, ns, count, state}], largest first. */
function sumCauses(paths) {
	const sums = new Map();

	for (const p of paths) {
		for (const c of p.critical_path) {
			const key = blameWords(c, groupOf(c.comm)), v = sums.get(key) || { words: blameWords(c), key, state: c.state, ns: 0, count: 0 };

			if (v.words !== blameWords(c))
				v.words = key; /* of several threads */
			v.ns += num(c.ns);
			v.count += num(c.count);
			sums.set(key, v);
		}
	}
	return [...sums.values()].sort((a, b) => b.ns - a.ns);
}
