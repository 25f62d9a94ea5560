# SPDX-License-Identifier: Apache-2.0
#
# What a person types. Every target first installs what it needs and is missing; the work itself is
# in CMakeLists.txt and tools/.

PREFIX ?= /usr/local
DESTDIR ?=

PROGRAMS := warren warrend warren-init
# Names of command lines to come: called by one of them, warren says that it is not available yet.
PERSONALITIES := rnx joblet jobctl jobworker-server job_control runtime grid proc_box

.PHONY: build all demo test check bench soak install clean

build:
	tools/install-deps build
	tools/build release

all: build
	mkdir -p bin
	for name in $(PROGRAMS); do ln -sfn ../build/release/bin/$$name bin/$$name; done
	for name in $(PERSONALITIES); do ln -sfn ../build/release/bin/warren bin/$$name; done

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
	  install -s -m 0755 build/release/bin/$$name $(DESTDIR)$(PREFIX)/bin/$$name || exit 1; done
	for name in $(PERSONALITIES); do ln -sfn warren $(DESTDIR)$(PREFIX)/bin/$$name; done

clean:
	rm -rf build bin
