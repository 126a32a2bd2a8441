// SPDX-License-Identifier: GPL-2.0-or-later
// The state of the page, and what ties its parts together: each change asks for the parts that show
// it to be drawn, once, with the next frame.
'use strict';

const EASE_MS = 160, SETTLE_MS = 140, LEAST_COLS = 4, LEAST_ROWS = 4;

class App {
	constructor(data) {
		this.data = data;
		this.loaded = this.grid = this.cursor = this.brush = this.cell = null;
		this.code = this.object = null;
		this.view = {t0: 0, t1: 1, y0: 0, y1: 1};
		this.log = true;
		this.hatch = true;
		this.selecting = false;
		this.dirty = new Set();
		this.cache = new Map();
		const $ = this.$ = id => document.getElementById(id);
		this.heatmap = new Heatmap(this, $('cells'), $('over'));
		this.wss = new WorkingSet(this, $('wss'));
		this.lists = new Lists(this);
		this.search = new Search(this);
		this.fillRecord();
		this.listen();
	}

	// ---- targets ----

	async show(index) {
		const info = this.data.targets[index];
		this.target = info;
		document.body.setAttribute('aria-busy', 'true');
		if (!this.cache.has(index))
			this.cache.set(index, info ? await loadTarget(info) : null);
		if (this.target !== info)
			return; // another was chosen meanwhile
		this.loaded = this.cache.get(index);
		this.grid = this.loaded ? new Grid(info, this.loaded) : null;
		this.cursor = this.brush = this.cell = this.code = this.object = null;
		this.heatmap.forget();
		this.hideTip();
		if (this.grid)
			this.reset(false);
		this.fillTarget();
		this.grid?.prepare(this.heatmap.level());
		document.body.removeAttribute('aria-busy');
		this.ask('all');
	}

	// ---- drawing ----

	ask(...parts) {
		for (const part of parts)
			this.dirty.add(part);
		this.frame ||= requestAnimationFrame(() => this.drawNow());
	}

	drawNow() {
		const has = part => this.dirty.has(part) || this.dirty.has('all'),
		      view = has('view');
		this.timeFrames();
		this.frame = 0;
		this.cell = this.findCell();
		if (view)
			this.heatmap.draw();
		else if (has('cursor') || has('brush') || has('chosen'))
			this.heatmap.drawOver();
		if (view || has('cursor') || has('brush') || has('wss'))
			this.wss.draw();
		if (has('brush') || has('chosen') || has('lists'))
			this.lists.draw();
		if (has('legend') || has('all'))
			this.drawLegend();
		if (view || has('cursor') || has('wss'))
			this.drawReadout();
		this.dirty.clear();
		this.openedMs ??=
			this.loaded ? performance.now() : undefined; // since the page was asked for
	}

	// How far frames lie apart while the picture moves: tells how quick this machine draws.
	timeFrames() {
		const now = performance.now(), ms = now - (this.frameAt ?? 0);
		if (ms < 200)
			this.frameMs = 0.7 * (this.frameMs ?? ms) + 0.3 * ms;
		this.frameAt = now;
	}

	moving() {
		return performance.now() - this.movedAt < SETTLE_MS;
	}

	findCell() {
		const c = this.cursor;
		return c && this.grid && c.y !== null
			? this.grid.cellAt(this.heatmap.level(), c.ns, c.y)
			: null;
	}

	// ---- the part that is seen ----

	// Within the record, and no smaller than a few cells; keeps its size where it can.
	clampView(v) {
		const g = this.grid, most = g.to - g.from;
		const dt =
			Math.min(Math.max(v.t1 - v.t0, Math.min(LEAST_COLS * g.colNs, most)), most);
		const dy =
			Math.min(Math.max(v.y1 - v.y0, Math.min(LEAST_ROWS, g.height)), g.height);
		const t0 = Math.min(Math.max(v.t0, g.from), g.to - dt),
		      y0 = Math.min(Math.max(v.y0, 0), g.height - dy);
		return {t0, t1: t0 + dt, y0, y1: y0 + dy};
	}

