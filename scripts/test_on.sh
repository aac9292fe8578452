#!/bin/bash
# The tests under another Python, in an environment of its own that is kept: scripts/test_on.sh PYTHON VENV [TESTS...]
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1 venv=$2
shift 2
if [ ! "$venv/.from-lock" -nt requirements.lock ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    touch "$venv/.from-lock"
fi
"$venv/bin/python" --version
"$venv/bin/python" -m pytest -q -p no:cacheprovider -n auto --maxprocesses=4 --dist=worksteal "$@"
