/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/proc.h"

#define FD_SPARE   512 /* what is opened besides: the files of mappings, pidfds, the record */
#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define FD_LEAST   16	      /* what must be left of that */

/* A number in base 16 or 10 at '*p', which moves behind it. */
static bool number(char **p, unsigned base, uint64_t *out)
{
	uint64_t v = 0;
	char *s = *p;

	for (;; s++) {
		unsigned c = (unsigned char)*s, d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if (base == 16 && (c | 32) >= 'a' && (c | 32) <= 'f')
			d = (c | 32) - 'a' + 10;
		else
			break;
		if (v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = v;
	return true;
}

static bool skip(char **p, char c)
{
	if (**p != c)
		return false;
	++*p;
	return true;
}

static bool permissions(char **p, uint8_t *prot)
{
	const char *s = *p;

	if (strnlen(s, 4) < 4 || !strchr("ps", s[3]))
		return false;
	*prot = (s[0] == 'r' ? DAMON_PROT_READ : 0) | (s[1] == 'w' ? DAMON_PROT_WRITE : 0) |
		(s[2] == 'x' ? DAMON_PROT_EXEC : 0) | (s[3] == 's' ? DAMON_PROT_SHARED : 0);
	*p += 4;
	return true;
}

/* The kernel writes a newline in a name as \012, and nothing else so: seq_file_path(). */
static void unescape(char *name)
{
	char *to = name;

	for (const char *from = name; *from; to++) {
		bool newline = !strncmp(from, "\\012", 4);

		*to = newline ? '\n' : *from;
		from += newline ? 4 : 1;
	}
	*to = '\0';
}

/* "start-end rwxp offset major:minor inode   name", proc_pid_maps(5). */
static bool parse_line(char *p, struct damon_mapping *m)
{
	uint64_t major, minor;

	*m = (struct damon_mapping){.to_ns = UINT64_MAX};
	if (!number(&p, 16, &m->start) || !skip(&p, '-') || !number(&p, 16, &m->end) ||
	    !skip(&p, ' ') || !permissions(&p, &m->prot) || !skip(&p, ' ') ||
	    !number(&p, 16, &m->offset) || !skip(&p, ' ') || !number(&p, 16, &major) ||
	    !skip(&p, ':') || !number(&p, 16, &minor) || !skip(&p, ' ') ||
	    !number(&p, 10, &m->inode))
		return false;
	if (m->start >= m->end || (*p && *p != ' '))
		return false;
	m->dev = major << 32 | (minor & UINT32_MAX);
	p += strspn(p, " ");
	unescape(p);
	m->name = p;
	return true;
}

int damon_maps_parse(char *text, struct damon_maps *out)
{
	_cleanup_(freep) struct damon_mapping *m = NULL;
	size_t nr = 0, cap = 0;
	uint64_t last = 0;

	for (char *line = text, *next; *line; line = next) {
		char *end = strchrnul(line, '\n');
		int err = vec_reserve(&m, &cap, nr + 1, sizeof(*m));

		if (err)
			return err;
		next = *end ? end + 1 : end;
		*end = '\0';
		/* A mapping may change while the file is read in pieces: what overlaps is dropped.
		 */
		if (!parse_line(line, &m[nr]) || m[nr].start < last)
			continue;
		last = m[nr++].end;
	}
	*out = (struct damon_maps){.m = steal(&m), .nr = nr, .text = text};
	return 0;
}

int damon_maps_read(const struct damon_sys *sys, int pid, struct damon_maps *out)
{
	_cleanup_(freep) char *text = NULL;
	char path[64];
	size_t len;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	err = damon_sys_slurp(sys, path, &text, &len);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	if (!len) /* ended, not yet waited for */
		return -ESRCH;
	err = damon_maps_parse(text, out);
	if (!err)
		steal(&text);
	return err;
}

void damon_maps_release(struct damon_maps *m)
{
	if (!m)
		return;
	free(m->m);
	free(m->text);
	*m = (struct damon_maps){0};
}

/* The names in a folder of /proc that are numbers. */
static int list_ids(const struct damon_sys *sys, const char *path, int **ids)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) int *list = NULL;
	size_t nr = 0, cap = 0;
	int err = damon_sys_slurp(sys, path, &text, NULL);

	if (err)
		return err == -ENOENT ? -ESRCH : err;
	for (char *p = text; *p;) {
		uint64_t id;

		err = vec_reserve(&list, &cap, nr + 1, sizeof(*list));
		if (err)
			return err;
		if (number(&p, 10, &id) && id > 0 && id <= INT32_MAX)
			list[nr++] = (int)id;
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	if (!nr)
		return -ESRCH;
	*ids = steal(&list);
	return (int)nr;
}

int damon_proc_tids(const struct damon_sys *sys, int pid, int **tids)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return list_ids(sys, path, tids);
}