	setView(v, ease) {
		const to = this.clampView(v),
		      still = matchMedia('(prefers-reduced-motion: reduce)').matches;
		cancelAnimationFrame(this.easing);
		this.movedAt = performance.now();
		clearTimeout(this.settling);
		this.settling = setTimeout(() => {
			this.settling = 0;
			this.ask('view');
		}, SETTLE_MS + (ease ? EASE_MS : 0));
		if (!ease || still) {
			this.view = to;
			this.ask('view');
			return;
		}
		const from = {...this.view}, start = performance.now();
		const step = now => {
			const x = Math.min(Math.max((now - start) / EASE_MS, 0), 1),
			      part = x * (2 - x);
			this.movedAt = now;
			for (const key of Object.keys(to))
				this.view[key] = from[key] + (to[key] - from[key]) * part;
			this.ask('view');
			if (x < 1)
				this.easing = requestAnimationFrame(step);
		};
		this.easing = requestAnimationFrame(step);
	}

	// By a factor, around a point that stays where it is.
	zoom(factor, at, time, address, ease = false) {
		const v = this.view, ft = time ? factor : 1, fy = address ? factor : 1;
		const to = this.clampView(
			{t0: 0, t1: (v.t1 - v.t0) * ft, y0: 0, y1: (v.y1 - v.y0) * fy});
		const kt = (to.t1 - to.t0) / (v.t1 - v.t0), ky = (to.y1 - to.y0) / (v.y1 - v.y0);
		this.setView({
			t0: at.ns - (at.ns - v.t0) * kt,
			t1: at.ns + (v.t1 - at.ns) * kt,
			y0: at.y - (at.y - v.y0) * ky,
			y1: at.y + (v.y1 - at.y) * ky
		},
			ease);
	}

	zoomCenter(factor) {
		if (!this.grid)
			return;
		const c = this.cursor, v = this.view, m = this.heatmap.middle();
		const near = c && c.ns >= v.t0 && c.ns <= v.t1 && c.y !== null && c.y >= v.y0 &&
			c.y <= v.y1;
		this.zoom(factor, near ? c : m, true, true, true);
	}

	pan(ns, y) {
		const v = this.view;
		this.setView({t0: v.t0 + ns, t1: v.t1 + ns, y0: v.y0 + y, y1: v.y1 + y}, false);
	}

	reset(ease = true) {
		if (this.grid)
			this.setView(
				{t0: this.grid.from, t1: this.grid.to, y0: 0, y1: this.grid.height},
				ease);
	}

	// Moves the picture no more than it takes to show a point.
	reveal(at) {
		const v = this.view, over = (x, lo, hi) => x < lo ? x - lo : x > hi ? x - hi : 0;
		const dt = over(at.ns, v.t0, v.t1), dy = at.y === null ? 0 : over(at.y, v.y0, v.y1);
		if (dt || dy)
			this.pan(dt, dy);
	}

	showAddresses(start, end) {
		const g = this.grid, y0 = g.placeOf(start),
		      y1 = Math.max(g.placeOf(end), y0 + LEAST_ROWS), room = (y1 - y0) * 0.15 + 1;
		this.setView({t0: g.from, t1: g.to, y0: y0 - room, y1: y1 + room}, true);
		this.setCursor({ns: (g.from + g.to) / 2, y: (y0 + y1) / 2}, false);
	}

	showTimes(from, to) {
		const room = Math.max(to - from, this.grid.colNs * 8);
		this.setView(
			{t0: from - room / 4, t1: from + room * 1.25, y0: 0, y1: this.grid.height},
			true);
	}

	inside(at) {
		const g = this.grid;
		return {
			ns: Math.min(Math.max(at.ns, g.from), g.to - 1),
			y: at.y === null ? null : Math.min(Math.max(at.y, 0), g.height - 1e-6)
		};
	}

