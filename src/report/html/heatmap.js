// SPDX-License-Identifier: GPL-2.0-or-later
// The picture: cells, axes, names of mappings; above it, on a canvas of its own that is quick to
// draw, what follows the pointer. And what mouse, keyboard and fingers do to it.
'use strict';

const TOP = 8, RIGHT = 10, MAX_DOTS = 6000, MAX_LABELS = 400, SLOW_MS = 4, FRAME_MS = 22;
const WHEEL_ZOOM = 1.0016, KEY_ZOOM = 1.5, KEY_STEPS = 50;

// A canvas in CSS pixels, whatever the screen's are.
function fitCanvas(canvas) {
	const scale = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
	const w = Math.max(Math.round(box.width * scale), 1),
	      h = Math.max(Math.round(box.height * scale), 1);
	if (canvas.width !== w || canvas.height !== h)
		[canvas.width, canvas.height] = [w, h];
	const ctx = canvas.getContext('2d');
	ctx.setTransform(scale, 0, 0, scale, 0, 0);
	ctx.clearRect(0, 0, box.width, box.height);
	return {ctx, width: box.width, height: box.height, scale};
}

// Letters on canvases grow as those of the page do.
function fontSize() {
	return Math.round(parseFloat(getComputedStyle(document.body).fontSize) * 0.8);
}

// Room for names and addresses beside the picture; the working set's axis lies below it.
function gutterOf(width) {
	return width < 480 ? 78 : width < 760 ? 120 : 19 * fontSize() + (width < 1600 ? 0 : 40);
}

class Heatmap {
	constructor(app, base, over) {
		this.app = app;
		this.base = base;
		this.over = over;
		this.pictures = new Map();
		this.pointers = new Map();
		this.hatchTile = this.makeHatch();
		this.listen();
	}

	// Where the picture lies within the canvas.
	plot() {
		const box = this.over.getBoundingClientRect(), x = gutterOf(box.width);
		return {
			x,
			y: TOP,
			w: Math.max(box.width - x - RIGHT, 10),
			h: Math.max(box.height - TOP - 2.4 * fontSize(), 10),
			width: box.width
		};
	}

	xOf(ns, p) {
		const v = this.app.view;
		return p.x + (ns - v.t0) / (v.t1 - v.t0) * p.w;
	}

	yOf(y, p) {
		const v = this.app.view;
		return p.y + (y - v.y0) / (v.y1 - v.y0) * p.h;
	}

	// Time and place of a point.
	at(px, py, p) {
		const v = this.app.view;
		return {
			ns: v.t0 + (px - p.x) / p.w * (v.t1 - v.t0),
			y: v.y0 + (py - p.y) / p.h * (v.y1 - v.y0)
		};
	}

	forget() {
		this.pictures.clear();
	}

	// The level that is shown now.
	level() {
		const {grid, view: v} = this.app, p = this.plot(),
				   scale = window.devicePixelRatio || 1;
		return grid.levelFor(
			(v.t1 - v.t0) / grid.colNs / (p.w * scale), (v.y1 - v.y0) / (p.h * scale));
	}

	// Where there is nothing to move upwards, a finger scrolls the page.
	touchAction() {
		const {view: v, grid, selecting} = this.app,
				      whole = !grid || v.y1 - v.y0 > 0.999 * grid.height;
		return whole && !selecting ? 'pan-y' : 'none';
	}

	pictureOf(l, kind) {
		const key = `${l.lt} ${l.la} ${kind}`;
		if (!this.pictures.has(key))
			this.pictures.set(key,
				picture(this.app.grid, l, palette(this.app.grid, this.app.log),
					kind === 'unsure'));
		return this.pictures.get(key);
	}

	// ---- drawing ----

