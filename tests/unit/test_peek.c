/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "os/peek.h"
#include "os/proc.h"

#define PAGE	   ((size_t)DAMON_PAGE_SIZE)
#define NOT_THERE  INT32_MAX /* a pid that nobody has */
#define NOT_MAPPED 0x10000ull

/* A folder of one's own, gone with all its files at the end. */
struct folder {
	char path[64];
	struct damon_peek peek;
};

static void setup(struct folder *d)
{
	strcpy(d->path, "/tmp/damon-peek.XXXXXX");
	cr_assert(mkdtemp(d->path));
	cr_assert_eq(damon_peek_init(&d->peek, &damon_sys_real), 0);
}

static void teardown(struct folder *d)
{
	static const char *const names[] = {"a", "b", "fifo", "dir/a", "dir"};
	char path[128];

	damon_peek_release(&d->peek);
	cr_expect_null(d->peek.priv);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", d->path, names[i]);
		if (unlink(path))
			rmdir(path);
	}
	cr_expect_eq(rmdir(d->path), 0);
}

static const char *in(const struct folder *d, const char *name)
{
	static char path[2][128];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", d->path, name);
	return path[turn];
}

/* A file of 'pages' pages, page i filled with mark + i. */
static void write_file(const char *path, size_t pages, int mark)
{
	FILE *f = fopen(path, "we");

	cr_assert(f);
	for (size_t i = 0; i < pages * PAGE; i++)
		fputc(mark + (int)(i / PAGE), f);
	cr_assert_eq(fclose(f), 0);
}

/* The mapping of a file as it is now, as if it had been mapped at 'start'. */
static struct damon_mapping mapping_of(const char *path, uint64_t start, uint64_t offset,
				       size_t pages)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return (struct damon_mapping){
		.start = start,
		.end = start + pages * PAGE,
		.offset = offset,
		.dev = (uint64_t)major(st.st_dev) << 32 | minor(st.st_dev),
		.inode = st.st_ino,
		.prot = DAMON_PROT_READ | DAMON_PROT_EXEC,
		.to_ns = UINT64_MAX,
		.name = path,
	};
}

/* Maps a file for real and gives what /proc says of it. */
static char *map_really(const char *path, size_t pages, struct damon_maps *maps,
			struct damon_mapping *m)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *p = mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	cr_assert(fd >= 0 && p != MAP_FAILED);
	close(fd);
	cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), maps), 0);
	for (size_t i = 0; i < maps->nr; i++)
		if (maps->m[i].start == (uintptr_t)p) {
			*m = maps->m[i];
			return p;
		}
	cr_assert_fail("the mapping is not in /proc");
	return NULL;
}

static const struct damon_image *ask(struct folder *d, int pid, const struct damon_mapping *m)
{
	return d->peek.image(d->peek.priv, pid, m);
}

Test(peek, gives_the_bytes_of_mappings)
{
	struct folder d;
	struct damon_mapping m, other;
	const struct damon_image *i, *j;

	setup(&d);
	write_file(in(&d, "a"), 4, 'a');
	m = mapping_of(in(&d, "a"), NOT_MAPPED, PAGE, 2);
	i = ask(&d, getpid(), &m);
	cr_assert(i);
	cr_expect_eq(i->size, 4 * PAGE);
	cr_expect(i->bytes[PAGE] == 'b' && i->bytes[3 * PAGE - 1] == 'c');
	cr_expect_eq(i->bytes[3 * PAGE], 0, "nobody asked for this");
	cr_expect_eq(ask(&d, getpid(), &m), i);
	other = m;
	other.offset = 3 * PAGE;
	other.start = other.end + PAGE;
	other.end = other.start + 8 * PAGE; /* longer than the file is */
	j = ask(&d, NOT_THERE, &other);	    /* another process, which has ended */
	cr_expect_eq(j, i, "one image per file");
	cr_expect(i->bytes[3 * PAGE] == 'd' && i->bytes[4 * PAGE - 1] == 'd');
	teardown(&d);
}

