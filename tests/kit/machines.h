/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sysfs says of the PMUs of real machines, as rows of a table of files. */
#ifndef KIT_MACHINES_H
#define KIT_MACHINES_H

#include "tests/kit/fake_sys.h"

#define PMU_DIR "/sys/bus/event_source/devices"

#define INTEL_FORMAT(pmu)                                                                          \
	{PMU_DIR "/" pmu "/format/event", "config:0-7\n", 0},                                      \
		{PMU_DIR "/" pmu "/format/umask", "config:8-15\n", 0},                             \
		{PMU_DIR "/" pmu "/format/edge", "config:18\n", 0},                                \
		{PMU_DIR "/" pmu "/format/inv", "config:23\n", 0},                                 \
		{PMU_DIR "/" pmu "/format/cmask", "config:24-31\n", 0},                            \
		{PMU_DIR "/" pmu "/format/offcore_rsp", "config1:0-63\n", 0},                      \
	{                                                                                          \
		PMU_DIR "/" pmu "/format/ldlat", "config1:0-15\n", 0                               \
	}

/* Linux 5.15 on Skylake to Ice Lake clients */
static const struct fake_file machine_skylake[] = {
	{PMU_DIR, "software\ncpu\ntracepoint\nuncore_cbox_0\n", 0},
	{PMU_DIR "/software/type", "1\n", 0},
	{PMU_DIR "/tracepoint/type", "2\n", 0},
	{PMU_DIR "/uncore_cbox_0/type", "11\n", 0},
	{PMU_DIR "/uncore_cbox_0/cpumask", "0\n", 0},
	{PMU_DIR "/cpu/type", "4\n", 0},
	{PMU_DIR "/cpu/caps/max_precise", "3\n", 0},
	INTEL_FORMAT("cpu"),
	{PMU_DIR "/cpu/events/cpu-cycles", "event=0x3c\n", 0},
	{PMU_DIR "/cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n", 0},
	{PMU_DIR "/cpu/events/mem-stores", "event=0xd0,umask=0x82\n", 0},
	{0}};

/* Linux 6.1 on Sapphire Rapids */
static const struct fake_file machine_sapphire_rapids[] = {
	{PMU_DIR, "cpu\n", 0},
	{PMU_DIR "/cpu/type", "4\n", 0},
	INTEL_FORMAT("cpu"),
	{PMU_DIR "/cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n", 0},
	{PMU_DIR "/cpu/events/mem-stores", "event=0xcd,umask=0x2\n", 0},
	{PMU_DIR "/cpu/events/mem-loads-aux", "event=0x03,umask=0x82\n", 0},
	{0}};

/* Linux 6.1 on Alder Lake: 8 performance cores with two threads, 8 efficient ones */
static const struct fake_file machine_alder_lake[] = {
	{PMU_DIR, "cpu_atom\ncpu_core\n", 0},
	{PMU_DIR "/cpu_core/type", "4\n", 0},
	{PMU_DIR "/cpu_core/cpus", "0-15\n", 0},
	INTEL_FORMAT("cpu_core"),
	{PMU_DIR "/cpu_core/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n", 0},
	{PMU_DIR "/cpu_core/events/mem-stores", "event=0xcd,umask=0x2\n", 0},
	{PMU_DIR "/cpu_core/events/mem-loads-aux", "event=0x03,umask=0x82\n", 0},
	{PMU_DIR "/cpu_atom/type", "10\n", 0},
	{PMU_DIR "/cpu_atom/cpus", "16-23\n", 0},
	INTEL_FORMAT("cpu_atom"),
	{PMU_DIR "/cpu_atom/events/mem-loads", "event=0xd0,umask=0x5,ldlat=3\n", 0},
	{PMU_DIR "/cpu_atom/events/mem-stores", "event=0xd0,umask=0x6\n", 0},
	{0}};

/* Linux 6.8 on Sierra Forest: efficient cores alone */
static const struct fake_file machine_sierra_forest[] = {
	{PMU_DIR, "cpu\n", 0},
	{PMU_DIR "/cpu/type", "4\n", 0},
	INTEL_FORMAT("cpu"),
	{PMU_DIR "/cpu/events/mem-loads", "event=0xd0,umask=0x5,ldlat=3\n", 0},
	{PMU_DIR "/cpu/events/mem-stores", "event=0xd0,umask=0x6\n", 0},
	{0}};

/* A virtual machine: counters, if any, but nothing that samples memory */
static const struct fake_file machine_virtual[] = {
	{PMU_DIR, "cpu\nsoftware\n", 0},
	{PMU_DIR "/software/type", "1\n", 0},
	{PMU_DIR "/cpu/type", "4\n", 0},
	{PMU_DIR "/cpu/format/event", "config:0-7,32-35\n", 0},
	{PMU_DIR "/cpu/format/umask", "config:8-15\n", 0},
	{PMU_DIR "/cpu/events/cpu-cycles", "event=0x76\n", 0},
	{0}};

#endif
