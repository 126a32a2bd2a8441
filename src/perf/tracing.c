/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/tracing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <traceevent/event-parse.h>

#include "base/util.h"
#include "perf/cursor.h"

static const uint8_t magic[] = {0x17, 0x08, 0x44, 't', 'r', 'a', 'c', 'i', 'n', 'g'};

static uint64_t take_number(struct cursor *r, size_t bytes)
{
	const uint8_t *p = take(r, bytes);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, bytes); /* of this byte order: the header says so */
	return v;
}

/* A text that ends with a NUL. */
static const char *take_text(struct cursor *r)
{
	const uint8_t *end = r->bad ? NULL : memchr(r->p, '\0', (size_t)(r->end - r->p));

	if (!end) {
		r->bad = true;
		return "";
	}
	return (const char *)take(r, (uint64_t)(end + 1 - r->p));
}

/* Something with its size in front. */
static struct cursor take_block(struct cursor *r)
{
	uint64_t n = take_number(r, 8);
	const uint8_t *p = take(r, n);

	return (struct cursor){.p = p, .end = p ? p + n : p, .bad = !p};
}

/* A header: the text that names it and its block. */
static void skip_header(struct cursor *r, const char *name)
{
	if (strcmp(take_text(r), name) != 0)
		r->bad = true;
	take_block(r);
}

/* Is this the format of the tracepoint 'name'? Its first line says it. */
static bool is_format_of(const struct cursor *format, const char *name)
{
	const char *text = (const char *)format->p;
	size_t len = (size_t)(format->end - format->p), n = strlen(name);

	return len > 6 + n && !memcmp(text, "name: ", 6) && !memcmp(text + 6, name, n) &&
	       text[6 + n] == '\n';
}

/* Goes to the format of the tracepoint. 1, 0: it is not there, or -errno. */
static int find_format(struct cursor *r, const struct damon_trace_event *e, struct cursor *out)
{
	uint32_t nr_systems, count;

	for (count = (uint32_t)take_number(r, 4); count && !r->bad; count--)
		take_block(r); /* of ftrace's own events */
	for (nr_systems = (uint32_t)take_number(r, 4); nr_systems && !r->bad; nr_systems--) {
		bool is_ours = !strcmp(take_text(r), e->system);

		for (count = (uint32_t)take_number(r, 4); count && !r->bad; count--) {
			struct cursor format = take_block(r);

			if (!is_ours || format.bad || !is_format_of(&format, e->name))
				continue;
			*out = format;
			return 1;
		}
	}
	return r->bad ? -EBADMSG : 0;
}

static void find_fields(struct tep_event *ev, struct damon_trace_event *e)
{
	e->id = (uint64_t)ev->id;
	for (size_t i = 0; i < e->nr_fields; i++) {
		struct tep_format_field *f = tep_find_field(ev, e->fields[i]);

		e->found[i] = (struct damon_trace_field){0, 0};
		if (f && f->offset >= 0 && f->size > 0 && f->size <= 8)
			e->found[i] =
				(struct damon_trace_field){(uint32_t)f->offset, (uint32_t)f->size};
	}
}

/* "unsigned long start": words, of which the last is a name. */
static bool is_declaration(const char *s)
{
	size_t n = strlen(s);

	return n && s[0] != ' ' && s[n - 1] != ' ' && strchr(s, ' ') && !strstr(s, "  ") &&
	       !(s[0] >= '0' && s[0] <= '9') && !strpbrk(strrchr(s, ' ') + 1, "0123456789");
}

static bool is_wanted(const struct damon_trace_event *e, const char *name)
{
	for (size_t i = 0; i < e->nr_fields; i++) {
		if (!strcmp(e->fields[i], name))
			return true;
	}
	return false;
}

/* Goes behind a line, and copies it. False at the end. */
static bool next_line(struct cursor *r, char *line, size_t size)
{
	const uint8_t *end = memchr(r->p, '\n', (size_t)(r->end - r->p));
	size_t n = (size_t)((end ? end : r->end) - r->p);

	if (r->p == r->end)
		return false;
	snprintf(line, size, "%.*s", (int)MIN(n, size - 1), (const char *)r->p);
	r->p += n + !!end;
	return true;
}

/*
 * The format with nothing in it but the fields that are wanted, in the kernel's own shape: the
 * parser loses memory at some of what is in no shape, and how it is printed is of no use here. The
 * caller frees it.
 */
static char *clean_format(const struct cursor *format, const struct damon_trace_event *e,
			  size_t *len)
{
	char line[256], decl[128], *text = NULL;
	struct cursor r = *format;
	unsigned int id = 0, offset, size, is_signed;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	while (next_line(&r, line, sizeof(line)) && strncmp(line, "print fmt", 9) != 0) {
		if (sscanf(line, "ID: %9u", &id) == 1)
			fprintf(out,
				"name: %s\nID: %u\nformat:\n"
				"\tfield:unsigned short common_type;\toffset:0;\tsize:2;"
				"\tsigned:0;\n\n",
				e->name, id);
		if (id &&
		    sscanf(line,
			   " field:%127[a-z_ ];%*[ \t]offset:%6u;%*[ \t]size:%6u;"
			   "%*[ \t]signed:%1u;",
			   decl, &offset, &size, &is_signed) == 4 &&
		    is_declaration(decl) && is_wanted(e, strrchr(decl, ' ') + 1))
			fprintf(out, "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:%u;\n", decl,
				offset, size, is_signed);
	}
	fprintf(out, "\nprint fmt: \"\"\n");
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int parse_format(const struct cursor *format, struct damon_trace_event *e)
{
	struct tep_handle *tep = tep_alloc();
	_cleanup_(freep) char *text = NULL;
	struct tep_event *ev = NULL;
	size_t len = 0;
	int err = tep ? -EBADMSG : -ENOMEM;

	text = clean_format(format, e, &len);
	tep_set_loglevel(TEP_LOG_NONE); /* a library does not print */
	if (tep && text && !tep_parse_event(tep, text, len, e->system))
		ev = tep_find_event_by_name(tep, e->system, e->name);
	if (ev) {
		find_fields(ev, e);
		err = 1;
	}
	tep_free(tep);
	return err;
}

int damon_tracing_find(const uint8_t *data, size_t len, struct damon_trace_event *e)
{
	struct cursor r = {.p = data, .end = data + len}, format;
	const uint8_t *head = take(&r, sizeof(magic)), *kind;
	int found;

	if (!head || memcmp(head, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	take_text(&r); /* its version */
	kind = take(&r, 2);
	take_number(&r, 4); /* the size of pages */
	if (!kind)
		return -EBADMSG;
	if (kind[0] || kind[1] != 8)
		return -ENOTSUP;
	skip_header(&r, "header_page");
	skip_header(&r, "header_event");
	found = find_format(&r, e, &format);
	return found > 0 ? parse_format(&format, e) : found;
}

uint64_t damon_trace_number(const uint8_t *raw, uint32_t raw_len, const struct damon_trace_field *f)
{
	uint64_t v = 0;

	if (f->size <= sizeof(v) && f->offset <= raw_len && f->size <= raw_len - f->offset)
		memcpy(&v, raw + f->offset, f->size);
	return v;
}
