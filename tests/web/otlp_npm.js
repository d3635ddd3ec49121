"use strict";
/* SPDX-License-Identifier: MIT
 *
 * otlp_npm.js DIR ROOT - what ctrace-bpf writes and sends, decoded by what protobufjs made of
 * opentelemetry-proto (ROOT, of @opentelemetry/otlp-transformer), and compared with the JSON form and
 * the summary (TAP) */

const fs = require("fs");
const http = require("http");
const path = require("path");
const zlib = require("zlib");
const { spawnSync, spawn } = require("child_process");
const { ok, same, run: tap } = require("./tap.js");

const [, , dir, generated] = process.argv;
const trace = require(generated).opentelemetry.proto.collector.trace.v1;
const ctrace = process.env.CTRACE;

/* As OTLP's JSON has it: 64-bit numbers as strings, ids as hex, enums as numbers. */
function plain(message) {
	const o = trace.ExportTraceServiceRequest.toObject(message, { longs: String, bytes: Buffer });
	const walk = v => Buffer.isBuffer(v) || v instanceof Uint8Array ? Buffer.from(v).toString("hex") :
		Array.isArray(v) ? v.map(walk) :
		v && typeof v === "object" ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, walk(w)])) : v;
	return walk(o);
}
const decode = bytes => plain(trace.ExportTraceServiceRequest.decode(bytes));
/* Keys in one order; an empty list, which protobuf does not tell from none, left out. */
const sorted = v => Array.isArray(v) ? v.map(sorted) :
	v && typeof v === "object" ? Object.fromEntries(Object.keys(v).sort()
		.filter(k => !(Array.isArray(v[k]) && !v[k].length)).map(k => [k, sorted(v[k])])) : v;
const spansOf = requests => requests.flatMap(r => r.resourceSpans.flatMap(rs => rs.scopeSpans.flatMap(ss => ss.spans)));

function sums(spans) {
	const total = {};
	for (const s of spans) {
		const a = Object.fromEntries(s.attributes.map(x => [x.key, x.value.intValue ?? x.value.stringValue]));
		if (a["ctrace.kind"] === "async")
			continue;
		const t = total[`${a["ctrace.kind"]} ${s.name}`] ??= { count: 0, wall: 0n, states: {} };
		t.count++;
		t.wall += BigInt(s.endTimeUnixNano) - BigInt(s.startTimeUnixNano);
		for (const [k, v] of Object.entries(a)) {
			const m = /^ctrace\.state\.(\w+)_ns$/.exec(k);
			if (m)
				t.states[m[1]] = (t.states[m[1]] ?? 0n) + BigInt(v);
		}
	}
	return total;
}
/* Numbers of the summary with all their digits. */
const exact = text => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, m => m[0] === '"' ? m : `"${m}"`));

function agrees(name, spans, summary) {
	const mine = sums(spans), wrong = [], names = new Set();
	const rows = [...summary.tasks.map(t => ["task", t]), ...summary.regions.filter(r => !r.async).map(r => ["region", r])];
	const theirs = {};
	for (const [kind, row] of rows) { /* regions of one name at several sites are one here */
		const t = theirs[`${kind} ${row.name}`] ??= { count: 0, wall: 0n, states: {} };
		t.count += row.count;
		t.wall += BigInt(row.wall_ns);
		for (const [k, v] of Object.entries(row.states_ns))
			t.states[k] = (t.states[k] ?? 0n) + BigInt(v);
	}
	for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
		const m = mine[key] ?? { states: {} }, t = theirs[key] ?? { states: {} };
		names.add(key);
		if (m.count !== t.count || m.wall !== t.wall)
			wrong.push(`${key}: ${m.count} ${m.wall}, not ${t.count} ${t.wall}`);
		for (const state of new Set([...Object.keys(m.states), ...Object.keys(t.states)]))
			if ((m.states[state] ?? 0n) !== (t.states[state] ?? 0n))
				wrong.push(`${key} ${state}: ${m.states[state]}, not ${t.states[state]}`);
	}
	ok(`${name} (${names.size} names, ${spans.length} spans)`, !wrong.length && names.size > 0, wrong);
}

function run(...args) {
	const done = spawnSync(ctrace, args, { maxBuffer: 1 << 28 });
	if (done.status !== 0)
		throw new Error(done.stderr.toString());
	return done.stdout.toString();
}

function files(kind) {
	const at = ext => path.join(dir, `${kind}.${ext}`);
	run("export", at("ctrace"), "-o", at("otlp.pb"), "-o", at("otlp.jsonl"), "--force");
	const binary = decode(fs.readFileSync(at("otlp.pb")));
	const lines = fs.readFileSync(at("otlp.jsonl"), "utf8").trimEnd().split("\n").map(l => JSON.parse(l));
	const json = { resourceSpans: lines.flatMap(l => l.resourceSpans) };
	same(`${kind}: the JSON form has the names and values of OpenTelemetry's own`, sorted(json), sorted(binary));
	agrees(`${kind}: sums are the report's`, spansOf([binary]), exact(run("report", at("ctrace"), "-f", "json")));
}

/* A receiver that decodes, and rejects one span of the first request. */
async function receiver() {
	const requests = [];
	const server = http.createServer((q, a) => {
		const parts = [];
		q.on("data", d => parts.push(d));
		q.on("end", () => {
			requests.push({ headers: q.headers, url: q.url, body: decode(zlib.gunzipSync(Buffer.concat(parts))) });
			a.writeHead(200, { "Content-Type": "application/x-protobuf" });
			a.end(trace.ExportTraceServiceResponse.encode(requests.length > 1 ? {} : {
				partialSuccess: { rejectedSpans: 1, errorMessage: "one was \u00e4 too many" } }).finish());
		});
	});
	await new Promise(done => server.listen(0, "127.0.0.1", done));
	const p = spawn(ctrace, ["export", path.join(dir, "many.ctrace"), "--otlp", `http://127.0.0.1:${server.address().port}`], { cwd: dir });
	let said = "";
	p.stderr.on("data", d => { said += d; });
	const status = await new Promise(done => p.on("close", done));
	server.close();
	agrees("what is sent is what the report says", spansOf(requests.map(r => r.body)),
		exact(run("report", path.join(dir, "many.ctrace"), "-f", "json")));
	same("its partial success is told", [status, /rejected 1 span of these: one was \u00e4 too many/.test(said)], [1, true]);
}

tap("otlp_npm", async () => {
	for (const kind of ["demo", "lossy", "hostile", "many"])
		files(kind);
	await receiver();
});
