/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual PMU as a command; --help says how. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/util.h"
#include "tests/vpmu/encode.h"
#include "tests/vpmu/read.h"

static const char usage[] =
	"usage: vpmu record [OPTION]... -o PREFIX -- PROGRAM ARGUMENT...\n"
	"       vpmu encode [OPTION]... -o PREFIX LIST\n"
	"       vpmu list [OPTION]... LIST\n"
	"       vpmu read FILE\n"
	"       vpmu info LIST\n"
	"record runs the program under virtual PMUs: PREFIX.list, PREFIX.trace (tests/truth), and "
	"a\n"
	"perf.data for each format and period, PREFIX.FORMAT.PERIOD.data. encode makes these of a "
	"list.\n"
	"list prints what readers of a format should see, read what damon-perf sees in a file, a\n"
	"sample a line: time in ns, pid, tid, ip, address, physical address, load or store, "
	"level,\n"
	"latency in cycles, TLB; '-' is not told. info: PMU, period, samples, collisions.\n"
	"  -p, --pmu FORMAT[,..]  pebs, pebs-phys, ibs, ibs-raw, spe (all)\n"
	"  -P, --period N[,..]    loads and stores, or instructions per sample (20000)\n"
	"  -l, --latency N        loads of at least so many cycles: pebs, spe (3)\n"
	"  -m, --max N            accesses\n"
	"  -t, --threads          all of them instead of the first one\n"
	"  -s, --seconds X        encode, list: times of a run with a steady pace of accesses "
	"that\n"
	"                         takes so long\n"
	"  -o, --output PREFIX\n"
	"  -h, --help\n";

enum { MAX_PERIODS = 8 };

struct options {
	const struct vpmu_format *formats[8];
	size_t nr_formats;
	uint64_t periods[MAX_PERIODS];
	size_t nr_periods;
	unsigned long latency, max;
	bool threads;
	double seconds;
	const char *output;
};

/* ---- options ---- */

static int parse_formats(struct options *o, char *text)
{
	char *save = NULL;

	o->nr_formats = 0;
	for (char *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		const struct vpmu_format *f = vpmu_format_find(s);

		if (!f || o->nr_formats == ARRAY_SIZE(o->formats))
			return -1;
		o->formats[o->nr_formats++] = f;
	}
	return o->nr_formats ? 0 : -1;
}

static int parse_periods(struct options *o, char *text)
{
	char *save = NULL;

	o->nr_periods = 0;
	for (char *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		uint64_t period = strtoull(s, NULL, 10);

		if (!period || o->nr_periods == MAX_PERIODS)
			return -1;
		o->periods[o->nr_periods++] = period;
	}
	return o->nr_periods ? 0 : -1;
}

static int parse_option(struct options *o, int c)
{
	switch (c) {
	case 'p':
		return parse_formats(o, optarg);
	case 'P':
		return parse_periods(o, optarg);
	case 'l':
		o->latency = strtoul(optarg, NULL, 10);
		return 0;
	case 'm':
		o->max = strtoul(optarg, NULL, 10);
		return o->max ? 0 : -1;
	case 't':
		o->threads = true;
		return 0;
	case 's':
		o->seconds = atof(optarg);
		return o->seconds > 0 ? 0 : -1;
	case 'o':
		o->output = optarg;
		return 0;
	}
	return -1;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{"pmu", 1, 0, 'p'},	{"period", 1, 0, 'P'},
		{"latency", 1, 0, 'l'}, {"max", 1, 0, 'm'},
		{"threads", 0, 0, 't'}, {"seconds", 1, 0, 's'},
		{"output", 1, 0, 'o'},	{0},
	};
	int c;

	while (vpmu_formats[o->nr_formats]) {
		o->formats[o->nr_formats] = vpmu_formats[o->nr_formats];
		o->nr_formats++;
	}
	while ((c = getopt_long(argc, argv, "+p:P:l:m:ts:o:", table, NULL)) != -1) {
		if (parse_option(o, c))
			return -1;
	}
	return 0;
}

/* ---- a run ---- */

static int complain(const char *what, const char *path, int err)
{
	fprintf(stderr, "vpmu: %s '%s': %s\n", what, path,
		err == -EBADMSG ? "no list, or not finished" : strerror(-err));
	return 1;
}

