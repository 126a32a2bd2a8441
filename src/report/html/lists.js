// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of functions and objects: the accesses that the page holds, summed up over the part of
// the heatmap that is chosen, and over the other table's choice.
'use strict';

const STORE = 2, STALL = 4, ROWS_SHOWN = 12, PARTNERS = 3;

// Time of an access; [first, behind the last] of those within a time.
function accessTime(a, grid, i) {
	return grid.from + (a.time[i] + 0.5) / 65536 * (grid.to - grid.from);
}

function accessesWithin(a, grid, t0, t1) {
	const place = ns => {
		const want = (ns - grid.from) / (grid.to - grid.from) * 65536;
		let lo = 0, hi = a.n;
		while (lo < hi) {
			const mid = lo + hi >> 1;
			if (a.time[mid] + 0.5 < want)
				lo = mid + 1;
			else
				hi = mid;
		}
		return lo;
	};
	return [place(t0), place(t1)];
}

// What shares are of. Weights of time lost count no accesses.
const METRICS = {
	accesses: {name: 'accesses', of: (a, i) => a.flags[i] & STALL ? 0 : a.weight[i]},
	stores: {name: 'stores', of: (a, i) => !(a.flags[i] & STALL) && a.flags[i] & STORE ? a.weight[i] : 0},
	stall: {name: 'time lost', of: (a, i) => a.flags[i] & STALL ? a.weight[i] : 0},
	latency: {name: 'latency', of: (a, i) => a.latency[i]},
};

// Which metrics the accesses tell anything of.
function metricsOf(a) {
	const told = ['accesses', 'stores'];
	if (a.flags.some(f => f & STALL))
		told.push('stall');
	if (a.latency)
		told.push('latency');
	return told;
}

class Sums {
	constructor(nr) {
		this.weight = new Float64Array(nr);
		this.stores = new Float64Array(nr);
		this.plain = new Float64Array(nr);
		this.n = new Uint32Array(nr);
		this.pairs = Array.from({length: nr}, () => null);
	}

	add(id, w, plain, store, partner) {
		this.weight[id] += w;
		this.plain[id] += plain;
		this.stores[id] += store ? plain : 0;
		this.n[id]++;
		const p = this.pairs[id] ??= new Map();
		p.set(partner, (p.get(partner) ?? 0) + w);
	}

	partners(id, names) {
		const all = this.weight[id];
		return [...this.pairs[id] ?? []].sort((x, y) => y[1] - x[1]).slice(0, PARTNERS).filter(x => x[1] > 0)
			.map(([k, w]) => `${shorten(names[k].name, 40)} ${Math.round(100 * w / all)}\u00a0%`).join(', ');
	}

	order() {
		return [...this.weight.keys()].filter(i => this.weight[i] > 0).sort((x, y) => this.weight[y] - this.weight[x]);
	}
}

class Lists {
	constructor(app) {
		this.app = app;
		this.metric = 'accesses';
		this.more = {code: false, object: false};
		this.at = {code: document.getElementById('functions'), object: document.getElementById('objects')};
		for (const what of ['code', 'object'])
			this.at[what].addEventListener('click', ev => this.onClick(ev, what));
	}

	// Rows of the picture that the brush holds, or all, with what lies beside them.
	rowsOf(brush) {
		const {grid} = this.app;
		if (!brush || (brush.y0 <= 0 && brush.y1 >= grid.height))
			return null;
		const rows = new Uint8Array(65536);
		for (let r = 0; r < grid.rows; r++)
			rows[r] = grid.rowMiddle[r] >= brush.y0 && grid.rowMiddle[r] < brush.y1;
		return rows;
	}

