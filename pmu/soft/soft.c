/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source 'soft': accesses computed from sampled registers. See pmu/soft/soft.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "pmu/soft/code.h"
#include "pmu/soft/pace.h"
#include "pmu/soft/soft.h"
#include "pmu/soft/values.h"

#define STACK_BYTES	512 /* sampled where the options say 0 */
#define STACK_BYTES_MAX 65528
#define RATE_MAX	100000

static const struct soft_arch *const archs[] = {&soft_arch_x86_64};

static const char *const stop_names[] = {"accesses",	 "branch", "indirect", "syscall",
					 "instructions", "code",   NULL};

const struct soft_limits soft_limits_default = {
	.burst_accesses = DAMON_BURST_MAX,
	.burst_insns = 200,
	.mem_reads = 1,
};

/* ---- the engine ---- */

struct soft {
	struct soft_limits limits;
	struct soft_code *code;
	struct soft_values values;
	struct soft_path path;

	/* of the source */
	float weight;
	struct soft_pace pace;
	struct damon_source_stats stats;
};

struct soft *soft_new(const struct damon_peek *peek, const struct soft_limits *limits,
		      const struct soft_code_limits *code)
{
	struct soft *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->limits = limits ? *limits : soft_limits_default;
	s->limits.burst_accesses = MIN(MAX(s->limits.burst_accesses, 1u), DAMON_BURST_MAX);
	s->code = soft_code_new(peek, code);
	if (!s->code || soft_values_init(&s->values, peek)) {
		soft_free(s);
		return NULL;
	}
	return s;
}

void soft_free(struct soft *s)
{
	if (!s)
		return;
	soft_code_free(s->code);
	soft_values_release(&s->values);
	free(s);
}

struct soft_code *soft_code_of(struct soft *s)
{
	return s->code;
}

/*
 * Which accesses of 'b' have an address without any read of the target? Their instructions are
 * noted as bits: a second burst follows the way of the first, without reads.
 */
static void run_without_reads(struct soft *s, const struct soft_arch *arch,
			      const struct soft_tick *t, struct soft_burst *exact)
{
	exact->end = NULL;
	exact->path = &s->path;
	s->path.follow = true;
	soft_code_begin(s->code, arch, t, true);
	soft_values_begin(&s->values, t, t->regs[arch->reg_sp], 0);
	arch->run(s->code, &s->values, t->regs, &s->limits, exact);
}

/*
 * A burst whose reads did not suffice tells a biased story: after the first read, only accesses
 * that lead to the same few lines of memory have an address. But the first 'mem_reads' accesses
 * that rest on reads always get theirs: they are a fair sample of all that do. These stay, and each
 * carries its part of the others; the others go, whether they have an address or not.
 */
static void unbias(struct soft_burst *b, const struct soft_burst *exact, uint32_t max_reads)
{
	uint32_t nr = 0, kept = 0, resting = b->nr + b->nr_unknown;

	for (uint32_t i = 0, e = 0; i < b->nr; i++) {
		bool is_exact;

		while (e < exact->nr && exact->at[e] < b->at[i])
			e++;
		is_exact = e < exact->nr && exact->at[e] == b->at[i] &&
			   exact->access[e].addr == b->access[i].addr;
		e += is_exact;
		resting -= is_exact;
		if (!is_exact && kept == max_reads)
			continue;
		kept += !is_exact;
		b->access[nr] = b->access[i];
		b->access[nr].carries = is_exact ? 0 : -1; /* filled in below */
		b->at[nr++] = b->at[i];
	}
	b->nr = nr;
	b->nr_carried = kept ? resting - kept : 0;
	b->nr_unknown = kept ? 0 : resting;
	for (uint32_t i = 0; i < nr; i++)
		if (b->access[i].carries < 0)
			b->access[i].carries = (float)b->nr_carried / kept;
}

/* What the reads of a burst were good for, and what their shortness did to it. */
static void judge_reads(struct soft *s, const struct soft_arch *arch, const struct soft_tick *t,
			struct soft_burst *b)
{
	uint32_t sites[SOFT_MAX_READS];
	bool missed = s->values.missed;
	struct soft_burst exact;

	memcpy(sites, s->values.read_site, b->nr_reads * sizeof(*sites));
	run_without_reads(s, arch, t, &exact);
	soft_values_learn(&s->values, sites, b->nr_reads,
			  exact.nr < b->nr || s->path.nr_helped > 0);
	if (missed)
		unbias(b, &exact, s->limits.mem_reads);
}

void soft_run(struct soft *s, const struct soft_arch *arch, const struct soft_tick *t,
	      struct soft_burst *b)
{
	b->path = s->limits.mem_reads ? &s->path : NULL;
	s->path.follow = false;
	s->path.nr = s->path.pos = s->path.nr_helped = 0;
	soft_code_begin(s->code, arch, t, s->limits.mem_reads > 0);
	soft_values_begin(&s->values, t, t->regs[arch->reg_sp], s->limits.mem_reads);
	arch->run(s->code, &s->values, t->regs, &s->limits, b);
	for (uint32_t i = 0; i < b->nr; i++)
		b->access[i].carries = 0;
	if (b->nr_reads && (s->values.missed || !soft_values_settled(&s->values)))
		judge_reads(s, arch, t, b);
}

