// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the data of the page (described in src/report/html/data.h, sheet.h and kept.h): JSON with
// packed tables of bytes in it. A target is unpacked when it is looked at first.
'use strict';

const NO_ROW = 65535;

async function inflate(base64) {
	const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Bounds are written as how far from heat they are: to codes of their own, as described in sheet.h;
// here 1 is an upper bound that is not known.
function decodeBounds({heat, lo, hi}) {
	for (let i = 0; i < heat.length; i++) {
		lo[i] = lo[i] ? heat[i] + 1 - lo[i] : 0;
		hi[i] = hi[i] === 255 ? 1 : heat[i] > 1 ? heat[i] + hi[i] : hi[i];
	}
}

// Working sets by window: each [estimate, lo, hi], a number for each column.
async function unpackWss(pack, cols) {
	const bytes = await inflate(pack), rows = bytes.length / cols / 2;
	return [0, 1, 2, 3].map(w => [0, 1, 2].map(v => {
		const at = (3 * w + v) * cols, out = new Float64Array(cols);
		for (let i = 0; i < cols; i++) {
			const code = bytes[at + i] | bytes[rows * cols + at + i] << 8;
			out[i] = code === 65535 ? NaN
				: code		? 2 ** ((code - 1) / 65534 * 48)
						: 0;
		}
		return out;
	}));
}

// The accesses of the log, in order of time: a column for each field.
async function unpackAccesses(info) {
	const n = info.n, bytes = await inflate(info.packed);
	const wide = i => Uint16Array.from(
		{length: n}, (_, k) => bytes[2 * i * n + k] | bytes[(2 * i + 1) * n + k] << 8);
	const span = Math.log(info.weight_max / info.weight_min);
	const a = {
		n,
		time: wide(0),
		row: wide(1),
		code: wide(2),
		object: wide(3),
		flags: bytes.subarray(9 * n, 10 * n),
		weight: new Float64Array(n),
		latency: null
	};
	for (let i = 1; i < n; i++)
		a.time[i] += a.time[i - 1];
	for (let i = 0; i < n; i++)
		a.weight[i] = info.weight_min * Math.exp(span * bytes[8 * n + i] / 255);
	if (info.latency)
		a.latency = Float64Array.from(
			bytes.subarray(10 * n, 11 * n), c => c ? 2 ** ((c - 1) / 16) : 0);
	return a;
}

const OTHERS = '(others)';

async function unpackNames(pack) {
	const names = JSON.parse(new TextDecoder().decode(await inflate(pack)));
	const codes = names.code.map(([name, module, outer, file, line]) => ({
		name: clean(name),
		module: clean(module),
		outer: clean(outer),
		source: file ? clean(baseName(file)) + ':' + line : ''
	}));
	const objects = names.object.map(([name, kind, file, source, start, end, bytes]) => ({
		name: clean(name),
		kind,
		file: clean(file),
		source: clean(source),
		start,
		end,
		bytes
	}));
	// what is beyond the limit of the list has the next place
	codes.push({name: OTHERS, module: '', outer: '', source: ''});
	objects.push({name: OTHERS, kind: '', file: '', source: '', start: 0, end: 0, bytes: 0});
	const mappings = names.mapping.map(([start, end, from, to, name,
		path]) => ({start, end, from, to, name: clean(name), path: clean(path)}));
	return {codes, objects, mappings};
}

// All that the page has of a target, unpacked.
async function loadTarget(t) {
	if (!t.cols)
		return null;
	const names = ['heat', 'lo', 'hi', 'age', 'cover'];
	const [wss, accesses, words, ...tables] = await Promise.all([
		unpackWss(t.wss, t.cols), unpackAccesses(t.accesses), unpackNames(t.names),
		...names.map(name => inflate(t.tables[name]))
	]);
	const named = Object.fromEntries(names.map((name, i) => [name, tables[i]]));
	decodeBounds(named);
	return {wss, accesses, ...words, tables: named};
}
