/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "action/refault.h"
#include "base/util.h"
#include "tests/kit/fake_pages.h"

#define PAGE DAMON_PAGE_SIZE
#define SEC  NS_PER_SEC

struct seen {
	double looked, back;
	int nr;
	size_t scheme;
};

static void on_look(void *priv, size_t scheme, double bytes, bool back)
{
	struct seen *s = priv;

	s->looked += bytes;
	s->back += back ? bytes : 0;
	s->nr++;
	s->scheme = scheme;
}

/* Pages [from, to) leave memory at 'now'. */
static void page_out(struct damon_refault *f, struct fake_pages *w, size_t scheme, int from, int to,
		     uint64_t now_ns)
{
	struct damon_action_range r = {FAKE_ADDR(from), FAKE_ADDR(to)};
	struct damon_refault_pick pick;
	struct damon_pagemap m;
	uint64_t bytes = 0;

	cr_assert_eq(damon_pagemap_open(&w->fake.sys, FAKE_PID, &m), 0);
	damon_refault_pick(f, FAKE_PID, &m, &r, 1, now_ns, &pick);
	damon_pagemap_close(&m);
	for (int i = from; i < to; i++) {
		if (!w->page[i].present || w->page[i].stuck)
			continue;
		w->page[i].present = false;
		w->page[i].swapped = true;
		bytes += PAGE;
	}
	damon_refault_note(f, scheme, FAKE_PID, &pick, bytes, now_ns);
}

static void come_back(struct fake_pages *w, int from, int to)
{
	for (int i = from; i < to; i++) {
		w->page[i].present = true;
		w->page[i].swapped = false;
	}
}

Test(refault, share_that_came_back)
{
	static const struct {
		const char *name;
		int back_from, back_to;
		double least, most;
	} rows[] = {
		{"none", 0, 0, 0, 0},
		{"all", 0, 2048, 1, 1},
		{"a quarter", 0, 512, .12, .38},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct fake_pages w;
		struct damon_refault *f;
		struct seen s = {0};

		fake_pages_init(&w, "2048p");
		f = damon_refault_new(&w.fake.sys, 1024);
		for (int at = 0; at < 2048; at += 64)
			page_out(f, &w, 3, at, at + 64, SEC);
		come_back(&w, rows[i].back_from, rows[i].back_to);
		cr_expect_eq(damon_refault_due_ns(f), 11 * SEC);
		damon_refault_look(f, 11 * SEC - 1, 10000, on_look, &s);
		cr_expect_eq(s.nr, 0, "%s: too early", rows[i].name);
		damon_refault_look(f, 11 * SEC, 10000, on_look, &s);
		/* all that was paged out is stood for */
		cr_expect_float_eq(s.looked, 2048. * PAGE, 1, "%s: %g", rows[i].name, s.looked);
		cr_expect(s.back / s.looked >= rows[i].least && s.back / s.looked <= rows[i].most,
			  "%s: %g", rows[i].name, s.back / s.looked);
		cr_expect_eq(s.scheme, 3);
		cr_expect_geq(s.nr, 64, "%d", s.nr);
		cr_expect_eq(damon_refault_due_ns(f), UINT64_MAX);
		cr_expect_eq(w.fake.nr_open, 0, "%s: %d open", rows[i].name, w.fake.nr_open);
		damon_refault_free(f);
	}
}

/* Pages that stayed, or were out before, were not paged out. */
/* The worst that can happen: at the time of the look all is out, for the tenth time. */
Test(refault, what_is_paged_out_again_came_back)
{
	static struct fake_pages w;
	struct damon_refault *f;
	struct seen s = {0};

	fake_pages_init(&w, "512p");
	f = damon_refault_new(&w.fake.sys, 1024);
	for (int round = 0; round < 10; round++) {
		come_back(&w, 0, 256); /* the other half is not needed */
		for (int at = 0; at < 512; at += 64)
			page_out(f, &w, 3, at, at + 64, (uint64_t)(round + 1) * SEC);
	}
	damon_refault_look(f, 11 * SEC, 10000, on_look, &s);
	cr_expect_float_eq(s.looked, 512. * PAGE, 1, "the first round: %g", s.looked);
	cr_expect_float_eq(s.back, 256. * PAGE, 64. * PAGE, "%g", s.back);
	damon_refault_free(f);
}

Test(refault, only_what_was_paged_out)
{
	static struct fake_pages w;
	struct damon_refault *f;
	struct seen s = {0};

	fake_pages_init(&w, "512s512k512p");
	f = damon_refault_new(&w.fake.sys, 1024);
	page_out(f, &w, 0, 0, 1024, SEC);
	cr_expect_eq(damon_refault_due_ns(f), UINT64_MAX);
	for (int at = 0; at < 1536; at += 256)
		page_out(f, &w, 0, at, at + 256, SEC);
	damon_refault_look(f, 11 * SEC, 10000, on_look, &s);
	cr_expect_float_eq(s.looked, 512. * PAGE, 1, "%g", s.looked);
	cr_expect_eq(s.back, 0);
	damon_refault_free(f);
}

Test(refault, of_another_address_space_nothing_is_told)
{
	static struct fake_pages w;
	struct damon_refault *f;
	struct seen s = {0};

	for (int exits = 0; exits < 2; exits++) {
		fake_pages_init(&w, "512p");
		f = damon_refault_new(&w.fake.sys, 1024);
		page_out(f, &w, 0, 0, 256, SEC);
		w.executed = !exits;
		w.exited = exits;
		come_back(&w, 0, 256); /* of whoever is there now */
		if (!exits)
			page_out(f, &w, 0, 256, 512, SEC);
		damon_refault_look(f, 11 * SEC, 10000, on_look, &s);
		cr_expect_float_eq(s.looked, exits ? 0 : 256. * PAGE, 1, "%g", s.looked);
		cr_expect_eq(s.back, 0);
		cr_expect_eq(w.fake.nr_open, 0);
		damon_refault_free(f);
		s = (struct seen){0};
	}
}

/* However much is paged out for however long, what waits fits, a little is looked at in one go, and
 * pages that are looked at stand for all of it: here all of them come back. */
Test(refault, bounded)
{
	static struct fake_pages w;
	struct damon_refault *f;
	struct seen s = {0};
	uint64_t now_ns = SEC;
	double out = 0;

	fake_pages_init(&w, "2048p");
	f = damon_refault_new(&w.fake.sys, 256);
	for (int i = 0; i < 3000; i++, now_ns += 20 * NS_PER_MS) {
		come_back(&w, 0, 2048);
		page_out(f, &w, 0, 0, 2048, now_ns);
		out += 2048. * PAGE;
		damon_refault_look(f, now_ns, 2, on_look, &s);
	}
	cr_expect_eq(w.fake.nr_open, 1);
	damon_refault_look(f, now_ns + 20 * SEC, 10000, on_look, &s);
	cr_expect(s.looked > .99 * out && s.looked <= out, "%g of %g", s.looked, out);
	cr_expect(s.back > .99 * s.looked, "%g of %g", s.back, s.looked);
	cr_expect(s.nr > 500 && s.nr < 1000, "%d", s.nr);
	damon_refault_free(f);
}

Test(refault, what_waits_at_the_end_is_let_go)
{
	static struct fake_pages w;
	struct damon_refault *f;

	fake_pages_init(&w, "512p");
	f = damon_refault_new(&w.fake.sys, 64);
	page_out(f, &w, 0, 0, 512, SEC);
	cr_expect_eq(w.fake.nr_open, 1);
	damon_refault_free(f);
	cr_expect_eq(w.fake.nr_open, 0);
	damon_refault_free(NULL);
}
