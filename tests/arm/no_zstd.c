/* SPDX-License-Identifier: GPL-2.0-or-later */
/* There is no zstd for the other architecture here: a test that comes to need it is skipped. */
#include <zstd.h>

#include "tests/arm/criterion/criterion.h"

#define NONE(result, name, args)                                                                   \
	result name args                                                                           \
	{                                                                                          \
		arm_test_skip("no zstd for this architecture");                                    \
	}

NONE(ZSTD_CCtx *, ZSTD_createCCtx, (void))
NONE(size_t, ZSTD_freeCCtx, (ZSTD_CCtx * c))
NONE(size_t, ZSTD_compressStream2,
     (ZSTD_CCtx * c, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective end))
NONE(ZSTD_DCtx *, ZSTD_createDStream, (void))
NONE(size_t, ZSTD_initDStream, (ZSTD_DCtx * d))
NONE(size_t, ZSTD_DCtx_setParameter, (ZSTD_DCtx * d, ZSTD_dParameter p, int v))
NONE(size_t, ZSTD_decompressStream, (ZSTD_DCtx * d, ZSTD_outBuffer *out, ZSTD_inBuffer *in))
NONE(unsigned int, ZSTD_isError, (size_t code))

/* Of what was never made. */
size_t ZSTD_freeDStream(ZSTD_DCtx *d)
{
	return 0;
}