	sum() {
		const {loaded, grid, brush, code, object} = this.app, a = loaded.accesses, of = METRICS[this.metric].of;
		const s = {code: new Sums(loaded.codes.length), object: new Sums(loaded.objects.length), all: {code: 0, object: 0},
			squares: {code: 0, object: 0}, effective: {}, n: 0, weight: 0};
		const add = (what, id, w, plain, store, partner) => {
			s[what].add(id, w, plain, store, partner);
			s.all[what] += w;
			s.squares[what] += w * w;
		};
		const [from, to] = brush ? accessesWithin(a, grid, brush.t0, brush.t1) : [0, a.n], rows = this.rowsOf(brush);
		for (let i = from; i < to; i++) {
			if (rows && !rows[a.row[i]])
				continue;
			const w = of(a, i), plain = METRICS.accesses.of(a, i), store = a.flags[i] & STORE;
			s.n++;
			s.weight += plain;
			// each table is narrowed by what was chosen in the other
			if (object === null || a.object[i] === object)
				add('code', a.code[i], w, plain, store, a.object[i]);
			if (code === null || a.code[i] === code)
				add('object', a.object[i], w, plain, store, a.code[i]);
		}
		// independent observations of equal weight that they are worth (Kish 1965)
		for (const what of ['code', 'object'])
			s.effective[what] = s.squares[what] > 0 ? s.all[what] ** 2 / s.squares[what] : 0;
		return s;
	}

	draw() {
		const {loaded} = this.app;
		if (!loaded) {
			for (const list of Object.values(this.at))
				list.replaceChildren(make('li', {class: 'none'}, 'No access was seen.'));
			return;
		}
		const s = this.sums = this.sum();
		this.fill('code', s, loaded.codes, i => this.codeRow(s, i));
		this.fill('object', s, loaded.objects, i => this.objectRow(s, i));
		document.getElementById('entries').textContent = this.entries(s);
		this.drawFilters();
	}

	// How many stand behind it.
	entries(s) {
		const {logged, kept} = this.app.data.accesses, n = v => v.toLocaleString('en');
		return `from ${n(s.n)} logged accesses` + (logged > kept ? ` (the page has ${n(kept)} of ${n(logged)}, evenly)` : '') +
			'; ranges are 95 % bounds of shares';
	}

	fill(what, s, names, row) {
		const order = s[what].order(), list = this.at[what], chosen = this.app[what];
		let shown = this.more[what] ? order.slice(0, 500) : order.slice(0, ROWS_SHOWN);
		if (chosen !== null && !shown.includes(chosen))
			shown = shown.concat([chosen]);
		const had = list.contains(document.activeElement) ? document.activeElement.dataset : null;
		const focus = had && {...had};
		const largest = order.length ? s[what].weight[order[0]] / s.all[what] : 1;
		list.replaceChildren(...shown.map(i => this.item(what, i, s, largest, row(i))));
		if (!order.length)
			list.append(make('li', {class: 'none'}, `No logged ${METRICS[this.metric].name} here.`));
		if (order.length > ROWS_SHOWN)
			list.append(make('li', {}, make('button', {class: 'more', 'data-more': '1'},
				this.more[what] ? 'show fewer' : `show all ${order.length}`)));
		if (focus)
			[...list.querySelectorAll('button')].find(b => b.dataset.id === focus.id && b.dataset.more === focus.more)?.focus();
	}

	item(what, i, s, largest, row) {
		const share = s.all[what] > 0 ? s[what].weight[i] / s.all[what] : 0, k = knownShare(share, s.effective[what]);
		const button = make('button', {class: 'row', 'data-id': String(i), 'aria-pressed': String(this.app[what] === i)},
			make('span', {class: 'name', title: row.title}, make('bdi', {}, row.name)),
			make('span', {class: 'share'}, knownValue(k, 'percent')),
			make('span', {class: 'sub'}, ...row.sub),
			make('span', {class: 'bounds'}, knownBounds(k, 'percent')));
		button.style.setProperty('--part', `${(100 * share / largest).toFixed(2)}%`);
		return make('li', {}, button);
	}

	stores(sums, i) {
		return sums.plain[i] > 0 && this.metric !== 'stores' ? `${Math.round(100 * sums.stores[i] / sums.plain[i])}\u00a0% stores` : '';
	}

	// Parts of a line with dots between; names keep their direction to themselves.
	line(parts) {
		return parts.filter(Boolean).flatMap((t, i) => [i ? ' · ' : '', make('bdi', {}, t)]);
	}

	codeRow(s, i) {
		const {codes, objects} = this.app.loaded, c = codes[i], touches = s.code.partners(i, objects);
		return {name: c.name, title: [c.name, c.outer && 'inlined into ' + c.outer, c.module].filter(Boolean).join('\n'),
			sub: this.line([c.source, c.name.startsWith(c.module) ? '' : c.module, this.stores(s.code, i), touches && 'touches ' + touches])};
	}

