/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/util.h"
#include "perf/cursor.h"

/* More events, ids (each is a file descriptor of perf) and letters of names than recordings have.
 */
enum { MAX_EVENTS = 4096, MAX_PMUS = 4096, MAX_IDS = 1 << 19, MAX_NAME = 1024 };
#define FILE_HEADER_BYTES 104
#define PIPE_HEADER_BYTES 16
#define NR_FEATURES	  256

/* No other is looked at. */
#define FEATURES_READ                                                                              \
	(1ull << PERF_FEATURE_TRACING_DATA | 1ull << PERF_FEATURE_BUILD_ID |                       \
	 1ull << PERF_FEATURE_HOSTNAME | 1ull << PERF_FEATURE_OSRELEASE |                          \
	 1ull << PERF_FEATURE_VERSION | 1ull << PERF_FEATURE_ARCH | 1ull << PERF_FEATURE_CPUDESC | \
	 1ull << PERF_FEATURE_CPUID | 1ull << PERF_FEATURE_CMDLINE |                               \
	 1ull << PERF_FEATURE_EVENT_DESC | 1ull << PERF_FEATURE_PMU_MAPPINGS |                     \
	 1ull << PERF_FEATURE_CLOCK_DATA)

static const char unnamed[] = "";

/* u32 length, that many bytes with a NUL somewhere. '*len' is without it. */
static const char *get_text(struct cursor *r, size_t *len)
{
	uint32_t room = take_u32(r);
	const char *s = (const char *)take(r, room);

	*len = s ? strnlen(s, room) : 0;
	return s;
}

void damon_perf_head_release(struct damon_perf_head *h)
{
	for (size_t i = 0; i < h->nr_events; i++) {
		free((void *)h->events[i].ids);
		if (h->events[i].name != unnamed)
			free((void *)h->events[i].name);
		if (h->events[i].pmu != unnamed)
			free((void *)h->events[i].pmu);
	}
	free(h->events);
	free(h->ids);
	free(h->pmus);
	free(h->tracing);
	damon_file_build_ids_release(&h->build_ids);
	memset(h, 0, sizeof(*h));
}

static size_t place_of(const struct damon_perf_head *h, uint64_t id)
{
	size_t at = (size_t)(id * h->factor >> (64 - __builtin_ctzll(h->nr_places)));

	while (h->ids[at].event && h->ids[at].id != id)
		at = (at + 1) & (h->nr_places - 1);
	return at;
}

int damon_perf_head_find(const struct damon_perf_head *h, uint64_t id)
{
	return h->nr_places ? (int)h->ids[place_of(h, id)].event - 1 : -1;
}

static int grow_ids(struct damon_perf_head *h, size_t more)
{
	struct damon_perf_id *old = h->ids;
	size_t was = h->nr_places, want = MAX(was, (size_t)64);

	while (want < 2 * (h->nr_ids + more))
		want *= 2;
	if (want == was)
		return 0;
	h->ids = calloc(want, sizeof(*h->ids));
	if (!h->ids) {
		h->ids = old;
		return -ENOMEM;
	}
	h->nr_places = want;
	for (size_t i = 0; i < was; i++) {
		if (old[i].event)
			h->ids[place_of(h, old[i].id)] = old[i];
	}
	free(old);
	return 0;
}

static int add_ids(struct damon_perf_head *h, struct damon_perf_event *e, const uint8_t *ids,
		   size_t n)
{
	uint64_t *copy;

	if (!n)
		return 0;
	if (n > MAX_IDS - h->all_ids)
		return -EBADMSG;
	copy = malloc(n * sizeof(*copy));
	if (!copy || grow_ids(h, n)) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, ids, n * sizeof(*copy));
	e->ids = copy;
	e->nr_ids = n;
	h->all_ids += n;
	for (size_t i = 0; i < n; i++) {
		struct damon_perf_id *id = &h->ids[place_of(h, copy[i])];

		h->nr_ids += !id->event;
		*id = (struct damon_perf_id){copy[i], (uint32_t)(e - h->events) + 1};
	}
	return 0;
}

/* Replaces a text of an event; without memory it keeps what it has. */
static void set_text(const char **text, const char *to, size_t len)
{
	char *copy = strndup(to, MIN(len, (size_t)MAX_NAME));

	if (!copy)
		return;
	if (*text != unnamed)
		free((void *)*text);
	*text = copy;
}

