/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "report/names.h"
#include "report/print.h"

char *name_size(char *buf, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	int u = 0;

	for (; v >= 999.5 && units[u + 1]; u++)
		v /= 1024;
	if (v < 9.95 && u && v != (double)(int)v)
		snprintf(buf, DAMON_UNITS_MAX, "%.1f%c", v, units[u]);
	else
		snprintf(buf, DAMON_UNITS_MAX, "%.0f%c", v, units[u]);
	return buf;
}

static void cut_suffix(char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	if (len > n && !strcmp(s + len - n, suffix))
		s[len - n] = '\0';
}

/* "libx.so.1.2" is "libx.so"; "python3.11" stays. */
static void cut_version(char *s)
{
	char *so = strstr(s, ".so.");

	if (so && strspn(so + 3, ".0123456789") == strlen(so + 3))
		so[3] = '\0';
}

static char *name_anonymous(char *buf, const struct damon_mapping_info *m)
{
	char size[DAMON_UNITS_MAX];

	snprintf(buf, NAME_MAX_LEN, "%s %s", m->prot & 8 ? "shared" : "anon",
		 name_size(size, m->end - m->start));
	return buf;
}

char *name_short(char *buf, const struct damon_mapping_info *m)
{
	const char *name = m->name ? m->name : "", *base;
	char clean[256];

	if (!*name)
		return name_anonymous(buf, m);
	if (!strncmp(name, "[anon:", 6)) {
		print_clean(buf, NAME_MAX_LEN, name + 6);
		cut_suffix(buf, "]");
		return buf;
	}
	base = *name == '/' ? strrchr(name, '/') + 1 : name;
	print_clean(clean, sizeof(clean), *base ? base : name);
	cut_suffix(clean, " (deleted)");
	cut_version(clean);
	for (size_t width = NAME_MAX_LEN - 1; strlen(clean) >= NAME_MAX_LEN; width /= 2)
		name_fit(clean, width); /* columns of up to 4 bytes each */
	return memcpy(buf, clean, strlen(clean) + 1);
}

/* The byte at which column 'n' begins. */
static char *column(char *s, size_t n)
{
	for (; *s; s++) {
		if ((*s & 0xc0) != 0x80 && !n--)
			break;
	}
	return s;
}

char *name_fit(char *name, size_t width)
{
	size_t have = print_width(name), tail;
	char *from, *to;

	if (have <= width)
		return name;
	if (width < 6)
		return print_cut(name, width);
	tail = width / 3;
	to = column(name, width - tail - 1);
	from = column(name, have - tail);
	*to++ = '~';
	memmove(to, from, strlen(from) + 1);
	return name;
}