/* The plugin's argument: every kind that a format needs, once for each period. */
static void plugin_argument(const struct options *o, const char *folder, char *to, size_t size)
{
	uint32_t kinds = 0;
	size_t n = (size_t)snprintf(to, size, "%s/plugin.so,out=%s.list,trace=%s.trace", folder,
				    o->output, o->output);

	for (size_t i = 0; i < o->nr_formats; i++)
		kinds |= o->formats[i]->kinds;
	if (o->max)
		n += (size_t)snprintf(to + n, size - n, ",max=%lu", o->max);
	if (o->threads)
		n += (size_t)snprintf(to + n, size - n, ",all=on");
	for (size_t i = 0; i < o->nr_periods; i++) {
		uint64_t p = o->periods[i];

		if (kinds & (1 << VPMU_LOADS | 1 << VPMU_STORES))
			n += (size_t)snprintf(to + n, size - n,
					      ",loads=%" PRIu64 "/latency=%lu,stores=%" PRIu64, p,
					      o->latency, p);
		if (kinds & 1 << VPMU_IBS)
			n += (size_t)snprintf(to + n, size - n, ",ibs=%" PRIu64, p);
		if (kinds & 1 << VPMU_SPE)
			n += (size_t)snprintf(to + n, size - n,
					      ",spe=%" PRIu64 "/loads/stores/latency=%lu", p,
					      o->latency);
	}
}

