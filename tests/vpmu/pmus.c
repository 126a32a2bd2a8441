/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/pmus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { CYCLES_PER_NS = 3 };

/*
 * Random low bits of the counters. IBS: the current count starts at a random value of 7 bits (AMD64
 * Architecture Programmer's Manual 2, IBS Execution Sampling). SPE with jitter: the low 8 bits of
 * the interval are random (Arm Architecture Reference Manual, PMSIRR_EL1.RND).
 */
enum { IBS_RANDOM = 128, IBS_MIN = 144, IBS_STEP = 16, SPE_RANDOM = 256 };

uint64_t vpmus_time(uint64_t instruction)
{
	return VPMU_START_NS + instruction / CYCLES_PER_NS;
}

/* ---- set-up ---- */

static int parse_option(struct vpmu_pmu *p, const char *text)
{
	char *rest;

	if (!strcmp(text, "loads") && p->kind == VPMU_SPE) {
		p->only |= VPMU_ONLY_LOADS;
		return 0;
	}
	if (!strcmp(text, "stores") && p->kind == VPMU_SPE) {
		p->only |= VPMU_ONLY_STORES;
		return 0;
	}
	if (strncmp(text, "latency=", 8) || p->kind == VPMU_IBS)
		return -EINVAL;
	p->min_latency = (uint32_t)strtoul(text + 8, &rest, 10);
	return *rest || rest == text + 8 ? -EINVAL : 0;
}

static bool is_legal(uint32_t kind, uint64_t period)
{
	if (kind == VPMU_IBS)
		return period >= IBS_MIN && period % IBS_STEP == 0;
	return period >= (kind == VPMU_SPE ? SPE_RANDOM : 1);
}

static int parse_pmu(struct vpmu_pmu *p, uint32_t kind, char *text)
{
	char *save = NULL, *period = strtok_r(text, "/", &save), *rest;

	*p = (struct vpmu_pmu){.kind = kind};
	if (!period)
		return -EINVAL;
	p->period = strtoull(period, &rest, 10);
	if (*rest || !is_legal(kind, p->period))
		return -EINVAL;
	for (char *o = strtok_r(NULL, "/", &save); o; o = strtok_r(NULL, "/", &save)) {
		if (parse_option(p, o))
			return -EINVAL;
	}
	return 0;
}

static int add(struct vpmus *v, uint32_t kind, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	int err;

	if (!copy)
		return -ENOMEM;
	if (v->head.nr_pmus == VPMU_MAX_PMUS)
		return -EINVAL;
	err = parse_pmu(&v->head.pmus[v->head.nr_pmus], kind, copy);
	if (!err)
		v->head.nr_pmus++;
	return err;
}

int vpmus_add(struct vpmus *v, const char *text)
{
	const char *value = strchr(text, '=');
	size_t len = value ? (size_t)(value - text) : 0;

	if (!value)
		return -EINVAL;
	if (len == 4 && !memcmp(text, "pebs", len)) {
		int err = add(v, VPMU_LOADS, value + 1);

		return err ? err : add(v, VPMU_STORES, value + 1);
	}
	for (uint32_t kind = 0; kind < VPMU_NR_KINDS; kind++) {
		if (len == strlen(vpmu_kind_names[kind]) &&
		    !memcmp(text, vpmu_kind_names[kind], len))
			return add(v, kind, value + 1);
	}
	return -EINVAL;
}

static uint64_t interval(const struct vpmu_pmu *p, struct vpmus_state *s)
{
	if (p->kind == VPMU_IBS)
		return p->period - rng_below(&s->rng, IBS_RANDOM);
	return p->period - p->period % SPE_RANDOM + rng_below(&s->rng, SPE_RANDOM);
}

void vpmus_start(struct vpmus *v, uint64_t seed)
{
	for (uint32_t i = 0; i < v->head.nr_pmus; i++) {
		struct vpmus_state *s = &v->state[i];

		rng_seed(&s->rng, seed * VPMU_MAX_PMUS + i);
		s->left = 1 + rng_below(&s->rng, v->head.pmus[i].period);
		s->next = interval(&v->head.pmus[i], s);
	}
}

/* ---- samples ---- */

static struct vpmu_sample sample_of(const struct vpmus *v, const struct vpmu_thread *t,
				    uint32_t index)
{
	uint64_t time = vpmus_time(t->base + index);

	return (struct vpmu_sample){.time_ns = time,
				    .access = v->head.accesses,
				    .ip = t->block->insns[index].ip,
				    .pid = t->pid,
				    .tid = t->tid,
				    .cpu = (uint16_t)vpmu_cpu(t->tid, time)};
}

