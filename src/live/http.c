/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "live/http.h"

/* Bounds for who asks: connections at once, seconds that one may be silent, bytes of a request. */
#define MAX_CONNECTIONS 16
#define TIMEOUT_S	5
#define REQUEST_BYTES	(16 << 10)

struct http {
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* of the texts */
	char *text[HTTP_NR_FORMS];
	size_t len[HTTP_NR_FORMS];
};

/* ---- where to listen ---- */

struct place {
	char host[64], port[8];
};

static bool is_port(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) <= 5 && atoi(s) > 0 &&
	       atoi(s) <= 65535;
}

/* "9779", "10.0.0.1:9779", "[::1]:9779" */
static bool take_place(const char *where, struct place *p)
{
	const char *colon = strrchr(where, ':'), *host = where;
	size_t len = colon ? (size_t)(colon - where) : 0;

	if (!colon) {
		snprintf(p->host, sizeof(p->host), "127.0.0.1");
	} else {
		if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
			host++;
			len -= 2;
		} else if (memchr(host, ':', len)) {
			return false; /* of IPv6, it would be ambiguous */
		}
		if (!len || len >= sizeof(p->host))
			return false;
		snprintf(p->host, sizeof(p->host), "%.*s", (int)len, host);
	}
	if (!is_port(colon ? colon + 1 : where))
		return false;
	snprintf(p->port, sizeof(p->port), "%s", colon ? colon + 1 : where);
	return true;
}

static int resolve(const char *where, struct addrinfo **found, struct damon_fail *fail)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct place p;

	if (take_place(where, &p) && !getaddrinfo(p.host, p.port, &hints, found))
		return 0;
	damon_fail(fail, EINVAL, "'%.80s' is no value of '--metrics'", where);
	damon_fail_remedy(fail, "give a port, or an address and a port: '9779', '0.0.0.0:9779', "
				"'[::1]:9779'");
	return -EINVAL;
}

int http_check(const char *where, struct damon_fail *fail)
{
	struct addrinfo *a;
	int err = resolve(where, &a, fail);

	if (!err)
		freeaddrinfo(a);
	return err;
}

static int listen_at(const struct addrinfo *a)
{
	int one = 1, err, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, a->ai_addr, a->ai_addrlen) && !listen(fd, MAX_CONNECTIONS))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int open_socket(const char *where, struct damon_fail *fail)
{
	struct addrinfo *a;
	int fd, err = resolve(where, &a, fail);

	if (err)
		return err;
	fd = listen_at(a);
	freeaddrinfo(a);
	if (fd >= 0)
		return fd;
	damon_fail(fail, -fd, "cannot serve metrics at '%.80s': %s", where,
		   fd == -EADDRINUSE ? "the port is taken" : strerror(-fd));
	damon_fail_remedy(fail, "%s",
			  fd == -EADDRINUSE ? "choose another one"
			  : fd == -EACCES   ? "choose a port from 1024 on"
					    : "choose an address of this machine");
	return fd;
}

/* ---- answers ---- */

static const char *const types[] = {
	[HTTP_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	[HTTP_CLASSIC] = "text/plain; version=0.0.4; charset=utf-8",
};

static enum http_form form_of(struct MHD_Connection *c)
{
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");

	return accept && strstr(accept, "text/plain") && !strstr(accept, "openmetrics")
		       ? HTTP_CLASSIC
		       : HTTP_OPENMETRICS;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *r,
			      const char *type)
{
	enum MHD_Result done;

	if (!r)
		return MHD_NO; /* closes the connection */
	MHD_add_response_header(r, "Content-Type", type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (char *)text, MHD_RESPMEM_PERSISTENT);

	return answer(c, status, r, "text/plain; charset=utf-8");
}

static enum MHD_Result serve(struct http *h, struct MHD_Connection *c)
{
	enum http_form form = form_of(c);
	struct MHD_Response *r;

	pthread_mutex_lock(&h->lock);
	r = MHD_create_response_from_buffer(h->len[form], h->text[form], MHD_RESPMEM_MUST_COPY);
	pthread_mutex_unlock(&h->lock);
	return answer(c, MHD_HTTP_OK, r, types[form]);
}

static enum MHD_Result on_request(void *priv, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *nr_data, void **state)
{
	static int seen;

	if (!*state) { /* its headers; an answer now would leave a body unread */
		*state = &seen;
		return MHD_YES;
	}
	if (*nr_data) { /* nothing is made of bodies */
		*nr_data = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (strcmp(url, "/metrics"))
		return say(c, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n");
	return serve(priv, c);
}

/* ---- a server ---- */

/* Signals are for the thread that has asked for it. */
static struct MHD_Daemon *start(struct http *h, int fd)
{
	struct MHD_Daemon *d;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	d = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_POLL, 0, NULL, NULL,
		on_request, h, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return d;
}

int http_new(const char *where, struct http **out, struct damon_fail *fail)
{
	int fd = open_socket(where, fail);
	struct http *h;

	if (fd < 0)
		return fd;
	h = calloc(1, sizeof(*h));
	if (h) {
		pthread_mutex_init(&h->lock, NULL);
		h->daemon = start(h, fd);
	}
	if (h && h->daemon) {
		*out = h;
		return 0;
	}
	close(fd);
	http_free(h);
	return damon_fail(fail, ENOMEM, "cannot serve metrics: no thread could be started");
}

void http_free(struct http *h)
{
	if (!h)
		return;
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	for (size_t i = 0; i < HTTP_NR_FORMS; i++)
		free(h->text[i]);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void http_set(struct http *h, enum http_form form, const char *text, size_t len)
{
	char *copy = malloc(len + 1), *old;

	if (!copy)
		return;
	memcpy(copy, text, len);
	pthread_mutex_lock(&h->lock);
	old = h->text[form];
	h->text[form] = copy;
	h->len[form] = len;
	pthread_mutex_unlock(&h->lock);
	free(old);
}
