// SPDX-License-Identifier: GPL-2.0-or-later
// A browser without a window, driven through a pipe: Chromium and its DevTools protocol, and
// nothing that has to be installed beside it.
'use strict';

const {spawn} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const LIMIT_MS = 60000; // generous: machines are busy

// The browser's program, or null.
function findBrowser() {
	const wanted = process.env.CHROMIUM ? [process.env.CHROMIUM] : NAMES;
	for (const dir of [...(process.env.PATH || '').split(':'), ''])
		for (const name of wanted)
			if (fs.existsSync(path.join(dir, name)))
				return path.join(dir, name);
	return null;
}

class Browser {
	constructor() {
		this.profile = fs.mkdtempSync(path.join(os.tmpdir(), 'damon-perf-html-'));
		this.child = spawn(findBrowser(),
			[
				'--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
				'--no-first-run', '--disable-background-networking',
				'--disable-component-update', '--disable-sync', '--hide-scrollbars',
				'--force-color-profile=srgb', '--remote-debugging-pipe',
				`--user-data-dir=${this.profile}`, 'about:blank'
			],
			{stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
		this.next = 1;
		this.waiting = new Map();
		this.listeners = [];
		this.rest = '';
		this.child.stdio[4].setEncoding('utf8');
		this.child.stdio[4].on('data', text => this.onData(text));
		this.child.stdio[3].on('error', () => {});
		this.child.on('exit', () => {
			for (const w of this.waiting.values())
				w.reject(new Error('the browser ended'));
		});
	}

	onData(text) {
		const parts = (this.rest + text).split('\0');
		this.rest = parts.pop();
		for (const part of parts) {
			const m = JSON.parse(part), w = this.waiting.get(m.id);
			if (!m.id)
				this.listeners.forEach(f => f(m));
			else if (w) {
				this.waiting.delete(m.id);
				clearTimeout(w.timer);
				if (m.error)
					w.reject(new Error(`${w.method}: ${m.error.message}`));
				else
					w.resolve(m.result);
			}
		}
	}

	send(method, params = {}, sessionId = undefined) {
		const id = this.next++;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(
				() => reject(new Error(`${method}: no answer`)), LIMIT_MS);
			this.waiting.set(id, {resolve, reject, timer, method});
			this.child.stdio[3].write(
				JSON.stringify({id, method, params, sessionId}) + '\0');
		});
	}

	async open(file, options) {
		const page = new Page(this);
		await page.open(file, options);
		return page;
	}

	async close() {
		const gone = new Promise(resolve => this.child.once('exit', resolve));
		this.send('Browser.close').catch(() => {});
		const timer = setTimeout(() => this.child.kill('SIGKILL'), 10000);
		await gone;
		clearTimeout(timer);
		fs.rmSync(this.profile, {recursive: true, force: true, maxRetries: 5});
	}
}

class Page {
	constructor(browser) {
		this.browser = browser;
		this.complaints = []; // errors, warnings and refused requests: none is right
		this.requests = [];
	}

	send(method, params) {
		return this.browser.send(method, params, this.session);
	}

	async open(file,
		{width = 1280, height = 900, scale = 1, touch = false, dark = false, still = true} =
			{}) {
		const {targetId} =
			await this.browser.send('Target.createTarget', {url: 'about:blank'});
		this.target = targetId;
		this.session = (await this.browser.send(
					'Target.attachToTarget', {targetId, flatten: true}))
				       .sessionId;
		this.browser.listeners.push(m => m.sessionId === this.session && this.onEvent(m));
		for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
			await this.send(domain + '.enable');
		await this.resize(width, height, scale, touch);
		await this.send('Emulation.setEmulatedMedia', {
			features: [
				{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}, {
					name: 'prefers-reduced-motion',
					value: still ? 'reduce' : 'no-preference'
				}
			]
		});
		await this.send('Page.navigate', {url: 'file://' + path.resolve(file)});
		await this.until('document.readyState === "complete" && app');
		await this.drawn();
	}

	onEvent({method, params}) {
		if (method === 'Runtime.exceptionThrown')
			this.complaints.push(params.exceptionDetails.exception?.description ??
				params.exceptionDetails.text);
		else if (method === 'Runtime.consoleAPICalled')
			this.complaints.push(`console: ${params.args.map(a => a.value).join(' ')}`);
		else if (method === 'Log.entryAdded')
			this.complaints.push(`log: ${params.entry.text}`);
		else if (method === 'Network.requestWillBeSent')
			this.requests.push(params.request.url);
		else if (method === 'Page.javascriptDialogOpening') {
			this.complaints.push(`dialog: ${params.message}`);
			this.send('Page.handleJavaScriptDialog', {accept: false});
		}
	}

