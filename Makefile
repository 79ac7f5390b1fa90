# lowcloud: one non-recursive Makefile. Variants: SAN=1 (ASan + UBSan, in build-san/), CC=clang.
#   make        the programs           make check  layers, unit, protocol      make test   everything, with set-up
#   make demo   the sample application make bench / soak / fuzz  the long runs  make install PREFIX= DESTDIR=

.DEFAULT_GOAL := all
PREFIX ?= /usr/local
VERSION := 0.1.0
B := build$(if $(SAN),-san)
STD := -std=c11 -D_GNU_SOURCE -I. -I$(B) -DLOWCLOUD_VERSION='"$(VERSION)"'
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
  -Wformat=2 -Wundef -Wvla -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough
comma := ,
OPTIMISE := $(if $(SAN),-O1 -g -fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer,-O2 -g -Werror)
Q = $(if $(V),,@printf '  %s\n' $@;)
CFLAGS += $(STD) $(WARNINGS) $(OPTIMISE) -MMD -MP
LINK_SAN := $(if $(SAN),-fsanitize=address$(comma)undefined)
# Linked statically, these start 2 ms earlier and take half a megabyte less; STATIC= links all of them dynamically.
STATIC ?= $(if $(SAN),,yes)
LIBRARIES := -lmicrohttpd -lcjson $(if $(STATIC),-Wl$(comma)-Bstatic) -luuid -lsqlite3 -lcrypto -lz -lexpat -lpcre2-8 $(if $(STATIC),-Wl$(comma)-Bdynamic) -lm

SOURCES := $(wildcard emulator/*/*.c services/*/*.c cli/*.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY_OBJECTS := $(filter-out $(B)/cli/main.o,$(OBJECTS))
UNITS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))

# Small programs of their own: exec'd, never linked into the server.
LAUNCHER := $(wildcard emulator/loop/launcher/*.c) emulator/loop/packet.c emulator/loop/culprit.c
UNPACK := $(wildcard services/lambda/unpack/*.c)
STDIO := $(wildcard services/lambda/stdio/*.c) emulator/loop/culprit.c
RUNTIME_FILES := $(wildcard services/lambda/runtimes/*/*)

all: $(B)/lowcloud $(B)/libexec/lowcloud-launcher $(B)/libexec/lowcloud-unpack $(B)/libexec/lowcloud-stdio runtimes

$(B)/lowcloud: $(B)/cli/main.o $(B)/liblowcloud.a
	$(Q)$(CC) $(LDFLAGS) $(LINK_SAN) -o $@ $^ $(LIBRARIES)

$(B)/liblowcloud.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/libexec/lowcloud-launcher: $(LAUNCHER) $(wildcard emulator/loop/launcher.h emulator/loop/launcher/*.h) | $(B)/libexec
	$(Q)$(CC) $(STD) $(WARNINGS) -O2 -g -Werror -static -o $@ $(LAUNCHER)

$(B)/libexec/lowcloud-unpack: $(UNPACK) | $(B)/libexec
	$(Q)$(CC) $(STD) $(WARNINGS) $(OPTIMISE) $(LINK_SAN) -o $@ $(UNPACK) -larchive

$(B)/libexec/lowcloud-stdio: $(STDIO) emulator/loop/launcher.h | $(B)/libexec
	$(Q)$(CC) $(STD) $(WARNINGS) -O2 -g -Werror -static -o $@ $(STDIO)

$(B)/libexec:
	@mkdir -p $@

.PHONY: runtimes
runtimes: $(RUNTIME_FILES:services/lambda/runtimes/%=$(B)/share/runtimes/%)
$(B)/share/runtimes/%: services/lambda/runtimes/%
	@mkdir -p $(@D)
	@cp -p $< $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(B)/tests/unit/%: tests/unit/%.c $(B)/liblowcloud.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LINK_SAN) -o $@ $< $(B)/liblowcloud.a $(LIBRARIES) -lcmocka

# Built by tests/kill/run.py.
GROUND := $(patsubst %.c,$(B)/%.o,$(wildcard emulator/base/*.c emulator/loop/*.c))
$(B)/tests/kill/driver: tests/kill/driver.c $(GROUND)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LINK_SAN) -o $@ $< $(GROUND) $(LIBRARIES)
$(B)/tests/kill/handler: tests/kill/handler.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARNINGS) -O2 -g -Werror -static -o $@ $<

units: $(UNITS)

# --- what people call ---------------------------------------------------------------------------------------------------

setup:
	@tools/setup.sh

# Recursive, because what is installed first decides what the rules above can do.
demo: setup
	+@$(MAKE) --no-print-directory all
	@BUILD=$(B) fixtures/orders/demo.sh

test: setup
	+@$(MAKE) --no-print-directory all units
	@BUILD=$(B) python3 tests/main.py

check: all units
	@BUILD=$(B) python3 tests/main.py layers generated unit protocol

# The long runs; their short forms are part of `make test`.
bench: setup
	+@$(MAKE) --no-print-directory all
	@BUILD=$(B) python3 tests/bench/run.py

soak: setup
	+@$(MAKE) --no-print-directory all
	@BUILD=$(B) python3 tests/soak/run.py
	@BUILD=$(B) python3 tests/property/run.py

-include tests/fuzz/fuzz.mk

# Generated from tools/models and tools/overlays; committed. `make check` regenerates and compares.
models:
	python3 tools/generate_models.py

docs: all
	@BUILD=$(B) python3 tools/support_tables.py

layers:
	@python3 tools/check_layers.py

clean:
	rm -rf build build-san

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/lowcloud $(DESTDIR)$(PREFIX)/share/lowcloud
	install -m 755 $(B)/lowcloud $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/libexec/* $(DESTDIR)$(PREFIX)/libexec/lowcloud/
	cp -r $(B)/share/runtimes $(DESTDIR)$(PREFIX)/share/lowcloud/

.PHONY: all units setup demo test check bench soak docs models layers clean install
-include $(OBJECTS:.o=.d) $(UNITS:=.d)