	draw() {
		const {ctx, scale} = fitCanvas(this.base), p = this.plot(), grid = this.app.grid;
		this.over.style.touchAction = this.touchAction();
		this.style = getComputedStyle(document.documentElement);
		ctx.font = `${fontSize()}px system-ui, sans-serif`;
		ctx.fillStyle = UNMAPPED;
		ctx.fillRect(p.x, p.y, p.w, p.h);
		if (!grid) {
			ctx.fillStyle = '#c8ccd4';
			ctx.textAlign = 'center';
			ctx.fillText('No access was seen.', p.x + p.w / 2, p.y + p.h / 2);
			return;
		}
		const l = this.level();
		ctx.save();
		ctx.beginPath();
		ctx.rect(p.x, p.y, p.w, p.h);
		ctx.clip();
		ctx.imageSmoothingEnabled = false;
		this.drawCells(ctx, p, l, this.pictureOf(l, 'heat'));
		if (this.app.hatch && !(this.slow && this.app.moving()))
			this.drawUnsure(ctx, p, l, scale);
		this.drawGaps(ctx, p);
		this.drawMarks(ctx, p);
		ctx.restore();
		this.drawTimes(ctx, p);
		this.drawNames(ctx, p);
		this.drawOver();
	}

	// Each visible band from its part of the picture.
	drawCells(ctx, p, l, image) {
		const {grid, view: v} = this.app;
		const c0 = Math.max((v.t0 - grid.from) / grid.colNs, 0),
		      c1 = Math.min((v.t1 - grid.from) / grid.colNs, grid.cols);
		const x0 = this.xOf(grid.from + c0 * grid.colNs, p),
		      x1 = this.xOf(grid.from + c1 * grid.colNs, p);
		grid.bands.forEach((b, i) => {
			const y0 = Math.max(b.y, v.y0), y1 = Math.min(b.end_y, v.y1),
			      step = b.per * 2 ** l.la;
			if (y0 >= y1)
				return;
			const s0 = (y0 - b.y) / step, s1 = Math.min((y1 - b.y) / step, l.nrs[i]);
			ctx.drawImage(image, c0 / 2 ** l.lt, l.first[i] + s0, (c1 - c0) / 2 ** l.lt,
				s1 - s0, x0, this.yOf(y0, p), x1 - x0,
				this.yOf(b.y + s1 * step, p) - this.yOf(y0, p));
		});
	}

	makeHatch() {
		const c = make('canvas', {width: 6, height: 6}), ctx = c.getContext('2d');
		ctx.strokeStyle = UNMAPPED;
		ctx.lineWidth = 1.6;
		ctx.beginPath();
		for (const d of [-6, 0, 6]) {
			ctx.moveTo(d - 1, 7);
			ctx.lineTo(d + 7, -1);
		}
		ctx.stroke();
		return c;
	}

	// Lines over what is known only roughly: the cells as a mask, filled with a pattern. Where
	// that takes long, it is left out while the picture moves.
	drawUnsure(ctx, p, l, scale) {
		const start = performance.now();
		this.mask ??= make('canvas');
		const w = Math.ceil(p.w * scale), h = Math.ceil(p.h * scale);
		if (this.mask.width !== w || this.mask.height !== h)
			[this.mask.width, this.mask.height] = [w, h];
		const m = this.mask.getContext('2d');
		m.setTransform(1, 0, 0, 1, 0, 0);
		m.globalCompositeOperation = 'copy';
		m.fillStyle = 'transparent';
		m.fillRect(0, 0, w, h);
		m.globalCompositeOperation = 'source-over';
		m.imageSmoothingEnabled = false;
		m.setTransform(scale, 0, 0, scale, -p.x * scale, -p.y * scale);
		this.drawCells(m, p, l, this.pictureOf(l, 'unsure'));
		m.setTransform(scale, 0, 0, scale, 0, 0);
		m.globalCompositeOperation = 'source-in';
		m.fillStyle = m.createPattern(this.hatchTile, 'repeat');
		m.fillRect(0, 0, p.w, p.h);
		ctx.globalAlpha = 0.55;
		ctx.drawImage(this.mask, p.x, p.y, p.w, p.h);
		ctx.globalAlpha = 1;
		this.slow = performance.now() - start > SLOW_MS || this.app.frameMs > FRAME_MS;
	}

	// Folded: a dotted line.
	drawGaps(ctx, p) {
		ctx.strokeStyle = '#5a606c';
		ctx.lineWidth = 1;
		ctx.setLineDash([2, 4]);
		ctx.beginPath();
		for (const b of this.app.grid.bands.slice(1)) {
			const y = Math.round(this.yOf(b.y - this.app.grid.gap / 2, p)) + 0.5;
			ctx.moveTo(p.x, y);
			ctx.lineTo(p.x + p.w, y);
		}
		ctx.stroke();
		ctx.setLineDash([]);
	}

