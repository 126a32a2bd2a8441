/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/convert/anonymize.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/util.h"

#define HASH_DIGITS 10 /* of a name: 40 bits */
#define SHIFT_BYTES ((uint64_t)64 << 20)
#define SHIFTS	    ((uint64_t)1 << 17)

int anonymize_init(struct anonymize *a)
{
	ssize_t n = getrandom(a->key, sizeof(a->key), 0);

	return n == sizeof(a->key) ? 0 : n < 0 ? -errno : -EIO;
}

/* ---- SipHash-2-4 ---- */

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t anonymize_hash(const struct anonymize *a, const void *bytes, size_t n)
{
	uint64_t v[4] = {a->key[0] ^ 0x736f6d6570736575ull, a->key[1] ^ 0x646f72616e646f6dull,
			 a->key[0] ^ 0x6c7967656e657261ull, a->key[1] ^ 0x7465646279746573ull};
	const uint8_t *p = bytes;

	for (size_t left = n;; left -= 8, p += 8) {
		uint64_t word = 0;

		memcpy(&word, p, MIN(left, (size_t)8));
		word = le64toh(word);
		if (left < 8)
			word |= (uint64_t)n << 56;
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t anonymize_shift(const struct anonymize *a, uint32_t space_id)
{
	uint64_t what[2] = {htole64(space_id), 1}; /* no name has its bytes */

	return SHIFT_BYTES * (1 + anonymize_hash(a, what, sizeof(what)) % (SHIFTS - 1));
}

/* ---- names ---- */

static void put(char *buf, size_t size, size_t *len, const char *text, size_t n)
{
	n = MIN(n, size - 1 - *len);
	memcpy(buf + *len, text, n);
	*len += n;
	buf[*len] = '\0';
}

static void put_hash(const struct anonymize *a, char *buf, size_t size, size_t *len,
		     const char *name, size_t n)
{
	char digits[17];

	snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)anonymize_hash(a, name, n));
	if (n)
		put(buf, size, len, digits, HASH_DIGITS);
}

void anonymize_word(const struct anonymize *a, const char *name, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	put_hash(a, buf, size, &len, name, strlen(name));
}

void anonymize_mark(const struct anonymize *a, const char *name, char *buf, size_t size)
{
	size_t len = 0, digits = !strncmp(name, "mark", 4) ? strspn(name + 4, "0123456789") : 0;

	if (digits && !name[4 + digits])
		put(buf, size, &len, name, strlen(name));
	else
		anonymize_word(a, name, buf, size);
}

void anonymize_file(const struct anonymize *a, uint64_t *dev, uint64_t *inode)
{
	uint64_t what[3] = {htole64(*dev), htole64(*inode), 2};

	if (*inode)
		*inode = anonymize_hash(a, what, sizeof(what)) >> 16 | 1;
	*dev = *dev ? 1 : 0;
}

/* Behind these a name is somebody's own. */
static const char *const prefixes[] = {"/memfd:", "/SYSV", "/dev/shm/", "[anon:", "[anon_shmem:"};
/* These are the same everywhere. */
static const char *const common[] = {
	"",	      "[heap]",	   "[stack]",	"[vdso]",	  "[vvar]", "[vvar_vclock]",
	"[vsyscall]", "[uprobes]", "/dev/zero", "/anon_hugepage",
};

static size_t prefix_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return strlen(prefixes[i]);
	return 0;
}

static bool is_common(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (strlen(common[i]) == n && !memcmp(common[i], name, n))
			return true;
	return false;
}

/* ".so", if the file is a library: "libc.so.6" and "x.cpython-312.so" are. */
static const char *suffix_of(const char *base, size_t n)
{
	for (size_t i = 1; i + 3 <= n; i++)
		if (!memcmp(base + i, ".so", 3) && (i + 3 == n || base[i + 3] == '.'))
			return ".so";
	return "";
}

static void put_path(const struct anonymize *a, char *buf, size_t size, size_t *len,
		     const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n), *base = slash ? slash + 1 : path, *suffix;
	size_t dir = slash ? (size_t)(slash - path) : 0, base_len = n - (size_t)(base - path);

	if (dir) {
		put(buf, size, len, "/", 1);
		put_hash(a, buf, size, len, path, dir);
	}
	if (slash)
		put(buf, size, len, "/", 1);
	put_hash(a, buf, size, len, base, base_len);
	suffix = suffix_of(base, base_len);
	put(buf, size, len, suffix, strlen(suffix));
}

void anonymize_mapping(const struct anonymize *a, const char *name, char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(name), end = sizeof(deleted) - 1, len = 0, prefix = prefix_of(name);
	bool gone = n > end && !strcmp(name + n - end, deleted);

	buf[0] = '\0';
	if (gone)
		n -= end;
	if (is_common(name, n)) {
		put(buf, size, &len, name, n);
	} else if (name[0] == '[') {
		prefix = MAX(prefix, (size_t)1);
		put(buf, size, &len, name, prefix);
		put_hash(a, buf, size, &len, name + prefix, n - prefix);
		put(buf, size, &len, "]", 1);
	} else if (prefix) {
		put(buf, size, &len, name, prefix);
		put_hash(a, buf, size, &len, name + prefix, n - prefix);
	} else {
		put_path(a, buf, size, &len, name, n);
	}
	if (gone)
		put(buf, size, &len, deleted, end);
}

/* ---- heads ---- */

/* "6.12.0-mine-17 x86_64" to "6.12.0 x86_64". */
static void plain_kernel(char *kernel)
{
	char *machine = strrchr(kernel, ' ');
	size_t digits = strspn(kernel, "0123456789.");

	memmove(kernel + digits, machine ? machine : "", machine ? strlen(machine) + 1 : 1);
}

void anonymize_meta(const struct anonymize *a, struct damon_meta *m)
{
	snprintf(m->command, sizeof(m->command), "%s", m->command[0] ? "(anonymized)" : "");
	plain_kernel(m->kernel);
}

void anonymize_totals(const struct anonymize *a, struct damon_totals *t)
{
	char host[sizeof(t->origin.host)];

	anonymize_word(a, t->origin.host, host, sizeof(host));
	memcpy(t->origin.host, host, sizeof(host));
	if (t->origin.events[0])
		snprintf(t->origin.events, sizeof(t->origin.events), "(anonymized)");
	if (t->checks.reason[0])
		snprintf(t->checks.reason, sizeof(t->checks.reason), "(anonymized)");
}
