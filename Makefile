# SPDX-License-Identifier: GPL-2.0-or-later
# The only makefile: 'make help' lists the targets.
#	V=1	show commands		SAN=1	address and undefined-behaviour sanitizers
#	B=dir	build elsewhere		T=glob	only the tests that match
PREFIX	?= /usr/local
DESTDIR	?=
CC	:= $(if $(filter default undefined,$(origin CC)),cc,$(CC))
SAN	?=
B	?= build$(if $(SAN),-san)
T	?=
MAKEFLAGS += -rR

VERSION	:= 0.1.0
, := ,

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	   -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
CFLAGS	?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DDAMON_VERSION='"$(VERSION)"' \
	   -Iinclude -Isrc -I. $(WARN) $(CFLAGS) \
	   -fno-strict-aliasing -pthread \
	   $(if $(SAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer)
# of the program alone: symbols (and names of C++), pictures, configuration, full screen, metrics
CLI_LIBS := -ldw -liberty -lcairo -ljansson -lncursesw -lmicrohttpd
LIBS	:= -lZydis -lpfm -lzstd -lz -lelf -ltraceevent -lm -lpthread

LAYERS	:= base core os perf action record lib
LIB_SRC	:= $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c src/$(l)/*/*.c)) \
	   $(wildcard pmu/*.c pmu/*/*.c)
CLI_SRC	:= $(foreach l,symbol attrib report config live cli,$(wildcard src/$(l)/*.c src/$(l)/*/*.c))
JUDGE_SRC := $(wildcard tests/judge/*.c) tests/truth/trace.c
UNIT_SRC := $(wildcard tests/kit/*.c tests/unit/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
WORK_SRC := $(wildcard tests/workload/*.c)
TOOL_SRC := $(wildcard tests/bench/*.c)
obj = $(patsubst %.c,$(B)/%.o,$(1))

LIB	:= $(B)/libdamon.a
PROG	:= $(B)/damon-perf
UNIT	:= $(B)/tests/unit/unit
FUZZ	:= $(patsubst %.c,$(B)/%,$(FUZZ_SRC))
WORK	:= $(patsubst %.c,$(B)/%,$(WORK_SRC))
TOOLS	:= $(patsubst %.c,$(B)/%,$(TOOL_SRC))

Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

.PHONY: all demo check check-vm bench accuracy fuzz install uninstall deps clean help
.PHONY: deps-build deps-test deps-vm deps-fuzz deps-arm
all: $(PROG) $(LIB)

help:
	@echo 'all        the program and the library, in $(B)/'
	@echo 'demo       install what is missing, build, record an example and show it'
	@echo 'check      install what is missing, build, run every test that this machine allows'
	@echo 'check-vm   the tests that need a kernel of their own, in a virtual machine'
	@echo 'check-arm  the tests of decoders, built for aarch64, under an emulator'
	@echo 'bench      measure, and print each figure beside its goal'
	@echo 'accuracy   judge estimates by exact traces: the tables of docs/ACCURACY.md'
	@echo 'truth      exact traces of programs, in $(B)/truth (tests/truth/README.md)'
	@echo 'vpmu       programs under virtual PMUs, in $$(B)/vpmu (tests/vpmu/README.md)'
	@echo 'fuzz       fuzz everything that parses bytes, FUZZ_SECONDS each (default 60)'
	@echo 'install    below $$(DESTDIR)$$(PREFIX); uninstall removes it again'
	@echo 'deps       install the Debian packages that building and testing need'

$(B)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# the page of 'report html', read by the assembler
$(B)/src/report/html/parts.o: $(wildcard src/report/html/page.* src/report/html/*.js)

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^

$(PROG): $(call obj,$(CLI_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(CLI_LIBS) $(LIBS)

$(UNIT): $(call obj,$(UNIT_SRC)) $(filter-out %/main.o,$(call obj,$(CLI_SRC))) \
		$(filter-out %/judge.o,$(call obj,$(JUDGE_SRC))) $(call obj,$(LIB_SRC))
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ -lcriterion $(CLI_LIBS) $(LIBS)

# scripts/fuzz leaves FUZZ_MAIN empty: then -fsanitize=fuzzer brings a main().
FUZZ_MAIN = $(B)/tests/fuzz/replay.o
FUZZ_OBJ := $(call obj,$(foreach l,symbol config,$(wildcard src/$(l)/*.c)))
$(FUZZ): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(FUZZ_MAIN) $(FUZZ_OBJ) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(CLI_LIBS) $(LIBS)

# of the program's layers: the library stands behind them once more
$(B)/tests/fuzz/fuzz_config: $(call obj,$(wildcard src/config/*.c))
$(B)/tests/fuzz/fuzz_config: LIBS := $(LIB) -ljansson $(LIBS)

$(WORK): $(B)/tests/workload/%: tests/workload/%.c $(wildcard tests/workload/*.h)
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -pthread -o $@ $< -lm

$(TOOLS): $(B)/tests/bench/%: $(B)/tests/bench/%.o $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

# Accuracy against exact truth.
JUDGE	:= $(B)/tests/judge/judge
TOOLS	+= $(JUDGE)
$(JUDGE): $(call obj,$(JUDGE_SRC) tests/vpmu/chain.c tests/vpmu/read.c) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

# Reports are tested against a fake of the record API (tests/report/run). The library cannot be
# linked with it.
SHOW	:= $(B)/tests/report/show
SHOW_SRC := $(wildcard tests/report/*.c $(foreach l,report symbol attrib base,src/$(l)/*.c \
	    src/$(l)/*/*.c)) src/core/stats.c src/os/regular.c
