/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/options/option.h"

#define NAME_MAX_LEN 48

struct parser {
	const struct option_row *rows;
	void *values;
	struct option_line *line;
	struct damon_fail *fail;
	char **next;	 /* argument to look at */
	char **operands; /* where the next operand goes */
};

void option_pids_release(struct option_pids *p)
{
	free(p->pids);
	*p = (struct option_pids){0};
}

void option_words_release(struct option_words *w)
{
	for (size_t i = 0; i < w->nr; i++)
		free(w->uses[i].words);
	free(w->uses);
	*w = (struct option_words){0};
}

static bool is_open_ended(const struct option_row *row)
{
	return row->type == OPT_WORDS && row->arg && strstr(row->arg, "...");
}

int option_nr_args(const struct option_row *row)
{
	int n = 1;

	if (row->type == OPT_FLAG || (row->type == OPT_WORDS && !row->arg))
		return 0;
	if (is_open_ended(row))
		return 1;
	for (const char *p = row->arg; p && *p; p++)
		n += *p == ' ';
	return n;
}

const char *option_word(const struct option_row *row, size_t i, size_t *len)
{
	const char *p = row->word ? row->word(i) : row->choices;

	if (!p)
		return NULL;
	if (row->word) {
		*len = strlen(p);
		return p;
	}
	for (; i; i--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	*len = strcspn(p, " ");
	return *len ? p : NULL;
}

/* ---- values ---- */

static int parse_choice(const struct option_row *row, const char *s, int *choice)
{
	const char *word;
	size_t len;

	for (size_t i = 0; (word = option_word(row, i, &len)); i++) {
		if (strlen(s) != len || strncmp(s, word, len))
			continue;
		*choice = (int)i;
		return 0;
	}
	return -EINVAL;
}

static int parse_pids(const char *s, struct option_pids *pids)
{
	while (*s) {
		size_t len = strcspn(s, ",");
		char text[16];
		uint64_t pid;
		int err;

		if (!len || len >= sizeof(text))
			return -EINVAL;
		memcpy(text, s, len);
		text[len] = '\0';
		if (damon_parse_u64(text, &pid) || !pid || pid > INT32_MAX)
			return -EINVAL;
		err = vec_reserve(&pids->pids, &pids->cap, pids->nr + 1, sizeof(*pids->pids));
		if (err)
			return err;
		pids->pids[pids->nr++] = (int)pid;
		s += len;
		if (*s == ',' && !*++s)
			return -EINVAL; /* "1," */
	}
	return 0;
}

static int parse_percent(const char *s, double *percent)
{
	double ratio;

	if (!strpbrk(s, "%bp"))
		return damon_parse_double(s, percent);
	if (damon_parse_ratio(s, &ratio))
		return -EINVAL;
	*percent = ratio * 100;
	return 0;
}

static int parse_address(const char *s, uint64_t *addr)
{
	return strpbrk(s, "xX") ? damon_parse_u64(s, addr) : damon_parse_bytes(s, addr);
}

/* "A-B" or "80x20": two values around the last 'sep'. */
static int parse_pair(const struct option_row *row, const char *s, char sep, uint64_t pair[2])
{
	const char *at = strrchr(s, sep);
	uint64_t v[2];

	if (!at)
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		_cleanup_(freep) char *text = i ? strdup(at + 1) : strndup(s, (size_t)(at - s));
		int err;

		if (!text)
			return -ENOMEM;
		if (row->type == OPT_TIME_RANGE)
			err = damon_parse_time(text, row->base_ns, &v[i]);
		else if (row->type == OPT_ADDR_RANGE)
			err = parse_address(text, &v[i]);
		else
			err = damon_parse_u64(text, &v[i]);
		if (err)
			return err;
	}
	if (row->type == OPT_GRID ? !v[0] || !v[1] || MAX(v[0], v[1]) > UINT16_MAX : v[0] >= v[1])
		return -EINVAL;
	memcpy(pair, v, sizeof(v));
	return 0;
}

/* Names of marks are looked up in the record: "mark:NAME", and whatever has "..". */
static int parse_time_range(const struct option_row *row, const char *s,
			    struct option_time_range *range)
{
	bool is_mark = !strncmp(s, "mark:", 5);
	struct option_time_range r = {.marks = s + (is_mark ? 5 : 0)};
	int err;

	if (!is_mark && !strstr(s, "..")) {
		r.marks = NULL;
		err = parse_pair(row, s, '-', r.ns);
		if (err)
			return err;
	} else if (!*r.marks || !strcmp(r.marks, "..")) {
		return -EINVAL;
	}
	*range = r;
	return 0;
}

