// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of functions and objects: the accesses that the page holds, summed up over the part of
// the heatmap that is chosen, and over the other table's choice.
'use strict';

const STORE = 2, STALL = 4, ROWS_SHOWN = 12, MORE_ROWS = 500, PARTNERS = 3;

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
	stores: {
		name: 'stores',
		of: (a, i) => !(a.flags[i] & STALL) && a.flags[i] & STORE ? a.weight[i] : 0
	},
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

// Accesses summed up by pairs of code and object. A list of either is made of its pairs.
class Pairs {
	constructor() {
		this.at = new Map();
		this.list = [];
		this.last = null;
	}

	add(code, object, w, plain, store) {
		let p = this.last;
		if (!p || p.code !== code || p.object !== object) {
			const key = code * 65536 + object;
			p = this.at.get(key);
			if (!p) {
				p = {code, object, weight: 0, squares: 0, plain: 0, stores: 0};
				this.at.set(key, p);
				this.list.push(p);
			}
			this.last = p;
		}
		p.weight += w;
		p.squares += w * w;
		p.plain += plain;
		p.stores += store ? plain : 0;
	}

	// The rows of one list, the heaviest first: of all pairs, or those with what the other list
	// has chosen. 'effective' is how many independent observations of equal weight stand behind
	// the shares (Kish 1965).
	rows(what, other, chosen) {
		const rows = new Map(), sum = {weight: 0, squares: 0};
		for (const p of this.list) {
			if (chosen !== null && p[other] !== chosen)
				continue;
			let r = rows.get(p[what]);
			if (!r)
				rows.set(p[what], r = {
					id: p[what],
					weight: 0,
					plain: 0,
					stores: 0,
					partners: []
				});
			r.weight += p.weight;
			r.plain += p.plain;
			r.stores += p.stores;
			r.partners.push([p[other], p.weight]);
			sum.weight += p.weight;
			sum.squares += p.squares;
		}
		const order = [...rows.values()]
				      .filter(r => r.weight > 0)
				      .sort((x, y) => y.weight - x.weight);
		return {
			order,
			all: sum.weight,
			effective: sum.squares > 0 ? sum.weight ** 2 / sum.squares : 0
		};
	}
}

