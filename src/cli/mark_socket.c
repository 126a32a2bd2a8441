/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/mark_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

#define PREFIX	  "damon-perf/mark/"
#define LATE_NS	  (10 * NS_PER_SEC) /* clocks that differ by more are not the same */
#define MAX_PEERS 4096
#define ACCEPTS	  (1 << 16) /* __SO_ACCEPTCON among the flags of /proc/net/unix */

/* What is sent; the answer is one int32_t: 0 or -errno. */
struct request {
	uint64_t time_ns;
	char name[256]; /* damon_mark() cuts it */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Who is at the other end: whoever listened, or connected. */
static int peer_of(int fd, struct ucred *who)
{
	socklen_t len = sizeof(*who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &len) ? -errno : 0;
}

static void set_patience(int fd, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* ---- the recording ---- */

static void answer(struct mark_socket *m, int fd)
{
	struct request req = {0};
	uint64_t now = now_ns();
	struct ucred who;
	int32_t err;

	if (peer_of(fd, &who) || (who.uid != geteuid() && who.uid))
		return;
	set_patience(fd, 200);
	if (recv(fd, &req, sizeof(req), 0) != sizeof(req))
		return;
	req.name[sizeof(req.name) - 1] = '\0';
	if (req.time_ns > now || now - req.time_ns > LATE_NS)
		req.time_ns = now;
	err = damon_mark(m->ctx, req.name, req.time_ns);
	send(fd, &err, sizeof(err), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void *listen_on(void *priv)
{
	struct mark_socket *m = priv;

	for (;;) {
		int fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			answer(m, fd);
			close(fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			usleep(100000);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return NULL; /* shut down */
		}
	}
}

/* Signals are the main thread's. */
static int start_thread(struct mark_socket *m)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&m->thread, NULL, listen_on, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	m->started = !err;
	return -err;
}

static int open_listener(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint64_t random;
	int fd, n, err;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		return -EAGAIN;
	n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, PREFIX "%d/%016llx", getpid(),
		     (unsigned long long)random);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&addr,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) &&
	    !listen(fd, 64))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int mark_socket_listen(struct mark_socket *m)
{
	int fd = open_listener();

	if (fd < 0)
		return fd;
	m->fd = fd;
	return 0;
}

int mark_socket_start(struct mark_socket *m, struct damon_ctx *ctx)
{
	m->ctx = ctx;
	return m->fd < 0 ? 0 : start_thread(m);
}

void mark_socket_stop(struct mark_socket *m)
{
	if (m->fd < 0)
		return;
	shutdown(m->fd, SHUT_RDWR); /* ends accept4() */
	if (m->started)
		pthread_join(m->thread, NULL);
	close(m->fd);
	*m = MARK_SOCKET_NONE;
}

/* ---- 'mark' ---- */

/* 'name' without the leading zero. Does not wait: whoever listens there may be anybody. */
static int connect_to(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strlen(name);
	int fd;

	if (n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path + 1, name, n);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) &&
	    !fcntl(fd, F_SETFL, 0)) {
		set_patience(fd, 2000);
		return fd;
	}
	close(fd);
	return -ECONNREFUSED;
}

static int by_pid(const void *x, const void *y)
{
	const struct mark_peer *a = x, *b = y;

	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Of a line of /proc/net/unix, the name of a socket that listens for marks; NULL: it is another. */
static char *name_of(char *line)
{
	char *at = strrchr(line, '@');
	unsigned int flags;

	/* sockets that were accepted have the name, too */
	if (sscanf(line, "%*s %*x %*x %x", &flags) != 1 || !(flags & ACCEPTS))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return at && !strncmp(at + 1, PREFIX, strlen(PREFIX)) ? at + 1 : NULL;
}

int mark_peers_find(struct mark_peer **out, size_t *nr_others)
{
	FILE *f = fopen("/proc/net/unix", "re");
	struct mark_peer *v = NULL;
	size_t n = 0, cap = 0, others = 0;
	char line[512];

	if (!f)
		return -errno;
	while (n < MAX_PEERS && fgets(line, sizeof(line), f)) {
		const char *name = name_of(line);
		int fd = name ? connect_to(name) : -1;
		struct ucred who;

		if (fd < 0)
			continue;
		if (peer_of(fd, &who) || (who.uid != geteuid() && geteuid()) ||
		    vec_reserve(&v, &cap, n + 1, sizeof(*v))) {
			others++;
			close(fd);
			continue;
		}
		v[n++] = (struct mark_peer){fd, who.pid, who.uid};
	}
	fclose(f);
	if (n)
		qsort(v, n, sizeof(*v), by_pid);
	*out = v;
	*nr_others = others;
	return (int)n;
}

void mark_peers_forget(struct mark_peer *peers, int n)
{
	for (int i = 0; i < n; i++)
		close(peers[i].fd);
	free(peers);
}

int mark_peer_send(const struct mark_peer *p, const char *name, uint64_t time_ns)
{
	struct request req = {.time_ns = time_ns};
	int32_t err;

	if (name)
		snprintf(req.name, sizeof(req.name), "%s", name);
	if (send(p->fd, &req, sizeof(req), MSG_NOSIGNAL) != sizeof(req) ||
	    recv(p->fd, &err, sizeof(err), 0) != sizeof(err))
		return -EPIPE;
	return err > 0 ? -EPROTO : err;
}