static void name_pmu(struct damon_perf_head *h, struct damon_perf_event *e)
{
	for (size_t i = 0; i < h->nr_pmus; i++) {
		if (h->pmus[i].type == e->attr.type)
			set_text(&e->pmu, h->pmus[i].name, sizeof(h->pmus[i].name));
	}
}

int damon_perf_head_add_event(struct damon_perf_head *h, const uint8_t *attr, size_t size,
			      const uint8_t *ids, size_t nr_ids)
{
	struct damon_perf_event *e;
	int err;

	if (size < PERF_ATTR_SIZE_VER0 || h->nr_events == MAX_EVENTS)
		return -EBADMSG;
	if (vec_reserve(&h->events, &h->cap_events, h->nr_events + 1, sizeof(*e)))
		return -ENOMEM;
	e = &h->events[h->nr_events];
	*e = (struct damon_perf_event){.name = unnamed, .pmu = unnamed};
	memcpy(&e->attr, attr, MIN(size, sizeof(e->attr)));
	err = add_ids(h, e, ids, nr_ids);
	if (err)
		return err;
	name_pmu(h, e);
	h->nr_events++;
	if (h->nr_events == 1)
		h->info.clockid = e->attr.use_clockid ? e->attr.clockid : -1;
	return 0;
}

void damon_perf_head_name(struct damon_perf_head *h, uint64_t id, const char *name, size_t len)
{
	int event = damon_perf_head_find(h, id);

	if (event >= 0)
		set_text(&h->events[event].name, name, strnlen(name, len));
}

void damon_perf_head_tracing(struct damon_perf_head *h, uint8_t *bytes, size_t len)
{
	free(h->tracing);
	h->tracing = bytes;
	h->info.tracing = bytes;
	h->info.tracing_len = len;
}

/* ---- features ---- */

static void feature_text(struct cursor *r, char *to, size_t room)
{
	size_t len;
	const char *s = get_text(r, &len);

	if (s)
		snprintf(to, room, "%.*s", (int)MIN(len, room), s);
}

static void feature_command(struct damon_perf_head *h, struct cursor *r)
{
	uint32_t n = take_u32(r);
	char *to = h->info.command;
	size_t room = sizeof(h->info.command), at = 0;

	for (uint32_t i = 0; i < n && !r->bad && at < room; i++) {
		size_t len;
		const char *s = get_text(r, &len);

		if (s)
			at += (size_t)snprintf(to + at, room - at, "%s%.*s", i ? " " : "",
					       (int)MIN(len, room), s);
	}
}

/* Names by id; events without ids are in the order of the file. */
static void feature_events(struct damon_perf_head *h, struct cursor *r)
{
	uint32_t n = take_u32(r), size = take_u32(r);

	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint32_t nr_ids;
		size_t len;
		const char *s;
		const uint8_t *ids;
		int event = i < h->nr_events ? (int)i : -1;

		take(r, size);
		nr_ids = take_u32(r);
		s = get_text(r, &len);
		ids = take(r, 8ull * nr_ids);
		if (ids && nr_ids) {
			uint64_t id;

			memcpy(&id, ids, sizeof(id));
			event = damon_perf_head_find(h, id);
		}
		if (s && !r->bad && event >= 0)
			set_text(&h->events[event].name, s, len);
	}
}

static void feature_pmus(struct damon_perf_head *h, struct cursor *r)
{
	uint32_t n = take_u32(r);

	for (uint32_t i = 0; i < n && !r->bad && h->nr_pmus < MAX_PMUS; i++) {
		uint32_t type = take_u32(r);
		size_t len;
		const char *s = get_text(r, &len);
		struct damon_perf_pmu *pmu;

		if (!s || vec_reserve(&h->pmus, &h->cap_pmus, h->nr_pmus + 1, sizeof(*pmu)))
			return;
		pmu = &h->pmus[h->nr_pmus++];
		pmu->type = type;
		snprintf(pmu->name, sizeof(pmu->name), "%.*s", (int)MIN(len, (size_t)60), s);
	}
	for (size_t e = 0; e < h->nr_events; e++)
		name_pmu(h, &h->events[e]);
}