Test(peek, gives_nothing_without_a_proof)
{
	struct folder d;
	struct damon_mapping file, m;
	struct stat fifo;

	setup(&d);
	write_file(in(&d, "a"), 4, 'a');
	write_file(in(&d, "b"), 4, 'a'); /* of equal content, but not the same */
	cr_assert_eq(mkfifo(in(&d, "fifo"), 0600), 0);
	file = mapping_of(in(&d, "a"), NOT_MAPPED, 0, 1);
	for (int row = 0; row < 12; row++) {
		const char *what = "?";

		m = file;
		switch (row) {
		case 0:
			what = "anonymous";
			m.name = "";
			m.inode = m.dev = 0;
			break;
		case 1:
			what = "the heap";
			m.name = "[heap]";
			break;
		case 2:
			what = "another inode";
			m.inode = mapping_of(in(&d, "b"), 0, 0, 1).inode;
			break;
		case 3:
			what = "another device";
			m.dev++;
			break;
		case 4:
			what = "no inode";
			m.inode = 0;
			break;
		case 5:
			what = "no such file";
			m.name = "/none";
			break;
		case 6:
			what = "beyond the end";
			m.offset = 4 * PAGE;
			break;
		case 7:
			what = "an offset that overflows";
			m.offset = 0ull - PAGE;
			break;
		case 8:
			what = "a FIFO";
			m.name = in(&d, "fifo");
			cr_assert_eq(stat(m.name, &fifo), 0);
			m.inode = fifo.st_ino;
			break;
		case 9:
			what = "a folder";
			m = mapping_of(d.path, NOT_MAPPED, 0, 1);
			break;
		case 10:
			what = "a device";
			m = mapping_of("/dev/zero", NOT_MAPPED, 0, 1);
			break;
		case 11:
			what = "another build id";
			m.inode = 0;
			m.build_id_len = 20;
			break;
		}
		cr_expect_null(ask(&d, getpid(), &m), "%s", what);
		cr_expect_null(ask(&d, NOT_THERE, &m), "%s of a process that ended", what);
	}
	cr_expect(ask(&d, getpid(), &file), "the file itself");
	teardown(&d);
}

/* What the path means now does not matter: the image is the mapped file, or there is none. */
Test(peek, is_not_fooled_by_paths)
{
	static const char *const cases[] = {"deleted", "replaced", "swapped"};

	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct folder d;
		struct damon_maps maps, again;
		struct damon_mapping m, late;
		const struct damon_image *i;

		setup(&d);
		write_file(in(&d, "a"), 2, 'a');
		map_really(in(&d, "a"), 2, &maps, &m);
		if (c == 0)
			cr_assert_eq(unlink(in(&d, "a")), 0);
		if (c >= 1)
			write_file(in(&d, "b"), 2, 'x');
		if (c == 1)
			cr_assert_eq(rename(in(&d, "b"), in(&d, "a")), 0);
		if (c == 2)
			cr_assert_eq(renameat2(AT_FDCWD, in(&d, "a"), AT_FDCWD, in(&d, "b"),
					       RENAME_EXCHANGE),
				     0);
		i = ask(&d, getpid(), &m);
		cr_expect(!i || i->bytes[0] == 'a', "%s: wrong bytes", cases[c]);
		late = m; /* as a later reading of maps has it: " (deleted)", or the new name */
		late.from_ns = 1;
		cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), &again), 0);
		for (size_t k = 0; k < again.nr; k++)
			if (again.m[k].start == m.start)
				late.name = again.m[k].name;
		i = ask(&d, getpid(), &late);
		cr_expect(!i || i->bytes[0] == 'a', "%s: wrong bytes", cases[c]);
		if (c == 2 || geteuid() == 0) /* by its new name, or by map_files */
			cr_expect(i, "%s", cases[c]);
		i = ask(&d, NOT_THERE, &m);
		cr_expect(!i || i->bytes[0] == 'a', "%s: wrong bytes of the past", cases[c]);
		damon_maps_release(&maps);
		damon_maps_release(&again);
		teardown(&d);
	}
}