int soft_stall(struct soft *s, const struct soft_arch *arch, const struct soft_tick *t,
	       struct damon_access *out)
{
	uint64_t ip = t->regs[arch->reg_ip], sp = t->regs[arch->reg_sp], addr;
	const struct soft_stall *stall;
	struct soft_place place;

	if (!soft_code_place(s->code, ip, false, &place))
		return 0;
	stall = soft_code_stall(s->code, place.unit, ip - place.base);
	if (!stall || !arch->stall_address(stall, t->regs, place.base, &addr) ||
	    !soft_addr_ok(addr))
		return 0;
	*out = (struct damon_access){
		.addr = addr,
		.ip = place.base + stall->insn,
		.size = stall->size,
		.flags = stall->flags | (soft_addr_stack(addr, sp) ? DAMON_ACCESS_STACK : 0) |
			 (place.late ? DAMON_ACCESS_LIKELY : 0),
	};
	return 1;
}

/* ---- events ---- */

/* What this program is for: as its file says or, where that may only be executed, as the compiler
 * does. 0: neither. */
static uint16_t own_machine(const struct damon_sys *sys)
{
	uint8_t elf[20] = {0};
	ssize_t n = sys->read_file(sys, "/proc/self/exe", elf, sizeof(elf));

#ifdef __x86_64__
	if (n == -EACCES)
		return soft_arch_x86_64.elf_machine;
#endif
	if (n != sizeof(elf) || memcmp(elf, "\177ELF", 4))
		return 0;
	return elf[5] == 2 ? elf[19] | elf[18] << 8 : elf[18] | elf[19] << 8;
}

/* The architecture of this machine's programs: that of this one. NULL: none of those known. */
static const struct soft_arch *own_arch(const struct damon_sys *sys)
{
	uint16_t machine = own_machine(sys);

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (archs[i]->elf_machine == machine)
			return archs[i];
	return NULL;
}

static int no_arch(struct damon_fail *why)
{
	return damon_fail(why, EOPNOTSUPP,
			  "the source 'soft' computes accesses for x86-64 programs only");
}

static void fill_attr(const struct soft_arch *arch, const struct damon_source_options *o,
		      struct perf_event_attr *a)
{
	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	a->type = PERF_TYPE_SOFTWARE;
	a->config = PERF_COUNT_SW_CPU_CLOCK;
	a->sample_period = llround(1e9 / o->rate_hz);
	a->sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			 PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
	a->sample_regs_user = arch->regs_mask;
	a->sample_stack_user = o->stack_bytes ? o->stack_bytes : STACK_BYTES;
	a->exclude_kernel = 1;
	a->exclude_hv = 1;
}

static int check_options(const struct damon_source_options *o, struct damon_fail *why)
{
	if (!(o->rate_hz >= 1 && o->rate_hz <= RATE_MAX))
		return damon_fail(why, EINVAL, "a rate of %g Hz is outside of 1 to %d", o->rate_hz,
				  RATE_MAX);
	if (o->stack_bytes % 8 || o->stack_bytes > STACK_BYTES_MAX)
		return damon_fail(why, EINVAL,
				  "%" PRIu32 " bytes of stack are not a multiple of 8 up to %d",
				  o->stack_bytes, STACK_BYTES_MAX);
	if (o->mem_reads > SOFT_MAX_READS)
		return damon_fail(why, EINVAL, "%" PRIu32 " reads of memory are more than %d",
				  o->mem_reads, SOFT_MAX_READS);
	return 0;
}

static int soft_events(const struct damon_sys *sys, const struct damon_source_options *o,
		       struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	const struct soft_arch *arch = own_arch(sys);
	int err = check_options(o, why);

	if (err)
		return err;
	if (!arch) {
		no_arch(why);
		return -EINVAL;
	}
	e[0] = (struct damon_event){.leader = 0};
	fill_attr(arch, o, &e[0].attr);
	return 1;
}

/* Explains why the kernel refused the event. */
static int refused(const struct damon_sys *sys, int err, struct damon_fail *why)
{
	long long paranoid;
	bool read = !damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_paranoid", &paranoid);

	if (err == ENOSYS || (!read && err == ENOENT))
		return damon_fail(why, err, "the kernel has no perf events");
	if (err != EACCES && err != EPERM)
		return damon_fail(why, err, "cannot open a CPU clock event: %s", strerror(err));
	if (read && paranoid > 2) {
		damon_fail(why, err, "perf_event_paranoid is %lld: users may open no event",
			   paranoid);
		damon_fail_remedy(why, "as root, run 'sysctl kernel.perf_event_paranoid=2', as "
				       "CAP_PERFMON is not enough there; or run as root");
		return -err;
	}
	damon_fail(why, err, "perf_event_open is forbidden here: %s", strerror(err));
	damon_fail_remedy(why, "a container needs CAP_PERFMON and a seccomp profile that allows "
			       "perf_event_open");
	return -err;
}

