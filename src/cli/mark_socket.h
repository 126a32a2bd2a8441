/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks from 'damon-perf mark' to the recordings that run. Each of these listens on a socket in the
 * abstract namespace, which goes with its process, under a name that cannot be foreseen, and takes
 * marks of its own user and of root. So both ends know the other's user from the kernel, and nobody
 * else's files or names matter. The network namespace must be the same.
 */
#ifndef CLI_MARK_SOCKET_H
#define CLI_MARK_SOCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "damon.h"

/* ---- the recording ---- */

struct mark_socket {
	struct damon_ctx *ctx;
	int fd; /* -1: does not listen */
	bool started;
	pthread_t thread;
};

#define MARK_SOCKET_NONE ((struct mark_socket){.fd = -1})

/* From here on it is found; it answers once 'ctx' is open and mark_socket_start() was called, from
 * a thread of its own. Return 0 or -errno. */
int mark_socket_listen(struct mark_socket *m);
int mark_socket_start(struct mark_socket *m, struct damon_ctx *ctx);
void mark_socket_stop(struct mark_socket *m);

/* ---- 'mark' ---- */

struct mark_peer {
	int fd; /* connected */
	pid_t pid;
	uid_t uid;
};

/* The recordings that take marks of this user; the caller frees '*peers' by mark_peers_forget().
 * '*nr_others': those that do not. Returns their number or -errno. */
int mark_peers_find(struct mark_peer **peers, size_t *nr_others);
void mark_peers_forget(struct mark_peer *peers, int n);

/* 'name' is NULL for one without. Returns 0 or -errno, as damon_mark() does; -EPIPE: it ended. */
int mark_peer_send(const struct mark_peer *p, const char *name, uint64_t time_ns);

#endif
