/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/annotate.h"
#include "report/disasm.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/reports.h"

#define FUNCTIONS_MAX 64		/* of one name */
#define CODE_MAX      ((size_t)1 << 20) /* bytes of one function */
#define LISTED	      6

struct annotate {
	struct touch x;
	const char *name;
	struct annotate_function *f;
	size_t nr, cap;
};

/* ---- collecting ---- */

static struct annotate_insn *get_insn(struct annotate_function *f, uint64_t vaddr)
{
	size_t lo = 0, hi = f->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->insns[mid].vaddr < vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < f->nr && f->insns[lo].vaddr == vaddr)
		return &f->insns[lo];
	if (vec_reserve(&f->insns, &f->cap, f->nr + 1, sizeof(*f->insns)))
		return NULL;
	memmove(&f->insns[lo + 1], &f->insns[lo], (f->nr++ - lo) * sizeof(*f->insns));
	f->insns[lo] = (struct annotate_insn){.vaddr = vaddr, .object = UINT32_MAX};
	return &f->insns[lo];
}

static struct annotate_function *get_function(struct annotate *n, struct symbol_file *file,
					      const struct symbol_code *code, const char *module)
{
	struct annotate_function *f;

	for (size_t i = 0; i < n->nr; i++) {
		if (n->f[i].file == file && n->f[i].start == code->start)
			return &n->f[i];
	}
	if (n->nr == FUNCTIONS_MAX || vec_reserve(&n->f, &n->cap, n->nr + 1, sizeof(*n->f)))
		return NULL;
	f = &n->f[n->nr++];
	*f = (struct annotate_function){.file = file,
					.name = code->function,
					.module = module,
					.start = code->start,
					.end = code->start + code->size};
	return f;
}

/* Is it the function that was asked for: by its name, or as "module+0x4f20", where it begins? */
static bool is_asked_for(const struct annotate *n, const struct symbol_code *code,
			 const char *module)
{
	char place[320];

	if (!strcmp(code->function, n->name))
		return true;
	snprintf(place, sizeof(place), "%.256s+0x%llx", module, (unsigned long long)code->start);
	return !strcmp(place, n->name);
}

/* The heaviest object is found among few: the last one that was heavier stays (Boyer and Moore). */
static void vote(struct annotate_insn *insn, uint32_t object, double weight)
{
	if (insn->object == object)
		insn->object_weight += weight;
	else if (weight >= insn->object_weight) {
		insn->object_weight = weight - insn->object_weight;
		insn->object = object;
	} else {
		insn->object_weight -= weight;
	}
}

static int on_access(void *priv, const struct damon_access_info *i)
{
	struct annotate *n = priv;
	struct annotate_function *f;
	struct annotate_insn *insn;
	struct symbol_file *file;
	struct attrib_sums s;
	struct symbol_code code;
	uint32_t id, object;
	uint64_t offset;

	if (!attrib_is_asked_for(n->x.attrib, i))
		return 0;
	if (attrib_find(n->x.attrib, i, &id, &object))
		return -ENOMEM;
	file = attrib_code_file(n->x.attrib, i, &offset);
	if (!file || !symbols_code(file, offset, false, &code) ||
	    !is_asked_for(n, &code, attrib_code(n->x.attrib, id)->module))
		return 0;
	f = get_function(n, file, &code, attrib_code(n->x.attrib, id)->module);
	insn = f ? get_insn(f, symbols_vaddr(file, offset)) : NULL;
	if (!insn)
		return f ? -ENOMEM : 0;
	s = attrib_sums_of(i);
	attrib_sums_add(&insn->sums, &s);
	attrib_sums_add(&f->sums, &s);
	vote(insn, object, s.weight);
	return 0;
}

static int collect(struct report_args *a, struct annotate *n)
{
	const struct damon_snapshot *s;
	int got = scan_rewind(a);

	if (got)
		return got;
	damon_record_set_log(a->rec, on_access, n);
	while ((got = scan_next(a, &s)) > 0)
		;
	damon_record_set_log(a->rec, NULL, NULL);
	return got == -EINTR ? damon_fail(&a->fail, ENOMEM, "out of memory") : got;
}

/* ---- decoding ---- */

static bool on_line(void *priv, uint64_t vaddr, uint64_t end, const char *file, unsigned line)
{
	struct annotate_function *f = priv;

	for (size_t i = 0; i < f->nr; i++) {
		struct annotate_insn *insn = &f->insns[i];

		if (insn->vaddr >= vaddr && insn->vaddr < end) {
			insn->file = file;
			insn->line = line;
		}
	}
	return true;
}