	drawMarks(ctx, p) {
		ctx.textAlign = 'left';
		for (const mark of this.app.data.marks) {
			const x = Math.round(this.xOf(mark.time, p)) + 0.5,
			      name = shorten(clean(mark.name), 24);
			if (x < p.x || x > p.x + p.w)
				continue;
			ctx.fillStyle = 'rgba(255,255,255,.85)';
			ctx.fillRect(x - 0.5, p.y, 1, p.h);
			ctx.fillRect(x, p.y, ctx.measureText(name).width + 8, fontSize() + 4);
			ctx.fillStyle = '#111';
			ctx.fillText(name, x + 4, p.y + fontSize());
		}
	}

	color(name) {
		return this.style.getPropertyValue(name);
	}

	drawTimes(ctx, p) {
		const v = this.app.view,
		      step = timeStep((v.t1 - v.t0) / Math.max(p.w / (7.5 * fontSize()), 2));
		ctx.textAlign = 'center';
		ctx.strokeStyle = this.color('--line');
		ctx.fillStyle = this.color('--soft');
		for (let t = Math.ceil(v.t0 / step) * step; t <= v.t1; t += step) {
			const x = this.xOf(t, p), text = timeText(t, step),
			      half = ctx.measureText(text).width / 2;
			ctx.beginPath();
			ctx.moveTo(Math.round(x) + 0.5, p.y + p.h);
			ctx.lineTo(Math.round(x) + 0.5, p.y + p.h + 4);
			ctx.stroke();
			ctx.fillText(text, Math.min(Math.max(x, p.x + half), p.width - half),
				p.y + p.h + 6 + fontSize());
		}
	}

	// Names where there is room, the largest first; addresses at the starts of bands, then
	// between; how much is folded, where that is high enough.
	drawNames(ctx, p) {
		const narrow = p.x < 150, font = fontSize(), nameX = narrow ? 4 : 9.6 * font,
		      taken = [], takenAddresses = [];
		const free = (list, y) =>
			list.every(t => Math.abs(t - y) >= font + 2) && list.push(y);
		const inside = y => Math.min(Math.max(y, p.y + 6), p.y + p.h - 5);
		const seen = this.visibleMappings(p);
		ctx.textBaseline = 'middle';
		ctx.textAlign = 'left';
		for (const m of seen) {
			ctx.strokeStyle = this.color('--line');
			ctx.beginPath();
			ctx.moveTo(p.x - 3.5, m.y0 + 0.5);
			ctx.lineTo(p.x - 3.5, Math.max(m.y1 - 0.5, m.y0 + 1.5));
			ctx.stroke();
			const y = inside((m.y0 + m.y1) / 2);
			if (!free(taken, y))
				continue;
			ctx.fillStyle = this.color('--ink');
			this.fitText(ctx, m.name, nameX, y, p.x - nameX - 8);
		}
		ctx.fillStyle = this.color('--soft');
		ctx.font = `${font - 1}px ui-monospace, monospace`;
		for (const tick of narrow ? [] : this.addressTicks(p)) {
			const y = inside(tick.py);
			if (free(takenAddresses, y))
				ctx.fillText(tick.text, 4, y);
		}
		ctx.textBaseline = 'alphabetic';
	}

	fitText(ctx, text, x, y, room) {
		let n = [...text].length;
		while (n > 4 && ctx.measureText(shorten(text, n)).width > room)
			n--;
		ctx.fillText(shorten(text, n), x, y);
	}

	// Parts of the axis with the mapping that they mostly belong to, the tallest first.
	// Neighbours of one name are one.
	visibleMappings(p) {
		const {grid, loaded} = this.app, list = [];
		for (const m of loaded.mappings) {
			for (const b of grid.bands) {
				const start = Math.max(m.start, b.start),
				      end = Math.min(m.end, b.end);
				if (start >= end)
					continue;
				const y0 = Math.max(this.yOf(grid.placeOf(start), p), p.y);
				const y1 = Math.min(
					this.yOf(end === b.end ? b.end_y : grid.placeOf(end), p),
					p.y + p.h);
				if (y1 > y0 && list.length < MAX_LABELS)
					list.push({name: m.name, b, y0, y1});
			}
		}
		list.sort((a, b) => a.y0 - b.y0 || b.y1 - a.y1);
		const joined = [];
		for (const m of list) {
			const last = joined.findLast(o => o.name === m.name && o.b === m.b);
			if (last && m.y0 <= last.y1 + 2)
				last.y1 = Math.max(last.y1, m.y1);
			else if (!joined.some(
					 o => o.y0 <= m.y0 && o.y1 >= m.y1 && o.name !== m.name))
				joined.push({...m});
		}
		return joined.sort((a, b) => b.y1 - b.y0 - (a.y1 - a.y0));
	}

