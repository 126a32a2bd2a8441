/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts that record tell the build ids of what their targets execute. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

/* A program with its data, a library, and a file that is none. */
static const char maps_text[] =
	"10000000-10001000 r--p 00000000 08:01 11                  /program\n"
	"10001000-10002000 r-xp 00001000 08:01 11                  /program\n"
	"10002000-10003000 rw-p 00002000 08:01 11                  /program\n"
	"20000000-20001000 r-xp 00000000 08:01 12                  /library\n"
	"30000000-30001000 r--p 00000000 08:01 13                  /data\n";

#define NR_LATER 100 /* files that are mapped at once, more than are read in an interval */

struct world {
	struct fake_sys fake;
	struct fake_file files[3];
	char maps[64], comm[64], path[32];
	struct damon_ctx *ctx;
	int nr_reads, err;
	uint64_t last;
};

/* Each page of memory is the beginning of an ELF file whose build id is its address. */
static ssize_t read_mem(const struct damon_sys *s, int pid, uint64_t addr, void *buf, size_t len)
{
	struct world *w = (struct world *)s->priv;
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		Elf64_Nhdr n;
		char name[4];
		uint64_t id;
	} elf = {
		.e = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		      .e_version = EV_CURRENT,
		      .e_phoff = sizeof(Elf64_Ehdr),
		      .e_ehsize = sizeof(Elf64_Ehdr),
		      .e_phentsize = sizeof(Elf64_Phdr),
		      .e_phnum = 1},
		.p = {.p_type = PT_NOTE, .p_filesz = 24, .p_align = 4},
		.n = {4, 8, NT_GNU_BUILD_ID},
		.name = "GNU",
		.id = addr,
	};

	cr_assert(pid == getpid() && len >= sizeof(elf));
	w->nr_reads++;
	w->last = addr;
	if (w->err)
		return w->err;
	elf.p.p_offset = (uint64_t)((char *)&elf.n - (char *)&elf);
	memset(buf, 0, len);
	memcpy(buf, &elf, sizeof(elf));
	return (ssize_t)len;
}

static void setup(struct world *w, bool record)
{
	struct damon_sampling s;

	memset(w, 0, sizeof(*w));
	snprintf(w->maps, sizeof(w->maps), "/proc/%d/maps", getpid());
	snprintf(w->comm, sizeof(w->comm), "/proc/%d/comm", getpid());
	w->files[0] = (struct fake_file){w->maps, maps_text, 0};
	w->files[1] = (struct fake_file){w->comm, "toy\n", 0};
	fake_sys_init(&w->fake, w->files);
	w->fake.clock_ns = 5 * NS_PER_SEC;
	w->fake.sys.read_mem = read_mem;
	cr_assert_eq(w->fake.sys.priv, w, "the fake is its first member");
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	damon_sampling_init(&s);
	s.source = "synth";
	s.rate_hz = 1000;
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, getpid()), 0);
	strcpy(w->path, "/tmp/test_build_ids.XXXXXX");
	close(mkstemp(w->path));
	unlink(w->path);
	if (record)
		cr_assert_eq(damon_set_record(w->ctx, w->path), 0);
	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
}

static void teardown(struct world *w)
{
	damon_ctx_free(w->ctx);
	unlink(w->path);
}

/* One more aggregation interval. */
static void interval(struct world *w)
{
	w->fake.clock_ns += 100 * NS_PER_MS;
	cr_assert_eq(monitor_until(w->ctx, w->fake.clock_ns), 0);
}

static struct damon_space *space_of(struct world *w)
{
	return damon_targets_find(damon_core_targets(w->ctx->core), getpid())->space;
}

static int nr_known(struct world *w)
{
	const struct damon_space *s = space_of(w);
	int n = 0;

	for (size_t i = 0; i < s->nr_live; i++)
		n += s->live[i].build_id_len == 8;
	return n;
}

Test(build_ids, are_in_the_record)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	const struct damon_snapshot *s;
	struct damon_record *rec;
	struct world w;
	uint64_t id;

	setup(&w, true);
	cr_expect_eq(w.nr_reads, 0, "attaching takes no time for it");
	interval(&w);
	cr_expect_eq(w.nr_reads, 2, "the program and the library");
	cr_assert_eq(damon_close(w.ctx), 0, "%s", damon_error(w.ctx));
	cr_assert_eq(damon_record_open(w.path, &rec), 0);
	while (damon_record_next(rec, &s) == 1)
		;
	for (size_t i = 0; i < 5; i++) {
		cr_assert_eq(damon_record_mapping(rec, 0, i, &m), 0);
		cr_expect_eq(m.build_id_len, i < 4 ? 8 : 0, "%s", m.name);
		memcpy(&id, m.build_id, MIN(m.build_id_len, sizeof(id)));
		cr_expect(i == 4 || id == (i == 3 ? 0x20000000 : 0x10000000), "%zu", i);
	}
	damon_record_close(rec);
	teardown(&w);
}

Test(build_ids, cost_nothing_unless_something_is_new)
{
	struct world w;

	setup(&w, true);
	for (int i = 0; i < 20; i++)
		interval(&w);
	cr_expect_eq(w.nr_reads, 2);
	for (uint64_t i = 0; i < NR_LATER; i++) {
		struct damon_mapping m = {.start = 0x40000000 + i * 0x10000,
					  .end = 0x40001000 + i * 0x10000,
					  .inode = 100 + i,
					  .prot = DAMON_PROT_READ | DAMON_PROT_EXEC,
					  .name = "/plugin"};

		cr_assert_eq(damon_space_map(space_of(&w), &m, w.fake.clock_ns), 0);
	}
	interval(&w);
	cr_expect(w.nr_reads > 2 && w.nr_reads < 2 + NR_LATER, "not all at once: %d", w.nr_reads);
	for (int i = 0; i < 20; i++)
		interval(&w);
	cr_expect_eq(w.nr_reads, 2 + NR_LATER, "each once: %d", w.nr_reads);
	cr_expect_eq(nr_known(&w), 4 + NR_LATER);
	teardown(&w);
}

Test(build_ids, that_cannot_be_read_stay_unknown)
{
	static const int errors[] = {-EPERM, -ESRCH, -EFAULT};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct world w;

		setup(&w, true);
		w.err = errors[i];
		for (int k = 0; k < 20; k++)
			interval(&w);
		cr_expect_eq(w.nr_reads, 2, "each is tried once: %d", w.nr_reads);
		cr_expect_eq(nr_known(&w), 0);
		teardown(&w);
	}
}

Test(build_ids, are_for_records)
{
	struct world w;

	setup(&w, false);
	interval(&w);
	cr_expect_eq(w.nr_reads, 0);
	teardown(&w);
}
