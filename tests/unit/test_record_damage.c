/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that are cut off, damaged or forged, and writers that are. */
#include <criterion/criterion.h>
#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/util.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(record_damage, .fini = kit_remove);

/* What lies in whole chunks below 'n'. */
struct whole {
	unsigned int chunks, snapshots, totals, logs;
	size_t end; /* of the last whole chunk */
	bool meta;
};

/* Counts chunks; each SNAPSHOT chunk has 'per_flush' snapshots. */
static struct whole whole_chunks(const struct kit_bytes *b, size_t n, unsigned int per_flush)
{
	struct whole w = {.end = RECORD_HEAD_BYTES};
	struct record_frame f;

	while (w.end + RECORD_CHUNK_BYTES <= n && !damon_frame_parse(b->data + w.end, &f) &&
	       w.end + RECORD_CHUNK_BYTES + f.stored_bytes <= n) {
		w.end += RECORD_CHUNK_BYTES + f.stored_bytes;
		w.chunks++;
		w.meta |= f.type == damon_chunk_meta.type;
		w.logs += f.type == damon_chunk_log.type;
		w.totals += f.type == damon_chunk_totals.type;
		w.snapshots += f.type == damon_chunk_snapshot.type ? per_flush : 0;
	}
	return w;
}

/* A file in memory: thousands of versions of one cost little there. Returns its path. */
static const char *in_memory(int *fd)
{
	static char path[32];

	*fd = memfd_create("record", MFD_CLOEXEC);
	cr_assert_geq(*fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return path;
}

Test(record_damage, cut_off_anywhere)
{
	int fd;
	const char *path = in_memory(&fd);
	struct kit_bytes b;

	kit_write(kit_path("whole"), 1, 4, 2);
	b = kit_slurp(kit_path("whole"));
	for (size_t n = 0; n < b.n; n++) {
		struct whole w = whole_chunks(&b, n, 2);
		struct kit_items items;

		cr_assert(!n || pwrite(fd, b.data + n - 1, 1, (off_t)n - 1) == 1);
		kit_read(path, false, &items);
		cr_assert_eq(items.err, w.meta ? 0 : -EBADMSG, "%zu of %zu", n, b.n);
		if (!w.meta)
			continue;
		cr_assert_eq(items.snapshots, w.snapshots, "%zu", n);
		cr_assert_eq(items.logs, w.logs, "%zu", n);
		cr_assert_eq(items.totals, w.totals, "%zu", n);
		cr_assert_eq(items.skipped, n - w.end, "%zu", n);
		cr_assert_eq(items.damaged, n > w.end, "%zu", n);
		cr_assert(!items.complete);
	}
	free(b.data);
}

/* 'got' is 'all' without those of at most one chunk of 'per_flush'. */
static bool nothing_wrong(const struct kit_items *all, const struct kit_items *got,
			  unsigned int per_flush)
{
	unsigned int at = 0;

	if (got->snapshots != all->snapshots && got->snapshots + per_flush != all->snapshots)
		return false;
	for (unsigned int i = 0; i < got->snapshots; i++, at++) {
		while (at < all->snapshots && all->all[at]->start_ns != got->all[i]->start_ns)
			at++;
		if (at == all->snapshots || kit_snapshot_differs(got->all[i], all->all[at]))
			return false;
	}
	return true;
}

Test(record_damage, every_bit_flipped)
{
	int fd;
	const char *path = in_memory(&fd);
	struct kit_items all;
	struct kit_bytes b;
	struct whole meta = {0};
	size_t first;

	kit_write(kit_path("whole"), 10, 3, 1);
	b = kit_slurp(kit_path("whole"));
	kit_read(kit_path("whole"), true, &all);
	cr_assert_eq(all.snapshots, 3);
	for (first = 0; !meta.meta; first++)
		meta = whole_chunks(&b, first, 1);
	for (size_t bit = 0; bit < 8 * b.n; bit++) {
		struct kit_items items;

		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_eq(pwrite(fd, b.data, b.n, 0), (ssize_t)b.n);
		kit_read(path, true, &items);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 < meta.end) {
			cr_assert_eq(items.err, -EBADMSG, "bit %zu", bit);
			continue;
		}
		cr_assert_eq(items.err, 0, "bit %zu", bit);
		cr_assert_eq(items.damaged, 1, "bit %zu", bit);
		cr_assert(nothing_wrong(&all, &items, 1), "bit %zu", bit);
		cr_assert_eq(items.snapshots + items.totals + items.logs,
			     all.snapshots + all.totals + all.logs - 1, "bit %zu", bit);
		kit_items_release(&items);
	}
	kit_items_release(&all);
	free(b.data);
}

