// SPDX-License-Identifier: GPL-2.0-or-later
// The working set over time, with its bounds as a band, below the heatmap and with the same axis of
// time. It is a slider, too: it moves the cursor in time.
'use strict';

const WINDOWS = ['1 aggregation', '1 s', '10 s', '60 s'];

class WorkingSet {
	constructor(app, canvas) {
		this.app = app;
		this.canvas = canvas;
		this.window = 1;
		const time = ev => {
			const p = this.plot(), v = app.view,
			      x = ev.clientX - canvas.getBoundingClientRect().left;
			return v.t0 + (x - p.x) / p.w * (v.t1 - v.t0);
		};
		canvas.addEventListener('pointerdown', ev => {
			if (!app.grid)
				return;
			canvas.setPointerCapture(ev.pointerId);
			this.from = ev.shiftKey || app.selecting ? time(ev) : null;
			this.down = true;
			this.scrub(time(ev));
		});
		canvas.addEventListener('pointermove', ev => {
			if (app.grid && (this.down || ev.pointerType === 'mouse'))
				this.scrub(time(ev));
		});
		for (const type of ['pointerup', 'pointercancel'])
			canvas.addEventListener(type, () => this.down = false);
		canvas.addEventListener('pointerleave', () => app.hideTip());
		canvas.addEventListener('keydown', ev => this.onKey(ev));
	}

	// Moves the cursor; with Shift held, chooses the time between.
	scrub(ns) {
		const to = this.app.inside({ns, y: null});
		if (this.down && this.from !== null)
			this.app.setBrush({
				t0: Math.min(this.from, to.ns),
				t1: Math.max(this.from, to.ns),
				y0: 0,
				y1: this.app.grid.height
			});
		this.app.setCursor(to, true);
	}

	onKey(ev) {
		const {view: v, grid, cursor} = this.app;
		const keys = {
			ArrowLeft: -1,
			ArrowDown: -1,
			ArrowRight: 1,
			ArrowUp: 1,
			PageDown: -10,
			PageUp: 10
		};
		if (!grid || !(ev.key in keys || ev.key === 'Home' || ev.key === 'End') ||
			ev.ctrlKey || ev.metaKey || ev.altKey)
			return;
		ev.preventDefault();
		const step = Math.max(grid.colNs, (v.t1 - v.t0) / 200),
		      now = cursor ? cursor.ns : (v.t0 + v.t1) / 2;
		const ns = ev.key === 'Home' ? grid.from
			: ev.key === 'End'   ? grid.to
					     : now + keys[ev.key] * step;
		const to = this.app.inside({ns, y: null});
		this.app.reveal(to);
		this.app.setCursor(to, true);
	}

	plot() {
		const box = this.canvas.getBoundingClientRect(), x = gutterOf(box.width);
		return {
			x,
			y: 6,
			w: Math.max(box.width - x - RIGHT, 10),
			h: Math.max(box.height - 6 - 2.4 * fontSize(), 10),
			width: box.width
		};
	}

	// [estimate, lo, hi] at a time; NaN where there was no snapshot.
	at(ns) {
		const {grid, loaded} = this.app, i = grid.columnAt(ns);
		return loaded.wss[this.window].map(v => v[i]);
	}

	// Whether a cell has a snapshot.
	isSeen(cell) {
		const bytes = this.app.loaded.wss[0][0];
		return bytes.subarray(cell.col0, cell.col1).some(b => !isNaN(b));
	}

	textAt(ns) {
		const k = this.at(ns);
		return isNaN(k[0]) ? 'not known: no snapshot' : knownText(k, 'bytes');
	}

	draw() {
		const {ctx} = fitCanvas(this.canvas),
		      {grid, view: v, heatmap, cursor, brush} = this.app;
		if (!grid)
			return;
		const p = this.plot(), style = getComputedStyle(document.documentElement);
		const color = name => style.getPropertyValue(name);
		const bins = this.bins(p, v), most = bins.map(b => b.v[2] || 0),
		      top = Math.max(...most, 4096) * 1.04;
		const yOf = bytes => p.y + p.h * (1 - bytes / top);
		ctx.font = `${fontSize()}px system-ui, sans-serif`;
		this.drawSizes(ctx, p, top, yOf, color);
		for (const run of this.runs(bins))
			this.drawRun(ctx, run, yOf, color);
		heatmap.style = style;
		heatmap.drawTimes(ctx, p);
		if (brush) {
			const x0 = Math.max(heatmap.xOf(brush.t0, p), p.x),
			      x1 = Math.min(heatmap.xOf(brush.t1, p), p.x + p.w);
			ctx.fillStyle = color('--brush');
			ctx.fillRect(x0, p.y, Math.max(x1 - x0, 0), p.h);
		}
		if (cursor && cursor.ns >= v.t0 && cursor.ns <= v.t1)
			this.drawCursor(ctx, p, yOf, color);
	}

