"use strict";
/* SPDX-License-Identifier: MIT
 *
 * jsonl.js FILE - every line of a .jsonl, by ajv, is as docs/ctrace-bpf.jsonl.schema.json says; keys
 * that the schema does not have are errors here. */

const fs = require("fs");
const Ajv = require("ajv/dist/2020").default;
const { ok, run } = require("./tap.js");

const closed = s => Array.isArray(s) ? s.map(closed) : s && typeof s === "object" ? {
	...Object.fromEntries(Object.entries(s).map(([k, v]) => [k, closed(v)])),
	...(s.properties && s.type === "object" ? { additionalProperties: false } : {}),
} : s;

run("jsonl", async () => {
	const schema = JSON.parse(fs.readFileSync("docs/ctrace-bpf.jsonl.schema.json", "utf8"));
	const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(closed(schema));
	const lines = fs.readFileSync(process.argv[2], "utf8").split("\n").slice(0, -1);
	const wrong = lines.filter(l => !validate(JSON.parse(l)));

	ok(`${lines.length} lines of JSON are as their schema says`, lines.length > 2 && !wrong.length, wrong.slice(0, 3));
	ok("a line without its state is refused", !validate({ ...JSON.parse(lines.find(l => l.includes('"type": "state"'))), state: undefined }));
});
