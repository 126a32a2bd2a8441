/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static const char magic[8] = "\x89VPMU\r\n";
enum { VERSION = 1, ENTRY_SAMPLE = 1, ENTRY_EVENT = 2, NS_PER_MOVE = 1000000 };

const char *const vpmu_kind_names[VPMU_NR_KINDS] = {"loads", "stores", "ibs", "spe"};
const char *const vpmu_level_names[VPMU_NR_LEVELS] = {"-", "L1", "LFB", "L2", "L3", "DRAM"};

/* ---- writing ---- */

struct vpmu_writer {
	FILE *f;
	uint64_t nr_samples, nr_events;
};

int vpmu_list_create(const char *path, struct vpmu_writer **w)
{
	struct vpmu_head head = {.finished = 0};
	struct vpmu_writer *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->f = fopen(path, "wbe");
	if (!new->f) {
		int err = -errno;

		free(new);
		return err;
	}
	fwrite(&head, sizeof(head), 1, new->f);
	*w = new;
	return 0;
}

static void add(struct vpmu_writer *w, uint32_t type, const void *entry, size_t size)
{
	fwrite(&type, sizeof(type), 1, w->f);
	fwrite(entry, size, 1, w->f);
}

void vpmu_list_sample(struct vpmu_writer *w, const struct vpmu_sample *s)
{
	add(w, ENTRY_SAMPLE, s, sizeof(*s));
	w->nr_samples++;
}

void vpmu_list_event(struct vpmu_writer *w, const struct vpmu_event *e)
{
	add(w, ENTRY_EVENT, e, sizeof(*e));
	w->nr_events++;
}

void vpmu_list_flush(struct vpmu_writer *w)
{
	fflush(w->f);
}

int vpmu_list_finish(struct vpmu_writer *w, const struct vpmu_head *head)
{
	struct vpmu_head h = *head;
	int err = 0;

	memcpy(h.magic, magic, sizeof(magic));
	h.version = VERSION;
	h.nr_samples = w->nr_samples;
	h.nr_events = w->nr_events;
	h.finished = 1;
	if (fflush(w->f) || ferror(w->f) || fseek(w->f, 0, SEEK_SET) ||
	    fwrite(&h, sizeof(h), 1, w->f) != 1)
		err = errno ? -errno : -EIO;
	if (fclose(w->f) && !err)
		err = -errno;
	free(w);
	return err;
}

/* ---- reading ---- */

static int by_time(const void *a, const void *b)
{
	const struct vpmu_sample *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->pmu != y->pmu)
		return x->pmu < y->pmu ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* In the order of time; those of the same time stay as they were. */
static void sort_events(struct vpmu_list *l)
{
	for (size_t i = 1; i < l->head.nr_events; i++) {
		struct vpmu_event e = l->events[i];
		size_t j = i;

		for (; j && l->events[j - 1].time_ns > e.time_ns; j--)
			l->events[j] = l->events[j - 1];
		l->events[j] = e;
	}
}

static int read_entries(FILE *f, struct vpmu_list *l)
{
	uint64_t samples = 0, events = 0;
	uint32_t type;

	while (fread(&type, sizeof(type), 1, f) == 1) {
		bool is_sample = type == ENTRY_SAMPLE;

		if (is_sample ? samples == l->head.nr_samples
			      : type != ENTRY_EVENT || events == l->head.nr_events)
			return -EBADMSG;
		if (is_sample ? fread(&l->samples[samples++], sizeof(*l->samples), 1, f) != 1
			      : fread(&l->events[events++], sizeof(*l->events), 1, f) != 1)
			return -EBADMSG;
	}
	return samples == l->head.nr_samples && events == l->head.nr_events ? 0 : -EBADMSG;
}

static int read_all(FILE *f, struct vpmu_list *l)
{
	struct vpmu_head *h = &l->head;

	if (fread(h, sizeof(*h), 1, f) != 1 || memcmp(h->magic, magic, sizeof(magic)) ||
	    h->version != VERSION || h->finished != 1 || h->nr_pmus > VPMU_MAX_PMUS)
		return -EBADMSG;
	l->samples = calloc(h->nr_samples + 1, sizeof(*l->samples));
	l->events = calloc(h->nr_events + 1, sizeof(*l->events));
	return l->samples && l->events ? read_entries(f, l) : -ENOMEM;
}

int vpmu_list_read(const char *path, struct vpmu_list *l)
{
	FILE *f = fopen(path, "rbe");
	int err;

	*l = (struct vpmu_list){.samples = NULL};
	if (!f)
		return -errno;
	err = read_all(f, l);
	fclose(f);
	if (err) {
		vpmu_list_release(l);
		return err;
	}
	qsort(l->samples, l->head.nr_samples, sizeof(*l->samples), by_time);
	sort_events(l);
	return 0;
}

void vpmu_list_release(struct vpmu_list *l)
{
	free(l->samples);
	free(l->events);
	*l = (struct vpmu_list){.samples = NULL};
}

static uint64_t paced(const struct vpmu_list *l, uint64_t access, uint64_t ns)
{
	unsigned __int128 x = (unsigned __int128)access * ns;

	return VPMU_START_NS + (uint64_t)(x / MAX(l->head.accesses, (uint64_t)1));
}

void vpmu_list_pace(struct vpmu_list *l, uint64_t ns)
{
	for (size_t i = 0; i < l->head.nr_samples; i++)
		l->samples[i].time_ns = paced(l, l->samples[i].access, ns);
	for (size_t i = 0; i < l->head.nr_events; i++)
		l->events[i].time_ns = paced(l, l->events[i].access, ns);
}

/* ---- the virtual machine ---- */

/* An odd factor and a folding: both can be undone, so no two pages share a place. */
uint64_t vpmu_phys(uint64_t addr)
{
	const uint64_t mask = (1ull << 36) - 1;
	uint64_t page = addr >> 12 & mask;

	page = page * 0x9e3779b97 & mask;
	page ^= page >> 18;
	return page << 12 | (addr & 0xfff);
}

unsigned int vpmu_cpu(int tid, uint64_t time_ns)
{
	uint64_t x = (time_ns / NS_PER_MOVE + (uint64_t)tid * 0x10001) * 0x9e3779b97f4a7c15ull;

	return (unsigned int)(x >> 40) % VPMU_NR_CPUS;
}
