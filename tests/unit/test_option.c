/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/help/help.h"
#include "cli/options/option.h"

struct values {
	const char *file;
	uint64_t time_ns, times_ns[3], count, addr[2], grid[2];
	struct option_time_range when;
	double rate, percent;
	int choice;
	bool quiet, loud;
	struct option_pids pids;
	uint64_t bytes;
	struct option_words words;
};

#define AT(field) offsetof(struct values, field)

static const struct option_row rows[] = {
	{.name = "output",
	 .letter = 'o',
	 .type = OPT_STR,
	 .offset = AT(file),
	 .arg = "FILE",
	 .def = "x.data",
	 .aliases = "out output-file",
	 .help = "a file"},
	{.name = "time",
	 .type = OPT_TIME,
	 .offset = AT(time_ns),
	 .arg = "TIME",
	 .def = "2",
	 .range = "1 ms..10 s",
	 .base_ns = NS_PER_SEC,
	 .help = "a time"},
	{.name = "all-three-times",
	 .type = OPT_TIME,
	 .offset = AT(times_ns),
	 .arg = "A B C",
	 .base_ns = NS_PER_US,
	 .help = "times"},
	{.name = "count",
	 .letter = 'n',
	 .type = OPT_COUNT,
	 .offset = AT(count),
	 .arg = "N",
	 .range = "3..100",
	 .help = "a count"},
	{.name = "rate",
	 .type = OPT_DOUBLE,
	 .offset = AT(rate),
	 .arg = "HZ",
	 .group = 1,
	 .help = "a rate"},
	{.name = "overhead",
	 .type = OPT_PERCENT,
	 .offset = AT(percent),
	 .arg = "PCT",
	 .def = "1",
	 .range = "0.001..50",
	 .group = 1,
	 .help = "a percentage"},
	{.name = "format",
	 .type = OPT_CHOICE,
	 .offset = AT(choice),
	 .choices = "text json csv",
	 .def = "json",
	 .help = "a word"},
	{.name = "pid",
	 .letter = 'p',
	 .type = OPT_PIDS,
	 .offset = AT(pids),
	 .arg = "PID[,PID...]",
	 .aliases = "target-pid",
	 .help = "processes"},
	{.name = "address-range",
	 .type = OPT_ADDR_RANGE,
	 .offset = AT(addr),
	 .arg = "A-B",
	 .help = "addresses"},
	{.name = "time-range",
	 .type = OPT_TIME_RANGE,
	 .offset = AT(when),
	 .arg = "A-B",
	 .base_ns = NS_PER_SEC,
	 .help = "times"},
	{.name = "resol", .type = OPT_GRID, .offset = AT(grid), .arg = "TxA", .help = "cells"},
	{.name = "bytes", .type = OPT_BYTES, .offset = AT(bytes), .arg = "SIZE", .help = "bytes"},
	{.name = "age", .type = OPT_WORDS, .offset = AT(words), .arg = "MIN MAX", .help = "two"},
	{.name = "next", .type = OPT_WORDS, .offset = AT(words), .help = "none"},
	{.name = "filter",
	 .letter = 'F',
	 .type = OPT_WORDS,
	 .offset = AT(words),
	 .arg = "TYPE...",
	 .help = "some"},
	{.name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = AT(quiet), .help = "a flag"},
	{.name = "loud", .letter = 'l', .type = OPT_FLAG, .offset = AT(loud), .help = "a flag"},
	{0},
};

#define MAX_ARGS 12

/* Parses words that are separated by '|' ("" is no word at all). 'line' points into static words.
 */
static int parse(const char *words, bool leading, struct values *v, struct option_line *line,
		 struct damon_fail *fail)
{
	static char text[400];
	static char *argv[MAX_ARGS + 1];
	int argc = 0;

	*v = (struct values){0};
	*fail = (struct damon_fail){0};
	snprintf(text, sizeof(text), "%s", words);
	for (char *p = text; *words && p && argc < MAX_ARGS;) {
		argv[argc++] = p;
		p = strchr(p, '|');
		if (p)
			*p++ = '\0';
	}
	argv[argc] = NULL;
	return option_parse(rows, v, argv, leading, line, fail);
}

