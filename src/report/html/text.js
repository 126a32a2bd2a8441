// SPDX-License-Identifier: GPL-2.0-or-later
// Figures, sizes, times and names as text. What is known of a figure is [value, lo, hi]; how many
// digits of it are shown is decided as in all reports (src/report/known.h).
'use strict';

const KINDS = {
	count: [
		[1, ''], [1e3, ' k'], [1e6, ' M'], [1e9, ' G'], [1e12, ' T'], [1e15, ' P'],
		[1e18, ' E']
	],
	bytes: [
		[1, ' B'], [2 ** 10, ' KiB'], [2 ** 20, ' MiB'], [2 ** 30, ' GiB'],
		[2 ** 40, ' TiB'], [2 ** 50, ' PiB'], [2 ** 60, ' EiB']
	],
	percent: [[0.01, ' %']],
};
const MAX_DIGITS = 3, SMALLEST = 0.001, FINEST = -9, LONG = 1999.5, OPEN = 0.9;

// The decimal place of the first digit: 0 is that of ones.
function firstPlace(v) {
	return v > 0 ? Math.floor(Math.log10(v) + 1e-9) : FINEST;
}

// The place of the last digit that is shown: that in which half the interval begins.
function lastPlace(v, lo, hi) {
	const half = (hi - lo) / 2, most = firstPlace(v), least = most - (MAX_DIGITS - 1);
	if (!(half > 0))
		return least;
	return isFinite(half) ? Math.min(Math.max(firstPlace(half), least), most) : most;
}

function roundEven(v) {
	const r = Math.round(v);
	return Math.abs(v % 1) === 0.5 && r % 2 ? r - 1 : r;
}

function roundTo(v, place, how) {
	const step = 10 ** Math.abs(place);
	return place < 0 ? how(v * step) / step : how(v / step) * step;
}

const roundDown = v => Math.floor(v * (1 + 1e-9)), roundUp = v => Math.ceil(v * (1 - 1e-9));

function digits(v, place) {
	return v.toFixed(Math.min(Math.max(-place, 0), -FINEST));
}

// Unit, rounded value and last place.
function shownAs(k, kind) {
	let s;
	for (const unit of KINDS[kind]) {
		const [v, lo, hi] = k.map(x => x / unit[0]);
		const place = lastPlace(v, lo, hi);
		s = {unit, place, v: roundTo(v, place, roundEven)};
		if (s.v < 999.5)
			break;
	}
	return s;
}

// A bound, outwards to a place or as much finer as it takes.
function bound(v, place, how) {
	let shown = roundTo(v, place, how);
	while (place > FINEST && Math.abs(shown - v) > v / 8) {
		place = Math.min(place - 1, firstPlace(v));
		shown = roundTo(v, place, how);
	}
	return digits(shown, place);
}

function boundAlone(v, kind, how) {
	const units = KINDS[kind];
	let i = 0;
	while (i + 1 < units.length && v / units[i][0] >= 890)
		i++;
	const x = v / units[i][0];
	return bound(x, x > 0 ? firstPlace(x) : 0, how) + (v > 0 ? units[i][1] : '');
}

function limit(hi, kind) {
	const [size, name] = KINDS[kind][0];
	return '<' + (hi / size < SMALLEST ? SMALLEST + name : boundAlone(hi, kind, roundUp));
}

// A share whose bounds would be written [0, 100].
function isOpen([, lo, hi], kind) {
	return kind === 'percent' && lo <= 0 && hi > OPEN && lo < hi;
}

// "12 MiB"; "<30 k" where nothing was seen; "~30 k" where it may also be none.
function knownValue(k, kind) {
	const [v, lo, hi] = k;
	if (!isFinite(v) || isOpen(k, kind))
		return '?';
	if (v <= 0 && hi > 0)
		return isFinite(hi) ? limit(hi, kind) : '?';
	const s = shownAs(k, kind);
	if (v > 0 && v / s.unit[0] < SMALLEST)
		return limit(isFinite(hi) ? hi : v, kind);
	if (v <= 0)
		s.v = s.place = 0;
	const whole = lo === hi && s.unit[0] === 1 && Number.isInteger(s.v);
	return (lo <= 0 && v > 0 ? '~' : '') + digits(s.v, whole ? Math.max(s.place, 0) : s.place) +
		s.unit[1];
}