	addressTicks(p) {
		const {grid} = this.app, ticks = [], more = [];
		for (const b of grid.bands) {
			const y0 = this.yOf(b.y, p), y1 = this.yOf(b.end_y, p);
			if (y1 < p.y || y0 > p.y + p.h)
				continue;
			if (y0 >= p.y - 1)
				ticks.push({text: addressText(b.start), py: y0 + 5});
			if (b.gap && y0 > p.y &&
				(grid.gap / (b.end_y - b.y)) * (y1 - y0) > 2 * fontSize())
				ticks.push({
					text: `⋯ ${bytesText(b.gap)}`,
					py: this.yOf(b.y - grid.gap / 2, p)
				});
			const step = 2 **
				Math.ceil(Math.log2(
					Math.max((b.end - b.start) * 48 / (y1 - y0), 4096)));
			const first = grid.addressAt(b, this.at(0, Math.max(y0, p.y), p).y);
			const last = grid.addressAt(b, this.at(0, Math.min(y1, p.y + p.h), p).y);
			for (let a = Math.ceil(first / step) * step; a < last; a += step)
				more.push({text: addressText(a), py: this.yOf(grid.placeOf(a), p)});
		}
		return ticks.concat(more);
	}

	// ---- what follows the pointer ----

	drawOver() {
		const {ctx} = fitCanvas(this.over), p = this.plot(), {cursor, grid} = this.app;
		if (!grid)
			return;
		ctx.beginPath();
		ctx.rect(p.x, p.y, p.w, p.h);
		ctx.clip();
		this.drawDots(ctx, p);
		this.drawBrush(ctx, p);
		if (!cursor)
			return;
		const x = this.xOf(cursor.ns, p), cell = this.app.cell;
		ctx.fillStyle = 'rgba(255,255,255,.55)';
		ctx.fillRect(Math.round(x), p.y, 1, p.h);
		if (cursor.y === null)
			return;
		ctx.fillRect(p.x, Math.round(this.yOf(cursor.y, p)), p.w, 1);
		if (cell) {
			const x0 = this.xOf(cell.from, p), y0 = this.yOf(cell.y, p);
			const w = Math.max(this.xOf(cell.to, p) - x0, 3),
			      h = Math.max(this.yOf(cell.end_y, p) - y0, 3);
			ctx.lineWidth = 3;
			ctx.strokeStyle = '#000';
			ctx.strokeRect(x0, y0, w, h);
			ctx.lineWidth = 1.5;
			ctx.strokeStyle = '#fff';
			ctx.strokeRect(x0, y0, w, h);
		}
	}

	// Accesses of the chosen function or object, where they were.
	drawDots(ctx, p) {
		const {loaded, grid, view: v, code, object} = this.app, a = loaded.accesses;
		if (code === null && object === null)
			return;
		const [from, to] = accessesWithin(a, grid, v.t0, v.t1), found = [];
		for (let i = from; i < to; i++)
			if ((code === null || a.code[i] === code) &&
				(object === null || a.object[i] === object) && a.row[i] !== NO_ROW)
				found.push(i);
		const step = Math.max(Math.ceil(found.length / MAX_DOTS), 1);
		for (const [size, color] of [[5, '#000'], [3, '#ff5fa8']]) {
			ctx.fillStyle = color;
			for (let k = 0; k < found.length; k += step) {
				const x = this.xOf(accessTime(a, grid, found[k]), p),
				      y = this.yOf(grid.rowMiddle[a.row[found[k]]], p);
				ctx.fillRect(x - size / 2, y - size / 2, size, size);
			}
		}
	}

