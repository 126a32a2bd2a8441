/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exports for damo: the record JSON, plain and as 'json_compressed', which is a zlib stream of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "report/export/recjson.h"
#include "report/reports.h"

struct deflater {
	z_stream z;
	FILE *out;
	unsigned char buf[16384];
};

/* Takes what is in d->z, and with Z_FINISH all that zlib still holds. */
static int push(struct deflater *d, int flush)
{
	int got;

	do {
		d->z.next_out = d->buf;
		d->z.avail_out = sizeof(d->buf);
		got = deflate(&d->z, flush);
		fwrite(d->buf, 1, sizeof(d->buf) - d->z.avail_out, d->out);
	} while (got == Z_OK && !d->z.avail_out);
	return got == Z_STREAM_ERROR || ferror(d->out) ? -EIO : 0;
}

static ssize_t write_deflated(void *cookie, const char *data, size_t n)
{
	struct deflater *d = cookie;

	d->z.next_in = (unsigned char *)data;
	d->z.avail_in = (unsigned)n;
	return push(d, Z_NO_FLUSH) ? 0 : (ssize_t)n;
}

static int close_deflated(void *cookie)
{
	struct deflater *d = cookie;
	int err;

	d->z.avail_in = 0;
	err = push(d, Z_FINISH);
	deflateEnd(&d->z);
	return err;
}

static FILE *open_deflated(struct deflater *d, FILE *out)
{
	cookie_io_functions_t io = {.write = write_deflated, .close = close_deflated};
	FILE *f;

	memset(d, 0, sizeof(*d));
	d->out = out;
	if (deflateInit(&d->z, Z_DEFAULT_COMPRESSION) != Z_OK)
		return NULL;
	f = fopencookie(d, "w", io);
	if (!f)
		deflateEnd(&d->z);
	return f;
}

int export_damo(struct report_args *a)
{
	_cleanup_(freep) struct deflater *d = malloc(sizeof(*d));
	FILE *f = d ? open_deflated(d, a->out) : NULL;
	int err;

	if (!f)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	err = recjson_write(a, f);
	if (fclose(f) && !err)
		err = damon_fail(&a->fail, EIO, "cannot write the export");
	return err;
}

int export_damo_json(struct report_args *a)
{
	return recjson_write(a, a->out);
}
