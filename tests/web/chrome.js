"use strict";
/* SPDX-License-Identifier: MIT
 *
 * chrome.js DIR NAME... - Chrome JSON, DIR/NAME.events.json, by readers that nobody here wrote, must say
 * what the report, DIR/NAME.json, says, to the nanosecond: TracerBench's model of a trace, and, if BROWSER
 * is set, speedscope, which reads what is nested on threads. (It takes a file whose name ends in .chrome.json
 * for something else.) */

const fs = require("fs");
const path = require("path");
const { buildModel } = require("@tracerbench/trace-model");
const { ok, same, run } = require("./tap.js");

const STATES_PID = 1000000000;
const dir = process.argv[2], names = process.argv.slice(3);
const ns = us => Math.round(us * 1000);
const sorted = o => Object.entries(o).filter(e => e[1]).sort((a, b) => a[0] < b[0] ? -1 : 1);
const add = (o, k, v) => { o[k] = (o[k] || 0) + v; };
const read = file => JSON.parse(fs.readFileSync(path.join(dir, file), "utf8"));

/* What it is called, how often, for how long and what its states were: of all of a name. */
function rows() {
	const all = {};

	return {
		add(key, duration, states) {
			const r = all[key] ??= { count: 0, wall: 0, states: {} };

			r.count++;
			r.wall += duration;
			for (const [k, v] of Object.entries(states || {}))
				add(r.states, k, v);
		},
		list: () => Object.entries(all).map(([k, r]) => [k, r.count, r.wall, sorted(r.states)]).sort((a, b) => a[0] < b[0] ? -1 : 1),
	};
}

/* Regions whose begin was not seen have no site: names alone are compared. */
function of_report(report) {
	const all = rows(), merged = {};

	for (const t of report.tasks)
		merged[`task ${t.name}`] = { count: t.count, wall: t.wall_ns, states: { ...t.states_ns } };
	for (const r of report.regions) {
		const key = `${r.async ? "async" : "region"} ${r.name}`;
		const m = merged[key] ??= { count: 0, wall: 0, states: {} };

		m.count += r.count;
		m.wall += r.wall_ns;
		if (!r.async)
			for (const [k, v] of Object.entries(r.states_ns))
				add(m.states, k, v);
	}
	return Object.entries(merged).map(([k, r]) => [k, r.count, r.wall, sorted(r.states)]).sort((a, b) => a[0] < b[0] ? -1 : 1);
}

/* A thread id may have had several lives, one after the other: after an exec by another thread, say. They share a track. */
function states_of_report(report) {
	const lives = {};

	for (const t of report.threads)
		for (const [k, v] of Object.entries(t.states_ns))
			add(lives[`${t.pid} ${t.tid}`] ??= {}, k, v);
	return Object.entries(lives).map(([k, v]) => [k, sorted(v)]).sort();
}

function names_of_report(report) {
	const names = {};

	for (const t of report.threads)
		(names[`${t.pid} ${t.tid}`] ??= []).push(t.comm);
	return names;
}

function by_model(name, trace, report) {
	const model = buildModel(trace), spans = rows(), open = new Map(), threads = {}, self = {};
	let odd = 0, comms = {};

	for (const p of model.processes)
		for (const t of p.threads) {
			if (t.name)
				comms[`${p.id % STATES_PID} ${t.id}`] = t.name;
			for (const e of t.events) {
				const id = e.traceEvent.id;

				if (e.isComplete() && e.hasCategory("state")) {
					add(threads[`${p.id - STATES_PID} ${t.id}`] ??= {}, e.name, ns(e.duration));
				} else if (e.isComplete()) {
					spans.add(`${e.cat} ${e.name}`, ns(e.duration), e.args.states_ns);
					self[e.ord] = [ns(e.duration), e.args.self_ns];
					if (e.parent)
						self[e.parent.ord][0] -= ns(e.duration);
				} else if (e.isNestableAsyncBegin()) {
					open.set(id, e);
				} else if (e.isNestableAsyncEnd()) {
					const b = open.get(id);

					open.delete(id);
					odd += e.hasCategory("region");
					spans.add(`${b.cat} ${b.name}`, ns(e.start) - ns(b.start), b.args.states_ns);
				}
			}
		}
	same(`${name}: tasks and regions, as TracerBench reads them, are the report's`, spans.list(), of_report(report));
	/* After a loss, the report takes back running time that a timeline has already shown: only the sums are the same. */
	const shown = Object.entries(threads).map(([k, v]) => [k, sorted(v)]).sort();
	const sums = list => list.map(([k, v]) => [k, v.reduce((n, [, x]) => n + x, 0)]);
	if (report.capture.lost.total)
		same(`${name}: so is the time of each thread`, sums(shown), sums(states_of_report(report)));
	else
		same(`${name}: so are the states of each thread`, shown, states_of_report(report));
	same(`${name}: nothing is left open`, open.size, 0);
	same(`${name}: threads are called as in the report`, Object.entries(names_of_report(report)).filter(([k, v]) => !v.includes(comms[k])).map(([k, v]) => [v, comms[k]]), []);
	if (!odd) /* none that crosses another, which no nesting can show */
		same(`${name}: a region's own time is what its nesting leaves`, Object.values(self).filter(([mine, said]) => mine !== said), []);
}

/* It knows what is nested on a thread; names have their arguments behind them. */
async function by_speedscope(name, file, report) {
	const got = await require("./speedscope.js").read(file, dir), threads = {}, frames = got.shared.frames;

	for (const profile of got.profiles) {
		const at = /.*\(pid (\d+)\).*\(tid (\d+)\)$/s.exec(profile.name);
		const [pid, tid] = at ? [Number(at[1]), Number(at[2])] : [0, 0];

		if (pid < STATES_PID)
			continue;
		for (const s of require("./speedscope.js").slices_of(profile))
			add(threads[`${pid - STATES_PID} ${tid}`] ??= {}, frames[s.frame].name.split(" ")[0], ns(s.to) - ns(s.from));
	}
	same(`${name}: speedscope finds the states of each thread as in the report`,
		Object.entries(threads).map(([k, v]) => [k, sorted(v)]).sort(), states_of_report(report));
}

run("chrome", async () => {
	for (const name of names) {
		const report = read(`${name}.json`);

		by_model(name, read(`${name}.events.json`), report);
		if (process.env.BROWSER && !report.capture.lost.total)
			await by_speedscope(name, path.join(dir, `${name}.events.json`), report);
	}
	ok("there was something to read", names.length > 0);
});
