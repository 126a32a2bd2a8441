// SPDX-License-Identifier: GPL-2.0-or-later
// How quickly a page opens and zooms: measure.js FILE. Prints two numbers: milliseconds from the
// request to the first complete picture, and frames a second while the wheel zooms in and out.
'use strict';

const {Browser} = require('./browser.js');

const SECONDS = 3;

// In the page: turns the wheel with each frame, for a time. Returns frames a second.
function zoomAbout(ms) {
	const {grid, heatmap} = app, start = performance.now();
	const at = {ns: grid.from + 0.3 * (grid.to - grid.from), y: grid.height * 0.4};
	let n = 0;
	const turn = deltaY => {
		const p = heatmap.plot(), box = heatmap.over.getBoundingClientRect();
		const clientX = box.left + heatmap.xOf(at.ns, p);
		const clientY = box.top + heatmap.yOf(at.y, p);
		heatmap.over.dispatchEvent(
			new WheelEvent('wheel', {clientX, clientY, deltaY, cancelable: true}));
	};
	return new Promise(done => {
		const frame = now => {
			if (now - start > ms) {
				done(n / (now - start) * 1000);
				return;
			}
			n++;
			turn((now - start) % 1500 < 750 ? -60 : 60);
			requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	});
}

async function main() {
	const browser = new Browser();
	try {
		await (await browser.open(process.argv[2], {width: 1920, height: 1080}))
			.close(); // the browser itself is up
		const page = await browser.open(
			process.argv[2], {width: 1920, height: 1080, still: false});
		const opened = await page.eval('app.openedMs');
		const frames = await page.run(zoomAbout, SECONDS * 1000);
		console.log(`${opened.toFixed(0)} ${frames.toFixed(1)}`);
	} finally {
		await browser.close();
	}
}

main();