/* Values as text, in the order of the struct; what is as by default is left out. */
static const char *show(const struct values *v)
{
	static char s[400];
	size_t n = 0;

#define SHOW(cond, ...)                                                                            \
	do {                                                                                       \
		if (cond)                                                                          \
			n += (size_t)snprintf(s + n, sizeof(s) - n, __VA_ARGS__);                  \
	} while (0)
	s[0] = '\0';
	SHOW(strcmp(v->file, "x.data"), "file=%s ", v->file);
	SHOW(v->time_ns != 2 * NS_PER_SEC, "time=%llu ", (unsigned long long)v->time_ns);
	SHOW(v->times_ns[2], "times=%llu,%llu,%llu ", (unsigned long long)v->times_ns[0],
	     (unsigned long long)v->times_ns[1], (unsigned long long)v->times_ns[2]);
	SHOW(v->count, "count=%llu ", (unsigned long long)v->count);
	SHOW(v->addr[1], "addr=%llx-%llx ", (unsigned long long)v->addr[0],
	     (unsigned long long)v->addr[1]);
	SHOW(v->when.ns[1], "when=%llu-%llu ", (unsigned long long)v->when.ns[0],
	     (unsigned long long)v->when.ns[1]);
	SHOW(v->when.marks, "marks=%s ", v->when.marks);
	SHOW(v->grid[1], "grid=%llux%llu ", (unsigned long long)v->grid[0],
	     (unsigned long long)v->grid[1]);
	SHOW(v->rate != 0, "rate=%g ", v->rate);
	SHOW(v->percent != 1, "percent=%g ", v->percent);
	SHOW(v->choice != 1, "choice=%d ", v->choice);
	SHOW(v->quiet, "quiet ");
	SHOW(v->loud, "loud ");
	for (size_t i = 0; i < v->pids.nr; i++)
		SHOW(true, "pid=%d ", v->pids.pids[i]);
	SHOW(v->bytes, "bytes=%llu ", (unsigned long long)v->bytes);
	for (size_t i = 0; i < v->words.nr; i++) {
		SHOW(true, "%s(", v->words.uses[i].row->name);
		for (char **w = v->words.uses[i].words; *w; w++)
			SHOW(true, "%s%s", *w, w[1] ? "," : "");
		SHOW(true, ") ");
	}
#undef SHOW
	if (n)
		s[n - 1] = '\0';
	return s;
}