static int run(const struct options *o, char **program)
{
	char self[4096] = "", argument[12288], *args[64] = {"qemu-x86_64", "-seed", "1", "-plugin"};
	size_t n = 4;
	int status = 0;
	pid_t pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	plugin_argument(o, dirname(self), argument, sizeof(argument));
	args[n++] = argument;
	while (*program && n < ARRAY_SIZE(args) - 1)
		args[n++] = *program++;
	pid = *program ? -1 : fork();
	if (pid == 0) {
		execvp(args[0], args);
		fprintf(stderr, "vpmu: cannot run '%s': %s\n", args[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- files ---- */

static int encode_all(const struct options *o, const struct vpmu_list *l)
{
	char path[4096];
	struct damon_fail f;

	for (size_t i = 0; i < o->nr_formats; i++) {
		for (size_t k = 0; k < l->head.nr_pmus; k++) {
			const struct vpmu_pmu *p = &l->head.pmus[k];

			if (!(o->formats[i]->kinds >> p->kind & 1) || p->kind == VPMU_STORES)
				continue;
			snprintf(path, sizeof(path), "%s.%s.%" PRIu64 ".data", o->output,
				 o->formats[i]->name, p->period);
			if (vpmu_encode(l, o->formats[i], p->period, path, &f)) {
				fprintf(stderr, "vpmu: %s\n", f.text);
				return 1;
			}
		}
	}
	return 0;
}

static int encode(const struct options *o, const char *path)
{
	struct vpmu_list l;
	int err = vpmu_list_read(path, &l);

	if (err)
		return complain("cannot read", path, err);
	if (o->seconds > 0)
		vpmu_list_pace(&l, (uint64_t)(o->seconds * 1e9));
	err = encode_all(o, &l);
	vpmu_list_release(&l);
	return err;
}

static int record(const struct options *o, char **program)
{
	char path[4096];
	int status, err;

	status = run(o, program);
	snprintf(path, sizeof(path), "%s.list", o->output);
	err = status == 127 ? 1 : encode(o, path);
	return status ? status : err;
}

/* ---- text ---- */

static void print_line(uint64_t time, int pid, int tid, uint64_t ip, uint64_t addr, uint64_t phys,
		       unsigned int op, const char *level, unsigned int latency, const char *tlb)
{
	static const char *const ops[] = {"-", "load", "store", "load+store"};

	printf("%" PRIu64 " %d %d %" PRIx64 " %" PRIx64 " %" PRIx64 " %s %s %u %s\n", time, pid,
	       tid, ip, addr, phys, ops[op & 3], level, latency, tlb);
}

static void list_format(const struct vpmu_list *l, const struct vpmu_format *f, uint64_t period)
{
	for (size_t i = 0; i < l->head.nr_samples; i++) {
		struct vpmu_sample s = l->samples[i];
		const struct vpmu_pmu *p = &l->head.pmus[s.pmu];

		if (!vpmu_is_in(f, period, p) || !f->told(p, &s))
			continue;
		print_line(s.time_ns, s.pid, s.tid, s.ip, s.addr, s.phys, s.flags,
			   vpmu_level_names[s.service.level], s.service.latency,
			   s.flags & VPMU_TLB_MISS  ? "miss"
			   : s.flags & VPMU_TLB_HIT ? "hit"
						    : "-");
	}
}

static int list(const struct options *o, const char *path)
{
	struct vpmu_list l;
	int err = vpmu_list_read(path, &l);

	if (err)
		return complain("cannot read", path, err);
	if (o->seconds > 0)
		vpmu_list_pace(&l, (uint64_t)(o->seconds * 1e9));
	for (size_t i = 0; i < o->nr_formats; i++) {
		for (size_t k = 0; k < o->nr_periods; k++)
			list_format(&l, o->formats[i], o->periods[k]);
	}
	vpmu_list_release(&l);
	return 0;
}

static void print_obs(void *priv, const struct damon_obs *o)
{
	static const char *const levels[DAMON_NR_LEVELS] = {
		[DAMON_LEVEL_UNKNOWN] = "-", [DAMON_LEVEL_L1] = "L1", [DAMON_LEVEL_LFB] = "LFB",
		[DAMON_LEVEL_L2] = "L2",     [DAMON_LEVEL_L3] = "L3", [DAMON_LEVEL_DRAM] = "DRAM"};
	const char *level = levels[o->hw.level];

	for (int i = 0; i < o->nr; i++)
		print_line(o->time_ns, o->pid, o->tid, o->ip, o->access[i].addr, o->hw.phys,
			   o->access[i].flags, level ? level : "other", o->hw.latency_cycles,
			   o->hw.flags & DAMON_HW_TLB_MISS  ? "miss"
			   : o->hw.flags & DAMON_HW_TLB_HIT ? "hit"
							    : "-");
}

static int read_file(const char *path)
{
	static const struct vpmu_read_ops ops = {.obs = print_obs};
	struct vpmu_read_stats s;
	struct damon_fail f;

	if (vpmu_read(path, &ops, NULL, &s, &f)) {
		fprintf(stderr, "vpmu: %s\n", f.text);
		return 1;
	}
	if (s.malformed || s.lost || s.late) {
		fprintf(stderr, "vpmu: %" PRIu64 " malformed, %" PRIu64 " lost, %" PRIu64 " late\n",
			s.malformed, s.lost, s.late);
		return 1;
	}
	if (s.unclaimed) {
		fprintf(stderr, "vpmu: no source decodes '%s'\n", path);
		return 77;
	}
	return 0;
}

static int info(const char *path)
{
	struct vpmu_list l;
	int err = vpmu_list_read(path, &l);

	if (err)
		return complain("cannot read", path, err);
	printf("accesses %" PRIu64 "\ninstructions %" PRIu64 "\nevents %" PRIu64 "\n",
	       l.head.accesses, l.head.instructions, l.head.nr_events);
	for (uint32_t i = 0; i < l.head.nr_pmus; i++) {
		const struct vpmu_pmu *p = &l.head.pmus[i];

		printf("%s %" PRIu64 " %" PRIu64 " %u\n", vpmu_kind_names[p->kind], p->period,
		       p->nr_samples, p->nr_collided);
	}
	vpmu_list_release(&l);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.periods = {20000}, .nr_periods = 1, .latency = 3};
	const char *command = argc > 1 ? argv[1] : "";
	bool good = argc > 1 && !parse(&o, argc - 1, argv + 1);
	char **rest = argv + 1 + optind;
	int left = argc - 1 - optind;

	if (good && !strcmp(command, "record") && o.output && left > 0)
		return record(&o, rest);
	if (good && !strcmp(command, "encode") && o.output && left == 1)
		return encode(&o, rest[0]);
	if (good && !strcmp(command, "list") && left == 1)
		return list(&o, rest[0]);
	if (good && !strcmp(command, "read") && left == 1)
		return read_file(rest[0]);
	if (good && !strcmp(command, "info") && left == 1)
		return info(rest[0]);
	fputs(usage, stderr);
	return 2;
}