/* Bytes that are missing or too many in the middle: the chunks behind are found again. */
Test(record_damage, shifted)
{
	static const struct {
		const char *name;
		int insert; /* < 0: bytes are missing */
	} rows[] = {{"a byte too many", 1}, {"a byte missing", -1}, {"a block missing", -100}};
	struct kit_bytes b;

	kit_write(kit_path("whole"), 11, 6, 2);
	b = kit_slurp(kit_path("whole"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t at = b.n / 2, from = at - MIN(rows[i].insert, 0),
		       gap = MAX(rows[i].insert, 0);
		uint8_t *shifted = calloc(1, b.n + 1);
		struct kit_items items;

		memcpy(shifted, b.data, at);
		memcpy(shifted + at + gap, b.data + from, b.n - from);
		kit_spill(kit_path("shift"), shifted, at + gap + b.n - from);
		kit_read(kit_path("shift"), false, &items);
		cr_expect_eq(items.err, 0, "%s", rows[i].name);
		cr_expect_eq(items.damaged, 1, "%s", rows[i].name);
		cr_expect_geq(items.snapshots, 8, "%s: %u", rows[i].name, items.snapshots);
		cr_expect(items.complete, "%s", rows[i].name);
		free(shifted);
	}
	free(b.data);
}

/* A frame with a right checksum and wrong claims. */
static void forge(struct damon_pack *out, uint16_t type, uint16_t flags, uint32_t stored,
		  uint32_t raw, const void *payload, size_t n)
{
	uint8_t head[RECORD_CHUNK_BYTES] = RECORD_CHUNK_MAGIC;
	uint16_t u16[2] = {htole16(type), htole16(flags)};
	uint32_t u32[3] = {htole32(stored), htole32(raw), htole32(damon_frame_crc(payload, n))},
		 crc;

	memcpy(head + 4, u16, sizeof(u16));
	memcpy(head + 8, u32, sizeof(u32));
	crc = htole32(damon_frame_crc(head, 20));
	memcpy(head + 20, &crc, sizeof(crc));
	damon_pack_bytes(out, head, sizeof(head));
	damon_pack_bytes(out, (void *)payload, n);
}

Test(record_damage, forged_chunks)
{
	/* a zstd frame that claims 2^40 bytes */
	static const uint8_t bomb[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0,
				       0,    0,	   1,	 0,    0,    1, 0, 0};
	static const uint8_t many_streams[] = {1, 0xff, 0xff, 0xff, 0xff, 0x0f};
	static const uint8_t no_schemes[] = {0, 0, 0, 0x7f};
	static const uint8_t ff[64] = {[0 ... 63] = 0xff};
	static const struct {
		const char *name;
		uint16_t type, flags;
		uint32_t stored, raw;
		const uint8_t *payload;
		size_t n;
	} rows[] = {
		{"4 GiB stored", 4, 0, UINT32_MAX, UINT32_MAX, ff, 64},
		{"4 GiB raw", 4, 1, 16, UINT32_MAX, bomb, 16},
		{"64 MiB raw that are not there", 4, 1, 16, 64u << 20, bomb, 16},
		{"not zstd", 4, 1, 64, 64, ff, 64},
		{"an unknown flag", 4, 2, 64, 64, ff, 64},
		{"nonsense for a meta", 1, 0, 64, 64, ff, 64},
		{"nonsense for a space", 2, 0, 64, 64, ff, 64},
		{"nonsense for a target", 3, 0, 64, 64, ff, 64},
		{"nonsense for snapshots", 4, 0, 64, 64, ff, 64},
		{"streams without end", 4, 0, 6, 6, many_streams, 6},
		{"nonsense for a log", 5, 0, 64, 64, ff, 64},
		{"nonsense for totals", 6, 0, 64, 64, ff, 64},
		{"nonsense for tuning", 7, 0, 64, 64, ff, 64},
		{"nonsense for checks", 8, 0, 64, 64, ff, 64},
		{"nonsense for schemes", 10, 0, 64, 64, ff, 64},
		{"schemes that are not there", 10, 0, 4, 4, no_schemes, 4},
		{"an empty meta", 1, 0, 0, 0, ff, 0},
		{"empty totals", 6, 0, 0, 0, ff, 0},
		{"empty checks", 8, 0, 0, 0, ff, 0},
	};
	struct kit_bytes b;
	struct whole meta = {0};
	struct rusage before, after;

	kit_write(kit_path("whole"), 12, 2, 2);
	b = kit_slurp(kit_path("whole"));
	for (size_t n = 0; !meta.meta; n++)
		meta = whole_chunks(&b, n, 1);
	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(damon_pack_release) struct damon_pack out = PACK_WRITER;
		struct kit_items items;

		damon_pack_bytes(&out, b.data, meta.end);
		forge(&out, rows[i].type, rows[i].flags, rows[i].stored, rows[i].raw,
		      rows[i].payload, rows[i].n);
		damon_pack_bytes(&out, b.data + meta.end, b.n - meta.end);
		kit_spill(kit_path("forged"), out.data, out.len);
		kit_read(kit_path("forged"), false, &items);
		cr_expect_eq(items.err, 0, "%s", rows[i].name);
		cr_expect_eq(items.skipped, RECORD_CHUNK_BYTES + rows[i].n, "%s", rows[i].name);
		cr_expect_eq(items.damaged, 1, "%s", rows[i].name);
		cr_expect_eq(items.snapshots, 4, "%s", rows[i].name);
		cr_expect(items.complete, "%s", rows[i].name);
	}
	getrusage(RUSAGE_SELF, &after);
	cr_expect_lt(after.ru_maxrss - before.ru_maxrss, 32 << 10, "memory is not taken on trust");
	free(b.data);
}

