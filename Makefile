# SPDX-License-Identifier: MIT
#
# ctrace-bpf. `make help` lists the targets.
#
# A new file under user/, tests/unit, tests/workloads, tests/demo, tests/fuzz or tests/live is
# found by its place: nothing is listed here twice.

O ?= build
V ?= 0
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool /sbin/bpftool) bpftool)
prefix ?= /usr/local
VERSION := 0.1.0

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2);
MAKEFLAGS += --no-print-directory
endif

# --- the machine ---------------------------------------------------------------------------------
ARCH ?= $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64 arm64,$(ARCH)),arm64,x86)

# --- flags ---------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wno-unused-parameter -Wformat=2 -Wno-format-nonliteral
CFLAGS ?= -O2 -g
SAN ?=
ifneq ($(SAN),)
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANFLAGS) -Iinclude -Iuser -I$(O)/bpf -pthread \
	-D_GNU_SOURCE -DCTRACE_VERSION='"$(VERSION)"' $(LIBDW_CFLAGS) -MMD -MP
LIBS := -lbpf -lelf -lz -ldl -pthread
# The model's way of a record goes through many small files: gcc joins them where the program is
# linked. The objects are whole without that, too: the tests, many, are linked the quick way.
ifeq ($(SAN)$(findstring clang,$(shell $(CC) --version)),)
LTO ?= -flto=auto
endif
$(O)/user/model/%.o $(O)/user/base/%.o: ALL_CFLAGS += $(if $(LTO),$(LTO) -ffat-lto-objects)
# libcurl's header: with it, spans can be sent. The library is opened when that is asked for.
CURL ?= $(shell printf '\043include <curl/curl.h>\n' | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)
ifeq ($(CURL),yes)
ALL_CFLAGS += -DHAVE_CURL
endif
# Source lines of call stacks, if elfutils' libdw can be linked.
HAVE_LIBDW := $(shell printf '\043include <elfutils/libdwfl.h>\nint main(void) { dwfl_end(0); }\n' | \
	$(CC) -xc - -ldw -o /dev/null 2>/dev/null && echo 1)
ifeq ($(HAVE_LIBDW),1)
LIBS := -ldw $(LIBS)
LIBDW_CFLAGS := -DHAVE_LIBDW
endif
BPF_CFLAGS := -g -O2 -mcpu=v3 -target bpf -std=gnu11 -Wall -Werror -Wno-unused-function \
	-Wno-missing-declarations -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Ivmlinux -Ibpf -MMD -MP