TOOLS	+= $(SHOW)

# The library's example, built as a user would build it.
EXAMPLE	:= $(patsubst %.c,$(B)/%,$(wildcard tests/example/*.c))
TOOLS	+= $(EXAMPLE)
$(EXAMPLE): $(B)/tests/example/%: tests/example/%.c $(wildcard include/*.h) $(LIB)
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(WARN) $(CFLAGS) $(if $(SAN),-fsanitize=address$(,)undefined) \
		-Iinclude -o $@ $< $(LIB) $(LIBS)

$(SHOW): $(call obj,$(SHOW_SRC))
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(CLI_LIBS) $(LIBS)

-include $(patsubst %.c,$(B)/%.d,$(wildcard tests/report/*.c))

# Exact traces of programs (tests/truth/README.md). QEMU loads the plugin: no sanitizers.
TRUTH_OBJ := $(call obj,tests/truth/trace.c tests/truth/trace_write.c tests/truth/truth.c)
PLUGIN	:= $(B)/tests/truth/plugin.so
TOOLS	+= $(B)/tests/truth/tool $(PLUGIN)
$(UNIT) $(B)/tests/fuzz/fuzz_trace: $(TRUTH_OBJ)
$(B)/tests/truth/tool: $(B)/tests/truth/tool.o $(TRUTH_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ -lzstd
$(PLUGIN): tests/truth/plugin.c tests/truth/trace_write.c $(wildcard tests/truth/*.h)
	$(Q)mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -fvisibility=hidden \
		-shared -fPIC -o $@ $(filter %.c,$^) -lzstd

# Programs under virtual PMUs, in $(B)/vpmu.
.PHONY: vpmu
vpmu:
	$(Q)scripts/deps install build truth
	$(Q)$(MAKE) --no-print-directory $(WORK) $(B)/tests/truth/tool $(PLUGIN) \
		$(B)/tests/vpmu/tool $(VPLUGIN)
	$(Q)B=$(B) tests/vpmu/make $(T)

.PHONY: truth
truth:
	$(Q)scripts/deps install build truth
	$(Q)$(MAKE) --no-print-directory $(WORK) $(B)/tests/truth/tool $(PLUGIN)
	$(Q)B=$(B) tests/truth/make $(T)

-include $(TRUTH_OBJ:.o=.d) $(B)/tests/truth/tool.d

# The decoders and their unit tests for aarch64, run under an emulator.
ARM_CC	?= aarch64-linux-gnu-gcc
ARM	:= $(B)/arm/tests/arm/unit
ARM_SRC := $(wildcard tests/arm/*.c src/base/*.c pmu/memory.c pmu/ibs*.c pmu/spe/*.c) \
	   $(patsubst %,src/os/%.c,features pmu proc sys) \
	   $(patsubst %,src/perf/%.c,bytes explain file file_build_ids file_head file_stream \
	   file_write file_zstd order record) \
	   $(patsubst %,tests/kit/%.c,corpus fake_perf fake_sys perf_build \
	   pipe_build) \
	   $(wildcard $(patsubst %,tests/unit/test_%.c,ibs* memory order perf_file perf_record pmu \
	   spe*))
ARM_OBJ := $(patsubst %.c,$(B)/arm/%.o,$(ARM_SRC))
$(ARM_OBJ): $(B)/arm/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(ARM_CC) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -Itests/arm \
		-idirafter /usr/include -Wno-format-zero-length -Wno-unused-parameter \
		-MMD -MP -c -o $@ $<
$(ARM): $(ARM_OBJ)
	$(call say,LD,$@)$(ARM_CC) -static -o $@ $^ -lm

.PHONY: check-arm
check-arm: | deps-arm
	$(Q)B=$(B) scripts/check-arm

-include $(ARM_OBJ:.o=.d)

# Virtual PMUs (tests/vpmu/README.md).
VPMU_OBJ := $(call obj,$(addprefix tests/vpmu/,list.c encode.c pebs.c ibs.c spe.c read.c chain.c))
VPLUGIN	:= $(B)/tests/vpmu/plugin.so
TOOLS	+= $(B)/tests/vpmu/tool $(VPLUGIN)
$(B)/tests/vpmu/tool: $(B)/tests/vpmu/tool.o $(filter-out %/chain.o,$(VPMU_OBJ)) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)
# damon-perf on a machine that has one.
VMACHINE := $(B)/tests/vpmu/damon-perf
TOOLS	+= $(VMACHINE)
VMACHINE_OBJ := $(call obj,$(addprefix tests/,vpmu/machine.c vpmu/play.c kit/fake_perf.c \
	   kit/perf_build.c))
$(VMACHINE): $(VMACHINE_OBJ) $(call obj,$(CLI_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -Wl,--wrap=damon_sys_real -o $@ $^ -lcriterion \
		$(CLI_LIBS) $(LIBS)
$(VPLUGIN): $(addprefix tests/vpmu/,plugin.c pmus.c cache.c maps.c list.c) src/base/util.c \
		tests/truth/trace_write.c $(wildcard tests/truth/*.h tests/vpmu/*.h)
	$(Q)mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -fvisibility=hidden \
		-shared -fPIC -o $@ $(filter %.c,$^) -lzstd

-include $(VPMU_OBJ:.o=.d) $(VMACHINE_OBJ:.o=.d) $(B)/tests/vpmu/tool.d

deps:
	$(Q)scripts/deps install build test vm

check: | deps-test
	$(Q)$(MAKE) --no-print-directory all $(UNIT) $(FUZZ) $(WORK) $(TOOLS)
	$(Q)B=$(B) T='$(T)' SAN='$(SAN)' scripts/check

# What a target needs installed besides what building does; quick when nothing is missing.
deps-build deps-test deps-vm deps-fuzz deps-arm: deps-%:
	$(Q)scripts/deps install build $*

check-vm: | deps-vm
	$(Q)$(MAKE) --no-print-directory all $(WORK)
	$(Q)B=$(B) T='$(T)' scripts/vm/check

demo: | deps-build
	$(Q)$(MAKE) --no-print-directory all $(WORK)
	$(Q)B=$(B) scripts/demo

bench: | deps-test
	$(Q)$(MAKE) --no-print-directory all $(WORK) $(TOOLS)
	$(Q)B=$(B) T='$(T)' scripts/bench

# ARGS=--write puts the tables into docs/ACCURACY.md, --full takes all budgets and more seeds.
accuracy: | deps-test
	$(Q)$(MAKE) --no-print-directory all $(TOOLS) $(WORK)
	$(Q)B=$(B) scripts/accuracy $(ARGS)

fuzz: | deps-fuzz
	$(Q)B=$(B)-fuzz T='$(T)' scripts/fuzz

MANS	:= $(wildcard docs/man/*.1)
install: all
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include \
		$(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(Q)install -m 755 $(PROG) $(DESTDIR)$(PREFIX)/bin/damon-perf
	$(Q)install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/libdamon.a
	$(Q)install -m 644 include/damon.h include/damos.h $(DESTDIR)$(PREFIX)/include
	$(Q)install -m 644 $(MANS) $(DESTDIR)$(PREFIX)/share/man/man1
	$(Q)install -m 644 scripts/completion/damon-perf.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/damon-perf
	$(Q)install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(Q)sed 's|@BINDIR@|$(PREFIX)/bin|' scripts/damon-perf-reclaim.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/damon-perf-reclaim.service
	$(Q)chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/damon-perf-reclaim.service

uninstall:
	$(Q)rm -f $(DESTDIR)$(PREFIX)/bin/damon-perf $(DESTDIR)$(PREFIX)/lib/libdamon.a \
		$(DESTDIR)$(PREFIX)/include/damon.h $(DESTDIR)$(PREFIX)/include/damos.h \
		$(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(MANS))) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/damon-perf \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/damon-perf-reclaim.service

clean:
	$(Q)rm -rf $(B)

-include $(patsubst %.o,%.d,$(call obj,$(LIB_SRC) $(CLI_SRC) $(UNIT_SRC) $(FUZZ_SRC) $(TOOL_SRC) \
	$(JUDGE_SRC)))
