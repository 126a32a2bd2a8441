// SPDX-License-Identifier: GPL-2.0-or-later
// The heat of one target as cells: where they are, what they hold, coarser levels of them, and
// their colours.
//
// Upwards, places count in rows ("units"): a band of mapped addresses has as many as it has rows,
// at least some, and what lies between bands is folded to a gap of a few.
'use strict';

const LEAST_UNITS = 14, LEAST_PART = 0.028, GAP_PART = 0.012, UNSURE = 3;
const FIRST_CODE = 2, LAST_CODE = 255, CODE_SHIFT = 15;

const later = f => window.requestIdleCallback ? requestIdleCallback(f) : setTimeout(f, 50);

class Grid {
	constructor(info, loaded) {
		this.info = info;
		this.from = info.from;
		this.to = info.to;
		this.cols = info.cols;
		this.colNs = (info.to - info.from) / info.cols;
		this.levels = new Map();
		this.tables = loaded.tables;
		this.placeBands(info.bands);
		const span = Math.log(info.heat.max / info.heat.min);
		this.values = Float64Array.from({length: 256},
			(_, c) => c < FIRST_CODE ? 0
						 : info.heat.min *
					Math.exp(span * (c - FIRST_CODE) /
						(LAST_CODE - FIRST_CODE)));
		this.span = span;
	}

	placeBands(list) {
		const rows = list.reduce((n, b) => n + b[3], 0);
		const gap = Math.max(rows * GAP_PART, 1);
		let first = 0, y = 0;
		this.bands = list.map(([start, end, rowBytes, n], i) => {
			const least = Math.min(Math.max(LEAST_UNITS, rows * LEAST_PART), rows / 8);
			const units = Math.max(n, least), before = list[i - 1];
			y += i ? gap : 0;
			const b = {
				start,
				end,
				rowBytes,
				rows: n,
				first,
				y,
				end_y: y + units,
				per: units / n,
				gap: i ? start - before[1] : 0
			};
			first += n;
			y = b.end_y;
			return b;
		});
		this.rows = rows;
		this.height = y;
		this.gap = gap;
		this.rowMiddle = new Float64Array(rows);
		for (const b of this.bands)
			for (let r = 0; r < b.rows; r++)
				this.rowMiddle[b.first + r] = b.y + (r + 0.5) * b.per;
	}

	bandAt(y) {
		return this.bands.find(b => y >= b.y && y < b.end_y);
	}

	// The band of a place, or the nearest.
	bandNear(y) {
		const away = b => Math.max(b.y - y, y - b.end_y, 0);
		return this.bands.reduce((best, b) => away(b) < away(best) ? b : best);
	}

	// Rows grow by whole row sizes, so the last one of a band may be cut: places in it are,
	// too.
	addressAt(b, y) {
		return Math.min(b.start + Math.floor((y - b.y) / b.per * b.rowBytes), b.end);
	}

	placeOf(address) {
		for (const b of this.bands) {
			if (address < b.start)
				return b.y;
			if (address < b.end)
				return b.y + (address - b.start) / b.rowBytes * b.per;
		}
		return this.height;
	}

	// The row that holds an address of a band.
	rowAt(address) {
		const b = this.bands.find(o => address >= o.start && address < o.end);
		return b.first + Math.min(Math.floor((address - b.start) / b.rowBytes), b.rows - 1);
	}

	columnAt(ns) {
		return Math.min(
			Math.max(Math.floor((ns - this.from) / this.colNs), 0), this.cols - 1);
	}

	// Code of a heat or bound; bounds are rounded outwards, as in the file.
	codeOf(v, how) {
		const x = FIRST_CODE +
			how(Math.log(v / this.info.heat.min) / this.span *
				(LAST_CODE - FIRST_CODE));
		return Math.min(Math.max(x, FIRST_CODE), LAST_CODE);
	}