static int parse_value(const struct option_row *row, const char *s, void *value)
{
	switch (row->type) {
	case OPT_FLAG:
		*(bool *)value = true;
		return 0;
	case OPT_STR:
		*(const char **)value = s;
		return *s ? 0 : -EINVAL;
	case OPT_TIME:
		return damon_parse_time(s, row->base_ns, value);
	case OPT_COUNT:
		return damon_parse_u64(s, value);
	case OPT_BYTES:
		return parse_address(s, value);
	case OPT_DOUBLE:
		return damon_parse_double(s, value);
	case OPT_PERCENT:
		return parse_percent(s, value);
	case OPT_CHOICE:
		return parse_choice(row, s, value);
	case OPT_PIDS:
		return parse_pids(s, value);
	case OPT_ADDR_RANGE:
		return parse_pair(row, s, '-', value);
	case OPT_TIME_RANGE:
		return parse_time_range(row, s, value);
	case OPT_GRID:
		return parse_pair(row, s, 'x', value);
	case OPT_WORDS:
		break; /* take_words() */
	}
	return -EINVAL;
}

static size_t value_size(const struct option_row *row)
{
	return row->type == OPT_DOUBLE || row->type == OPT_PERCENT ? sizeof(double)
								   : sizeof(uint64_t);
}

union number {
	uint64_t u;
	double d;
};

static bool below(const struct option_row *row, union number a, union number b)
{
	if (row->type == OPT_DOUBLE || row->type == OPT_PERCENT)
		return a.d < b.d;
	return a.u < b.u;
}

/* 1: the number at 'value' is outside the row's range. A range that cannot be read is a bug of the
 * table: -EINVAL. */
static int outside(const struct option_row *row, const void *value)
{
	const char *dots = strstr(row->range, "..");
	union number v, lo, hi;
	char text[32];

	if (!dots || (size_t)(dots - row->range) >= sizeof(text))
		return -EINVAL;
	memcpy(text, row->range, (size_t)(dots - row->range));
	text[dots - row->range] = '\0';
	if (parse_value(row, text, &lo) || parse_value(row, dots + 2, &hi))
		return -EINVAL;
	memcpy(&v, value, sizeof(v));
	return below(row, v, lo) || below(row, hi, v);
}

/* ---- sentences ---- */

/* "--name" */
struct spelled {
	char text[NAME_MAX_LEN];
};

static struct spelled spell(const struct option_row *row)
{
	struct spelled s;

	snprintf(s.text, sizeof(s.text), "--%s", row->name);
	return s;
}

static const char *type_words(const struct option_row *row)
{
	switch (row->type) {
	case OPT_TIME:
		return "a time such as '100 ms' or '1.5 s'";
	case OPT_COUNT:
		return "a whole number";
	case OPT_BYTES:
		return "a size such as '4 KiB'";
	case OPT_DOUBLE:
		return "a number";
	case OPT_PERCENT:
		return "a percentage";
	case OPT_PIDS:
		return "process ids separated by commas";
	case OPT_ADDR_RANGE:
		return "START-END, such as '0x1000-0x2000' or '4M-8M', with START below END; "
		       "addresses of reports want a '0x' in front";
	case OPT_TIME_RANGE:
		return "FROM-TO, such as '1s-2.5s', with FROM before TO, or marks, such as "
		       "'mark:NAME' or 'NAME..NAME'";
	case OPT_GRID:
		return "columns and rows such as '80x20'";
	default:
		return row->arg ? row->arg : "a value";
	}
}

/* "give ..." or "choose from ...", after a sentence of what is wrong. */
static int add_remedy(struct parser *p, const struct option_row *row)
{
	char words[200] = "";
	const char *word;
	size_t len, used = 0;

	for (size_t i = 0; row->type == OPT_CHOICE && (word = option_word(row, i, &len)); i++) {
		if (used + len + 3 > sizeof(words))
			break;
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%.*s",
					 i ? ", " : "", (int)len, word);
	}
	if (used)
		damon_fail_remedy(p->fail, "choose from %s", words);
	else
		damon_fail_remedy(p->fail, "give %s", type_words(row));
	return -EINVAL;
}

static int refuse_value(struct parser *p, const struct option_row *row, const char *s, int err)
{
	if (err == -ENOMEM)
		return damon_fail(p->fail, ENOMEM, "out of memory");
	if (err == -ERANGE)
		damon_fail(p->fail, EINVAL, "'%.80s' is too large for '%s'", s, spell(row).text);
	else
		damon_fail(p->fail, EINVAL, "'%.80s' is no value of '%s'", s, spell(row).text);
	return add_remedy(p, row);
}