Test(peek, survives_files_that_shrink_and_change)
{
	struct folder d;
	struct damon_mapping m;
	const struct damon_image *i, *j;
	uint32_t id;

	setup(&d);
	write_file(in(&d, "a"), 3, 'a');
	m = mapping_of(in(&d, "a"), NOT_MAPPED, 0, 3);
	i = ask(&d, getpid(), &m);
	cr_assert(i);
	id = i->id;
	cr_assert_eq(truncate(in(&d, "a"), 0), 0);
	cr_expect(i->bytes[0] == 'a' && i->bytes[3 * PAGE - 1] == 'c');
	m.from_ns = 1;
	cr_expect_null(ask(&d, getpid(), &m), "there is nothing in it");
	write_file(in(&d, "a"), 3, 'k'); /* the same inode, other bytes */
	m.from_ns = 2;
	j = ask(&d, getpid(), &m);
	cr_assert(j);
	cr_expect_neq(j->id, id);
	cr_expect(j->bytes[0] == 'k' && i->bytes[0] == 'a');
	teardown(&d);
}

/* An inode number is not given to another file while an image of it lives. */
Test(peek, keeps_inodes_apart)
{
	struct folder d;
	const struct damon_image *seen[8];

	setup(&d);
	for (int k = 0; k < 8; k++) { /* compile, run, delete, again */
		struct damon_mapping m;

		write_file(in(&d, "a"), 1, 'a' + k);
		m = mapping_of(in(&d, "a"), NOT_MAPPED, 0, 1);
		seen[k] = ask(&d, 100000 + k, &m);
		cr_assert(seen[k]);
		cr_expect_eq(seen[k]->bytes[0], 'a' + k);
		unlink(in(&d, "a"));
	}
	for (int k = 0; k < 8; k++)
		cr_expect_eq(seen[k]->bytes[0], 'a' + k);
	teardown(&d);
}

Test(peek, bounds_what_it_copies)
{
	struct folder d;
	struct damon_mapping m;
	size_t pages = ((size_t)257 << 20) / PAGE;

	setup(&d);
	write_file(in(&d, "a"), 1, 'a');
	cr_assert_eq(truncate(in(&d, "a"), 1ll << 40), 0); /* sparse */
	m = mapping_of(in(&d, "a"), 1ull << 30, 0, pages);
	cr_expect_null(ask(&d, getpid(), &m));
	m.end = m.start + 2 * PAGE;
	cr_expect(ask(&d, getpid(), &m), "a part of it is fine");
	teardown(&d);
}

/* ---- other proofs ---- */

/* File systems whose st_dev is not what mappings tell: the bytes in memory decide. */
Test(peek, compares_with_memory)
{
	struct folder d;
	struct damon_maps maps;
	struct damon_mapping m, n;
	const struct damon_image *i;

	setup(&d);
	write_file(in(&d, "a"), 6, 'a');
	map_really(in(&d, "a"), 6, &maps, &m);
	m.dev ^= 0x77;
	n = m;
	n.end -= PAGE; /* no range of map_files */
	i = ask(&d, getpid(), &n);
	cr_assert(i);
	cr_expect_eq(i->bytes[PAGE], 'b');
	damon_peek_release(&d.peek);
	cr_assert_eq(damon_peek_init(&d.peek, &damon_sys_real), 0);
	n.offset += PAGE; /* then memory holds other bytes */
	n.end -= PAGE;
	cr_expect_null(ask(&d, getpid(), &n));
	n = m;
	n.end -= PAGE;
	n.prot |= DAMON_PROT_WRITE; /* may have been written to: proves nothing */
	cr_expect_null(ask(&d, getpid(), &n));
	damon_maps_release(&maps);
	teardown(&d);
}

static int find_build_id(struct dl_phdr_info *info, size_t size, void *priv)
{
	struct damon_mapping *m = priv;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const char *at = (const char *)(info->dlpi_addr + p->p_vaddr);

		if (p->p_type != PT_NOTE)
			continue;
		for (size_t o = 0; o + sizeof(ElfW(Nhdr)) < p->p_memsz;) {
			const ElfW(Nhdr) *n = (const void *)(at + o);
			size_t align = p->p_align == 8 ? 7 : 3;

			if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && n->n_descsz <= 20) {
				memcpy(m->build_id, (const char *)(n + 1) + 4, n->n_descsz);
				m->build_id_len = (uint8_t)n->n_descsz;
				return 1;
			}
			o += (sizeof(*n) + ((n->n_namesz + align) & ~align) +
			      ((n->n_descsz + align) & ~align));
		}
	}
	return info->dlpi_name[0] == '\0'; /* the program itself comes first and ends the search */
}

