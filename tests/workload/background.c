/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Closes all its descriptors and goes on in the background, as daemons do; the process that was
 * started ends with 5. Its --seconds are those of the clock, --file gets its pid. */
#include "work.h"

static void write_pid(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fprintf(f, "%d\n", (int)getpid());
		fclose(f);
	}
}

int main(int argc, char **argv)
{
	const char *file = NULL;
	struct work w = {0};
	uint64_t *data, end_ns;
	const struct work_option options[] = {{"file", "for the pid", NULL, 0, 0, &file},
					      {NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "goes on in the background", options);
	data = work_map(WORK_MIB, true);
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	if (fork())
		_exit(5);
	setsid();
	if (fork())
		_exit(0);
	if (file)
		write_pid(file);
	work_start(&w);
	end_ns = w.wall_start_ns + w.seconds * 1e9;
	while (work_clock_ns(CLOCK_MONOTONIC) < end_ns)
		for (size_t i = 0; i < WORK_MIB / 8; i++)
			data[i]++;
	_exit(0);
}