int damon_proc_all(const struct damon_sys *sys, int **pids)
{
	return list_ids(sys, "/proc", pids);
}

int damon_proc_comm(const struct damon_sys *sys, int pid, char comm[16])
{
	char path[64], buf[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	n = sys->read_file(sys, path, buf, sizeof(buf) - 1);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	n = MIN(n, (ssize_t)15);
	memcpy(comm, buf, (size_t)n);
	comm[n] = '\0';
	return 0;
}

/* Field 'nr' of /proc/PID/stat as proc_pid_stat(5) counts them, beyond the second: the name in
 * parentheses, which may hold anything. Returns 0 or -errno. */
static int stat_field(const struct damon_sys *sys, int pid, int nr, uint64_t *value)
{
	char path[64], buf[1024], *p;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = sys->read_file(sys, path, buf, sizeof(buf) - 1);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	for (int field = 2; p && field < nr; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p && number(&p, 10, value) ? 0 : -EBADMSG;
}

bool damon_proc_is_kernel(const struct damon_sys *sys, int pid)
{
	uint64_t flags;

	return !stat_field(sys, pid, 9, &flags) && flags & PF_KTHREAD;
}

/* Both /proc/uptime and start times count from the boot, sleep included; the second in ticks of
 * USER_HZ, which is 100 everywhere. */
int damon_proc_started(const struct damon_sys *sys, int pid, uint64_t *ns)
{
	uint64_t now_ns = sys->clock_ns(sys), up_ns, start, age_ns;
	char buf[64];
	double up;
	int err;
	ssize_t n = sys->read_file(sys, "/proc/uptime", buf, sizeof(buf) - 1);

	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	up = strtod(buf, NULL);
	err = stat_field(sys, pid, 22, &start);
	if (err)
		return err;
	if (!(up > 0 && up < 1e9) || start > 1e11)
		return -EBADMSG;
	up_ns = (uint64_t)(up * NS_PER_SEC);
	age_ns = up_ns - MIN(start * (NS_PER_SEC / 100), up_ns);
	*ns = now_ns - MIN(age_ns, now_ns);
	return 0;
}

/* proc_stat(5): "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guests are
 * in user, too. */
int damon_proc_busy_ns(const struct damon_sys *sys, uint64_t *ns)
{
	unsigned long long user, nice, system, idle, wait, irq, softirq;
	long hz = sysconf(_SC_CLK_TCK);
	char buf[256];
	ssize_t n = sys->read_file(sys, "/proc/stat", buf, sizeof(buf) - 1);

	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	if (hz <= 0 || sscanf(buf, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
			      &idle, &wait, &irq, &softirq) != 7)
		return -EINVAL;
	*ns = (user + nice + system + irq + softirq) * (NS_PER_SEC / (uint64_t)hz);
	return 0;
}

static size_t nr_open_fds(void)
{
	_cleanup_(freep) char *names = NULL;
	size_t n = 0;

	if (damon_sys_slurp(&damon_sys_real, "/proc/self/fd", &names, NULL))
		return FD_SPARE; /* no /proc: a guess that the spare ones make up for */
	for (const char *p = names; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static bool raise_to(rlim_t want, const struct rlimit *now)
{
	struct rlimit r = {MAX(want, now->rlim_cur), MAX(want, now->rlim_max)};

	return r.rlim_cur == now->rlim_cur || !setrlimit(RLIMIT_NOFILE, &r);
}

int damon_proc_need_fds(size_t need, struct damon_fail *f)
{
	size_t open = nr_open_fds();
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now))
		return damon_fail(f, errno, "cannot read the limit of open files");
	if (raise_to(open + need + FD_SPARE, &now) || raise_to(open + need + FD_LEAST, &now))
		return 0;
	damon_fail(f, EMFILE,
		   "%zu more files must be open, but %zu are and only %llu may be (RLIMIT_NOFILE)",
		   need, open, (unsigned long long)now.rlim_max);
	damon_fail_remedy(f,
			  "raise the limit with 'ulimit -Hn %zu' as root, or monitor fewer "
			  "threads",
			  open + need + FD_SPARE);
	return -EMFILE;
}
