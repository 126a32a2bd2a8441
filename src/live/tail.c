/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "live/tail.h"

#define MAX_READS 16 /* at a time: a command that never stops writing must not stop us */

void tail_init(struct tail *t)
{
	*t = (struct tail){.read_fd = -1, .saved = {-1, -1, -1}};
}

void tail_release(struct tail *t)
{
	closep(&t->read_fd);
	free(t->text);
	tail_init(t);
}

/* 'fd' becomes 'instead' until tail_end(). */
static void replace(struct tail *t, int fd, int instead)
{
	t->saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (t->saved[fd] >= 0)
		dup2(instead, fd);
}

int tail_begin(struct tail *t)
{
	bool out = isatty(STDOUT_FILENO), err = isatty(STDERR_FILENO);
	int fds[2], nothing;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	t->text = malloc(TAIL_BYTES);
	if (!t->text) {
		close(fds[0]);
		close(fds[1]);
		return -ENOMEM;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (isatty(STDIN_FILENO) && nothing >= 0)
		replace(t, STDIN_FILENO, nothing);
	if (out)
		replace(t, STDOUT_FILENO, fds[1]);
	if (err)
		replace(t, STDERR_FILENO, fds[1]);
	closep(&nothing);
	close(fds[1]);
	t->read_fd = fds[0];
	return 0;
}

void tail_end(struct tail *t)
{
	for (int fd = 0; fd < 3; fd++) {
		if (t->saved[fd] < 0)
			continue;
		dup2(t->saved[fd], fd);
		close(t->saved[fd]);
		t->saved[fd] = -1;
	}
}

bool tail_read(struct tail *t)
{
	char buf[4096];

	for (int i = 0; i < MAX_READS && t->read_fd >= 0; i++) {
		ssize_t n = read(t->read_fd, buf, sizeof(buf));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (!n) {
			closep(&t->read_fd);
			t->read_fd = -1;
		}
		for (ssize_t k = 0; k < n; k++)
			t->text[t->nr++ % TAIL_BYTES] = buf[k];
	}
	return t->read_fd >= 0;
}

const char *tail_last(const struct tail *t, char *buf, size_t size)
{
	uint64_t oldest = t->nr > TAIL_BYTES ? t->nr - TAIL_BYTES : 0, end = t->nr, start;
	size_t n = 0;

	while (end > oldest && strchr("\r\n", t->text[(end - 1) % TAIL_BYTES]))
		end--;
	for (start = end; start > oldest && end - start < size; start--)
		if (strchr("\r\n", t->text[(start - 1) % TAIL_BYTES]))
			break;
	for (; start < end && n + 1 < size; start++)
		buf[n++] = t->text[start % TAIL_BYTES];
	buf[n] = '\0';
	return buf;
}

/* All of it, or as far as it goes: nobody may be there any more. */
static void write_all(const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

void tail_write(struct tail *t)
{
	uint64_t oldest = t->nr > TAIL_BYTES ? t->nr - TAIL_BYTES : 0;
	size_t at = oldest % TAIL_BYTES, n = (size_t)(t->nr - oldest);
	size_t first = MIN(n, TAIL_BYTES - at);

	if (!n)
		return;
	write_all(t->text + at, first);
	write_all(t->text, n - first);
	t->nr = 0;
}
