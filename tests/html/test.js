// SPDX-License-Identifier: GPL-2.0-or-later
// Uses the page as people do, by mouse, keys and fingers, and looks at what it shows: test.js
// FOLDER [GLOB]. The pages in the folder are those of tests/html/run.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const {Browser} = require('./browser.js');

const folder = process.argv[2], glob = process.argv[3] || '*';
const tests = [];
const test = (name, run) => tests.push({name, run});
const file = name => path.join(folder, name + '.html');
const SPAN = 'app.view.t1 - app.view.t0', HEIGHT = 'app.view.y1 - app.view.y0';

// A place in the picture, 0 to 1 each way, in the coordinates of the window.
const spot = (page, x, y) => page.run((x, y) => {
	const over = document.getElementById('over');
	over.scrollIntoView({block: 'center'});
	const b = over.getBoundingClientRect(), p = app.heatmap.plot();
	return [b.left + p.x + p.w * x, b.top + p.y + p.h * y];
}, x, y);

// How many colours a canvas has.
const pixels = (page, id) => page.run(id => {
	const c = document.getElementById(id);
	const {data} = c.getContext('2d').getImageData(0, 0, c.width, c.height);
	return new Set(new Uint32Array(data.buffer)).size;
}, id);

const text = (page, selector) =>
	page.eval(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const names = (page, list) =>
	page.eval(`[...document.querySelectorAll('#${list} .name')].map(e => e.textContent)`);
const near = (a, b, part = 0.02) =>
	assert(Math.abs(a - b) <= part * Math.abs(b), `${a} is not about ${b}`);

test('shows a picture, lists and working sets', async page => {
	assert(await pixels(page, 'cells') > 20);
	assert(await pixels(page, 'wss') > 10);
	const functions = await names(page, 'functions'), objects = await names(page, 'objects');
	assert(functions.length === 2 && functions.includes('libwork.so.6'), functions.join());
	assert(objects.includes('[heap]') && objects.includes('[stack]'), objects.join());
	assert.match(await text(page, '#resolution'), /a cell is 100 ms × .* KiB/);
	assert.match(await text(page, '#entries'), /720 logged accesses/);
	assert.match(await text(page, '#quality'), /source .*soft/);
});

test('the wheel zooms around the pointer', async page => {
	const [x, y] = await spot(page, 0.25, 0.5), before = await page.eval(SPAN);
	const timeAt = () => page.run(x => {
		const {left} = document.getElementById('over').getBoundingClientRect();
		return app.heatmap.at(x - left, 0, app.heatmap.plot()).ns;
	}, x);
	const ns = await timeAt();
	await page.mouse('mouseWheel', x, y, {deltaX: 0, deltaY: -400});
	await page.until(`${SPAN} < ${before * 0.9}`);
	near(await timeAt(), ns, 0.006); // a pixel
	const [sx, sy] = await spot(page, 0.5, 0.5), height = await page.eval(HEIGHT),
		   span = await page.eval(SPAN);
	await page.mouse('mouseWheel', sx, sy, {deltaX: 0, deltaY: -200, modifiers: 1}); // Alt
	await page.until(`${HEIGHT} < ${height * 0.95}`);
	near(await page.eval(SPAN), span, 1e-9);
});

test('dragging moves the picture', async page => {
	await page.key('+');
	const t0 = await page.eval('app.view.t0'), [x, y] = await spot(page, 0.6, 0.5);
	await page.drag(x, y, x - 100, y);
	assert(await page.eval('app.view.t0') > t0);
	assert(!await page.eval('app.brush'));
});

test('hovering tells of the cell', async page => {
	const [x, y] = await page.run(() => {
		const heap = app.loaded.objects.find(o => o.name === '[heap]');
		const box = document.getElementById('over').getBoundingClientRect();
		const p = app.heatmap.plot(), y = app.grid.placeOf(heap.start + 2 ** 20);
		return [box.left + p.x + p.w * 0.25, box.top + app.heatmap.yOf(y, p)];
	});
	await page.mouse('mouseMoved', x, y);
	await page.drawn();
	const tip = await text(page, '#tip');
	assert.match(tip, /^\[heap\]heat.* \[.*\] accesses\/page\/s/);
	assert.match(tip, /time1\.5\d* s – 1\.6/);
	assert.match(tip, /age/);
	assert.match(tip, /logged access.*script>/);
	assert.equal(await page.eval('document.getElementById("tip").hidden'), false);
	const inside = await page.run(() => {
		const b = document.getElementById('tip').getBoundingClientRect();
		return b.left >= 0 && b.top >= 0 && b.right <= innerWidth &&
			b.bottom <= innerHeight;
	});
	assert(inside, 'the tip is not within the window');
});

test('the cell under the pointer is that of the record', async page => {
	// heap: 40 of a weight of 123 in the first half of the time (tests/report/scenarios.c)
	const cell = await page.run(() => {
		const g = app.grid, heap = app.loaded.mappings.find(m => m.name === '[heap]');
		return g.cellAt(
			g.level(0, 0), g.from + 10.5 * g.colNs, g.placeOf(heap.start + 2 ** 20));
	});
	const want = 90 * 10 * 1000 * 40 / (1 + 40 + 1 + 2 + 1 + 1 + 20) / (12 * 256);
	near(cell.heat[0], want, 0.05);
	assert(cell.heat[1] <= want && want <= cell.heat[2]);
	near(cell.age, 10, 0.1);
});

test('coarser cells are the means of finer ones', async page => {
	const pairs = await page.run(() => {
		const g = app.grid, {heat, cover} = g.tables, out = [];
		const mean = cell => {
			let sum = 0, all = 0;
			for (let r = cell.row0; r < cell.row1; r++)
				for (let i = r * g.cols + cell.col0; i < r * g.cols + cell.col1;
					i++) {
					sum += g.values[heat[i]] * cover[i];
					all += cover[i];
				}
			return sum / all;
		};
		for (const [lt, la] of [[1, 0], [0, 2], [2, 3]])
			for (let y = 0.5; y < g.height; y += g.height / 40) {
				const cell =
					g.cellAt(g.level(lt, la), (2 * g.from + 3 * g.to) / 5, y);
				if (cell && cell.mapped)
					out.push([cell.heat[0], mean(cell)]);
			}
		return out;
	});
	assert(pairs.length > 60);
	for (const [is, want] of pairs)
		near(is, want, 0.06);
});

test('a selection narrows the lists', async page => {
	const all = await text(page, '#entries'), [x0, y0] = await spot(page, 0.02, 0.0),
	      [x1, y1] = await spot(page, 0.45, 0.999);
	await page.drag(x0, y0, x1, y1, 8); // Shift
	assert(await page.eval('app.brush'));
	assert.notEqual(await text(page, '#entries'), all);
	const objects = await names(page, 'objects');
	assert(objects.includes('[heap]'), objects.join());
	assert(!objects.some(o => o.startsWith('<img')), objects.join()); // touched later
	assert.match(await text(page, '#filters'), /s – /);
	await page.key('Escape');
	await page.key('Escape');
	assert.equal(await page.eval('app.brush'), null);
	assert.equal(await text(page, '#entries'), all);
	await page.click('#select');
	await page.drag(x0, y0, x1, y1);
	assert(await page.eval('app.brush'));
	await page.click('#filters .chip');
	assert.equal(await page.eval('app.brush'), null);
});

test('a choice in one list narrows the other', async page => {
	await page.click('#objects li:first-child .row');
	const object = await page.eval('app.loaded.objects[app.object].name'),
	      functions = await names(page, 'functions');
	assert.equal(functions.length, 1, `${object}: ${functions}`);
	assert(await pixels(page, 'over') > 1); // where it was touched
	await page.click('#filters .chip');
	assert.equal((await names(page, 'functions')).length, 2);
	await page.choose('metric', 'stores');
	await page.drawn();
	assert.deepEqual(await names(page, 'objects'),
		['[heap]', ...(await names(page, 'objects')).slice(1)]);
});

test('keys alone do all of it', async page => {
	await page.eval('document.getElementById("over").focus()');
	const whole = await page.eval(SPAN);
	await page.key('+');
	assert(await page.eval(SPAN) < whole);
	await page.key('-');
	await page.key('+');
	await page.key('0');
	near(await page.eval(SPAN), whole, 1e-9);
	const before = await page.eval('app.cursor.ns');
	await page.key('ArrowRight');
	await page.key('ArrowDown');
	assert(await page.eval('app.cursor.ns') > before);
	assert.equal(await page.eval('document.getElementById("tip").hidden'), false);
	assert((await text(page, '#said')).length > 10);
	for (let i = 0; i < 3; i++)
		await page.key('ArrowRight', {shift: true});
	assert(await page.eval('app.brush === null || app.brush.t1 > app.brush.t0'));
	await page.key('ArrowDown', {shift: true});
	assert(await page.eval('app.brush.y1 > app.brush.y0'));
	await page.key('s');
	assert.equal(
		await page.eval('document.getElementById("select").getAttribute("aria-pressed")'),
		'true');
	await page.key('?');
	assert(await page.eval('document.getElementById("keys").open'));
	await page.key('Escape');
	await page.until('!document.getElementById("keys").open');
	await page.eval('document.getElementById("wss").focus()');
	await page.key('ArrowRight');
	await page.drawn(); // to scroll hides what was told
	await page.key('ArrowRight');
	assert.match(
		await page.eval('document.getElementById("wss").getAttribute("aria-valuetext")'),
		/working set .*B/);
	assert.match(await text(page, '#tip'), /working set.*hot/);
});

test('the tab key goes through all parts, visibly', async page => {
	const seen = [];
	for (let i = 0; i < 18; i++) {
		await page.key('Tab');
		seen.push(await page.eval(
			'document.activeElement.id || document.activeElement.className'));
		assert.notEqual(
			await page.eval('getComputedStyle(document.activeElement).outlineStyle'),
			'none', seen.join());
	}
	for (const id of ['process', 'search', 'theme', 'in', 'select', 'over', 'wss', 'metric',
		     'row'])
		assert(seen.includes(id), `${id} is not in ${seen}`);
});

test('search finds mappings, functions, objects', async page => {
	await page.key('/');
	assert.equal(await page.eval('document.activeElement.id'), 'search');
	await page.send('Input.insertText', {text: 'libwork'});
	await page.until('document.querySelectorAll("#hits [role=option]").length > 1');
	const kinds = await page.eval(
		'[...document.querySelectorAll("#hits .kind")].map(e => e.textContent)');
	assert(kinds.includes('function') && kinds.includes('mapping'), kinds.join());
	await page.key('Enter');
	assert.equal(await page.eval('app.loaded.codes[app.code].name'), 'libwork.so.6');
	await page.key('Escape'); // the choice
	await page.key('/');
	await page.eval('document.getElementById("search").value = ""');
	await page.send('Input.insertText', {text: '[heap]'});
	await page.until('document.querySelectorAll("#hits [role=option]").length');
	const whole = await page.eval('app.grid.height');
	while (await page.eval('app.search.hits[app.search.at].kind') !== 'mapping')
		await page.key('ArrowDown');
	await page.key('Enter');
	assert(await page.eval(HEIGHT) < whole);
	await page.key('/');
	await page.send('Input.insertText', {text: 'no such thing'});
	await page.until('document.getElementById("hits").textContent.includes("nothing")');
});

test('another process is another picture', async page => {
	await page.choose('process', '1');
	await page.until('app.target.pid === 701 && !document.body.hasAttribute("aria-busy")');
	await page.drawn();
	near(await page.eval('app.grid.from'), 2e9, 0.01);
	assert.match(await text(page, '#facts'), /2 processes like it/);
	assert(await page.eval('document.title.includes("701")'));
});

test('colours, hatching and windows can be changed', async page => {
	const whole = await page.eval('document.getElementById("cells").toDataURL()');
	await page.click('#hatch');
	const plain = await page.eval('document.getElementById("cells").toDataURL()');
	assert.notEqual(plain, whole);
	await page.choose('scale', 'linear');
	await page.drawn();
	assert.notEqual(await page.eval('document.getElementById("cells").toDataURL()'), plain);
	assert.equal(await text(page, '#low'), '0');
	const now = await text(page, '#now');
	await page.choose('window', '3');
	await page.drawn();
	assert.notEqual(await text(page, '#now'), now);
});

test('dark and light', async page => {
	const ground = () => page.eval('getComputedStyle(document.body).backgroundColor');
	const light = await ground();
	await page.click('#theme');
	const dark = await ground();
	assert.notEqual(dark, light);
	await page.key('t');
	assert.equal(await ground(), light);
	await page.send('Emulation.setEmulatedMedia',
		{features: [{name: 'prefers-color-scheme', value: 'dark'}]});
	await page.key('t');
	assert.equal(await ground(), dark);
});

// Contrast as WCAG 2 defines it: text needs 4.5.
test('words can be read in both', async page => {
	const worst = () => page.run(() => {
		const part = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		const light = rgb => rgb.match(/[\d.]+/g).slice(0, 3).reduce(
			(sum, v, i) => sum + part(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
		const probe = document.body.appendChild(document.createElement('i'));
		const lightOf = name => {
			probe.style.color = `var(${name})`;
			return light(getComputedStyle(probe).color);
		};
		let least = Infinity;
		for (const ink of ['--ink', '--soft'])
			for (const ground of ['--ground', '--card', '--bar']) {
				const a = lightOf(ink), b = lightOf(ground);
				least = Math.min(
					least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
			}
		probe.remove();
		return least;
	});
	assert(await worst() >= 4.5, String(await worst()));
	await page.click('#theme');
	assert(await worst() >= 4.5, String(await worst()));
});

test('fingers: one moves, two pinch', async page => {
	await page.resize(360, 780, 2, true);
	await page.drawn();
	const [x, y] = await spot(page, 0.5, 0.5), before = await page.eval(SPAN),
		  height = await page.eval(HEIGHT);
	await page.touch('touchStart', [[x - 40, y - 40], [x + 40, y + 40]]);
	for (let d = 50; d <= 100; d += 10)
		await page.touch('touchMove', [[x - d, y - d], [x + d, y + d]]);
	await page.touch('touchEnd', []);
	await page.drawn();
	assert(await page.eval(SPAN) < before * 0.7, 'no zoom in time');
	assert(await page.eval(HEIGHT) < height * 0.7, 'no zoom in addresses');
	const t0 = await page.eval('app.view.t0');
	await page.touch('touchStart', [[x, y]]);
	for (let d = 10; d <= 60; d += 10)
		await page.touch('touchMove', [[x - d, y]]);
	await page.touch('touchEnd', []);
	await page.drawn();
	assert(await page.eval('app.view.t0') > t0, 'no move');
});

// In the page: controls and headings that the window does not hold.
function beyondWindow() {
	return [...document.querySelectorAll('button, select, input, h2, label')]
		.filter(e => e.getClientRects().length && !e.closest('.hidden'))
		.filter(e => e.getBoundingClientRect().left < -1 ||
				e.getBoundingClientRect().right > innerWidth + 1)
		.map(e => e.id || e.textContent.trim());
}

// In the page: pairs of controls and words that lie over each other.
function overlapping() {
	const all = 'header select, header button, header input, .bar *, #legend span';
	const boxes =
		[...document.querySelectorAll(all)]
			.filter(e => e.getClientRects().length && !e.children.length &&
					e.tagName !== 'OPTION')
			.map(e => ({name: e.id || e.textContent, box: e.getBoundingClientRect()}));
	const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
		Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
	return boxes.flatMap((a, i) => boxes.slice(i + 1)
					       .filter(b => meet(a.box, b.box))
					       .map(b => `${a.name} / ${b.name}`));
}

for (const [width, height, scale] of [
	     [360, 780, 3], [768, 1024, 2], [1280, 800, 1], [3840, 2160, 1]])
	test(`fits ${width} pixels`, async page => {
		await page.resize(width, height, scale);
		await page.drawn();
		assert.equal(await page.eval('document.documentElement.scrollWidth <= innerWidth'),
			true, 'wider than the window');
		assert(await pixels(page, 'cells') > 20);
		assert.deepEqual(await page.run(beyondWindow), [], 'are cut off');
		assert.deepEqual(await page.run(overlapping), [], 'lie over each other');
	});

test('on paper', async page => {
	const {data} = await page.send('Page.printToPDF', {printBackground: false});
	assert(Buffer.from(data, 'base64').subarray(0, 5).toString() === '%PDF-');
	await page.send('Emulation.setEmulatedMedia', {media: 'print'});
	assert(await page.run(() => !document.getElementById('search').getClientRects().length));
});

test('names stay text', async page => {
	const options = await page.eval(
		'[...document.querySelectorAll("#process option")].map(o => o.textContent)');
	assert(options.some(o => o.includes('</script>"<b>\ufffd')), options.join());
	assert(!await page.eval(
		'document.querySelector("main img, main b, header b, main script")'));
	const all = await page.run(() => document.documentElement.innerText +
			[...document.querySelectorAll('[title]')].map(e => e.title).join(''));
	assert(!/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/.test(all));
	assert.equal(await page.eval('document.scripts.length'), 9);
	const functions = await names(page, 'functions');
	assert(functions.includes('script>'), functions.join()); // the last part of that path
});

test('asks nothing of the network', async page => {
	assert.deepEqual(page.requests.filter(u => !u.startsWith('file://')), []);
	assert.equal(page.requests.length, 1);
	const refused = await page.eval(
		'fetch("https://example.invalid/").then(() => "sent", () => "refused")');
	assert.equal(refused, 'refused');
	page.complaints = page.complaints.filter(c => !/Content Security Policy/.test(c));
});

test('marks have a place', async (page, browser) => {
	const marked = path.join(folder, 'marked.html');
	fs.writeFileSync(marked,
		fs.readFileSync(file('page'), 'utf8')
			.replace('"marks":[]',
				'"marks":[{"time":3000000000,"name":"second half \\u003cb>"}]'));
	const other = await browser.open(marked);
	assert.match(await text(other, '#marks'), /second half <b> 3\.0\d* s/);
	const before = await other.eval(SPAN);
	await other.click('#marks button');
	assert(await other.eval(SPAN) < before);
	assert.deepEqual(other.complaints, []);
	await other.close();
});

for (const name of ['hostile', 'empty', 'zero', 'one', 'build'])
	test(`opens the record '${name}'`, async (page, browser) => {
		const other = await browser.open(file(name));
		for (const key of ['+', '0', '-', 'Escape', 't'])
			await other.key(key);
		const [x, y] = await spot(other, 0.5, 0.1);
		await other.mouse('mouseMoved', x, y);
		await other.drawn();
		if (name === 'build')
			assert.equal(await other.eval(
					     'document.querySelectorAll("#process option").length'),
				21);
		if (name === 'empty')
			assert.match(await text(other, '#quality'), /nothing to show/);
		if (name === 'zero')
			assert.match(await text(other, '#functions'), /No access was seen/);
		assert.deepEqual(other.complaints, []);
		await other.close();
	});

// The rows are those of tests/unit/test_known.c: the page rounds as all other reports do.
test('figures are written as in other reports', () => {
	const M = 2 ** 20, K = 1024, context = vm.createContext({document: {}});
	vm.runInContext(
		fs.readFileSync(path.join(__dirname, '../../src/report/html/text.js'), 'utf8'),
		context);
	for (const [k, kind, want] of [[[12 * M, 9 * M, 16 * M], 'bytes', '12 MiB [9, 16]'],
		     [[12.34 * M, 12.2 * M, 12.5 * M], 'bytes', '12.3 MiB [12.2, 12.5]'],
		     [[12.345, 12.341, 12.349], 'count', '12.3 [12.3, 12.4]'],
		     [[12345, 12345, 12345], 'count', '12.3 k'],
		     [[7, 7, 7], 'count', '7'],
		     [[4 * K, 4 * K, 4 * K], 'bytes', '4.00 KiB'],
		     [[20 * M, 580 * K, 29.1 * M], 'bytes', '20 MiB [0.5, 30]'],
		     [[20 * M, 84, 29.1 * M], 'bytes', '20 MiB [80 B, 30 MiB]'],
		     [[20, 3, 2e6], 'count', '20 [3, 2 M]'],
		     [[0.003, 0, 0.0106], 'percent', '~0.3 % [0, 1.1]'],
		     [[5, 1, Infinity], 'count', '5 [1, ?]'],
		     [[0.53, 0.467, 0.585], 'percent', '53 % [46, 59]'],
		     [[0.3, 0.2, 0.4], 'percent', '30 % [20, 40]'],
		     [[0, 0, 26300], 'count', '<27 k'],
		     [[0, 0, 1e-9], 'percent', '<0.001 %'],
		     [[0, 0, 960e3], 'count', '<1.0 M'],
		     [[0, 0, 0], 'bytes', '0 B'],
		     [[NaN, 0, 1], 'count', '?'],
		     [[1, 0, 1], 'percent', '?'],
		     [[0.3, 0, 0.89], 'percent', '~30 % [0, 90]'],
		     [[960e3, 500e3, 1500e3], 'count', '1.0 M [0.5, 1.5]'],
		     [[1, 0.987, 1], 'percent', '100 % [98, 100]'],
		     [[0.1234, 0.1, 0.16], 'count', '0.12 [0.10, 0.16]'],
	])
		assert.equal(vm.runInContext(`knownText([${k}], '${kind}')`, context), want);
	assert.equal(vm.runInContext('clean("a\\u001b[2J\\u202eb")', context), 'a\ufffd[2J\ufffdb');
	assert.equal(vm.runInContext('timeText(3723e9, 1e8)', context), '1:02:03.0');
});

// ---- running them ----

const matches = name => new RegExp('^' +
	glob.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.') +
	'$').test(name);

async function main() {
	let passed = 0, failed = 0;
	const wanted = tests.filter(t => matches(t.name)),
	      browser = wanted.length ? new Browser() : null;
	try {
		for (const {name, run} of wanted) {
			const page = await browser.open(file('page'));
			try {
				await run(page, browser);
				assert.deepEqual(page.complaints, []);
				passed++;
			} catch (e) {
				failed++;
				console.log(`FAILED html/${name}\n${e.stack}`);
			}
			if (process.env.SHOTS)
				await page.shot(path.join(
					process.env.SHOTS, name.replace(/\W+/g, '-') + '.png'));
			await page.close();
		}
	} finally {
		await browser?.close();
	}
	console.log(`${passed} passed, ${failed} failed, 0 skipped`);
	process.exitCode = failed ? 1 : 0;
}

main().catch(e => {
	console.log(`FAILED html: ${e.stack}\n0 passed, 1 failed, 0 skipped`);
	process.exitCode = 1;
});