	drawBrush(ctx, p) {
		const b = this.app.brush;
		if (!b)
			return;
		const x0 = this.xOf(b.t0, p), y0 = this.yOf(b.y0, p), x1 = this.xOf(b.t1, p),
		      y1 = this.yOf(b.y1, p);
		ctx.fillStyle = 'rgba(255,255,255,.14)';
		ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
		ctx.lineWidth = 1.5;
		ctx.strokeStyle = '#fff';
		ctx.setLineDash([5, 3]);
		ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
		ctx.setLineDash([]);
	}

	// ---- pointers: one pans or selects, two pinch ----

	listen() {
		const e = this.over;
		e.addEventListener('wheel', ev => this.onWheel(ev), {passive: false});
		e.addEventListener('pointerdown', ev => this.onDown(ev));
		e.addEventListener('pointermove', ev => this.onMove(ev));
		for (const type of ['pointerup', 'pointercancel'])
			e.addEventListener(type, ev => this.onUp(ev));
		e.addEventListener(
			'pointerleave', ev => ev.pointerType === 'mouse' && this.app.hideTip());
		e.addEventListener('dblclick', ev => this.zoomAt(ev, 1 / 3, true, true));
		e.addEventListener('keydown', ev => this.onKey(ev));
		e.addEventListener(
			'focus', () => this.app.cursor ?? this.app.setCursor(this.middle(), true));
	}

	middle() {
		const v = this.app.view;
		return {ns: (v.t0 + v.t1) / 2, y: (v.y0 + v.y1) / 2};
	}

	point(ev) {
		const box = this.over.getBoundingClientRect();
		return {px: ev.clientX - box.left, py: ev.clientY - box.top};
	}

	zoomAt(ev, factor, time, address) {
		const p = this.plot(), {px, py} = this.point(ev);
		this.app.zoom(factor, this.at(px, py, p), time, address);
	}

	// Over the axis of times only time zooms, over the names only addresses.
	onWheel(ev) {
		if (!this.app.grid)
			return;
		ev.preventDefault();
		const p = this.plot(), {px, py} = this.point(ev), v = this.app.view;
		const unit = ev.deltaMode === 1 ? 30 : ev.deltaMode === 2 ? 300 : 1;
		const sideways = ev.deltaX * unit / p.w * (v.t1 - v.t0);
		const delta = ev.deltaY * unit;
		if (Math.abs(ev.deltaX) > Math.abs(ev.deltaY))
			this.app.pan(sideways, 0);
		else
			this.app.zoom(WHEEL_ZOOM ** delta,
				this.at(Math.max(px, p.x), Math.min(py, p.y + p.h), p),
				px >= p.x && !ev.altKey, py <= p.y + p.h && !ev.shiftKey);
	}

	onDown(ev) {
		if (!this.app.grid || ev.button > 0)
			return;
		try {
			this.over.setPointerCapture(ev.pointerId);
		} catch { /* gone already */
		}
		const pt = this.point(ev);
		this.pointers.set(ev.pointerId, pt);
		this.start = {
			...pt,
			view: {...this.app.view},
			select: ev.shiftKey || this.app.selecting,
			moved: false,
			pinch: this.pointers.size > 1 ? this.spread() : null,
			middle: this.center()
		};
	}

	spread() {
		const [a, b] = [...this.pointers.values()];
		return {
			x: Math.abs(a.px - b.px),
			y: Math.abs(a.py - b.py),
			d: Math.hypot(a.px - b.px, a.py - b.py)
		};
	}

	center() {
		const all = [...this.pointers.values()];
		return {
			px: all.reduce((s, q) => s + q.px, 0) / all.length,
			py: all.reduce((s, q) => s + q.py, 0) / all.length
		};
	}

	onMove(ev) {
		if (!this.app.grid)
			return;
		const p = this.plot(), pt = this.point(ev);
		if (!this.pointers.has(ev.pointerId)) {
			if (ev.pointerType === 'mouse')
				this.hover(pt, p);
			return;
		}
		this.pointers.set(ev.pointerId, pt);
		if (!this.start)
			return;
		if (Math.hypot(pt.px - this.start.px, pt.py - this.start.py) > 4)
			this.start.moved = true;
		if (this.start.pinch && this.pointers.size > 1)
			this.pinch(p);
		else if (this.start.moved && this.start.select)
			this.select(pt, p);
		else if (this.start.moved)
			this.drag(pt, p);
	}

