# make test runs everything this machine can run; the rest is for daily work. The steps of test are in .ci/test.

FUZZTIME ?= 5s

.PHONY: build run test lint fuzz clean

build:
	CGO_ENABLED=0 go build -o nightwire .

run:
	go run .

test:
	.ci/test

lint:
	.ci/test lint

# Every fuzz target of every package, each for FUZZTIME.
fuzz:
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

clean:
	rm -rf nightwire e2e/node_modules e2e/results
