#!/usr/bin/env bash
# Compile requirements/*.in into locks: for every platform and Python 3.11 to 3.14, with hashes, without any index address.
# `UPGRADE=1` takes the newest versions the .in files allow; otherwise versions that still fit stay.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
uv() {
    ../.venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" ${UPGRADE:+--upgrade} "$@"
}
uv uv.in --output-file uv.txt
uv base.in --output-file base.txt
uv dev.in --constraint base.txt --output-file dev.txt