static int refuse_range(struct parser *p, const struct option_row *row, const char *s)
{
	const char *dots = strstr(row->range, "..");

	damon_fail(p->fail, EINVAL, "'%.80s' is out of range for '%s'", s, spell(row).text);
	damon_fail_remedy(p->fail, "give %.*s to %s", (int)(dots - row->range), row->range,
			  dots + 2);
	return -EINVAL;
}

/* The i-th of a row's long names: its own, then the aliases. False beyond the last. */
static bool name_of(const struct option_row *row, int i, char name[NAME_MAX_LEN])
{
	const char *p = i ? row->aliases : row->name;

	for (; p && i > 1; i--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	if (!p || !*p)
		return false;
	snprintf(name, NAME_MAX_LEN, "%.*s", (int)strcspn(p, " "), p);
	return true;
}

static int refuse_unknown(struct parser *p, const char *wrong)
{
	char known[NAME_MAX_LEN];
	struct name_near near;

	name_near_init(&near, wrong);
	for (const struct option_row *r = p->rows; r->name; r++) {
		int before = near.distance;

		for (int i = 0; name_of(r, i, known); i++)
			name_near_add(&near, known);
		if (near.distance < before)
			near.best = r->name; /* not an alias, nor this loop's buffer */
	}
	damon_fail(p->fail, EINVAL, "unknown option '--%.80s'", wrong);
	if (near.best)
		damon_fail_remedy(p->fail, "did you mean '--%s'?", near.best);
	return -EINVAL;
}

/* ---- the line ---- */

static int set_value(struct parser *p, const struct option_row *row, const char *s, int i)
{
	char *value = (char *)p->values + row->offset + (size_t)i * value_size(row);
	int err = parse_value(row, s, value);

	if (err)
		return refuse_value(p, row, s, err);
	if (!row->range)
		return 0;
	err = outside(row, value);
	if (err < 0)
		return damon_fail(p->fail, EINVAL, "'%s' has a bad range", spell(row).text);
	return err ? refuse_range(p, row, s) : 0;
}

static int refuse_missing(struct parser *p, const struct option_row *row)
{
	damon_fail(p->fail, EINVAL, "'%s' needs %s", spell(row).text,
		   option_nr_args(row) > 1 || is_open_ended(row) ? row->arg : "a value");
	return add_remedy(p, row);
}

/* Words that follow and are no options; 'enough': not more of them. */
static size_t count_words(char *const *next, size_t enough)
{
	size_t n = 0;

	while (n < enough && next[n] && (next[n][0] != '-' || !next[n][1]))
		n++;
	return n;
}

/* They are copied, as operands are moved to argv's front. */
static int take_words(struct parser *p, const struct option_row *row, char *attached)
{
	struct option_words *w = (void *)((char *)p->values + row->offset);
	size_t need = (size_t)option_nr_args(row), have = attached ? 1 : 0, more;
	struct option_use *use;

	if (!need && attached)
		return damon_fail(p->fail, EINVAL, "'%s' takes no value", spell(row).text);
	more = count_words(p->next, is_open_ended(row) ? attached ? 0 : SIZE_MAX : need - have);
	if (have + more < need)
		return refuse_missing(p, row);
	if (vec_reserve(&w->uses, &w->cap, w->nr + 1, sizeof(*w->uses)))
		return damon_fail(p->fail, ENOMEM, "out of memory");
	use = &w->uses[w->nr];
	*use = (struct option_use){row, calloc(have + more + 1, sizeof(char *)), have + more};
	if (!use->words)
		return damon_fail(p->fail, ENOMEM, "out of memory");
	w->nr++;
	if (attached)
		use->words[0] = attached;
	memcpy(use->words + have, p->next, more * sizeof(char *));
	p->next += more;
	p->line->given |= (option_bits)1 << (row - p->rows);
	return 0;
}

/* 'attached': the value that came with the name, or NULL. */
static int take(struct parser *p, const struct option_row *row, char *attached)
{
	int n = option_nr_args(row);

	if (row->type == OPT_WORDS)
		return take_words(p, row, attached);
	if (!n && attached)
		return damon_fail(p->fail, EINVAL, "'%s' takes no value", spell(row).text);
	if (!n)
		parse_value(row, "", (char *)p->values + row->offset);
	for (int i = 0; i < n; i++) {
		const char *s = i || !attached ? *p->next : attached;
		int err;

		if (!s || (s == *p->next && !strcmp(s, "--")))
			return refuse_missing(p, row);
		if (s == *p->next)
			p->next++;
		err = set_value(p, row, s, i);
		if (err)
			return err;
	}
	p->line->given |= (option_bits)1 << (row - p->rows);
	return 0;
}

static bool is_name_of(const struct option_row *row, const char *name)
{
	char known[NAME_MAX_LEN];

	for (int i = 0; name_of(row, i, known); i++) {
		if (name_equal(name, known))
			return true;
	}
	return false;
}

static int take_long(struct parser *p, char *arg)
{
	size_t len = strcspn(arg, "=");
	_cleanup_(freep) char *name = strndup(arg, len);

	if (!name)
		return damon_fail(p->fail, ENOMEM, "out of memory");
	if (!strcmp(arg, "help")) {
		p->line->help = true;
		return 0;
	}
	for (const struct option_row *r = p->rows; r->name; r++) {
		if (is_name_of(r, name))
			return take(p, r, arg[len] ? arg + len + 1 : NULL);
	}
	return refuse_unknown(p, name);
}

/* One letter of "-xyz". Returns letters used, or -errno. */
static int take_letter(struct parser *p, char *letters)
{
	char *rest = letters[1] ? letters + 1 : NULL;

	if (*letters == 'h') {
		p->line->help = true;
		return 1;
	}
	for (const struct option_row *r = p->rows; r->name; r++) {
		bool flag = r->type == OPT_FLAG;
		int err;

		if (r->letter != *letters)
			continue;
		err = take(p, r, flag ? NULL : rest);
		return err ? err : flag ? 1 : (int)strlen(letters);
	}
	return damon_fail(p->fail, EINVAL, "unknown option '-%c'", *letters);
}

static int take_letters(struct parser *p, char *letters)
{
	while (*letters && !p->line->help) {
		int used = take_letter(p, letters);

		if (used < 0)
			return used;
		letters += used;
	}
	return 0;
}

static int refuse_group(struct parser *p, const struct option_row *a, const struct option_row *b)
{
	damon_fail(p->fail, EINVAL, "'--%s' and '--%s' exclude each other", a->name, b->name);
	damon_fail_remedy(p->fail, "give one of them");
	return -EINVAL;
}

static int check_groups(struct parser *p)
{
	option_bits given = p->line->given;

	for (const struct option_row *a = p->rows; a->name; a++) {
		bool is_given = given >> (a - p->rows) & 1, found = is_given;

		for (const struct option_row *b = p->rows; a->group && b->name; b++) {
			if (b == a || !(b->group & a->group) || !(given >> (b - p->rows) & 1))
				continue;
			if (is_given)
				return refuse_group(p, a, b);
			found = true;
		}
		if (!a->required || found)
			continue;
		damon_fail(p->fail, EINVAL, "'--%s' is missing", a->name);
		damon_fail_remedy(p->fail, "add '--%s %s'", a->name, a->arg);
		return -EINVAL;
	}
	return 0;
}

static int set_defaults(struct parser *p)
{
	for (const struct option_row *r = p->rows; r->name; r++) {
		int err = r->def ? set_value(p, r, r->def, 0) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int parse_all(struct parser *p, bool leading)
{
	bool options = true;

	while (*p->next && !p->line->help) {
		char *arg = *p->next++;
		int err = 0;

		if (!options || arg[0] != '-' || !arg[1]) {
			*p->operands++ = arg;
			options = options && !leading;
		} else if (!strcmp(arg, "--")) {
			options = false;
		} else {
			err = arg[1] == '-' ? take_long(p, arg + 2) : take_letters(p, arg + 1);
		}
		if (err)
			return err;
	}
	return 0;
}

int option_parse(const struct option_row *rows, void *values, char **argv, bool leading,
		 struct option_line *line, struct damon_fail *fail)
{
	struct parser p = {
		.rows = rows,
		.values = values,
		.line = line,
		.fail = fail,
		.next = argv,
		.operands = argv,
	};
	int err;

	*line = (struct option_line){.operands = argv};
	err = set_defaults(&p);
	if (!err)
		err = parse_all(&p, leading);
	if (err || line->help)
		return err;
	line->nr_operands = (int)(p.operands - argv);
	*p.operands = NULL;
	return check_groups(&p);
}

bool option_given(const struct option_row *rows, const struct option_line *line, const char *name)
{
	for (const struct option_row *r = rows; r->name; r++) {
		if (!strcmp(r->name, name))
			return line->given >> (r - rows) & 1;
	}
	return false;
}