	// ---- cursor, brush, choice ----

	setCursor(at, tip) {
		this.cursor = this.inside(at);
		this.wantTip = tip;
		this.ask('cursor');
	}

	// A range of the picture, as far as it has one; too small ones are none.
	setBrush(b) {
		const g = this.grid;
		if (b) {
			b = {
				t0: Math.max(b.t0, g.from),
				t1: Math.min(b.t1, g.to),
				y0: Math.max(b.y0, 0),
				y1: Math.min(b.y1, g.height)
			};
			if (!(b.t1 > b.t0) || !(b.y1 > b.y0))
				b = null;
		}
		this.brush = b;
		this.ask('brush');
	}

	choose(what, id) {
		this[what] = id;
		this.ask('chosen');
	}

	hideTip() {
		this.wantTip = false;
		this.$('tip').hidden = true;
	}

	// ---- what the cursor tells ----

	drawReadout() {
		const {grid, cursor} = this;
		this.$('resolution').replaceChildren(...grid ? this.resolution() : []);
		this.wss.describe();
		this.$('now').textContent = grid
			? this.wss.textAt(cursor ? cursor.ns : grid.to - 1) +
				(cursor ? ` at ${timeText(cursor.ns, grid.colNs)}` : ' at the end')
					: '';
		if (!grid || !cursor || !this.wantTip) {
			this.$('tip').hidden = true;
			return;
		}
		const lines = cursor.y === null ? this.timeLines() : this.cellLines();
		const tip = this.$('tip');
		tip.replaceChildren(
			...lines.map(([name, value, sub]) => make('div',
					     {class: sub	    ? 'sub'
							     : name ? ''
								    : 'title'},
					     ...name ? [make('span', {class: 'what'}, name)] : [],
					     make('bdi', {}, value))));
		tip.hidden = false;
		this.placeTip(tip);
		this.$('said').textContent =
			lines.map(l => l.filter(x => typeof x === 'string').join(' ')).join('; ');
	}

	timeLines() {
		const {grid, cursor} = this, col = grid.columnAt(cursor.ns),
			     from = grid.from + col * grid.colNs;
		const lines = [['', spanText(from, from + grid.colNs, grid.colNs)]];
		lines.push(['working set', this.wss.textAt(cursor.ns)]);
		for (const r of this.hottestAt(col))
			lines.push([
				'hot',
				`${this.nameAt(r.cell).name} ${addressText(r.cell.start)}, heat ${
					this.heatText(r.cell)}`,
				true
			]);
		return lines;
	}

	// Three rows of a column, of different mappings where there are.
	hottestAt(col) {
		const {grid} = this, l = grid.level(0, 0), found = [];
		for (let r = 0; r < grid.rows; r++) {
			const code = l.heat[r * grid.cols + col];
			if (code >= FIRST_CODE)
				found.push({r, code});
		}
		const names = new Set(), out = [];
		for (const {r} of found.sort((a, b) => b.code - a.code)) {
			const cell = grid.cellAt(
				      l, grid.from + (col + 0.5) * grid.colNs, grid.rowMiddle[r]),
			      name = this.nameAt(cell).name;
			if (!names.has(name) && out.length < 3) {
				names.add(name);
				out.push({cell});
			}
		}
		return out;
	}

	heatText(cell) {
		return `${knownText(knownTimes(cell.heat, this.data.relative), 'count')}`;
	}

	// The mapping that a cell shows most of at its time, else at any.
	nameAt(cell) {
		const common = m =>
			Math.max(Math.min(m.end, cell.end) - Math.max(m.start, cell.start), 0);
		const alive = m => m.from < cell.to && m.to > cell.from;
		let best = null, most = 0;
		for (const m of this.loaded.mappings) {
			const score = common(m) * (alive(m) ? 1e6 : 1);
			if (score > most)
				[best, most] = [m, score];
		}
		return best ?? {name: 'unknown mapping', path: ''};
	}

