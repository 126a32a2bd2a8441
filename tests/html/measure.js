// SPDX-License-Identifier: GPL-2.0-or-later
// How quickly a page opens and zooms: measure.js FILE. Prints two numbers: milliseconds from the
// request to the first complete picture, and frames a second while the wheel zooms in and out.
'use strict';

const {Browser} = require('./browser.js');

const SECONDS = 3;

async function main() {
	const browser = new Browser();
	try {
		await (await browser.open(process.argv[2], {width: 1920, height: 1080})).close(); // the browser itself is up
		const page = await browser.open(process.argv[2], {width: 1920, height: 1080, still: false});
		const opened = await page.eval('app.openedMs');
		const frames = await page.eval(`new Promise(done => {
			const start = performance.now(), at = {ns: app.grid.from + 0.3 * (app.grid.to - app.grid.from), y: app.grid.height * 0.4};
			let n = 0;
			const frame = now => {
				if (now - start > ${SECONDS * 1000}) {
					done(n / (now - start) * 1000);
					return;
				}
				n++;
				const p = app.heatmap.plot(), v = app.view, box = app.heatmap.over.getBoundingClientRect();
				const x = box.left + p.x + (at.ns - v.t0) / (v.t1 - v.t0) * p.w, y = box.top + p.y + (at.y - v.y0) / (v.y1 - v.y0) * p.h;
				app.heatmap.over.dispatchEvent(new WheelEvent('wheel', {clientX: x, clientY: y, cancelable: true,
					deltaY: (now - start) % 1500 < 750 ? -60 : 60}));
				requestAnimationFrame(frame);
			};
			requestAnimationFrame(frame);
		})`);
		console.log(`${opened.toFixed(0)} ${frames.toFixed(1)}`);
	} finally {
		await browser.close();
	}
}

main();
