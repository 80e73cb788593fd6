# Each line is a command a person could type. "make run" and "make test" need Go, Node with npm, and nothing else.

WORKSPACE ?= $(HOME)/hotloop
HTTP      ?= 127.0.0.1:3999
export GOTOOLCHAIN ?= local
export CGO_ENABLED ?= 0
GOBIN := $(or $(shell go env GOBIN),$(shell go env GOPATH)/bin)

.PHONY: run build assets test tools check mutate bench screenshot fmt lint install clean

run: build                ## serve the site on $(HTTP), with the workspace $(WORKSPACE)
	.build/hotloop serve --http $(HTTP) --workspace $(WORKSPACE)

build: assets             ## the program, with the web assets inside: .build/hotloop, and the small ones that it starts
	@go list -deps ./exercises/... >/dev/null # what exercises import beside the standard library must be in the module cache
	go build -trimpath -ldflags='-s -w' -o .build/hotloop-child ./cmd/child
	go build -trimpath -ldflags='-s -w' -o .build/hotloop-interpreter ./cmd/interpreter
	go build -trimpath -ldflags='-s -w' -o .build/hotloop-sqlite ./cmd/sqlite
	sum() { (sha256sum || shasum -a 256) <$$1 2>/dev/null | cut -c1-64; } && \
	go build -trimpath -ldflags="-s -w -X main.childSum=$$(sum .build/hotloop-child) -X main.interpreterSum=$$(sum .build/hotloop-interpreter) -X main.sqliteSum=$$(sum .build/hotloop-sqlite)" \
		-o .build/ ./cmd/hotloop

assets: site/web/dist/manifest.json

site/web/dist/manifest.json: site/web/node_modules/.package-lock.json $(shell find site/web -type f -not -path '*/node_modules/*' -not -path '*/dist/*')
	cd site/web && npm run --silent build

site/web/node_modules/.package-lock.json: site/web/package-lock.json
	cd site/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

test: tools lint build    ## everything: front end, Go, and every exercise proved
	cd site/web && npm test --silent
	.ci/gotest -p 1 -timeout 20m ./...
	$(MAKE) check

tools:                    ## what the tests need beside Go and Node; says what is missing where it may not install
	.ci/tools chromium redis-server nginx bubblewrap sqlite3

check: build              ## prove every exercise: starter fails, reference passes, mutants die
	.build/hotloop check

mutate: build             ## change every reference in small ways; the tests must notice (an hour)
	.build/hotloop check --mutate

bench: build              ## the figures of the README in 25 minutes; FULL=1 repeats more often, for hours
	PATH="$(CURDIR)/.build:$$PATH" go test -p 1 -run '^$$' -bench . -benchtime 1x $(if $(FULL),,-short) -timeout 5h ./runner/...

lint: assets
	@test -z "$$(gofmt -l cmd exercises lessons runner site | tee /dev/stderr)" || { echo "gofmt: run make fmt"; exit 1; }
	go vet ./...
	cd site/web && npm run --silent check

screenshot: build         ## the README's picture, from the browser test
	mkdir -p .build/screenshots
	HOTLOOP_SCREENSHOTS=$(CURDIR)/.build/screenshots go test -count=1 -run 'TestBrowser/Exercise' ./cmd/hotloop
	cp .build/screenshots/readme.png site/screenshot.png

fmt:
	gofmt -w cmd exercises lessons runner site

install: build            ## hotloop into GOBIN, so that the shell finds it
	mkdir -p $(GOBIN) && install .build/hotloop .build/hotloop-child .build/hotloop-interpreter .build/hotloop-sqlite $(GOBIN)/

clean:
	rm -rf .build site/web/node_modules site/web/dist/*