	cellLines() {
		const {grid, cell, data} = this;
		if (!cell)
			return [['', 'not mapped, or never touched: left out']];
		const name = this.nameAt(cell), lines = [['', name.name]];
		if (!cell.mapped)
			lines.push([
				'', this.wss.isSeen(cell) ? 'not mapped at this time'
							  : 'no snapshot of this time'
			]);
		else
			lines.push([
				'heat',
				`${this.heatText(cell)} accesses/page/s${
					cell.unsure ? ' (roughly)' : ''}`
			]);
		lines.push(['time', spanText(cell.from, cell.to, grid.colNs)]);
		lines.push([
			'address',
			`${addressText(cell.start)} + ${bytesText(cell.end - cell.start)}`
		]);
		if (cell.mapped && cell.age !== null)
			lines.push([
				'age', `unchanged for about ${durationText(cell.age * data.aggr)}`
			]);
		if (name.path && name.path !== name.name)
			lines.push(['mapping', shorten(name.path, 64), true]);
		const by = this.lists.functionsAt(cell, name);
		if (by) {
			lines.push([
				'', `${by.n} logged access${by.n === 1 ? '' : 'es'} ${by.where}:`,
				true
			]);
			for (const f of by.top)
				lines.push([
					`${Math.round(100 * f.share)} %`, shorten(f.name, 48), true
				]);
		}
		return lines;
	}

	// Beside the cursor, within the window; on narrow screens the style sheet docks it.
	placeTip(tip) {
		const {cursor, heatmap} = this, onMap = cursor.y !== null,
			       canvas = onMap ? heatmap.over : this.wss.canvas;
		const box = canvas.getBoundingClientRect(),
		      p = onMap ? heatmap.plot() : this.wss.plot();
		const x = box.left + Math.min(Math.max(heatmap.xOf(cursor.ns, p), p.x), p.x + p.w);
		const y = box.top +
			(onMap ? Math.min(Math.max(heatmap.yOf(cursor.y, p), p.y), p.y + p.h) : 0);
		const {width, height} = tip.getBoundingClientRect(), room = 14;
		const left =
			x + room + width < innerWidth ? x + room : Math.max(x - room - width, 4);
		const top = onMap ? Math.min(y + room, innerHeight - height - 4) : y - height - 6;
		tip.style.left = `${left}px`;
		tip.style.top = `${Math.max(top, 4)}px`;
	}

	// "cells of 0.37 s x 128 KiB": of what is seen, and the finest that there is.
	resolution() {
		const {grid} = this, l = this.heatmap.level(),
		      band = grid.bandNear((this.view.y0 + this.view.y1) / 2);
		const size = (lt, la) => `${durationText(grid.colNs * 2 ** lt)} × ${
			bytesText(Math.min(band.rowBytes * 2 ** la, band.end - band.start))}`;
		const finest = l.lt === 0 && l.la === 0
			? ', the finest of this page'
			: `; the finest of this page: ${size(0, 0)}`;
		const left = grid.info.left_out > 0
			? `; not shown: ranges with ${
				  knownValue(knownShare(grid.info.left_out, grid.info.samples),
					  'percent')} of the accesses`
			: '';
		return [`a cell is ${size(l.lt, l.la)}${finest}${left}`];
	}

	drawLegend() {
		const canvas = this.$('ramp'), {grid} = this;
		this.$('legend').hidden = !grid;
		if (!grid)
			return;
		const {ctx, width, height} = fitCanvas(canvas), {low, high} = grid.info.heat;
		for (let x = 0; x < width; x++) {
			ctx.fillStyle = `rgb(${rampColor(x / width)})`;
			ctx.fillRect(x, 0, 1.5, height);
		}
		const scaled = v => knownValue(knownTimes([v, v, v], [1, 1, 1]), 'count');
		const middle = this.log ? Math.sqrt(low * high) : high / 2;
		this.$('low').textContent = this.log ? '≤ ' + scaled(low) : '0';
		this.$('middle').textContent = scaled(middle);
		this.$('high').textContent = '≥ ' + scaled(high);
		const unseen = grid.info.no_snapshots;
		this.$('blank').textContent = 'not mapped' +
			(unseen ? `, or no snapshots (for ${durationText(unseen)})` : '');
	}