class Lists {
	constructor(app) {
		this.app = app;
		this.metric = 'accesses';
		this.more = {code: false, object: false};
		this.at = {
			code: document.getElementById('functions'),
			object: document.getElementById('objects')
		};
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

	// The sums of the part that is chosen, for both lists.
	sum() {
		const {loaded, grid, brush, code, object} = this.app, a = loaded.accesses,
						  of = METRICS[this.metric].of;
		const [from, to] = brush ? accessesWithin(a, grid, brush.t0, brush.t1) : [0, a.n],
			     rows = this.rowsOf(brush);
		const pairs = new Pairs();
		let n = 0, weight = 0;
		for (let i = from; i < to; i++) {
			if (rows && !rows[a.row[i]])
				continue;
			const plain = METRICS.accesses.of(a, i);
			n++;
			weight += plain;
			pairs.add(a.code[i], a.object[i], of(a, i), plain, a.flags[i] & STORE);
		}
		return {
			n,
			weight,
			code: pairs.rows('code', 'object', object),
			object: pairs.rows('object', 'code', code)
		};
	}

	draw() {
		const {loaded} = this.app;
		if (!loaded) {
			for (const list of Object.values(this.at))
				list.replaceChildren(
					make('li', {class: 'none'}, 'No access was seen.'));
			return;
		}
		const s = this.sum();
		this.fill('code', s, r => this.codeRow(r));
		this.fill('object', s, r => this.objectRow(s, r));
		document.getElementById('entries').textContent = this.entries(s);
		this.drawFilters();
	}

	// How many stand behind it.
	entries(s) {
		const {logged, kept} = this.app.data.accesses, n = v => v.toLocaleString('en');
		return `from ${n(s.n)} logged accesses` +
			(logged > kept ? ` (the page has ${n(kept)} of ${n(logged)}, evenly)`
				       : '') +
			'; ranges are 95 % bounds of shares';
	}

	fill(what, s, row) {
		const {order} = s[what], list = this.at[what], chosen = this.app[what];
		let shown = order.slice(0, this.more[what] ? MORE_ROWS : ROWS_SHOWN);
		if (chosen !== null && !shown.some(r => r.id === chosen))
			shown = shown.concat(order.filter(r => r.id === chosen));
		const focus = list.contains(document.activeElement)
			? {...document.activeElement.dataset}
			: null;
		list.replaceChildren(...shown.map(r => this.item(what, r, s[what], row(r))));
		if (!order.length)
			list.append(make('li', {class: 'none'},
				`No logged ${METRICS[this.metric].name} here.`));
		if (order.length > ROWS_SHOWN)
			list.append(make('li', {},
				make('button', {class: 'more', 'data-more': '1'},
					this.more[what]
						? 'show fewer'
						: `show ${
							  order.length > MORE_ROWS
								  ? MORE_ROWS + ' of'
								  : 'all'} ${order.length}`)));
		if (focus)
			[...list.querySelectorAll('button')]
				.find(b => b.dataset.id === focus.id &&
						b.dataset.more === focus.more)
				?.focus();
	}

	item(what, r, sums, row) {
		const share = r.weight / sums.all, k = knownShare(share, sums.effective);
		const button = make('button', {
			class: 'row',
			'data-id': String(r.id),
			'aria-pressed': String(this.app[what] === r.id)
		},
			make('span', {class: 'name', title: row.title}, make('bdi', {}, row.name)),
			make('span', {class: 'share'}, knownValue(k, 'percent')),
			make('span', {class: 'sub'}, ...row.sub),
			make('span', {class: 'bounds'}, knownBounds(k, 'percent')));
		button.style.setProperty(
			'--part', `${(100 * r.weight / sums.order[0].weight).toFixed(2)}%`);
		return make('li', {}, button);
	}

	// "touches [heap] 60 %, [stack] 30 %"
	partners(verb, r, names) {
		const most = r.partners.filter(p => p[1] > 0)
				     .sort((x, y) => y[1] - x[1])
				     .slice(0, PARTNERS);
		return most.length ? verb + ' ' +
				most.map(([id, w]) => `${shorten(names[id].name, 40)} ${
						 Math.round(100 * w / r.weight)}\u00a0%`)
					.join(', ')
				   : '';
	}

	stores(r) {
		return r.plain > 0 && this.metric !== 'stores'
			? `${Math.round(100 * r.stores / r.plain)}\u00a0% stores`
			: '';
	}

	// Parts of a line with dots between; names keep their direction to themselves.
	line(parts) {
		return parts.filter(Boolean).flatMap(
			(t, i) => [i ? ' · ' : '', make('bdi', {}, t)]);
	}

	codeRow(r) {
		const {codes, objects} = this.app.loaded, c = codes[r.id];
		return {
			name: c.name,
			title: [c.name, c.outer && 'inlined into ' + c.outer, c.module]
				       .filter(Boolean)
				       .join('\n'),
			sub: this.line([
				c.source, c.name.startsWith(c.module) ? '' : c.module,
				this.stores(r), this.partners('touches', r, objects)
			])
		};
	}

	objectRow(s, r) {
		const {codes, objects} = this.app.loaded, o = objects[r.id],
			      heat = this.heatOf(s, o, r);
		return {
			name: o.name,
			title: [o.name, o.file, o.source && 'defined at ' + o.source]
				       .filter(Boolean)
				       .join('\n'),
			sub: this.line([
				o.kind, o.bytes ? bytesText(o.bytes) : '', heat && `heat ${heat}`,
				this.stores(r), this.partners('touched by', r, codes)
			])
		};
	}

	// Accesses per page and second of all of an object: of a part of the addresses it cannot be
	// told.
	heatOf(s, o, r) {
		const {data, grid, brush, code} = this.app,
					  b = brush ?? {t0: grid.from, t1: grid.to};
		const seconds = (Math.min(b.t1, grid.to) - Math.max(b.t0, grid.from)) / 1e9;
		if (!o.bytes || !(seconds > 0) || this.rowsOf(brush) ||
			this.metric !== 'accesses' || code !== null)
			return '';
		const per = s.weight * data.scale / (Math.max(o.bytes / 4096, 1) * seconds);
		const share = knownShare(r.weight / s.object.all, s.object.effective);
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
			const b = make('button', {class: 'chip', title: 'take this filter away'},
				make('bdi', {}, text), ' ✕');
			b.addEventListener('click', undo);
			chips.push(b);
		};
		if (brush)
			chip(this.brushText(brush, grid), () => this.app.setBrush(null));
		if (code !== null)
			chip('by ' + shorten(loaded.codes[code].name, 48),
				() => this.app.choose('code', null));
		if (object !== null)
			chip('of ' + shorten(loaded.objects[object].name, 48),
				() => this.app.choose('object', null));
		document.getElementById('filters').replaceChildren(...chips);
	}

	brushText(b, grid) {
		const step = grid.colNs,
		      time = `${timeText(Math.max(b.t0, grid.from), step)} – ${
			      timeText(Math.min(b.t1, grid.to), step)}`;
		if (!this.rowsOf(b))
			return time;
		const low = grid.bandNear(b.y0), high = grid.bandNear(b.y1 - 1e-6);
		const from = grid.addressAt(low, Math.max(b.y0, low.y)),
		      to = grid.addressAt(high, Math.min(b.y1, high.end_y));
		return `${time}, ${addressText(from)} – ${addressText(to)}`;
	}

	// The functions that touched a cell most: of the cell, else of its addresses at any time,
	// else of all that is shown of its mapping.
	functionsAt(cell, mapping) {
		const {loaded, grid} = this.app, a = loaded.accesses;
		const rowAt = address =>
			grid.rowAt(Math.min(Math.max(address, cell.band.start), cell.band.end - 1));
		const own = [cell.row0, cell.row1],
		      all = mapping.end ? [rowAt(mapping.start), rowAt(mapping.end - 1) + 1] : own;
		for (const [t0, t1, [row0, row1], where] of [[cell.from, cell.to, own, 'here'],
			     [grid.from, grid.to, own, 'at these addresses, at any time'],
			     [grid.from, grid.to, all, `in ${mapping.name}, at any time`]]) {
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
				return {
					n,
					where,
					top: [...sums]
						     .sort((x, y) => y[1] - x[1])
						     .slice(0, 3)
						     .map(([code, w]) => ({
							     name: loaded.codes[code].name,
							     share: w / sum
						     }))
				};
		}
		return null;
	}
}