	// The same without a logarithm, for millions of them: by the first bits of a number as a
	// float. Of those that begin alike, bounds take the outermost code.
	makeCodes() {
		const number = new Float32Array(1), bits = new Uint32Array(number.buffer);
		const at = i => (bits[0] = i << CODE_SHIFT, number[0]);
		const table = (how, from, to) => Uint8Array.from({length: 1 << 31 - CODE_SHIFT},
			(_, i) =>
				i ? this.codeOf((at(i + from) + at(i + to)) / 2, how) : FIRST_CODE);
		return {
			number,
			bits,
			near: table(Math.round, 0, 1),
			down: table(Math.floor, 0, 0),
			up: table(Math.ceil, 1, 1)
		};
	}

	// Cells of 2^lt columns and 2^la rows, made when they are first needed: means over what was
	// mapped, bounds likewise (as src/report/heatgrid.h says).
	level(lt, la) {
		const key = lt + ' ' + la;
		if (!this.levels.has(key))
			this.levels.set(key, lt || la ? this.coarsen(lt, la) : this.finest());
		return this.levels.get(key);
	}

	finest() {
		return {
			lt: 0,
			la: 0,
			cols: this.cols,
			rows: this.rows,
			first: this.bands.map(b => b.first),
			nrs: this.bands.map(b => b.rows),
			...this.tables
		};
	}

	coarsen(lt, la) {
		const cols = Math.ceil(this.cols / 2 ** lt), first = [], nrs = [];
		let rows = 0;
		for (const b of this.bands) {
			first.push(rows);
			nrs.push(Math.ceil(b.rows / 2 ** la));
			rows += nrs.at(-1);
		}
		const l = {lt, la, cols, rows, first, nrs};
		for (const name of ['heat', 'lo', 'hi', 'age', 'cover'])
			l[name] = new Uint8Array(rows * cols);
		this.bands.forEach((b, i) => {
			for (let r = 0; r < nrs[i]; r++)
				this.coarsenRow(l, first[i] + r, b.first + (r << la),
					Math.min(b.first + (r + 1 << la), b.first + b.rows));
		});
		return l;
	}

	coarsenRow(l, row, from, to) {
		const {heat, lo, hi, age, cover} = this.tables, v = this.values, {cols} = this,
					  lt = l.lt;
		const sums = this.sums ??= Array.from({length: 5}, () => new Float64Array(cols)),
		      [all, h, low, high, old] = sums;
		const open = this.open ??= new Uint8Array(cols);
		sums.forEach(s => s.fill(0, 0, l.cols));
		open.fill(0, 0, l.cols);
		for (let r = from; r < to; r++)
			for (let c = 0, i = r * cols; c < cols; c++, i++) {
				const w = cover[i], to = c >> lt;
				if (!w)
					continue;
				all[to] += w;
				h[to] += w * v[heat[i]];
				low[to] += w * v[lo[i]];
				high[to] += w * v[hi[i]];
				old[to] += w * age[i];
				open[to] |= hi[i] === 1;
			}
		this.finishRow(l, row, to - from);
	}

	// From sums to means.
	finishRow(l, row, rows) {
		const [all, h, low, high, old] = this.sums,
					  {number, bits, near, down, up} = this.codes ??=
						  this.makeCodes();
		const code = (table, x) => (number[0] = x, table[bits[0] >>> CODE_SHIFT]);
		for (let c = 0, at = row * l.cols; c < l.cols; c++, at++) {
			const w = all[c],
			      cells = rows * (Math.min(c + 1 << l.lt, this.cols) - (c << l.lt));
			if (!w)
				continue;
			l.cover[at] = Math.max(Math.round(w / cells), 1);
			l.heat[at] = h[c] ? code(near, h[c] / w) : 1;
			l.lo[at] = low[c] / w >= this.info.heat.min ? code(down, low[c] / w) : 0;
			l.hi[at] = this.open[c] ? 1 : code(up, high[c] / w);
			l.age[at] = Math.round(old[c] / w);
		}
	}

	// Levels that zooming will ask for next are made while nothing else is to do.
	prepare(l) {
		const todo = [[0, 0], [1, 0], [0, 1], [1, 1]].map(
			([t, a]) => [Math.max(l.lt - t, 0), Math.max(l.la - a, 0)]);
		const next = () => {
			const [lt, la] = todo.shift() ?? [];
			if (lt === undefined)
				return;
			this.level(lt, la);
			later(next);
		};
		later(next);
	}