	hover(pt, p) {
		const inside =
			pt.px >= p.x && pt.px <= p.x + p.w && pt.py >= p.y && pt.py <= p.y + p.h;
		if (inside)
			this.app.setCursor(this.at(pt.px, pt.py, p), true);
		else
			this.app.hideTip();
	}

	drag(pt, p) {
		const v = this.start.view;
		this.app.setView({...v}, false);
		this.app.pan(-(pt.px - this.start.px) / p.w * (v.t1 - v.t0),
			-(pt.py - this.start.py) / p.h * (v.y1 - v.y0));
	}

	// Fingers stay on what they touched: each axis by its own spread where that is wide enough.
	pinch(p) {
		const now = this.spread(), was = this.start.pinch, c = this.center(),
		      v = this.start.view;
		const ratio = (a, b) => Math.min(Math.max(a / b, 0.05), 20);
		const whole = ratio(was.d, now.d),
		      fx = was.x > 40 ? ratio(was.x, Math.max(now.x, 1))
			: was.y > 80  ? 1
				      : whole;
		const fy = was.y > 40 ? ratio(was.y, Math.max(now.y, 1)) : was.x > 80 ? 1 : whole;
		const ns = v.t0 + (this.start.middle.px - p.x) / p.w * (v.t1 - v.t0);
		const y = v.y0 + (this.start.middle.py - p.y) / p.h * (v.y1 - v.y0);
		const dt = (v.t1 - v.t0) * fx, dy = (v.y1 - v.y0) * fy;
		const t0 = ns - (c.px - p.x) / p.w * dt, y0 = y - (c.py - p.y) / p.h * dy;
		this.app.setView({t0, t1: t0 + dt, y0, y1: y0 + dy}, false);
	}

	select(pt, p) {
		const a = this.at(this.start.px, this.start.py, p), b = this.at(pt.px, pt.py, p);
		this.app.setBrush({
			t0: Math.min(a.ns, b.ns),
			t1: Math.max(a.ns, b.ns),
			y0: Math.min(a.y, b.y),
			y1: Math.max(a.y, b.y)
		});
	}

	onUp(ev) {
		const p = this.plot(), pt = this.point(ev), was = this.start;
		this.pointers.delete(ev.pointerId);
		if (this.pointers.size) { // the finger that stays goes on from here
			const left = this.center();
			this.start = {
				...left,
				view: {...this.app.view},
				select: false,
				moved: true,
				pinch: null,
				middle: left
			};
			return;
		}
		this.start = null;
		if (was && !was.moved && ev.type === 'pointerup') {
			if (this.app.brush && !ev.shiftKey)
				this.app.setBrush(null);
			this.app.setCursor(this.at(Math.max(pt.px, p.x), pt.py, p), true);
		}
	}

	// ---- keyboard ----

	onKey(ev) {
		const moves = {
			ArrowLeft: [-1, 0],
			ArrowRight: [1, 0],
			ArrowUp: [0, -1],
			ArrowDown: [0, 1]
		};
		const move = moves[ev.key];
		if (!move || ev.ctrlKey || ev.metaKey || ev.altKey || !this.app.grid)
			return;
		ev.preventDefault();
		this.moveCursor(...move, ev.shiftKey);
	}

	// By a cell, or a fiftieth of the picture where cells are smaller; the picture follows.
	moveCursor(dx, dy, select) {
		const {view: v, cursor} = this.app,
				from = cursor && cursor.y !== null ? cursor : this.middle();
		const l = this.level(),
		      stepT = Math.max((v.t1 - v.t0) / KEY_STEPS, this.app.grid.colNs * 2 ** l.lt);
		const stepY = Math.max((v.y1 - v.y0) / KEY_STEPS, 2 ** l.la);
		const to = this.app.inside({ns: from.ns + dx * stepT, y: from.y + dy * stepY});
		if (select) {
			this.anchor ??= from;
			const a = this.anchor;
			this.app.setBrush({
				t0: Math.min(a.ns, to.ns),
				t1: Math.max(a.ns, to.ns),
				y0: Math.min(a.y, to.y),
				y1: Math.max(a.y, to.y)
			});
		} else {
			this.anchor = null;
		}
		this.app.reveal(to);
		this.app.setCursor(to, true);
	}
}
