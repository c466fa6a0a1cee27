# make test runs everything this machine can run; the rest is for daily work. The steps of test are in .ci/test.

FUZZTIME ?= 5s

.PHONY: build run test test-mongo lint fuzz clean

build:
	CGO_ENABLED=0 go build -o nightwire .

run:
	go run .

test:
	.ci/test

# What FerretDB cannot show, and everything else about MongoDB, on a real server: a replica set of one member is enough.
# MONGODB_TEST_URI=mongodb://... names it; its user must be allowed to make and drop databases.
test-mongo:
	@[ -n "$$MONGODB_TEST_URI" ] || { echo 'MONGODB_TEST_URI is not set; it names the server to test on, such as mongodb://127.0.0.1:27017/?replicaSet=rs0'; exit 2; }
	go test -count=1 -v -run TestLive ./storage/mongo
	cd storage/mongo/mongotest && go test -count=1 -v -timeout 30m -tags ferretdb_no_postgresql ./...

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