Test(option, values_are_read)
{
	static const struct {
		const char *words, *want;
	} table[] = {
		{"", ""},
		{"--output|a", "file=a"},
		{"--output=a=b", "file=a=b"},
		{"--out|a", "file=a"},
		{"--output_file=a", "file=a"},
		{"-o|a", "file=a"},
		{"-oa", "file=a"},
		{"-ql|-oa", "file=a quiet loud"},
		{"-qoa", "file=a quiet"},
		{"-qo|a", "file=a quiet"},
		{"-o|-q", "file=-q"}, /* an option that needs a value takes what follows */
		{"-o|a|-o|b", "file=b"},
		{"--time|5", "time=5000000000"},
		{"--time|1 s 500 ms", "time=1500000000"},
		{"--time=10 s", "time=10000000000"},
		{"--all-three-times|5ms|100ms|1s", "times=5000000,100000000,1000000000"},
		{"--all_three_times|5000|7|9", "times=5000000,7000,9000"},
		{"--all_three-times=5|7|9|--quiet", "times=5000,7000,9000 quiet"},
		{"--count|3", "count=3"},
		{"-n|1,00", "count=100"},
		{"--rate|-1.5", "rate=-1.5"},
		{"--overhead|0.5", "percent=0.5"},
		{"--overhead|0.5%", "percent=0.5"},
		{"--overhead|200 bp", "percent=2"},
		{"--format|text", "choice=0"},
		{"--format=csv", "choice=2"},
		{"-p|1,22,333", "pid=1 pid=22 pid=333"},
		{"-p1|--target_pid|2", "pid=1 pid=2"},
		{"--address-range|0x1000-0x20fF", "addr=1000-20ff"},
		{"--address_range|4M-1G", "addr=400000-40000000"},
		{"--address-range|4,096-8,192", "addr=1000-2000"},
		{"--time-range|1-2.5", "when=1000000000-2500000000"},
		{"--time_range=0-1 m", "when=0-60000000000"},
		{"--time-range|mark:a-b", "marks=a-b"},
		{"--time-range|mark:1s..x", "marks=1s..x"},
		{"--time-range|1s..2s", "marks=1s..2s"},
		{"--time-range|load..", "marks=load.."},
		{"--time-range|1s-2s|--time-range|..load", "marks=..load"},
		{"--time-range|..load|--time-range|1s-2s", "when=1000000000-2000000000"},
		{"--resol|80x20", "grid=80x20"},
		{"--bytes|4 KiB", "bytes=4096"},
		{"--bytes=0x1000", "bytes=4096"},
		/* words repeat, and keep the order of the line */
		{"--age|1|max", "age(1,max)"},
		{"--age=1|max|--quiet", "quiet age(1,max)"},
		{"--filter|a", "filter(a)"},
		{"--filter|a|b|c|-q|--age|1|2|-F|d|e", "quiet filter(a,b,c) age(1,2) filter(d,e)"},
		{"-Fa|--age|1|2", "filter(a) age(1,2)"},
		{"--filter|-|--", "filter(-)"},
		{"--next|--filter|a|--next", "next() filter(a) next()"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct option_line line;
		struct damon_fail fail;
		struct values v;
		int err = parse(table[i].words, false, &v, &line, &fail);

		cr_expect_eq(err, 0, "'%s': %s", table[i].words, fail.text);
		cr_expect_str_eq(err ? "" : show(&v), table[i].want, "'%s' is '%s'", table[i].words,
				 show(&v));
		cr_expect_eq(line.nr_operands, 0, "'%s'", table[i].words);
		option_pids_release(&v.pids);
		option_words_release(&v.words);
	}
}

Test(option, mistakes_get_a_sentence_and_a_remedy)
{
	static const struct {
		const char *words, *text, *remedy;
	} table[] = {
		{"--ouptut|a", "unknown option '--ouptut'", "did you mean '--output'?"},
		{"--outp|a", "unknown option '--outp'", "did you mean '--output'?"},
		{"--target_pdi|1", "unknown option '--target_pdi'", "did you mean '--pid'?"},
		{"--zzz=1", "unknown option '--zzz'", ""},
		{"--", NULL, NULL},
		{"---", "unknown option '---'", ""},
		{"-x", "unknown option '-x'", ""},
		{"-qx", "unknown option '-x'", ""},
		{"--quiet=1", "'--quiet' takes no value", ""},
		{"--output", "'--output' needs a value", "give FILE"},
		{"--bytes|x", "'x' is no value of '--bytes'", "give a size such as '4 KiB'"},
		{"--age", "'--age' needs MIN MAX", "give MIN MAX"},
		{"--age|1", "'--age' needs MIN MAX", "give MIN MAX"},
		{"--age|1|-q", "'--age' needs MIN MAX", "give MIN MAX"},
		{"--age|1|--|2", "'--age' needs MIN MAX", "give MIN MAX"},
		{"--filter", "'--filter' needs TYPE...", "give TYPE..."},
		{"--next=1", "'--next' takes no value", ""},
		{"--filter|--age|1|2", "'--filter' needs TYPE...", "give TYPE..."},
		{"-o", "'--output' needs a value", "give FILE"},
		{"-o|--", "'--output' needs a value", "give FILE"},
		{"--output=", "'' is no value of '--output'", "give FILE"},
		{"--all-three-times|1|2", "'--all-three-times' needs A B C", "*"},
		{"--time|5 parsecs", "'5 parsecs' is no value of '--time'",
		 "give a time such as '100 ms' or '1.5 s'"},
		{"--time|0", "'0' is out of range for '--time'", "give 1 ms to 10 s"},
		{"--time|10001 ms", "'10001 ms' is out of range for '--time'", "give 1 ms to 10 s"},
		{"--time|999999999999 d", "'999999999999 d' is too large for '--time'", "*"},
		{"--count|2", "'2' is out of range for '--count'", "give 3 to 100"},
		{"--count|18446744073709551616",
		 "'18446744073709551616' is too large for '--count'", "give a whole number"},
		{"--count|1.5", "'1.5' is no value of '--count'", "give a whole number"},
		{"--rate|fast", "'fast' is no value of '--rate'", "give a number"},
		{"--rate|nan", "'nan' is no value of '--rate'", "give a number"},
		{"--overhead|50.1", "'50.1' is out of range for '--overhead'", "give 0.001 to 50"},
		{"--overhead|0", "'0' is out of range for '--overhead'", "give 0.001 to 50"},
		{"--format|xml", "'xml' is no value of '--format'", "choose from text, json, csv"},
		{"--format|tex", "'tex' is no value of '--format'", "choose from text, json, csv"},
		{"--format|text json", "'text json' is no value of '--format'", "*"},
		{"--format", "'--format' needs a value", "choose from text, json, csv"},
		{"-p|1,", "'1,' is no value of '--pid'", "give process ids separated by commas"},
		{"-p|,1", "',1' is no value of '--pid'", "*"},
		{"-p|0", "'0' is no value of '--pid'", "*"},
		{"-p|-5", "'-5' is no value of '--pid'", "*"},
		{"-p|4294967297", "'4294967297' is no value of '--pid'", "*"},
		{"--address-range|5", "'5' is no value of '--address-range'", "*"},
		{"--address-range|2-1", "'2-1' is no value of '--address-range'", "*"},
		{"--address-range|1-1", "'1-1' is no value of '--address-range'", "*"},
		{"--address-range|0-16E", "'0-16E' is too large for '--address-range'", "*"},
		{"--time-range|load", "'load' is no value of '--time-range'", "*"},
		{"--time-range|mark:", "'mark:' is no value of '--time-range'", "*"},
		{"--time-range|..", "'..' is no value of '--time-range'", "*"},
		{"--time-range|2s-1s", "'2s-1s' is no value of '--time-range'", "*"},
		{"--resol|0x5", "'0x5' is no value of '--resol'", "*"},
		{"--resol|80", "'80' is no value of '--resol'", "*"},
		{"--resol|80x70000", "'80x70000' is no value of '--resol'", "*"},
		{"--rate|1|--overhead|1", "'--rate' and '--overhead' exclude each other",
		 "give one of them"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct option_line line;
		struct damon_fail fail;
		struct values v;
		int err = parse(table[i].words, false, &v, &line, &fail);

		cr_expect_eq(err, table[i].text ? -EINVAL : 0, "'%s': %d", table[i].words, err);
		cr_expect_str_eq(fail.text, table[i].text ? table[i].text : "", "'%s': '%s'",
				 table[i].words, fail.text);
		if (table[i].remedy && strcmp(table[i].remedy, "*"))
			cr_expect_str_eq(fail.remedy, table[i].remedy, "'%s': '%s'", table[i].words,
					 fail.remedy);
		option_pids_release(&v.pids);
		option_words_release(&v.words);
	}
}

Test(option, operands_are_told_from_options)
{
	static const struct {
		const char *words;
		bool leading;
		const char *operands, *values;
	} table[] = {
		{"heatmap|--quiet|-o|a", false, "heatmap", "file=a quiet"},
		{"--quiet|heatmap|-o|a|more", false, "heatmap more", "file=a quiet"},
		{"--quiet|--|-o|a", false, "-o a", "quiet"},
		{"-|-q", false, "-", "quiet"},
		{"-q|ls|-l|--help", true, "ls -l --help", "quiet"},
		{"-q|--|ls|--|-l", true, "ls -- -l", "quiet"},
		{"ls|--|-l", true, "ls -- -l", ""},
		{"--|--|ls", true, "-- ls", ""},
		{"--|", true, "", ""}, /* an empty word is an operand */
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char got[200] = "";
		struct option_line line;
		struct damon_fail fail;
		struct values v;
		int err = parse(table[i].words, table[i].leading, &v, &line, &fail);

		cr_expect_eq(err, 0, "'%s': %s", table[i].words, fail.text);
		for (int k = 0; k < line.nr_operands; k++) {
			strcat(got, k ? " " : "");
			strcat(got, line.operands[k]);
		}
		cr_expect_str_eq(got, table[i].operands, "'%s': '%s'", table[i].words, got);
		cr_expect_null(line.operands[line.nr_operands], "'%s'", table[i].words);
		cr_expect_str_eq(show(&v), table[i].values, "'%s': '%s'", table[i].words, show(&v));
	}
}

Test(option, help_ends_the_line)
{
	static const char *const lines[] = {"--help", "-h", "-qh", "-q|--help|--nonsense", "a|-h"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct option_line line;
		struct damon_fail fail;
		struct values v;

		cr_expect_eq(parse(lines[i], false, &v, &line, &fail), 0, "'%s'", lines[i]);
		cr_expect(line.help, "'%s'", lines[i]);
	}
}

Test(option, what_was_given_is_known)
{
	struct option_line line;
	struct damon_fail fail;
	struct values v;

	cr_assert_eq(parse("--out|x.data|-q", false, &v, &line, &fail), 0);
	cr_expect(option_given(rows, &line, "output"));
	cr_expect(option_given(rows, &line, "quiet"));
	cr_expect_not(option_given(rows, &line, "loud"));
	cr_expect_not(option_given(rows, &line, "nonsense"));
}

Test(option, what_is_required_must_be_given)
{
	static const struct option_row needy[] = {
		{.name = "either",
		 .type = OPT_STR,
		 .offset = AT(file),
		 .arg = "FILE",
		 .group = 3,
		 .required = true,
		 .help = "one"},
		{.name = "or",
		 .type = OPT_FLAG,
		 .offset = AT(quiet),
		 .group = 3,
		 .help = "the other"},
		{0},
	};
	char *none[] = {NULL}, *other[] = {"--or", NULL};
	struct option_line line;
	struct damon_fail fail = {0};
	struct values v = {0};

	cr_expect_eq(option_parse(needy, &v, none, false, &line, &fail), -EINVAL);
	cr_expect_str_eq(fail.text, "'--either' is missing");
	cr_expect_str_eq(fail.remedy, "add '--either FILE'");
	cr_expect_eq(option_parse(needy, &v, other, false, &line, &fail), 0);
}

/* 'b' excludes both others, which go together. */
Test(option, rows_that_share_a_group_exclude_each_other)
{
	static const struct option_row abc[] = {
		{.name = "a", .type = OPT_FLAG, .offset = AT(quiet), .group = 1, .help = "one"},
		{.name = "b", .type = OPT_FLAG, .offset = AT(quiet), .group = 3, .help = "both"},
		{.name = "c", .type = OPT_FLAG, .offset = AT(quiet), .group = 2, .help = "two"},
		{0},
	};
	static const struct {
		char *argv[4];
		const char *fails;
	} lines[] = {
		{{"--a", NULL}, ""},
		{{"--b", NULL}, ""},
		{{"--a", "--c", NULL}, ""},
		{{"--a", "--b", NULL}, "'--a' and '--b' exclude each other"},
		{{"--c", "--b", NULL}, "'--b' and '--c' exclude each other"},
		{{"--c", "--a", "--b", NULL}, "'--a' and '--b' exclude each other"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *argv[4];
		struct option_line line;
		struct damon_fail fail = {0};
		struct values v = {0};

		memcpy(argv, lines[i].argv, sizeof(argv));
		cr_expect_eq(option_parse(abc, &v, argv, false, &line, &fail),
			     *lines[i].fails ? -EINVAL : 0, "row %zu", i);
		cr_expect_str_eq(fail.text, lines[i].fails, "row %zu", i);
	}
}

Test(name, spellings_are_equal)
{
	cr_expect(name_equal("address-range", "address_range"));
	cr_expect(name_equal("a", "a"));
	cr_expect_not(name_equal("address-range", "address-rang"));
	cr_expect_not(name_equal("address", "address-range"));
	cr_expect_not(name_equal("Sample", "sample"));
	cr_expect_not(name_equal("", "a"));
}

Test(name, near_names_are_found)
{
	static const char *const known[] = {"record", "report", "convert", "check", "wss", NULL};
	static const struct {
		const char *wrong, *want;
	} table[] = {
		{"recrod", "record"},
		{"reprot", "report"},
		{"rec", "record"},
		{"chekc", "check"},
		{"Record", "record"},
		{"convrt", "convert"},
		{"ws", "wss"},
		{"xyz", NULL},
		{"", NULL},
		{"r", NULL},
		{"heatmap", NULL},
		{"dispatch", NULL},
		{"averyveryveryveryveryveryveryveryverylongname", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct name_near near;

		name_near_init(&near, table[i].wrong);
		for (const char *const *k = known; *k; k++)
			name_near_add(&near, *k);
		cr_expect_str_eq(near.best ? near.best : "-", table[i].want ? table[i].want : "-",
				 "'%s': '%s'", table[i].wrong, near.best ? near.best : "-");
	}
}

/* ---- the program's own tables ---- */

static const struct command *const commands[] = {&command_record, &command_report, &command_convert,
						 &command_check, NULL};

static void check_row(const struct command *cmd, const struct option_row *row)
{
	for (const struct option_row *r = cmd->options; r != row; r++) {
		cr_expect(!name_equal(r->name, row->name), "%s --%s twice", cmd->name, row->name);
		cr_expect(!row->letter || r->letter != row->letter, "%s -%c twice", cmd->name,
			  row->letter);
	}
	cr_expect_null(strpbrk(row->name, "_ ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "%s --%s", cmd->name,
		       row->name);
	cr_expect_neq(row->letter, 'h', "-h is help");
	cr_expect(strlen(row->help) > 0 && row->help[strlen(row->help) - 1] != '.', "%s --%s",
		  cmd->name, row->name);
	cr_expect(row->type == OPT_FLAG || row->arg || row->choices, "%s --%s takes nothing",
		  cmd->name, row->name);
	cr_expect(!row->def || !row->required, "%s --%s: required, with a default", cmd->name,
		  row->name);
}

/* Every default is within its range, and every range can be read. */
static void check_numbers(const struct command *cmd, const struct option_row *row)
{
	char name[80], *argv[] = {name, "", "", "", NULL};
	uint64_t values[128] = {0};
	struct option_line line;
	struct damon_fail fail = {0};
	char low[32];

	if (!row->range)
		return;
	snprintf(low, sizeof(low), "%.*s", (int)(strstr(row->range, "..") - row->range),
		 row->range);
	snprintf(name, sizeof(name), "--%s", row->name);
	for (int i = 1; i <= option_nr_args(row); i++)
		argv[i] = low;
	argv[option_nr_args(row) + 1] = NULL;
	/* a missing '--to' is found last, and is not this row's fault */
	option_parse(cmd->options, values, argv, false, &line, &fail);
	cr_expect(line.given == (option_bits)1 << (row - cmd->options), "%s --%s %s: %s", cmd->name,
		  row->name, low, fail.text);
}

Test(command, tables_are_sound)
{
	for (const struct command *const *c = commands; *c; c++) {
		for (const struct option_row *r = (*c)->options; r->name; r++) {
			cr_assert_lt(r - (*c)->options, OPTION_MAX_ROWS);
			check_row(*c, r);
			check_numbers(*c, r);
		}
		cr_expect((*c)->summary && (*c)->about && (*c)->examples && (*c)->statuses, "%s",
			  (*c)->name);
		cr_expect(*(*c)->examples->name, "%s has no example", (*c)->name);
	}
}

/* What --help says must be what the library does without being asked. */
Test(command, record_has_the_library_s_defaults)
{
	static const char *const names[] = {"sample", "aggr", "updr", "minr", "maxr"};
	struct damon_attrs a = {.size = sizeof(a)};
	struct damon_sampling s = {.size = sizeof(s)};
	uint64_t want[ARRAY_SIZE(names)], got;
	double percent;

	damon_attrs_init(&a);
	damon_sampling_init(&s);
	want[0] = a.sample_ns;
	want[1] = a.aggr_ns;
	want[2] = a.update_ns;
	want[3] = a.min_nr_regions;
	want[4] = a.max_nr_regions;
	for (const struct option_row *r = command_record.options; r->name; r++) {
		if (!strcmp(r->name, "overhead")) {
			cr_assert_eq(damon_parse_double(r->def, &percent), 0);
			cr_expect_eq(percent, s.overhead_percent);
		} else if (!strcmp(r->name, "source")) {
			cr_expect_str_eq(r->def, s.source);
		}
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			if (strcmp(r->name, names[i]))
				continue;
			cr_assert_eq(damon_parse_time(r->def, 1, &got), 0);
			cr_expect_eq(got, want[i], "--%s", r->name);
		}
	}
}

Test(help, no_line_is_wider_than_a_terminal)
{
	for (const struct command *const *c = commands; *c; c++) {
		char *text = NULL, *line, *rest;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		help_print(out, *c, NULL);
		fclose(out);
		rest = text;
		while ((line = strsep(&rest, "\n"))) {
			size_t len = strlen(line);

			cr_expect_leq(len, 80, "%s: '%s'", (*c)->name, line);
			cr_expect(!len || line[len - 1] != ' ', "%s: blank behind '%s'", (*c)->name,
				  line);
		}
		free(text);
	}
}

/* What follows an attached value is no word of the option, but an operand; operands are moved to
 * the front of the line, words stay as they are. */
Test(option, words_are_kept_apart_from_operands)
{
	struct option_line line;
	struct damon_fail fail;
	struct values v;

	cr_expect_eq(parse("--filter=a|x|--age|1|2|y|--|z", false, &v, &line, &fail), 0, "%s",
		     fail.text);
	cr_expect_str_eq(show(&v), "filter(a) age(1,2)");
	cr_expect_eq(line.nr_operands, 3);
	cr_expect_str_eq(line.operands[0], "x");
	cr_expect_str_eq(line.operands[2], "z");
	option_words_release(&v.words);
}
