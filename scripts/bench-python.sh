#!/usr/bin/env bash
# Builds the wheel, optimised, and measures what the Python SDK adds to a request of Django, to a read and to the import.
source "$(dirname "$0")/lib.sh"

scripts/build.sh wheel
python=bench/python/.venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall "$TARGET_DIR"/release/wheels/*.whl
"$python" bench/python/reads_and_import.py
"$python" bench/python/django_request.py