	// What lies between times without snapshots, with the edges of its first and last bin.
	runs(bins) {
		const out = [];
		bins.forEach((b, i) => {
			if (isNaN(b.v[0]))
				return;
			if (!i || isNaN(bins[i - 1].v[0]))
				out.push([{...b, x: b.from}]);
			out.at(-1).push(b);
			if (i + 1 === bins.length || isNaN(bins[i + 1].v[0]))
				out.at(-1).push({...b, x: b.to});
		});
		return out;
	}

	drawRun(ctx, run, yOf, color) {
		ctx.fillStyle = color('--band');
		this.trace(ctx,
			run.map(b => [b.x, yOf(b.v[2])])
				.concat(run.map(b => [b.x, yOf(b.v[1])]).reverse()));
		ctx.fill();
		ctx.strokeStyle = color('--accent');
		ctx.lineWidth = 1.75;
		this.trace(ctx, run.map(b => [b.x, yOf(b.v[0])]));
		ctx.stroke();
	}

	drawCursor(ctx, p, yOf, color) {
		const {cursor, heatmap} = this.app, x = heatmap.xOf(cursor.ns, p),
			       k = this.at(cursor.ns);
		ctx.fillStyle = color('--ink');
		ctx.fillRect(Math.round(x), p.y, 1, p.h);
		if (isNaN(k[0]))
			return;
		ctx.beginPath();
		ctx.arc(x, yOf(k[0]), 3.5, 0, 7);
		ctx.fill();
	}

	trace(ctx, points) {
		ctx.beginPath();
		points.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y));
	}

	// Running sums, made once for each window, and of how many columns.
	sumsOf(wss) {
		this.sums ??= new WeakMap();
		if (!this.sums.has(wss))
			this.sums.set(wss, [...wss, wss[0].map(b => isNaN(b) ? 0 : 1)].map(w => {
				const out = new Float64Array(w.length + 1);
				w.forEach((b, i) => out[i + 1] = out[i] + (b || 0));
				return out;
			}));
		return this.sums.get(wss);
	}

	// Means of the columns behind each pixel or so; a column in the middle of its time.
	bins(p, v) {
		const {grid, loaded, heatmap} = this.app, first = grid.columnAt(v.t0),
				     last = grid.columnAt(v.t1 - 1);
		const sums = this.sumsOf(loaded.wss[this.window]), n = sums[3],
		      per = Math.max(Math.floor((last - first + 1) / p.w), 1), out = [];
		const xOf = col => Math.min(
			Math.max(heatmap.xOf(grid.from + col * grid.colNs, p), p.x), p.x + p.w);
		for (let i = first; i <= last; i += per) {
			const end = Math.min(i + per, last + 1);
			out.push({
				x: xOf((i + end) / 2),
				from: xOf(i),
				to: xOf(end),
				v: [0, 1, 2].map(k => (sums[k][end] - sums[k][i]) / (n[end] - n[i]))
			});
		}
		return out;
	}

	drawSizes(ctx, p, top, yOf, color) {
		let step = 2 ** Math.floor(Math.log2(top / 3));
		while (top / step > p.h / 22)
			step *= 2;
		ctx.textAlign = 'right';
		ctx.textBaseline = 'middle';
		for (let b = 0; b <= top; b += step) {
			const y = Math.round(yOf(b)) + 0.5;
			ctx.strokeStyle = color('--grid');
			ctx.lineWidth = 1;
			this.trace(ctx, [[p.x, y], [p.x + p.w, y]]);
			ctx.stroke();
			ctx.fillStyle = color('--soft');
			ctx.fillText(b ? bytesText(b) : '0', p.x - 6,
				Math.min(Math.max(y, 6), p.y + p.h - 4));
		}
		ctx.textBaseline = 'alphabetic';
	}

	// What a slider tells of itself.
	describe() {
		const {grid, cursor} = this.app, c = this.canvas;
		if (!grid)
			return;
		const ns = cursor ? cursor.ns : grid.from;
		c.setAttribute('aria-valuemin', String(Math.round(grid.from / 1e6)));
		c.setAttribute('aria-valuemax', String(Math.round(grid.to / 1e6)));
		c.setAttribute('aria-valuenow', String(Math.round(ns / 1e6)));
		c.setAttribute('aria-valuetext',
			`${timeText(ns, grid.colNs)}: working set ${this.textAt(ns)}`);
	}
}
