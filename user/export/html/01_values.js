"use strict";
/* SPDX-License-Identifier: MIT
 *
 * What the report holds, and how values are shown. Every text of the capture goes into the page
 * as text (el), never as markup. Numbers keep all their digits in data-ns and data-n: those of
 * more than 15 digits are strings, which num() makes approximate for arithmetic only. */

const textOf = id => document.getElementById(id).textContent;
const exactJson = id => JSON.parse(textOf(id).replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, m => m[0] === '"' ? m : `"${m}"`));
/* Of megabytes of stories, only ids are as long (or times of more than 104 days). Within a string, a quote has a \ before it. */
const exactIds = id => JSON.parse(textOf(id).replace(/("(?:parent_)?id":)(\d{16,})/g, "$1\"$2\""));

const SUMMARY = exactJson("data-summary");
const DETAILS = exactJson("data-details");
const STACKS = JSON.parse(textOf("data-stacks"));
const STORIES = exactIds("data-stories");
const STATES = DETAILS.states;
const IDLE = "idle"; /* of a task: no thread worked for it */
const ALL_STATES = [...STATES, IDLE];
const WAITING = { runnable: "waiting for a CPU", preempted: "preempted by others", throttled: "throttled by its CPU quota",
	yield: "giving its turn away", disk: "waiting for the disk", fault: "waiting for a page", network: "waiting for the network",
	poll: "waiting for any of many (poll)", lock: "waiting for a lock", ipc: "waiting for another process (IPC)", sleep: "asleep, as asked",
	child: "waiting for a process", stopped: "stopped", other: "blocked for other reasons", unknown: "in a state that is not known",
	running: "running on a CPU", idle: "idle, with no thread at work for them" };

/* What the text report says below its table of threads. */
const FOR_WORK = "lock, poll and network include waiting for work to do";

const num = v => Number(v);

/* el("p", {class: "x", on: {click: f}}, "text", node) */
function el(tag, attrs, ...children) {
	const e = document.createElement(tag);

	for (const [k, v] of Object.entries(attrs || {})) {
		if (k === "on")
			Object.entries(v).forEach(([type, f]) => e.addEventListener(type, f));
		else if (k === "style")
			Object.entries(v).forEach(([name, value]) => e.style.setProperty(name, value));
		else if (v === true)
			e.setAttribute(k, "");
		else if (v !== false && v !== null && v !== undefined)
			e.setAttribute(k, v);
	}
	e.append(...children.flat(9).filter(c => c !== null && c !== undefined && c !== ""));
	return e;
}

/* Three digits that count, as the text report has them. */
function three(x) {
	return x >= 99.95 ? x.toFixed(0) : x >= 9.995 ? x.toFixed(1) : x.toFixed(2);
}

function ns(v) {
	const n = num(v);

	if (n === 0)
		return "0";
	if (n < 999.5)
		return `${n.toFixed(0)} ns`;
	if (n < 999.5e3)
		return `${three(n / 1e3)} \u00b5s`;
	if (n < 999.5e6)
		return `${three(n / 1e6)} ms`;
	return n < 1e13 ? `${three(n / 1e9)} s` : `${(n / 1e9).toFixed(0)} s`;
}

const count = v => v === null ? "\u2013" : String(v).replace(/\B(?=(\d{3})+$)/g, "\u202f");

function percent(part, whole) {
	const p = num(whole) ? 100 * num(part) / num(whole) : 0;

	return p > 0 && p < 1 ? "<1 %" : p > 99 && p < 100 ? ">99 %" : `${p.toFixed(0)} %`;
}

const many = (n, one, more) => `${count(n)} ${num(n) === 1 ? one : more || one + "s"}`;

function exact(v) {
	return el("span", { class: "v", "data-ns": String(v), title: `${count(v)} ns` }, ns(v));
}

/* {running: ..., idle: ...} of anything that has states_ns. */
function timesOf(row) {
	const t = {};

	for (const s of STATES)
		t[s] = num(row.states_ns[s]);
	t[IDLE] = num(row.idle_ns || 0);
	return t;
}

const wholeOf = times => Object.values(times).reduce((a, b) => a + b, 0);

function largest(times, n) {
	return ALL_STATES.filter(s => times[s] > 0).sort((a, b) => times[b] - times[a]).slice(0, n);
}

/* The stacked bar. of: what a full bar stands for; without it, the times' own sum. */
function bar(times, of) {
	const sum = wholeOf(times), whole = of || sum;
	const words = largest(times, 5).map(s => `${s} ${percent(times[s], sum)}`).join(", ");
	const b = el("div", { class: "bar", role: "img", "aria-label": words || "no time", title: words });

	for (const s of ALL_STATES) {
		if (times[s] / whole >= 0.002)
			b.append(el("i", { class: `s-${s}`, style: { width: `${100 * times[s] / whole}%` } }));
	}
	return b;
}

function swatch(s) {
	return el("span", { class: "state" }, el("i", { class: `s-${s}`, "aria-hidden": "true" }), s);
}

/* The largest states in words, beside a bar. */
function shares(times, n) {
	const sum = wholeOf(times);

	return el("span", { class: "shares" }, largest(times, n || 3).filter(s => times[s] >= sum / 100)
		.map(s => el("span", { class: "share" }, swatch(s), ` ${percent(times[s], sum)}`)));
}

const barCell = times => wholeOf(times) ? el("div", { class: "barcell" }, bar(times), shares(times)) : "";

function say(text) {
	document.getElementById("live").textContent = text;
}

/* Stories get an address of their own: the process, and the task's id in it. */
const STORY_BY_KEY = new Map();
for (const s of STORIES) {
	s.key = `${s.pid}-${s.id}`;
	while (STORY_BY_KEY.has(s.key))
		s.key += "+";
	STORY_BY_KEY.set(s.key, s);
	s.hasPath = s.critical_path.length > 0;
	s.search = [s.name, s.why, s.fail_message, s.traceparent, s.steps.map(x => `${x.name} ${x.detail} ${x.wait ? x.wait.resource : ""}`).join(" ")].join(" ").toLowerCase();
}
const STRIPS = new Map(DETAILS.strips.map(t => [`${t.pid} ${t.tid} ${t.start_ns}`, t.slices]));
SUMMARY.waits.forEach((w, i) => { w.nr = i; });
const BUCKETS = new Map(DETAILS.buckets.map(b => [b.name, b.bins.map(v => ({
	lo: num(v[0]), hi: num(v[1]), count: num(v[2]), wall: num(v[3]), idle: num(v[4]), v }))]));

/* Sums of some buckets: {count, wall, times}. */
function sumBins(bins) {
	const sum = { count: 0, wall: 0, times: {} };

	ALL_STATES.forEach(s => { sum.times[s] = 0; });
	for (const b of bins) {
		sum.count += b.count;
		sum.wall += b.wall;
		sum.times[IDLE] += b.idle;
		STATES.forEach((s, i) => { sum.times[s] += num(b.v[6 + i]); });
	}
	return sum;
}