int annotate_decode(struct annotate_function *f)
{
	uint64_t last = f->nr ? f->insns[f->nr - 1].vaddr + 16 : f->start;
	size_t size = MIN((size_t)(MAX(f->end, last) - f->start), CODE_MAX), have;
	_cleanup_(freep) uint8_t *bytes = malloc(size + 1);
	unsigned machine = symbols_machine(f->file);
	char text[DISASM_MAX];

	if (!bytes)
		return -ENOMEM;
	if (f->end > f->start)
		size = MIN(size, (size_t)(f->end - f->start));
	have = symbols_bytes(f->file, f->start, bytes, size);
	for (size_t at = 0; at < have;) {
		uint64_t vaddr = f->start + at;
		size_t len = disasm(machine, bytes + at, have - at, vaddr, text);
		struct annotate_insn *insn = get_insn(f, vaddr);

		if (!insn)
			return -ENOMEM;
		insn->len = (unsigned)len;
		insn->text = strdup(text);
		if (!insn->text)
			return -ENOMEM;
		at += len;
	}
	symbols_lines(f->file, f->start, f->start + size, on_line, f);
	return 0;
}

/* ---- the report ---- */

static int by_weight(const void *x, const void *y)
{
	const struct annotate_function *f = x, *g = y;
	double a = f->sums.weight + f->sums.stall, b = g->sums.weight + g->sums.stall;

	return a > b ? -1 : a < b;
}

/* Without a name: the function with the most. NULL: none has one. */
static const char *hottest(struct report_args *a, const struct touch *x)
{
	_cleanup_(freep) struct touch_group *g = NULL;
	size_t n;

	if (touch_groups(a, x, TOUCH_CODE, &g, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct attrib_code *c = attrib_code(x->attrib, g[i].id);

		if (c->from != SYMBOL_UNKNOWN && c->from != SYMBOL_JIT)
			return c->function;
	}
	return NULL;
}

static int nothing_found(struct report_args *a, const struct touch *x)
{
	const char *best;
	char name[200];

	if (!a->function) {
		damon_fail(&a->fail, ENOENT, "no logged access is by a function of a file");
		damon_fail_remedy(&a->fail, "'report hotspots' shows what there is");
		return -ENOENT;
	}
	best = hottest(a, x);
	damon_fail(&a->fail, ENOENT, "no logged access is by a function '%.120s'", a->function);
	if (best)
		damon_fail_remedy(&a->fail, "the hottest is '%s'; 'report hotspots' lists them",
				  print_clean(name, sizeof(name), best));
	return -ENOENT;
}

static void say(struct report_args *a, const struct annotate *n)
{
	const struct annotate_function *f = &n->f[0];
	struct known share = touch_share(a, &n->x, &f->sums);
	char what[400], name[256], module[64], text[KNOWN_TEXT_MAX];

	snprintf(what, sizeof(what), "%s in %s",
		 name_fit(print_clean(name, sizeof(name), f->name), a->width),
		 print_clean(module, sizeof(module), f->module));
	touch_say(a, &n->x, what);
	print_line(a->out, a->width, 0, "it has %s of the accesses; shares below are of its own",
		   known_text(text, &share, KNOWN_PERCENT));
	if (!a->function)
		print_line(a->out, a->width, 0, "the hottest function, as none was named");
	for (size_t i = 1; i < MIN(n->nr, (size_t)LISTED); i++) {
		share = touch_share(a, &n->x, &n->f[i].sums);
		print_line(a->out, a->width, 2,
			   "another one of that name, with %s: report annotate '%s+0x%llx'",
			   known_value(text, &share, KNOWN_PERCENT),
			   print_clean(module, sizeof(module), n->f[i].module),
			   (unsigned long long)n->f[i].start);
	}
	if (n->nr > LISTED)
		print_line(a->out, a->width, 0, "and %zu more of that name", n->nr - LISTED);
}

static int make(struct report_args *a, struct annotate *n)
{
	struct attrib_options o = {.lines = false};
	int err = touch_load(a, o, 0, &n->x);

	if (err)
		return err;
	n->name = a->function ? a->function : n->x.any ? hottest(a, &n->x) : NULL;
	if (n->name)
		err = collect(a, n);
	if (err)
		return err;
	if (!n->nr)
		return nothing_found(a, &n->x);
	qsort(n->f, n->nr, sizeof(*n->f), by_weight);
	if (annotate_decode(&n->f[0]))
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	if (a->format == REPORT_TEXT)
		say(a, n);
	err = annotate_write(a, &n->x, &n->f[0]);
	if (err)
		return damon_fail(&a->fail, -err, "out of memory");
	if (a->format == REPORT_TEXT)
		touch_notes(a, &n->x);
	return 0;
}

int report_annotate(struct report_args *a)
{
	struct annotate n = {.nr = 0};
	int err = make(a, &n);

	for (size_t i = 0; i < n.nr; i++) {
		for (size_t k = 0; k < n.f[i].nr; k++)
			free(n.f[i].insns[k].text);
		free(n.f[i].insns);
	}
	free(n.f);
	touch_release(&n.x);
	return err;
}