static int soft_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	const struct damon_source_options o = {.rate_hz = 1000};
	const struct soft_arch *arch = own_arch(sys);
	struct perf_event_attr a;
	int fd;

	if (!arch)
		return no_arch(why);
	fill_attr(arch, &o, &a);
	a.disabled = 1;
	fd = sys->perf_event_open(sys, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return refused(sys, -fd, why);
	sys->close(sys, fd);
	return 0;
}

/* ---- samples ---- */

static int soft_open(const struct damon_source_options *o, const struct damon_peek *r, void **state)
{
	struct soft_limits limits = soft_limits_default;
	struct soft *s;

	if (check_options(o, NULL))
		return -EINVAL;
	limits.mem_reads = o->mem_reads;
	s = soft_new(r, &limits, NULL);
	if (!s)
		return -ENOMEM;
	s->weight = 1 / o->rate_hz;
	soft_pace_init(&s->pace, o->pace);
	*state = s;
	return 0;
}

static void soft_close(void *state)
{
	soft_free(state);
}

/* The architecture whose registers a sample brings; NULL: a 32-bit program, or no registers. */
static const struct soft_arch *sample_arch(const struct damon_perf_sample *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (s->regs && s->regs_abi == PERF_SAMPLE_REGS_ABI_64 &&
		    s->nr_regs == archs[i]->nr_regs)
			return archs[i];
	return NULL;
}

static void count(struct damon_source_stats *st, const struct soft_burst *b,
		  const struct damon_obs *o)
{
	st->accesses += b->nr;
	st->unknown += b->nr_unknown + b->nr_carried;
	for (uint32_t i = 0; i < b->nr; i++)
		st->likely += !!(b->access[i].flags & DAMON_ACCESS_LIKELY);
	st->stops[b->stop]++;
	st->no_address += !b->nr && !o->has_stall;
	st->no_code += !b->nr_insns && b->stop == SOFT_STOP_CODE;
}

/*
 * What a burst weighs: the time of its tick, by accesses per instruction. A burst is a sample of
 * the instructions that the tick stands for, so each access in it stands for (instructions of the
 * tick) / (instructions of the burst) like it. Sharing the tick's time among the accesses instead
 * would make one access in 200 instructions count as much as sixteen in fifty. Where code waits for
 * memory, a tick stands for fewer instructions: see pmu/soft/pace.h.
 */
static float weigh(struct soft *e, const struct soft_burst *b, const struct damon_access *stall)
{
	double pace = soft_pace_of(&e->pace, b, stall);

	return e->weight * (float)(b->nr + b->nr_carried + b->nr_unknown) * (float)pace /
	       (float)MAX(b->nr_insns, 1u);
}

static int soft_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
		       damon_emit_fn emit, void *priv)
{
	const struct soft_arch *arch = sample_arch(s);
	struct soft *e = state;
	struct soft_burst b;
	struct damon_obs o;
	struct soft_tick t = {
		.pid = s->pid,
		.time_ns = s->time_ns,
		.regs = s->regs,
		.stack = s->stack,
		.stack_len = s->stack_len,
		.space = space,
	};

	e->stats.samples++;
	if (!arch || !space) {
		e->stats.foreign++;
		return 0;
	}
	b.end = NULL;
	soft_run(e, arch, &t, &b);
	o.time_ns = s->time_ns;
	o.ip = s->ip;
	o.pid = s->pid;
	o.tid = s->tid;
	o.stall_weight = e->weight;
	o.nr = b.nr;
	o.nr_unknown = MIN(b.nr_unknown, 255u);
	o.nr_carried = MIN(b.nr_carried, 255u);
	o.hw = (struct damon_hw){0};
	memcpy(o.access, b.access, b.nr * sizeof(b.access[0]));
	o.hw = (struct damon_hw){0};
	o.has_stall = soft_stall(e, arch, &t, &o.stall);
	/* the tick's time is spread over the instructions of its burst: see weigh() */
	o.weight = weigh(e, &b, o.has_stall ? &o.stall : NULL);
	count(&e->stats, &b, &o);
	emit(priv, &o);
	return 1;
}

static void soft_stats(const void *state, struct damon_source_stats *out)
{
	const struct soft *s = state;
	struct soft_code_stats c;

	soft_code_stats(s->code, &c);
	*out = s->stats;
	out->mem_reads = s->values.nr_reads_total + s->values.nr_snapshots + c.reads;
	out->code_insns = c.insns;
}

static void soft_scale(const void *state, struct damon_scale *out)
{
	*out = soft_pace_scale(&((const struct soft *)state)->pace);
}

const struct damon_source_ops damon_soft_source = {
	.name = "soft",
	.summary = "accesses computed from the registers at each tick of the CPU clock; no PMU",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES | DAMON_SEES_STALLS | DAMON_SEES_TIME,
	/* instructions per second of CPU time on a machine that is not known: soft_scale() knows
	   better */
	.scale = {.accesses = 5e9, .lo = 5e8, .hi = 2e10},
	.stop_names = stop_names,
	.probe = soft_probe,
	.events = soft_events,
	.open = soft_open,
	.close = soft_close,
	.decode = soft_decode,
	.stats = soft_stats,
	.scale_of = soft_scale,
};
