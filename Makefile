# SPDX-License-Identifier: Apache-2.0
#
# What a person types. Every target first installs what it needs and is missing; the work itself is
# in CMakeLists.txt and tools/.

PREFIX ?= /usr/local
DESTDIR ?=

# Where the programs are once they have been built.
BIN ?= build/release/bin

# Of `make run.server`, `make certs server` and `make certs user`, as JobWorker's document has them.
CERTS ?= certs
CERT_USER ?= $(shell id -un)
CERT_PROGRAM ?= $(BIN)/warren-certs
SERVER_FLAGS ?=

# The same place as links in bin/ have to say it.
FROM_BIN = $(if $(filter /%,$(BIN)),,../)$(BIN)
# An engine needs root.
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo)

PROGRAMS := warren warrend warren-init warren-certs warren-gateway warren-remote
# Other names of warren: called by one of them it is a command line of another system, or says that
# this one is not available yet. In bin/ they are links to a program that has all others in it, so
# that a copy of one is enough.
PERSONALITIES := rnx joblet jobctl jobworker-server job_control runtime grid proc_box
# Of systemd, below PREFIX/lib.
UNITS := warren.service joblet.service
ACCOUNTS := warren-gateway.conf

.PHONY: build all demo test check bench soak install package run.server certs server user clean

build:
	tools/install-deps build
	tools/build release

all: build
	mkdir -p bin
	for name in $(PROGRAMS); do ln -sfn $(FROM_BIN)/$$name bin/$$name || exit 1; done
	for name in $(PERSONALITIES); do ln -sfn $(FROM_BIN)/warren-whole bin/$$name || exit 1; done

demo: build
	tools/demo

test:
	tools/install-deps build test
	tools/test

check:
	tools/install-deps build test lint
	tools/test
	tools/check

bench:
	tools/install-deps build bench
	tools/build release
	tools/bench

soak:
	tools/install-deps build test
	tools/soak

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	for name in $(PROGRAMS); do \
	  install -s -m 0755 $(BIN)/$$name $(DESTDIR)$(PREFIX)/bin/$$name || exit 1; done
	for name in $(PERSONALITIES); do \
	  ln -sfn warren $(DESTDIR)$(PREFIX)/bin/$$name || exit 1; done
	install -m 0755 scripts/certs_gen_embedded.sh $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	for name in $(UNITS); do \
	  sed 's|=/usr/local/bin/|=$(PREFIX)/bin/|' deploy/systemd/$$name \
	    >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$name || exit 1; done
	for name in $(ACCOUNTS); do \
	  install -m 0644 deploy/systemd/$$name $(DESTDIR)$(PREFIX)/lib/sysusers.d/$$name || exit 1; done

package: build
	tools/package $(BIN) build/package

run.server: all
	[ -e $(CERTS)/server.crt ] || $(CERT_PROGRAM) init --layout jobworker --dir $(CERTS)
	$(AS_ROOT) ./bin/jobworker-server -certs $(CERTS) $(SERVER_FLAGS)

# "make certs server user" says three targets, of which certs is both others where neither is said.
certs: $(if $(filter server user,$(MAKECMDGOALS)),,server user)
	@:

server: build
	$(CERT_PROGRAM) init --layout jobworker --dir $(CERTS)

# Without an authority there is nobody to vouch for a user, so the first one makes it.
user: build | $(filter server,$(MAKECMDGOALS))
	[ -e $(CERTS)/ca.key ] || $(CERT_PROGRAM) init --layout jobworker --dir $(CERTS)
	$(CERT_PROGRAM) issue $(CERT_USER) --user --layout jobworker --dir $(CERTS)

clean:
	rm -rf build bin
