/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/signals.h"

static const int ending[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

static atomic_int from_terminal[ARRAY_SIZE(ending)], from_process[ARRAY_SIZE(ending)];
static atomic_uint nr_marked;	     /* so far; */
static _Atomic uint64_t marked[256]; /* when the latest of them were */
static const char *_Atomic unlink_path;

static void nothing(int sig)
{
}

/* A handler that does nothing, for SIG_IGN would be inherited through exec. */
void signals_init(void)
{
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};

	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL); /* 'ulimit -f': write() fails as on a full disk */
}

static void set_ending(const struct sigaction *sa)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction old;

		if (!sigaction(ending[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(ending[i], sa, NULL);
	}
}

static void unlink_and_die(int sig)
{
	const char *path = atomic_load(&unlink_path);

	if (path)
		unlink(path);
	raise(sig); /* the handler was reset: this ends the program as the signal would have */
}

void signals_unlink(const char *path)
{
	struct sigaction sa = {.sa_handler = path ? unlink_and_die : SIG_DFL,
			       .sa_flags = (int)SA_RESETHAND};

	if (path)
		atomic_store(&unlink_path, path);
	set_ending(&sa);
	if (!path)
		atomic_store(&unlink_path, NULL);
}

static void count(int sig, siginfo_t *info, void *context)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (ending[i] == sig)
			(info->si_code <= 0 ? from_process : from_terminal)[i]++;
	}
}

static void note_time(int sig)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	atomic_store(&marked[atomic_fetch_add(&nr_marked, 1) % ARRAY_SIZE(marked)],
		     (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec);
}

static void catch_marks(void)
{
	struct sigaction sa = {.sa_handler = note_time}, old;

	if (!sigaction(SIGUSR1, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(SIGUSR1, &sa, NULL);
}

/* Without SA_RESTART: waiting ends at once. */
void signals_catch(void)
{
	struct sigaction sa = {.sa_sigaction = count, .sa_flags = SA_SIGINFO};

	catch_marks();
	set_ending(&sa);
}

uint64_t signals_next_mark(void)
{
	static unsigned int told;
	unsigned int n = atomic_load(&nr_marked);

	if (n - told > ARRAY_SIZE(marked))
		told = n - ARRAY_SIZE(marked);
	return told == n ? 0 : atomic_load(&marked[told++ % ARRAY_SIZE(marked)]);
}

int signals_pending(void)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		n |= atomic_load(&from_terminal[i]) | atomic_load(&from_process[i]);
	return n != 0;
}

int signals_next(int *sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		atomic_int *counts[] = {&from_terminal[i], &from_process[i]};

		for (int from = 0; from < 2; from++) {
			if (!atomic_load(counts[from]))
				continue;
			(*counts[from])--;
			*sent = from;
			return ending[i];
		}
	}
	return 0;
}
