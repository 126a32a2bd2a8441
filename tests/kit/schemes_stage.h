/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A context with schemes in a made-up world: the synthetic source's three ranges and an idle one,
 * memory that is advised and paged out, a clock that polling moves on, and a worker whose steps the
 * test does. Only the target's pid is a real one, of a child that sleeps.
 */
#ifndef KIT_SCHEMES_STAGE_H
#define KIT_SCHEMES_STAGE_H

#include "base/util.h"
#include "damon.h"
#include "damos.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

#define MIB		 0x100000ull
#define MS		 NS_PER_MS
#define STAGE_PIDFD	 800 /* the first */
#define STAGE_MAX_ADVICE 32768

/* Never touched. */
#define IDLE	   0x40000000ull
#define IDLE_END   0x44000000ull
#define IDLE_PAGES ((IDLE_END - IDLE) / DAMON_PAGE_SIZE)

/* A call of process_madvise() on a range. */
struct advice {
	uint64_t start, end;
	int advice, pid_fd;
};

struct stage {
	struct fake_sys fake; /* first: the sys's priv */
	struct fake_file files[16];
	size_t nr_files, nr_paths;
	char paths[8][64], stat[128], meminfo[96];
	struct damon_ctx *ctx;
	int pid; /* the target */
	struct advice advice[STAGE_MAX_ADVICE];
	size_t nr_advice;
	uint64_t advise_ns; /* a call takes so long */
	bool swapped[IDLE_PAGES];
	int to_attach; /* processes that are attached to without a pidfd, as on an old kernel */
	bool exited;   /* as the pidfds of those acted upon say */
	bool locked;   /* by somebody else */
	int pidfds;    /* open */
	int madvise_err;
	bool keeps; /* pages, whatever the advice */
	int nr_snapshots;
	uint64_t last_start_ns, last_end_ns;
	/* of the idle mapping in the last snapshot: the least of its regions */
	uint32_t idle_age, idle_idle;
};

extern const char stage_maps[];

int stage_sleeper(void); /* a child that sleeps, and dies with the test */
void stage_init(struct stage *w);
void stage_init_for(struct stage *w, int pid);
void stage_free(struct stage *w); /* fails the test if anything is left open */
/* Of two files of a path the later one counts; 'path' and 'text' are kept. */
void stage_add_file(struct stage *w, const char *path, const char *text);

/* Of the target's folder: "/statm"; "": the folder itself. */
void stage_add_proc_file(struct stage *w, const char *name, const char *text);

/* Pages out what was idle for half a second. */
struct damos stage_pageout(void);
void stage_set(struct stage *w, const struct damos *s, size_t n);
void stage_open(struct stage *w, const struct damos *s, size_t n);

void stage_work(struct stage *w); /* the worker does all that it has to do */
/* Lets time pass, at least; the worker is done after each wake-up. */
void stage_run(struct stage *w, uint64_t ns);
void stage_run_to_plan(struct stage *w); /* until the worker has jobs that it has not begun */
void stage_hit(struct stage *w, uint64_t addr);
struct damos_stats stage_stats(struct stage *w, size_t i);
size_t stage_nr_swapped(const struct stage *w);
uint64_t stage_advised_since(const struct stage *w, size_t from); /* bytes */

#endif