static void feature_clock(struct damon_perf_head *h, struct cursor *r)
{
	uint32_t version = take_u32(r), clockid = take_u32(r);
	uint64_t wall_ns = take_u64(r), clock_ns = take_u64(r);

	if (r->bad || version != 1)
		return;
	h->info.clockid = (int)clockid;
	h->info.epoch_offset_ns = (int64_t)(wall_ns - clock_ns);
}

void damon_perf_head_feature(struct damon_perf_head *h, unsigned int feature, const uint8_t *p,
			     size_t len)
{
	struct damon_perf_file_info *i = &h->info;
	struct cursor r = {p, p + len, false};

	switch (feature) {
	case PERF_FEATURE_BUILD_ID:
		damon_file_build_ids_add(&h->build_ids, p, len);
		break;
	case PERF_FEATURE_HOSTNAME:
		feature_text(&r, i->hostname, sizeof(i->hostname));
		break;
	case PERF_FEATURE_OSRELEASE:
		feature_text(&r, i->release, sizeof(i->release));
		break;
	case PERF_FEATURE_VERSION:
		feature_text(&r, i->perf_version, sizeof(i->perf_version));
		break;
	case PERF_FEATURE_ARCH:
		feature_text(&r, i->arch, sizeof(i->arch));
		break;
	case PERF_FEATURE_CPUDESC:
		feature_text(&r, i->cpu, sizeof(i->cpu));
		break;
	case PERF_FEATURE_CPUID:
		feature_text(&r, i->cpuid, sizeof(i->cpuid));
		break;
	case PERF_FEATURE_CMDLINE:
		feature_command(h, &r);
		break;
	case PERF_FEATURE_EVENT_DESC:
		feature_events(h, &r);
		break;
	case PERF_FEATURE_PMU_MAPPINGS:
		feature_pmus(h, &r);
		break;
	case PERF_FEATURE_CLOCK_DATA:
		feature_clock(h, &r);
		break;
	}
}

/* ---- the sections of a file ---- */

struct section {
	uint64_t offset, size;
};

/* The bytes of a section that must lie in the file; the caller frees them. NULL: they do not, or
 * are more than 'most'. */
static uint8_t *load(struct damon_bytes *b, struct section s, size_t most)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t at = 0;

	if (s.size > most || !damon_bytes_seek(b, s.offset) || s.size > b->length - s.offset)
		return NULL;
	bytes = malloc(MAX((size_t)s.size, (size_t)1));
	while (bytes && at < s.size) {
		size_t n;
		const uint8_t *p = damon_bytes_some(b, (size_t)s.size - at, &n);

		if (!n)
			return NULL;
		memcpy(bytes + at, p, n);
		at += n;
		damon_bytes_skip(b, n);
	}
	return steal(&bytes);
}

static int bad_header(const struct damon_perf_head *h, struct damon_fail *f)
{
	return damon_fail(f, EBADMSG, "the header of '%.200s' is damaged", h->path);
}

static int read_attrs(struct damon_perf_head *h, struct damon_bytes *b, struct section s,
		      uint64_t entry, struct damon_fail *f)
{
	_cleanup_(freep) uint8_t *attrs = NULL;

	if (entry < PERF_ATTR_SIZE_VER0 + sizeof(struct section) || s.size / entry > MAX_EVENTS)
		return bad_header(h, f);
	attrs = load(b, s, MAX_EVENTS * 1024u);
	if (!attrs)
		return bad_header(h, f);
	for (uint64_t at = 0; s.size - at >= entry; at += entry) {
		_cleanup_(freep) uint8_t *ids = NULL;
		struct section where;
		int err;

		memcpy(&where, attrs + at + entry - sizeof(where), sizeof(where));
		ids = load(b, where, MAX_IDS * 8u);
		if (!ids)
			return bad_header(h, f);
		err = damon_perf_head_add_event(h, attrs + at, (size_t)entry - sizeof(where), ids,
						(size_t)where.size / 8);
		if (err == -ENOMEM)
			return damon_fail(f, ENOMEM, "out of memory");
		if (err)
			return bad_header(h, f);
	}
	return 0;
}