/* A child that writes until it cannot. Says on 'fd' how many flushes succeeded. */
static void write_forever(const char *path, int fd)
{
	struct damon_totals totals = {0};
	struct kit_snapshots k;
	struct damon_writer *w;
	unsigned int n = 0;
	int err = damon_writer_open(path, &kit_meta, &w, NULL);

	kit_snapshots_init(&k, 20);
	while (!err) {
		kit_snapshots_step(&k);
		err = damon_writer_snapshot(w, &k.s);
		if (!err)
			err = damon_writer_flush(w, &totals);
		n++;
		if (!err && write(fd, &n, sizeof(n)) < 0)
			_exit(3);
	}
	/* the error is kept, and told again */
	_exit(err == -EFBIG && damon_writer_snapshot(w, &k.s) == err &&
			      damon_writer_flush(w, &totals) == err &&
			      damon_writer_close(w, &totals) == err
		      ? 0
		      : 2);
}

Test(record_damage, killed)
{
	struct kit_items items;
	unsigned int n = 0;
	int fd[2], status;
	pid_t pid;

	cr_assert_eq(pipe(fd), 0);
	kit_path("killed"); /* makes the directory, before there are two of us */
	pid = fork();
	if (!pid)
		write_forever(kit_path("killed"), fd[1]);
	close(fd[1]);
	while (n < 50)
		cr_assert_eq(read(fd[0], &n, sizeof(n)), sizeof(n));
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
	while (read(fd[0], &n, sizeof(n)) == sizeof(n))
		;
	kit_read(kit_path("killed"), false, &items);
	cr_expect_eq(items.err, 0);
	cr_expect_geq(items.snapshots, n, "%u of %u", items.snapshots, n);
	cr_expect_leq(items.damaged, 1, "at most its last write");
	cr_expect(!items.complete);
}

Test(record_damage, disk_full)
{
	struct rlimit lim = {.rlim_cur = 20000, .rlim_max = 20000};
	struct kit_items items;
	unsigned int n = 0;
	int fd[2], status;
	pid_t pid;

	cr_assert_eq(pipe(fd), 0);
	kit_path("full"); /* makes the directory, before there are two of us */
	pid = fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &lim);
		write_forever(kit_path("full"), fd[1]);
	}
	close(fd[1]);
	while (read(fd[0], &n, sizeof(n)) == sizeof(n))
		;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && !WEXITSTATUS(status), "status %x", status);
	kit_read(kit_path("full"), false, &items);
	cr_expect_gt(n, 5);
	cr_expect_eq(items.err, 0);
	cr_expect_eq(items.snapshots, n, "all that were said to be there");
	cr_expect_eq(items.damaged, 0, "half a chunk is taken back");
}

Test(record_damage, no_room_at_all)
{
	struct damon_writer *w;
	struct damon_fail f;

	cr_expect_eq(damon_writer_open("/dev/full", &kit_meta, &w, &f), -ENOSPC);
	cr_expect(strstr(f.text, "cannot write '/dev/full'"), "%s", f.text);
}