static void emit(struct vpmus *v, uint32_t i, struct vpmu_sample *s)
{
	s->pmu = (uint8_t)i;
	s->seq = (uint32_t)v->head.pmus[i].nr_samples++;
	v->emit(v->priv, s);
}

static void take(struct vpmu_sample *s, const struct vpmu_access *a)
{
	s->addr = a->addr;
	s->phys = vpmu_phys(a->addr);
	s->size = a->size;
	s->flags |= (a->store ? VPMU_STORE : VPMU_LOAD) | a->service.flags;
	s->service = a->service;
}

/* ---- PEBS ---- */

static bool counts(const struct vpmu_pmu *p, const struct vpmu_access *a)
{
	if (p->kind == VPMU_LOADS)
		return !a->store && a->service.latency >= p->min_latency;
	return p->kind == VPMU_STORES && a->store;
}

static void pebs_access(struct vpmus *v, uint32_t i, const struct vpmu_thread *t,
			const struct vpmu_access *a)
{
	struct vpmus_state *s = &v->state[i];
	struct vpmu_sample sample;

	if (!counts(&v->head.pmus[i], a) || --s->left)
		return;
	s->left = v->head.pmus[i].period;
	sample = sample_of(v, t, a->index);
	take(&sample, a);
	emit(v, i, &sample);
}

/* ---- IBS and SPE: a tagged operation ---- */

static bool passes(const struct vpmu_pmu *p, const struct vpmu_sample *s)
{
	bool is_wanted = !p->only || (p->only & VPMU_ONLY_LOADS && s->flags & VPMU_LOAD) ||
			 (p->only & VPMU_ONLY_STORES && s->flags & VPMU_STORE);

	return is_wanted && s->service.latency >= p->min_latency;
}

/* The tagged operation is done. */
static void end_operation(struct vpmus *v, uint32_t i)
{
	struct vpmus_state *s = &v->state[i];

	s->owner = 0;
	if (!passes(&v->head.pmus[i], &s->sample))
		return;
	if (s->collided)
		s->sample.flags |= VPMU_COLLIDED;
	s->collided = false;
	emit(v, i, &s->sample);
}

/* The counter ran out at an instruction of this block. */
static void tag(struct vpmus *v, uint32_t i, const struct vpmu_thread *t)
{
	struct vpmu_pmu *p = &v->head.pmus[i];
	struct vpmus_state *s = &v->state[i];
	uint64_t at = MAX(s->next, t->base);

	s->next = at + interval(p, s);
	if (p->kind == VPMU_SPE && at < s->busy) {
		p->nr_collided++;
		s->collided = true;
		return;
	}
	s->owner = t->tid;
	s->index = (uint32_t)(at - t->base);
	s->sample = sample_of(v, t, s->index);
}

/* The first access of an instruction is its operation's; a store to the same place is, too. */
static void op_access(struct vpmus *v, uint32_t i, const struct vpmu_thread *t,
		      const struct vpmu_access *a)
{
	struct vpmus_state *s = &v->state[i];

	if (s->owner != t->tid || s->index != a->index)
		return;
	if (!s->sample.addr) {
		take(&s->sample, a);
		s->busy = t->base + a->index + a->service.latency;
	} else if (s->sample.addr == a->addr && a->store) {
		s->sample.flags |= VPMU_STORE;
	}
}

/* ---- the run ---- */

void vpmus_leave(struct vpmus *v, struct vpmu_thread *t)
{
	for (uint32_t i = 0; i < v->head.nr_pmus; i++) {
		if (v->state[i].owner == t->tid)
			end_operation(v, i);
	}
	t->block = NULL;
}

void vpmus_block(struct vpmus *v, struct vpmu_thread *t, const struct vpmu_block *b)
{
	vpmus_leave(v, t);
	t->base = v->head.instructions;
	t->block = b;
	v->head.instructions += b->nr;
	for (uint32_t i = 0; i < v->head.nr_pmus; i++) {
		uint32_t kind = v->head.pmus[i].kind;

		if ((kind == VPMU_IBS || kind == VPMU_SPE) && !v->state[i].owner &&
		    v->state[i].next < v->head.instructions)
			tag(v, i, t);
	}
}

void vpmus_access(struct vpmus *v, const struct vpmu_thread *t, const struct vpmu_access *a)
{
	if (!t->block)
		return;
	for (uint32_t i = 0; i < v->head.nr_pmus; i++) {
		uint32_t kind = v->head.pmus[i].kind;

		if (kind == VPMU_LOADS || kind == VPMU_STORES)
			pebs_access(v, i, t, a);
		else
			op_access(v, i, t, a);
	}
	v->head.accesses++;
}
