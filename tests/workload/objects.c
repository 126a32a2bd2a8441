/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of every kind, accessed at fixed shares: three globals, two arrays of structs (one of
 * them on the heap), a file that is mapped shared, the stack. What each is called is in the truth,
 * so that reports of objects can be compared with it.
 */
#include <fcntl.h>

#include "work.h"

#define BATCH	 65536
#define NR_KINDS 7
#define FILE_MIB 4

struct account {
	uint64_t id, balance;
	struct {
		uint64_t day, amount;
	} last;
};

struct order {
	uint64_t number, price, amount, customer;
};

/* Not static: their names are in the symbol table as well. */
uint64_t table[1 << 16];
uint64_t counters[512] = {1};
uint64_t lookup[1 << 14];
struct account accounts[4096];

/* Of 64 operations. */
static const uint8_t parts[NR_KINDS] = {16, 6, 10, 12, 8, 8, 4};
static const char *const names[NR_KINDS] = {"table",  "counters", "lookup", "accounts",
					    "[heap]", "file",	  "[stack]"};

/* Which object comes next is made of the random number: to count them would access memory. */
static __attribute__((noinline)) uint64_t touch(uint64_t *state, struct order *orders,
						volatile uint64_t *file)
{
	volatile uint64_t local[256] = {0};
	uint64_t s = *state, sum = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);
		unsigned pick = x & 63;
		size_t at = x >> 40;

		if (pick < 16)
			sum += table[at & 0xffff];
		else if (pick < 22)
			counters[at & 511] = x;
		else if (pick < 32)
			sum += lookup[at & 0x3fff];
		else if (pick < 44)
			sum += accounts[at & 4095].balance;
		else if (pick < 52)
			sum += orders[at & 0x3fff].price;
		else if (pick < 60)
			sum += file[at & (FILE_MIB * WORK_MIB / 8 - 1)];
		else
			local[at & 255] = x;
	}
	*state = s;
	return sum + local[0];
}

static volatile uint64_t *map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, FILE_MIB * WORK_MIB))
		p = mmap(NULL, FILE_MIB * WORK_MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return p;
}

static void print_truth(struct work *w, const char *path, struct order *orders,
			volatile uint64_t *file)
{
	const char *slash = strrchr(path, '/');
	const struct {
		const volatile void *start;
		size_t bytes;
	} at[NR_KINDS] = {{table, sizeof(table)},
			  {counters, sizeof(counters)},
			  {lookup, sizeof(lookup)},
			  {accounts, sizeof(accounts)},
			  {orders, sizeof(*orders) << 14},
			  {file, FILE_MIB * WORK_MIB},
			  {NULL, 0}};

	fprintf(w->out, ", \"ranges\": [");
	for (int i = 0; i < NR_KINDS; i++) {
		const char *name = i == 5 ? (slash ? slash + 1 : path) : names[i];

		work_range(w, !i, name, (const void *)at[i].start, at[i].bytes,
			   w->done * parts[i] / 64);
		fprintf(w->out, ", \"share\": %.6f}", parts[i] / 64.);
	}
	fprintf(w->out, "]");
}

int main(int argc, char **argv)
{
	const char *path = "objects.map";
	struct work w = {0};
	const struct work_option options[] = {
		{"file", "that is mapped; made if it is not there [objects.map]", NULL, 0, 0,
		 &path},
		{NULL, NULL, NULL, 0, 0, NULL}};
	uint64_t state, sum = 0;
	volatile uint64_t *file;
	struct order *orders;

	work_init(&w, argc, argv, "objects of every kind, accessed at fixed shares", options);
	file = map_file(path);
	orders = sbrk(sizeof(*orders) << 14); /* of the heap, wherever malloc() takes its memory */
	if (orders == (void *)-1)
		return 1;
	memset(orders, 1, sizeof(*orders) << 14);
	for (size_t i = 0; i < FILE_MIB * WORK_MIB / 8; i += WORK_PAGE / 8)
		file[i] = i;
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH)
		sum += touch(&state, orders, file);
	print_truth(&w, path, orders, file);
	fprintf(w.out, ", \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
