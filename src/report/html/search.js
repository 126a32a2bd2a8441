// SPDX-License-Identifier: GPL-2.0-or-later
// Finds mappings, functions and objects by a part of their names: a combo box with a list of hits.
'use strict';

const MAX_HITS = 12;

class Search {
	constructor(app) {
		this.app = app;
		this.input = document.getElementById('search');
		this.list = document.getElementById('hits');
		this.hits = [];
		this.at = -1;
		this.input.addEventListener('input', () => this.find());
		this.input.addEventListener('focus', () => this.input.value && this.find());
		this.input.addEventListener('keydown', ev => this.onKey(ev));
		this.input.addEventListener('blur', () => this.close());
		this.list.addEventListener('pointerdown', ev => {
			const li = ev.target.closest('li[data-hit]');
			ev.preventDefault(); // the input keeps the focus until something is taken
			if (li)
				this.take(Number(li.dataset.hit));
		});
	}

	// Those that begin with it first, then the order of their lists: the heaviest first.
	find() {
		const want = this.input.value.trim().toLowerCase(), {loaded} = this.app;
		const all = [];
		if (want && loaded) {
			const add = (kind, list, text) => list.forEach((item, i) => {
				const at = text(item).toLowerCase().indexOf(want);
				if (at >= 0 && item.name !== OTHERS)
					all.push({
						kind,
						id: i,
						item,
						begins: item.name.toLowerCase().startsWith(want) ? 0
												 : 1
					});
			});
			add('function', loaded.codes, c => `${c.name} ${c.module} ${c.source}`);
			add('object', loaded.objects, o => `${o.name} ${o.file}`);
			const seen = new Set();
			add('mapping', loaded.mappings,
				m => seen.has(m.name)
					? ''
					: (seen.add(m.name),
						  `${m.name} ${m.path} ${addressText(m.start)}`));
		}
		this.nr = all.length;
		this.hits = all.sort((a, b) => a.begins - b.begins).slice(0, MAX_HITS);
		this.at = this.hits.length ? 0 : -1;
		this.draw(want);
	}

	draw(want) {
		const items = this.hits.map(
			(h, i) => make('li', {
				role: 'option',
				id: 'hit' + i,
				'data-hit': String(i),
				'aria-selected': String(i === this.at)
			},
				make('bdi', {class: 'name'}, shorten(h.item.name, 60)),
				make('span', {class: 'kind'}, h.kind)));
		if (want && !items.length)
			items.push(make('li', {class: 'none'}, 'nothing of that name'));
		if (this.nr > MAX_HITS)
			items.push(make('li', {class: 'none'}, `and ${this.nr - MAX_HITS} more`));
		this.list.replaceChildren(...items);
		this.list.hidden = !items.length;
		this.input.setAttribute('aria-expanded', String(!this.list.hidden));
		if (this.at >= 0)
			this.input.setAttribute('aria-activedescendant', 'hit' + this.at);
		else
			this.input.removeAttribute('aria-activedescendant');
	}

	onKey(ev) {
		if (ev.key === 'ArrowDown' || ev.key === 'ArrowUp') {
			const n = this.hits.length;
			if (n)
				this.at = (this.at + (ev.key === 'ArrowDown' ? 1 : n - 1)) % n;
			this.draw(this.input.value);
			ev.preventDefault();
		} else if (ev.key === 'Enter' && this.at >= 0) {
			this.take(this.at);
		} else if (ev.key === 'Escape') {
			this.input.value = '';
			this.close();
			this.input.blur();
		}
		ev.stopPropagation();
	}

	close() {
		this.list.hidden = true;
		this.input.setAttribute('aria-expanded', 'false');
		this.input.removeAttribute('aria-activedescendant');
	}

	// A function or object is chosen, a mapping is gone to; so is an object, where it has a
	// place.
	take(i) {
		const {kind, id, item} = this.hits[i], {app} = this;
		this.close();
		if (kind === 'function')
			app.choose('code', id);
		if (kind === 'object')
			app.choose('object', id);
		if (kind === 'mapping')
			app.showAddresses(...this.extent(item.name));
		else if (kind === 'object' && item.kind !== 'shared' && item.end > item.start)
			app.showAddresses(item.start, item.end);
		app.heatmap.over.focus();
	}

	// Of all mappings of a name that the picture shows, if they lie together; else of the
	// first.
	extent(name) {
		const all = this.app.loaded.mappings.filter(m => m.name === name), first = all[0];
		const band =
			this.app.grid.bands.find(b => first.start < b.end && first.end > b.start);
		const near = all.filter(m => m.start < band.end && m.end > band.start);
		return [Math.min(...near.map(m => m.start)), Math.max(...near.map(m => m.end))];
	}
}
