# What developers and CI run. Start a recipe with `.uv/bin/uv run --frozen just <recipe>`:
# uv puts the locked tools of .venv/bin on PATH, so the recipes call them by their plain names.

set shell := ["bash", "-euo", "pipefail", "-c"]

# pyright and its node come from wheels; without this it asks PyPI at each run for a newer pyright.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := "1"

# deno comes from a wheel, too: it looks for no newer one, and for nothing else.
export DENO_NO_UPDATE_CHECK := "1"

# List the recipes
default:
    @just --list --unsorted

# All checks, then the tests: what CI runs, about 25 minutes on two cores
check: _how-long format-check lint types imports docker-lint scripts drift test

# Tests are the last of `check`, and their closing line ends its output
_how-long:
    @echo "just check takes about 25 minutes on two cores; most of that are the tests, which come last"

# Format the code
format:
    ruff format .
    ruff check --select I --fix .
    deno fmt

# Fail if the code is not formatted
format-check:
    ruff format --check .

# Lint the code
lint:
    ruff check .

# Check the types, strictly
types:
    pyright

# Check which room imports which
imports:
    lint-imports

# Lint the Dockerfiles
docker-lint:
    hadolint Dockerfile deploy/patroni/Dockerfile

# Format, lint, check the types of, and test the scripts of the web interface, without any network
scripts:
    deno fmt --check
    deno lint
    deno check --no-remote --no-npm service/ui tests/ui
    deno test --no-remote --no-npm --allow-read=service/ui,tests

# Run the tests; those of aggregates/ and projections/ must cover every branch of the two
test:
    pytest -n 2 --cov

# Look up the locked packages in the database of known vulnerabilities; says so where it is out of reach
audit database="https://api.osv.dev/v1/query":
    #!/usr/bin/env bash
    set -euo pipefail
    locked=$(mktemp)
    trap 'rm -f "$locked"' EXIT
    uv export --quiet --frozen --no-dev --all-extras --no-emit-project --output-file "$locked" > /dev/null
    code=0
    said=$(pip-audit --requirement "$locked" --require-hashes --disable-pip --strict --progress-spinner off \
        --vulnerability-service osv --osv-url {{ quote(database) }} 2>&1) || code=$?
    # Without a connection, pip-audit ends with the error of `requests`, and with 1 as for a finding.
    unreachable='^requests\.exceptions\.(ConnectionError|ProxyError|ReadTimeout|RetryError|HTTPError: 5..)|Could not connect to'
    if [ "$code" -ne 0 ] && grep -Eq "$unreachable" <<< "$said"; then
        echo "The database of vulnerabilities is out of reach: nothing was audited."
        exit 0
    fi
    echo "$said"
    exit "$code"

# Measure how far the service is from its limits; `just bench --small` to see that it works
bench *arguments:
    python -m benchmarks {{ arguments }}

# Two servers under random load, reconciled: 20 minutes each; `--minutes 1`; `--faults` for kills, full disks, failovers
soak *arguments:
    python -m tests.soak {{ arguments }}

# Have schemathesis try the service against its own document, so many times as much as the tests do
schemathesis times="10":
    SCHEMATHESIS_TIMES={{ times }} pytest tests/service/http/test_http_schema.py

# Write openapi.yaml from the code
openapi file="openapi.yaml":
    billing-backlog openapi > {{ quote(file) }}

# Write what the examples of openapi.yaml are answered, by asking the service
examples file="service/http/openapi/answers.yaml":
    python -m tests.service.story > {{ quote(file) }}.new
    mv {{ quote(file) }}.new {{ quote(file) }}

# Write docs/invoicing.md, each row of it as the service books it
invoicing file="docs/invoicing.md":
    python -m tests.invoicing_page > {{ quote(file) }}.new
    mv {{ quote(file) }}.new {{ quote(file) }}

# Write docs/events.md and docs/problems.md from what the code says of events and problems
docs folder="docs":
    python -m service.ledger.events_doc > {{ quote(folder / "events.md") }}
    python -m service.wire.problem.problems_doc > {{ quote(folder / "problems.md") }}

# Fail if a generated file is not what the code generates now
drift:
    #!/usr/bin/env bash
    set -euo pipefail
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    just openapi "$fresh/openapi.yaml"
    just docs "$fresh"
    stale=0
    compare() { # the committed file, the fresh one, the recipe that writes it
        if ! git --no-pager diff --no-index --exit-code "$1" "$2"; then
            echo "$1 is not what the code generates now: run 'just $3' and commit the result." >&2
            stale=1
        fi
    }
    compare openapi.yaml "$fresh/openapi.yaml" openapi
    compare docs/events.md "$fresh/events.md" docs
    compare docs/problems.md "$fresh/problems.md" docs
    exit "$stale"

# Take the pictures of the README and of docs/ui.md anew, by the system's Chromium
screenshots folder="docs/images":
    python -m tests.ui.screenshots {{ quote(folder) }}

# Work a sample backlog from approvals to invoices, on a temporary database
demo:
    billing-backlog demo

# Serve the API on http://127.0.0.1:8000, with the database in this folder
serve:
    billing-backlog serve

# Run the HTTP contract's acceptance program, where it lies next to this project
acceptance:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ ! -f ../shared/acceptance/run.py ]; then
        echo "../shared/acceptance/run.py is not here: nothing was run."
        exit 0
    fi
    python ../shared/acceptance/run.py