static void read_feature(struct damon_perf_head *h, struct damon_bytes *b, unsigned int feature,
			 struct section s)
{
	_cleanup_(freep) uint8_t *p = NULL;

	if (feature >= 64 || !(FEATURES_READ >> feature & 1))
		return;
	p = load(b, s, DAMON_PERF_FEATURE_MAX);
	if (p && feature == PERF_FEATURE_TRACING_DATA)
		damon_perf_head_tracing(h, steal(&p), (size_t)s.size);
	else if (p)
		damon_perf_head_feature(h, feature, p, (size_t)s.size);
}

/* Their sections stand behind the records, one for each bit. What is not there, as in a recording
 * that was cut off, is not told. */
static void read_features(struct damon_perf_head *h, struct damon_bytes *b, const uint64_t bits[4])
{
	uint64_t at = h->data_end;

	for (unsigned int i = 0; i < NR_FEATURES; i++) {
		const uint8_t *p;
		struct section s;

		if (!(bits[i / 64] >> (i % 64) & 1))
			continue;
		if (!damon_bytes_seek(b, at))
			break;
		p = damon_bytes_peek(b, sizeof(s));
		if (!p)
			break;
		memcpy(&s, p, sizeof(s));
		at += sizeof(s);
		h->is_one_of_several |= i == PERF_FEATURE_DIR_FORMAT;
		read_feature(h, b, i, s);
	}
}

static int read_file(struct damon_perf_head *h, struct damon_bytes *b, const uint64_t w[13],
		     struct damon_fail *f)
{
	struct section attrs = {w[3], w[4]}, data = {w[5], w[6]};
	int err = read_attrs(h, b, attrs, w[2], f);

	if (err)
		return err;
	h->data_start = data.offset;
	h->data_end = data.offset + data.size;
	if (data.offset > b->length)
		return bad_header(h, f);
	/* perf writes the size when it ends: a recording that was killed has none */
	h->cut = !data.size || data.size > b->length - data.offset;
	if (h->cut)
		h->data_end = b->length;
	else
		read_features(h, b, w + 9);
	return damon_bytes_seek(b, data.offset) ? 0 : bad_header(h, f);
}

bool damon_perf_file_is(const void *bytes, size_t n)
{
	return n >= 8 && (!memcmp(bytes, "PERFILE2", 8) || !memcmp(bytes, "2ELIFREP", 8) ||
			  !memcmp(bytes, "PERFFILE", 8));
}

int damon_perf_head_read(struct damon_perf_head *h, struct damon_bytes *b, struct damon_fail *f)
{
	uint64_t w[FILE_HEADER_BYTES / 8] = {0};
	const uint8_t *p = damon_bytes_peek(b, PIPE_HEADER_BYTES);

	if (getrandom(&h->factor, sizeof(h->factor), GRND_NONBLOCK) != sizeof(h->factor))
		h->factor = 0x9e3779b97f4a7c15;
	h->factor |= 1;
	h->info.clockid = -1;
	h->info.bytes_total = b->length == UINT64_MAX ? 0 : b->length;
	if (!p || !damon_perf_file_is(p, PIPE_HEADER_BYTES))
		return damon_fail(f, EINVAL, "'%.200s' is not a perf.data", h->path);
	if (p[0] == '2') {
		damon_fail(f, ENOTSUP, "'%.200s' is a perf.data of the other byte order", h->path);
		damon_fail_remedy(f, "read it on a machine like the one that recorded it");
		return -ENOTSUP;
	}
	if (p[4] == 'F') /* before Linux 2.6.34 */
		return damon_fail(f, ENOTSUP,
				  "'%.200s' is a perf.data of a form that is no longer used",
				  h->path);
	memcpy(w, p, PIPE_HEADER_BYTES);
	if (w[1] == PIPE_HEADER_BYTES) {
		h->info.is_pipe = true;
		h->data_start = PIPE_HEADER_BYTES;
		h->data_end = UINT64_MAX;
		damon_bytes_skip(b, PIPE_HEADER_BYTES);
		return 0;
	}
	p = damon_bytes_peek(b, FILE_HEADER_BYTES);
	if (w[1] < FILE_HEADER_BYTES || !p)
		return bad_header(h, f);
	memcpy(w, p, FILE_HEADER_BYTES);
	return read_file(h, b, w, f);
}