# --- what there is -------------------------------------------------------------------------------
BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:%.bpf.c=$(O)/%.bpf.o)
SKEL := $(O)/bpf/ctrace.skel.h
USER_SRC := $(filter-out user/main.c,$(wildcard user/*.c user/*/*.c))
USER_OBJ := $(USER_SRC:%.c=$(O)/%.o)
LIB := $(O)/libctrace.a
UNIT := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
WORKLOADS := $(patsubst tests/workloads/%.c,$(O)/tests/workloads/%,$(wildcard tests/workloads/*.c))
DEMO := $(patsubst tests/demo/%.c,$(O)/demo/%,$(wildcard tests/demo/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst tests/bench/%.c,$(O)/bench/%,$(wildcard tests/bench/*.c))
USER_TESTS := $(wildcard tests/unit/*.sh tests/header/*.sh tests/golden/*.sh)
LIVE_TESTS := $(wildcard tests/live/*.sh tests/web/*.sh)
KERNEL_TESTS := $(wildcard tests/kernels/*.sh)

# What sudo made belongs to who called it, so that a plain make can go on.
give_back = [ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" $(O)

.PHONY: all help deps check check-user check-root check-kernels unit workloads demo-build demo \
	bench fuzz golden lint cover install clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/ctrace-bpf

help:
	@echo 'make                 build $(O)/ctrace-bpf'
	@echo 'make deps            install what the build and the tests need (apt or dnf; needs root)'
	@echo 'sudo make demo       run a real service under load, attach for 5 s, explain it'
	@echo 'sudo make check      the tests on this kernel; without root, those that need none'
	@echo 'make check-user      unit, vector, golden and header tests, under sanitizers (no root)'
	@echo 'sudo make check-root live tests on this kernel'
	@echo 'make check-kernels   live tests on other kernels, in QEMU'
	@echo 'sudo make bench      what tracing costs, beside its peers'
	@echo 'make fuzz            FUZZ=decode SECS=60; without FUZZ each in turn'
	@echo 'make golden          rewrite the expected outputs: the diff is the review'
	@echo 'make lint            clang-format, clang-tidy, cppcheck'
	@echo 'make cover           line coverage of the unit tests'
	@echo 'make install         into $$DESTDIR$(prefix)'
	@echo 'make clean           remove $(O)'
	@echo
	@echo 'V=1 shows commands; O=DIR builds elsewhere; SAN=address,undefined builds with sanitizers.'

deps:
	$(Q)tests/deps install

# --- BPF -----------------------------------------------------------------------------------------
$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$(notdir $@))
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/bpf/ctrace.linked.o: $(BPF_OBJ)
	$(call say,LINK,$(notdir $@))
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(O)/bpf/ctrace.linked.o
	$(call say,SKEL,$(notdir $@))
	$(Q)$(BPFTOOL) gen skeleton $< name ctrace_bpf >$@

# --- user ----------------------------------------------------------------------------------------
$(O)/user/%.o: user/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

# The one object that holds the BPF programs (bpftool's code is not ours: fewer warnings).
$(O)/user/attach/program.o: $(SKEL)

# The one that holds the page's script and style.
$(O)/user/export/html_assets.o: $(wildcard user/export/html/*)

$(LIB): $(USER_OBJ)
	$(call say,AR,$(notdir $@))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/ctrace-bpf: $(O)/user/main.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LTO) $(LDFLAGS) $^ $(LIBS) -o $@

# --- tests ---------------------------------------------------------------------------------------
$(O)/tests/unit/%: tests/unit/%.c $(LIB)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(LTO),-fno-lto) -Itests $< $(LIB) $(LIBS) -lcmocka -o $@

$(O)/tests/workloads/%: tests/workloads/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -Iinclude -Itests/workloads -D_GNU_SOURCE -MMD -MP $< -pthread -ldl -o $@

$(O)/demo/%: tests/demo/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -Iinclude -Itests/demo -D_GNU_SOURCE -MMD -MP $< -pthread -o $@

$(O)/bench/%: tests/bench/%.c $(LIB)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LTO) -Itests $< $(LIB) $(LIBS) -o $@

# libFuzzer is clang's; the code under test is compiled again with its coverage.
$(O)/fuzz/%: tests/fuzz/%.c $(filter-out user/attach/program.c user/attach/session.c user/attach/account.c user/cli/%,$(USER_SRC))
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE \
		-DCTRACE_VERSION='"fuzz"' -Iinclude -Iuser -Itests $(filter %.c,$^) $(LIBS) -o $@

unit: $(UNIT)
workloads: $(WORKLOADS)
demo-build: $(DEMO)

check:
	$(Q)tests/check all; rc=$$?; $(give_back); exit $$rc

check-user:
	$(Q)tests/check user

check-root:
	$(Q)tests/check root

check-kernels:
	$(Q)tests/check kernels

# What tests/check calls, in a build of its own, with sanitizers.
.PHONY: run-user run-root run-kernels
run-user: $(UNIT) $(O)/ctrace-bpf
	$(Q)O=$(O) CTRACE=$(O)/ctrace-bpf tests/run $(UNIT) $(USER_TESTS)

run-root: $(O)/ctrace-bpf workloads demo-build
	$(Q)O=$(O) CTRACE=$(O)/ctrace-bpf tests/run -t 580 $(LIVE_TESTS)

run-kernels: $(O)/ctrace-bpf workloads demo-build
	$(Q)O=$(O) CTRACE=$(O)/ctrace-bpf tests/run -t 1300 $(KERNEL_TESTS)

demo:
	$(Q)tests/deps build || tests/deps install
	$(Q)$(MAKE) all demo-build
	$(Q)O=$(O) tests/demo/run; rc=$$?; $(give_back); exit $$rc

bench: all workloads $(BENCHES)
	$(Q)O=$(O) tests/bench/run

SECS ?= 60
fuzz: $(FUZZERS)
	$(Q)O=$(O) tests/fuzz/run $(SECS) $(FUZZ)

golden: all
	$(Q)for t in tests/golden/*.sh; do O=$(O) CTRACE=$(O)/ctrace-bpf REWRITE=1 $$t; done

lint:
	$(Q)tests/lint

cover:
	$(Q)$(MAKE) O=$(O)/cover CFLAGS='-O0 -g --coverage' run-user
	$(Q)cd $(O)/cover && gcov -r -s $(CURDIR) $$(find . -name '*.gcda') 2>/dev/null | \
		awk '/^File/{f=$$2} /^Lines/{print f, $$2}' | grep "user/" | sort

install: all
	$(Q)install -D -m 755 $(O)/ctrace-bpf $(DESTDIR)$(prefix)/bin/ctrace-bpf
	$(Q)install -D -m 644 -t $(DESTDIR)$(prefix)/include/ctrace include/ctrace/ctrace.h
	$(Q)install -D -m 644 -t $(DESTDIR)$(prefix)/share/ctrace-bpf docs/ctrace-bpf.jsonl.schema.json
	$(Q)for p in man/*.[1-8]; do [ ! -e "$$p" ] || \
		install -D -m 644 -t $(DESTDIR)$(prefix)/share/man/man$${p##*.} $$p; done

clean:
	$(call say,RM,$(O))
	$(Q)rm -rf $(O)

-include $(BPF_OBJ:.o=.d) $(USER_OBJ:.o=.d) $(O)/user/main.d $(UNIT:=.d) $(WORKLOADS:=.d) $(DEMO:=.d) \
	$(BENCHES:=.d)
