/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/pebs/pfm.h"

#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>
#include <pthread.h>

/* The library's state is one for the whole process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* libpfm4 up to 4.13 has unit mask 3 for the stores of Sapphire Rapids' MEM_TRANS_RETIRED. It is
 * 2 (the kernel's intel_spr mem-stores), and no event has 3. */
#define STORE_SAMPLE_WRONG 0x3cd

static int encode(const char *name, struct perf_event_attr *a)
{
	pfm_perf_encode_arg_t arg = {.attr = a, .size = sizeof(arg)};
	int err;

	pthread_mutex_lock(&lock);
	err = pfm_initialize(); /* the second time nothing happens */
	if (err == PFM_SUCCESS)
		err = pfm_get_os_event_encoding(name, PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
	pthread_mutex_unlock(&lock);
	return err;
}

int damon_pfm_event(const char *name, struct perf_event_attr *attr, struct damon_fail *why)
{
	struct perf_event_attr a = {.size = sizeof(a)};
	int err = encode(name, &a);

	if (err != PFM_SUCCESS) {
		damon_fail(why, ENOENT, "libpfm4 finds no event '%.80s' for this CPU (%s)", name,
			   pfm_strerror(err));
		damon_fail_remedy(why,
				  "see 'perf list' and showevtinfo for names, or give terms as "
				  "sysfs has them, such as 'cpu/event=0xd0,umask=0x81/'");
		return -ENOENT;
	}
	if (a.type == PERF_TYPE_RAW && (a.config & 0xffff) == STORE_SAMPLE_WRONG) {
		damon_fail(why, EBADMSG, "libpfm4 encodes '%.80s' wrongly (0x3cd instead of 0x2cd)",
			   name);
		damon_fail_remedy(why, "use 'mem-stores', which comes from the kernel");
		return -EBADMSG;
	}
	attr->type = a.type;
	attr->config = a.config;
	attr->config1 = a.config1;
	attr->config2 = a.config2;
	attr->precise_ip = a.precise_ip;
	return 0;
}