	async eval(expression) {
		const r = await this.send(
			'Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
		if (r.exceptionDetails)
			throw new Error(`${expression}: ${
				r.exceptionDetails.exception?.description ??
				r.exceptionDetails.text}`);
		return r.result.value;
	}

	// Runs a function in the page.
	run(f, ...args) {
		return this.eval(`(${f})(...${JSON.stringify(args)})`);
	}

	// Chooses of a list, as people do.
	async choose(id, value) {
		await this.run((id, value) => {
			const e = document.getElementById(id);
			e.value = value;
			e.dispatchEvent(new Event('change'));
		}, id, value);
		await this.drawn();
	}

	// Waits for something to become true.
	async until(expression) {
		const end = Date.now() + LIMIT_MS;
		for (;;) {
			const is = await this
					   .eval(`(() => { try { return !!(${
						   expression}); } catch { return false; } })()`)
					   .catch(() => false);
			if (is)
				return;
			if (Date.now() > end)
				throw new Error(`never came true: ${expression}`);
			await new Promise(resolve => setTimeout(resolve, 20));
		}
	}

	// Until all that was asked for is drawn.
	async drawn() {
		await this.run(() => new Promise(done => requestAnimationFrame(
							 () => requestAnimationFrame(done))));
		await this.until(
			'!app.frame && !app.settling && !document.body.hasAttribute("aria-busy")');
	}

	resize(width, height, scale = 1, touch = false) {
		return Promise.all([
			this.send('Emulation.setDeviceMetricsOverride',
				{width, height, deviceScaleFactor: scale, mobile: touch}),
			this.send('Emulation.setTouchEmulationEnabled',
				{enabled: touch, maxTouchPoints: 2})
		]);
	}

	async mouse(type, x, y, more = {}) {
		await this.send(
			'Input.dispatchMouseEvent', {type, x, y, pointerType: 'mouse', ...more});
	}

	async drag(x0, y0, x1, y1, modifiers = 0) {
		await this.mouse('mousePressed', x0, y0,
			{button: 'left', buttons: 1, clickCount: 1, modifiers});
		for (let i = 1; i <= 5; i++)
			await this.mouse('mouseMoved', x0 + (x1 - x0) * i / 5,
				y0 + (y1 - y0) * i / 5, {button: 'left', buttons: 1, modifiers});
		await this.mouse(
			'mouseReleased', x1, y1, {button: 'left', clickCount: 1, modifiers});
		await this.drawn();
	}

	async touch(type, points) {
		await this.send('Input.dispatchTouchEvent',
			{type, touchPoints: points.map(([x, y], id) => ({x, y, id}))});
	}

	async key(key, {shift = false, text} = {}) {
		const codes = {
			Tab: 9,
			Enter: 13,
			Escape: 27,
			ArrowLeft: 37,
			ArrowUp: 38,
			ArrowRight: 39,
			ArrowDown: 40
		};
		const p = {
			key,
			modifiers: shift ? 8 : 0,
			windowsVirtualKeyCode: codes[key] ?? 0,
			text: text ??
				(key === 'Enter'		   ? '\r'
						: key.length === 1 ? key
								   : undefined)
		};
		await this.send('Input.dispatchKeyEvent', {...p, type: 'keyDown'});
		await this.send('Input.dispatchKeyEvent', {...p, type: 'keyUp', text: undefined});
		await this.drawn();
	}

	async click(selector) {
		const at = await this.eval(
			`(() => { const e = document.querySelector(${JSON.stringify(selector)});
			e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();
			return [b.x + b.width / 2, b.y + b.height / 2]; })()`);
		await this.mouse('mousePressed', ...at, {button: 'left', clickCount: 1});
		await this.mouse('mouseReleased', ...at, {button: 'left', clickCount: 1});
		await this.drawn();
	}

	async shot(file, whole = false) {
		const {data} = await this.send(
			'Page.captureScreenshot', {format: 'png', captureBeyondViewport: whole});
		if (file)
			fs.writeFileSync(file, Buffer.from(data, 'base64'));
		return Buffer.from(data, 'base64');
	}

	async close() {
		await this.browser.send('Target.closeTarget', {targetId: this.target});
	}
}

module.exports = {
	Browser,
	findBrowser
};
