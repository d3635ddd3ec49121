"use strict";
/* SPDX-License-Identifier: MIT
 *
 * The page in Firefox, driven over its own protocol (Marionette: a message is "LENGTH:JSON"): every view
 * opens and draws, numbers are the summary's, and the browser's console has no error of the page. */

const fs = require("fs");
const net = require("net");
const path = require("path");
const zlib = require("zlib");
const { spawn } = require("child_process");
const { same, run } = require("./tap.js");
const { exact, dir } = require("./page.js");

const PORT = 20000 + process.pid % 20000;

class Marionette {
	constructor(socket) {
		Object.assign(this, { socket, id: 0, waiting: new Map(), buffer: Buffer.alloc(0) });
		socket.on("data", d => this.read(d));
	}
	read(d) {
		this.buffer = Buffer.concat([this.buffer, d]);
		for (;;) {
			const colon = this.buffer.indexOf(":"), length = Number(this.buffer.subarray(0, colon));

			if (colon < 0 || this.buffer.length < colon + 1 + length)
				return;
			const message = JSON.parse(this.buffer.subarray(colon + 1, colon + 1 + length));
			this.buffer = this.buffer.subarray(colon + 1 + length);
			if (Array.isArray(message))
				this.waiting.get(message[1])(message);
		}
	}
	async send(command, args) {
		const id = ++this.id, text = JSON.stringify([0, id, command, args || {}]);

		this.socket.write(`${Buffer.byteLength(text)}:${text}`);
		const [, , error, result] = await new Promise(done => this.waiting.set(id, done));
		if (error)
			throw new Error(`${command}: ${error.message}`);
		return result && "value" in result ? result.value : result;
	}
	run(script) {
		return this.send("WebDriver:ExecuteScript", { script: `return (${script})()`, args: [] });
	}
}

async function connect(tries) {
	for (let i = 0; i < tries; i++) {
		const socket = net.connect(PORT, "127.0.0.1"), up = await new Promise(done => socket.once("connect", () => done(true)).once("error", () => done(false)));

		if (up)
			return new Marionette(socket);
		await new Promise(done => setTimeout(done, 250));
	}
	throw new Error("Firefox does not answer");
}

/* Different bytes of a PNG's pixels: of an empty page there are few. */
function variety(base64) {
	const png = Buffer.from(base64, "base64"), parts = [];

	for (let at = 8; at < png.length;) {
		const length = png.readUInt32BE(at);

		if (png.toString("latin1", at + 4, at + 8) === "IDAT")
			parts.push(png.subarray(at + 8, at + 8 + length));
		at += 12 + length;
	}
	return new Set(zlib.inflateSync(Buffer.concat(parts))).size;
}

async function look(m) {
	const s = exact("rich.json"), bad = [], plain = [];

	await m.send("WebDriver:NewSession", {});
	await m.send("WebDriver:Navigate", { url: `file://${dir}/rich.html` });
	/* What the page's script has declared is not seen from here. */
	await m.run("() => { location.hash = '#/task/GET%20%2Fpage'; }");
	await new Promise(done => setTimeout(done, 500));
	const one = await m.run("() => document.querySelector('#s a').getAttribute('href')"), views = ["#/overview", "#/tasks", "#/task/GET%20%2Fpage", "#/regions?states=1", "#/waits", "#/waits?by=culprit", "#/stacks", "#/threads", one];
	for (const view of views) {
		await m.run(`() => { location.hash = ${JSON.stringify(view)}; }`);
		await new Promise(done => setTimeout(done, 250));
		const text = await m.run("() => document.querySelector('main h1') ? document.querySelector('main').innerText : ''");
		if (text.length < 100 || /\[object|undefined|NaN/.test(text))
			bad.push([view, text.slice(0, 80)]);
		if (variety((await m.send("WebDriver:TakeScreenshot", { full: false }))) < 60)
			plain.push(view);
	}
	same("every view opens in Firefox", bad, []);
	same("... and can be seen", plain, []);
	same("the timeline is drawn", await m.run("() => { const c = document.querySelector('canvas'); return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size > 20; }"), true);
	await m.run("() => { location.hash = '#/tasks'; }");
	await new Promise(done => setTimeout(done, 250));
	same("its numbers are those of the summary", (await m.run("() => [...document.querySelectorAll('#t tbody tr')].map(tr => [tr.cells[0].textContent, ...[...tr.querySelectorAll('[data-ns]')].map(e => e.dataset.ns)])")).sort(),
		s.tasks.map(t => [t.name, ...["p50", "p95", "p99", "max"].map(k => String(t.duration_ns[k])), String(t.wall_ns)]).sort());
	await m.send("Marionette:SetContext", { value: "chrome" });
	const said = await m.run("() => Services.console.getMessageArray().map(String).filter(x => x.includes('rich.html') && /error|Content-Security-Policy/i.test(x))");
	same("Firefox's console has no error of the page", said, []);
}

run("the tests ran to their end", async () => {
	const profile = path.join(dir, "profile");

	fs.mkdirSync(profile);
	fs.writeFileSync(path.join(profile, "user.js"), `user_pref("marionette.port", ${PORT});\n`);
	const firefox = spawn(process.env.FIREFOX, ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile, "about:blank"], { stdio: "ignore", env: { ...process.env, HOME: dir, MOZ_HEADLESS_WIDTH: "1360", MOZ_HEADLESS_HEIGHT: "900" } });

	try {
		await look(await connect(120));
	} finally {
		firefox.kill();
		await new Promise(ended => firefox.once("exit", ended));
	}
});