	// The level whose cells are about a pixel, or larger: 'cols' and 'units' to a pixel.
	levelFor(colsPerPixel, unitsPerPixel) {
		const steps = (n, most) =>
			Math.min(Math.max(Math.ceil(Math.log2(n) - 0.5), 0), most);
		return this.level(steps(colsPerPixel, Math.floor(Math.log2(this.cols))),
			steps(unitsPerPixel, 6));
	}

	// The cell of a level at a time and place; null in a gap.
	cellAt(l, ns, y) {
		const i = this.bands.findIndex(b => y >= b.y && y < b.end_y);
		if (i < 0)
			return null;
		const b = this.bands[i], row = Math.min(Math.floor((y - b.y) / b.per), b.rows - 1);
		const coarse = row >> l.la, col = this.columnAt(ns), c = col >> l.lt;
		const at = (l.first[i] + coarse) * l.cols + c, row0 = coarse << l.la;
		const row1 = Math.min(row0 + (1 << l.la), b.rows),
		      end = Math.min((c + 1) << l.lt, this.cols);
		return {
			band: b,
			mapped: l.heat[at] > 0,
			unsure: this.isUnsure(l, at),
			heat: [
				this.values[l.heat[at]], this.values[l.lo[at]],
				l.hi[at] === 1 ? Infinity : this.values[l.hi[at]]
			],
			age: l.age[at] ? 2 ** ((l.age[at] - 1) / 16) - 1 : null,
			from: this.from + (c << l.lt) * this.colNs,
			to: this.from + end * this.colNs,
			col0: c << l.lt,
			col1: end,
			start: b.start + row0 * b.rowBytes,
			end: Math.min(b.start + row1 * b.rowBytes, b.end),
			row0: b.first + row0,
			row1: b.first + row1,
			y: b.y + row0 * b.per,
			end_y: b.y + row1 * b.per,
		};
	}

	// Known only within a factor of more than three; what was not seen at all has its own
	// colour.
	isUnsure(l, at) {
		if (l.heat[at] < FIRST_CODE)
			return false;
		const lo = this.values[l.lo[at]], hi = this.values[l.hi[at]];
		return !(lo > 0) || l.hi[at] === 1 || Math.sqrt(hi / lo) > UNSURE;
	}
}

// ---- colours ----

// Lightness rises evenly in OKLab (B. Ottosson 2020), hue goes along blue and yellow alone, which
// people with red-green colour blindness see as others do (src/report/color.h).
function rampColor(x) {
	const light = 0.30 + 0.66 * x, a = -0.01 - 0.03 * x, b = -0.13 + 0.30 * x;
	const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const s = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3;
	const srgb = v => Math.round(255 *
		Math.min(Math.max(v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055, 0),
			1));
	return [
		srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
		srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
		srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)
	];
}

const UNUSED_RGB = [38, 41, 48], UNMAPPED = '#0c0e12';

function pixel([r, g, b]) {
	return (0xff << 24 | b << 16 | g << 8 | r) >>> 0; // as ImageData has it, little-endian
}

// Place of a heat on the scale of colours, 0 to 1.
function onScale(grid, heat, log) {
	const {low, high} = grid.info.heat;
	const x = log ? Math.log(heat / low) / Math.log(high / low) : heat / high;
	return Math.min(Math.max(x, 0), 1);
}

// A pixel for each code.
function palette(grid, log) {
	const p = new Uint32Array(256);
	p[1] = pixel(UNUSED_RGB);
	for (let c = FIRST_CODE; c <= LAST_CODE; c++)
		p[c] = pixel(rampColor(onScale(grid, grid.values[c], log)));
	return p;
}

// A picture of a level, a pixel for each cell; 'unsure': of those alone that are known roughly.
function picture(grid, l, colors, unsure) {
	const canvas = make('canvas', {width: l.cols, height: l.rows}),
	      ctx = canvas.getContext('2d');
	const image = ctx.createImageData(l.cols, l.rows), out = new Uint32Array(image.data.buffer);
	for (let i = 0; i < out.length; i++)
		out[i] = !unsure ? colors[l.heat[i]] : grid.isUnsure(l, i) ? 0xff000000 : 0;
	ctx.putImageData(image, 0, 0);
	return canvas;
}