Test(peek, knows_build_ids)
{
	char exe[512] = "";
	struct damon_mapping m = {.start = NOT_MAPPED, .end = NOT_MAPPED + PAGE, .name = exe};
	const struct damon_image *i;
	struct folder d;

	cr_assert_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	dl_iterate_phdr(find_build_id, &m);
	if (!m.build_id_len)
		cr_skip("this test program has no build id");
	setup(&d);
	i = ask(&d, getpid(), &m);
	cr_assert(i);
	cr_expect_eq(memcmp(i->bytes, ELFMAG, SELFMAG), 0);
	cr_expect_eq(ask(&d, NOT_THERE, &m), i);
	m.from_ns = 1;
	m.build_id[0] ^= 1;
	cr_expect_null(ask(&d, getpid(), &m));
	m.from_ns = 2;
	m.build_id[0] ^= 1;
	m.build_id_len--;
	cr_expect_null(ask(&d, getpid(), &m));
	teardown(&d);
}

/* The same path, in a mount namespace where it is another file. No assertions here: they are for
 * the process of the test alone. */
static void live_elsewhere(const struct folder *d, int tell)
{
	char bytes[2 * DAMON_PAGE_SIZE];
	uint64_t start = 0;
	char *p;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(bytes, 'x', sizeof(bytes));
	if (!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	    !mount("none", in(d, "dir"), "tmpfs", 0, NULL)) {
		fd = open(in(d, "dir/a"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		p = MAP_FAILED;
		if (write(fd, bytes, sizeof(bytes)) == sizeof(bytes))
			p = mmap(NULL, sizeof(bytes), PROT_READ, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED)
			start = (uintptr_t)p;
	}
	if (write(tell, &start, sizeof(start)) == sizeof(start))
		pause();
	_exit(0);
}

Test(peek, looks_through_the_eyes_of_the_process)
{
	struct damon_maps maps = {0};
	const struct damon_image *i;
	struct damon_mapping here;
	uint64_t start = 0;
	struct folder d;
	int pid, ends[2];

	setup(&d);
	cr_assert_eq(mkdir(in(&d, "dir"), 0700), 0);
	write_file(in(&d, "dir/a"), 2, 'a');
	here = mapping_of(in(&d, "dir/a"), NOT_MAPPED, 0, 1);
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (!pid)
		live_elsewhere(&d, ends[1]);
	cr_assert_eq(read(ends[0], &start, sizeof(start)), sizeof(start));
	if (start)
		cr_assert_eq(damon_maps_read(&damon_sys_real, pid, &maps), 0);
	for (size_t k = 0; k < maps.nr; k++) {
		if (maps.m[k].start != start)
			continue;
		cr_expect_str_eq(maps.m[k].name, here.name);
		i = ask(&d, pid, &maps.m[k]);
		cr_assert(i);
		cr_expect_eq(i->bytes[0], 'x');
		cr_expect_neq(ask(&d, getpid(), &here), i);
		cr_expect_eq(ask(&d, getpid(), &here)->bytes[0], 'a');
		start = 1;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	damon_maps_release(&maps);
	teardown(&d);
	if (!start)
		cr_skip("no mount namespace of one's own here");
	cr_expect_eq(start, 1, "the mapping was looked at");
}

Test(peek, reads_memory)
{
	struct damon_peek k;
	char text[] = "hello", got[6] = "";

	cr_assert_eq(damon_peek_init(&k, &damon_sys_real), 0);
	cr_expect_eq(k.read_mem(k.priv, getpid(), (uintptr_t)text, got, 6), 6);
	cr_expect_str_eq(got, "hello");
	cr_expect_lt(k.read_mem(k.priv, NOT_THERE, (uintptr_t)text, got, 6), 0);
	damon_peek_release(&k);
	damon_peek_release(&k);
	damon_peek_release(NULL);
}