// "[9, 16]", or "" where bounds tell nothing more.
function knownBounds(k, kind) {
	const s = shownAs(k, kind), [v, lo, hi] = k.map(x => x / s.unit[0]);
	if (!(lo < hi) || !(v > 0) || v < SMALLEST || isOpen(k, kind))
		return '';
	const place = isFinite(hi) ? Math.max(s.place, firstPlace((hi - lo) / 2)) : s.place;
	if ((lo > 0 && lo < SMALLEST) || (isFinite(hi) && hi >= LONG && KINDS[kind].length > 1))
		return `[${boundAlone(k[1], kind, roundDown)}, ${boundAlone(k[2], kind, roundUp)}]`;
	return `[${bound(lo, lo > 0 ? place : 0, roundDown)}, ` +
		`${isFinite(hi) ? bound(hi, place, roundUp) : '?'}]`;
}

function knownText(k, kind) {
	const bounds = knownBounds(k, kind);
	return knownValue(k, kind) + (bounds && ' ' + bounds);
}

// A share that n independent observations tell: Wilson's interval, 95 %; fewer than four that have
// it tell no lower bound.
function knownShare(share, n) {
	const z2 = 1.959964 ** 2;
	share = Math.min(Math.max(share, 0), 1);
	if (!(n > 0))
		return [share, 0, 1];
	const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	const half = Math.sqrt(z2 * share * (1 - share) / n + z2 * z2 / (4 * n * n)) / (1 + z2 / n);
	return [
		share, share * n >= 4 ? Math.min(Math.max(middle - half, 0), share) : 0,
		share < 1 ? Math.max(Math.min(middle + half, 1), share) : 1
	];
}

function knownTimes(k, factor) {
	return k.map((v, i) => v * factor[i]);
}

// ---- exact figures ----

function bytesText(n) {
	return knownValue([n, n, n], 'bytes').replace(/\.0+ /, ' ');
}

function addressText(n) {
	return '0x' + n.toString(16);
}

const TIME_UNITS = [[1, 'ns'], [1e3, 'µs'], [1e6, 'ms'], [1e9, 's']];

// A length of time: "370 ms", "1.5 s", "12 min".
function durationText(ns) {
	if (ns >= 120e9)
		return ns >= 7200e9 ? `${+ (ns / 3600e9).toPrecision(3)} h`
				    : `${+ (ns / 60e9).toPrecision(3)} min`;
	const [size, name] = TIME_UNITS.findLast(u => ns >= u[0]) ?? TIME_UNITS[0];
	return `${+ (ns / size).toPrecision(3)} ${name}`;
}

// A point in time, to the digits that a step tells: "1.25 s", "12:03.5".
function timeText(ns, stepNs) {
	const places = Math.min(Math.max(Math.ceil(-Math.log10(stepNs / 1e9) - 1e-9), 0), 6);
	const s = ns / 1e9;
	if (s < 120)
		return `${s.toFixed(places)} s`;
	const rest = (s % 60).toFixed(places), h = Math.floor(s / 3600),
	      m = Math.floor(s / 60) % 60;
	const two = v => String(v).padStart(2, '0');
	return (h ? h + ':' + two(m) : String(m)) + ':' + (rest < 10 ? '0' : '') + rest;
}

function spanText(from, to, stepNs) {
	return `${timeText(from, stepNs)} – ${timeText(to, stepNs)}`;
}

// Round steps of an axis: 1, 2, 5 times a power of ten seconds, then whole minutes and hours.
function timeStep(ns) {
	const whole = [
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400
	];
	const s = ns / 1e9;
	if (s > 1)
		return 1e9 * (whole.find(v => v >= s) ?? 86400 * Math.ceil(s / 86400));
	const power = 10 ** Math.floor(Math.log10(s));
	return 1e9 * power * [1, 2, 5, 10].find(v => v * power >= s * 0.999999);
}

// ---- names ----

// Control characters, and those of Unicode that have no width or set the direction.
const UNSEEN = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f' +
		'\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]',
	'gu');

// Names are a program's own words: what would not show, or would turn the text around it, is
// replaced. They are put into the page as text only.
function clean(s) {
	return String(s).replace(UNSEEN, '\ufffd');
}

function shorten(s, max) {
	const c = [...s], tail = Math.floor(max / 3);
	return c.length <= max
		? s
		: c.slice(0, max - tail - 1).join('') + '…' + c.slice(-tail).join('');
}

function baseName(path) {
	return path.slice(path.lastIndexOf('/') + 1);
}

// An element with text in it, and children.
function make(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	e.append(...children);
	return e;
}