	// ---- words around it ----

	fillTarget() {
		const t = this.target;
		document.title = t ? `${clean(t.comm)} (${t.pid}) – damon-perf` : 'damon-perf';
		const facts = t ? this.targetFacts(t) : ['no process'];
		this.$('facts').textContent = facts.filter(Boolean).join(' · ');
		const metric = this.$('metric'),
		      told = this.loaded ? metricsOf(this.loaded.accesses) : ['accesses'];
		metric.replaceChildren(
			...told.map(m => make('option', {value: m}, METRICS[m].name)));
		if (!told.includes(this.lists.metric))
			this.lists.metric = 'accesses';
		metric.value = this.lists.metric;
		this.drawScaleNote();
	}

	targetFacts(t) {
		const {targets, others} = this.data, alone = targets.length < 2 && !others.targets;
		return [
			t.procs > 1 ? `${t.procs} processes like it` : '',
			alone ? '' : `${knownText(t.share, 'percent')} of all accesses`,
			this.lifeText(t),
			`${knownValue([t.samples, t.samples, t.samples], 'count')} samples`,
		];
	}

	// How long it lived, and when where that is not all of the record.
	lifeText(t) {
		const whole = t.to - t.from > 0.98 * this.data.duration;
		return durationText(t.to - t.from) +
			(whole ? '' : ` from ${timeText(t.from, 1e8)}`);
	}

	drawScaleNote() {
		const [, lo, hi] = this.data.relative;
		const [low, high] = [lo.toPrecision(2), hi.toPrecision(2)];
		const counted = 'heat is a lower bound: looks at accessed bits tell in how many ' +
			'intervals there was an access, not how many';
		const relative = `heat is relative: true rates may be ${low} to ${high} times as ` +
			'high, all alike; bounds hold that';
		this.$('relative').textContent = !(this.data.scale > 0) ? counted
			: lo < hi					? relative
									: '';
	}

	fillRecord() {
		const d = this.data, {$} = this;
		$('command').textContent = clean(d.command);
		$('command').title = clean(d.command);
		const when = new Date(d.start_time === null ? NaN : d.start_time / 1e6);
		$('record').textContent = [
			`${clean(baseName(d.path))}`, `source ${clean(d.source)}`,
			durationText(d.duration),
			isNaN(when) ? ''
				    : when.toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
			clean(d.kernel) && 'Linux ' + clean(d.kernel),
			'damon-perf ' + clean(d.version)
		].filter(Boolean).join(' · ');
		$('quality').textContent = d.quality.split('\n').map(clean).join('\n');
		$('process').replaceChildren(...d.targets.map(
			(t, i) => make('option', {value: String(i)},
				`${clean(t.comm)} (${t.pid})` +
					(d.targets.length > 1
							? `, ${knownValue(t.share, 'percent')}`
							: ''))));
		$('process').disabled = d.targets.length < 2;
		const share = knownValue(Array(3).fill(d.others.share), 'percent');
		$('others').textContent = !d.others.targets
			? ''
			: `${d.others.targets} more processes, with ${
				  share} of the accesses, are not on ` +
				'this page: --pid or --comm shows one of them';
		const marks = d.marks.map(m => {
			const b = make('button', {class: 'chip'}, make('bdi', {}, clean(m.name)),
				` ${timeText(m.time, 1e7)}`);
			b.addEventListener('click',
				() => this.grid && this.showTimes(m.time, this.nextMark(m.time)));
			return b;
		});
		$('marks').replaceChildren(...marks);
		$('marks').hidden = !marks.length;
	}