	objectRow(s, i) {
		const {codes, objects} = this.app.loaded, o = objects[i], by = s.object.partners(i, codes);
		const heat = this.heatOf(s, o, i);
		return {name: o.name, title: [o.name, o.file, o.source && 'defined at ' + o.source].filter(Boolean).join('\n'),
			sub: this.line([o.kind, o.bytes ? bytesText(o.bytes) : '', heat && `heat ${heat}`, this.stores(s.object, i), by && 'touched by ' + by])};
	}

	// Accesses per page and second of all of an object: of a part of the addresses it cannot be told.
	heatOf(s, o, i) {
		const {data, grid, brush, code} = this.app, b = brush ?? {t0: grid.from, t1: grid.to};
		const seconds = (Math.min(b.t1, grid.to) - Math.max(b.t0, grid.from)) / 1e9;
		if (!o.bytes || !(seconds > 0) || this.rowsOf(brush) || this.metric !== 'accesses' || code !== null)
			return '';
		const per = s.weight * data.scale / (Math.max(o.bytes / 4096, 1) * seconds);
		const share = knownShare(s.object.weight[i] / s.all.object, s.effective.object);
		return knownValue(knownTimes(share.map(v => v * per), data.relative), 'count');
	}

	onClick(ev, what) {
		const button = ev.target.closest('button');
		if (!button)
			return;
		if (button.dataset.more) {
			this.more[what] = !this.more[what];
			this.draw();
			return;
		}
		const id = Number(button.dataset.id);
		this.app.choose(what, this.app[what] === id ? null : id);
	}

	// What narrows the tables, each to be taken away again.
	drawFilters() {
		const {brush, code, object, loaded, grid} = this.app, chips = [];
		const chip = (text, undo) => {
			const b = make('button', {class: 'chip', title: 'take this filter away'}, make('bdi', {}, text), ' ✕');
			b.addEventListener('click', undo);
			chips.push(b);
		};
		if (brush)
			chip(this.brushText(brush, grid), () => this.app.setBrush(null));
		if (code !== null)
			chip('by ' + shorten(loaded.codes[code].name, 48), () => this.app.choose('code', null));
		if (object !== null)
			chip('of ' + shorten(loaded.objects[object].name, 48), () => this.app.choose('object', null));
		document.getElementById('filters').replaceChildren(...chips);
	}

	brushText(b, grid) {
		const step = grid.colNs, time = `${timeText(Math.max(b.t0, grid.from), step)} – ${timeText(Math.min(b.t1, grid.to), step)}`;
		if (!this.rowsOf(b))
			return time;
		const low = grid.bandNear(b.y0), high = grid.bandNear(b.y1 - 1e-6);
		const from = grid.addressAt(low, Math.max(b.y0, low.y)), to = grid.addressAt(high, Math.min(b.y1, high.end_y));
		return `${time}, ${addressText(from)} – ${addressText(to)}`;
	}

	// The functions that touched a cell most: of the cell, else of its addresses at any time, else
	// of all that is shown of its mapping.
	functionsAt(cell, mapping) {
		const {loaded, grid} = this.app, a = loaded.accesses;
		const rowAt = address => grid.rowAt(Math.min(Math.max(address, cell.band.start), cell.band.end - 1));
		const own = [cell.row0, cell.row1], all = mapping.end ? [rowAt(mapping.start), rowAt(mapping.end - 1) + 1] : own;
		for (const [t0, t1, [row0, row1], where] of [[cell.from, cell.to, own, 'here'],
			[grid.from, grid.to, own, 'at these addresses, at any time'], [grid.from, grid.to, all, `in ${mapping.name}, at any time`]]) {
			const [from, to] = accessesWithin(a, grid, t0, t1), sums = new Map();
			let n = 0, sum = 0;
			for (let i = from; i < to; i++) {
				if (a.row[i] < row0 || a.row[i] >= row1 || a.flags[i] & STALL)
					continue;
				n++;
				sum += a.weight[i];
				sums.set(a.code[i], (sums.get(a.code[i]) ?? 0) + a.weight[i]);
			}
			if (n)
				return {n, where, top: [...sums].sort((x, y) => y[1] - x[1]).slice(0, 3)
					.map(([code, w]) => ({name: loaded.codes[code].name, share: w / sum}))};
		}
		return null;
	}
}