	nextMark(time) {
		const next = this.data.marks.map(m => m.time).filter(t => t > time);
		return next.length ? Math.min(...next) : this.grid.to;
	}

	// ---- controls ----

	listen() {
		const {$} = this, on = (id, type, f) => $(id).addEventListener(type, f);
		on('process', 'change', () => this.show(Number($('process').value)));
		on('in', 'click', () => this.zoomCenter(1 / KEY_ZOOM));
		on('out', 'click', () => this.zoomCenter(KEY_ZOOM));
		on('reset', 'click', () => this.reset());
		on('select', 'click', () => this.setSelecting(!this.selecting));
		on('scale', 'change', () => this.setLog($('scale').value === 'log'));
		on('hatch', 'change', () => {
			this.hatch = $('hatch').checked;
			this.ask('view');
		});
		on('window', 'change', () => {
			this.wss.window = Number($('window').value);
			this.ask('wss');
		});
		on('metric', 'change', () => {
			this.lists.metric = $('metric').value;
			this.ask('lists');
		});
		on('theme', 'click', () => this.toggleTheme());
		on('help', 'click', () => $('keys').showModal());
		on('close', 'click', () => $('keys').close());
		document.addEventListener('keydown', ev => this.onKey(ev));
		new ResizeObserver(() => this.ask('all')).observe($('map'));
		matchMedia('(prefers-color-scheme: dark)')
			.addEventListener('change', () => this.ask('all'));
		addEventListener('scroll', () => this.hideTip(), {passive: true});
		addEventListener('beforeprint', () => this.drawNow());
	}

	setSelecting(yes) {
		this.selecting = yes;
		this.$('select').setAttribute('aria-pressed', String(yes));
		this.$('over').classList.toggle('selecting', yes);
		this.ask('view');
	}

	setLog(log) {
		this.log = log;
		this.heatmap.forget();
		this.ask('view', 'legend');
	}

	toggleTheme() {
		const root = document.documentElement,
		      dark = root.dataset.theme
			? root.dataset.theme === 'dark'
			: matchMedia('(prefers-color-scheme: dark)').matches;
		root.dataset.theme = dark ? 'light' : 'dark';
		this.ask('all');
	}

	// Keys that hold everywhere but where one writes or chooses.
	onKey(ev) {
		const writes = ev.target.closest?.('input, select, textarea, dialog');
		if (ev.ctrlKey || ev.metaKey || ev.altKey ||
			(writes && ev.target.type !== 'checkbox'))
			return;
		const keys = {
			'+': () => this.zoomCenter(1 / KEY_ZOOM),
			'=': () => this.zoomCenter(1 / KEY_ZOOM),
			'-': () => this.zoomCenter(KEY_ZOOM),
			'0': () => this.reset(),
			'/': () => (this.$('search').focus(), this.$('search').select()),
			'?': () => this.$('keys').showModal(),
			's': () => this.setSelecting(!this.selecting),
			't': () => this.toggleTheme(),
			'Escape': () => this.clear(),
		};
		if (!(ev.key in keys))
			return;
		ev.preventDefault();
		keys[ev.key]();
	}

	// Takes away one thing after the other: the tip, the selection, what was chosen.
	clear() {
		if (!this.$('tip').hidden)
			this.hideTip();
		else if (this.brush)
			this.setBrush(null);
		else
			this.code = this.object = null;
		this.ask('brush', 'chosen', 'cursor');
	}
}

let app;
if (typeof DecompressionStream === 'undefined') {
	document.getElementById('failed').textContent = 'This browser is too old for this page: ' +
		'it takes Chromium 97, Firefox 113 or Safari 16.4.';
} else {
	app = new App(JSON.parse(document.getElementById('data').textContent));
	app.show(0).catch(e => {
		document.getElementById('failed').textContent =
			`The data of this page is damaged: ${e.message}`;
		throw e;
	});
}
