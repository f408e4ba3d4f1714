#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares every model family with transformers and writes the table of Docs/families.md.
#
#   Benchmarks/families/run.sh                      # makes .venv beside itself on first use
#   Benchmarks/families/run.sh gemma2 phi3          # some families; the page stays as it is
#   FAMILIES_PYTHON=python3 ATTUNE=attune Benchmarks/families/run.sh
#
# FAMILIES_PYTHON  a Python that already has requirements.txt installed; then no .venv is made
# ATTUNE           the attune program; default: this repository's release build
# FAMILIES_WORK    folder for models and rows; default: work beside this script
# Exit code: 0 when everything agrees, else 1 (2: a program is missing).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repository="$(cd "$here/../.." && pwd)"

python="${FAMILIES_PYTHON:-}"
if [[ -z "$python" ]]; then
  python="$here/.venv/bin/python"
  if [[ ! -x "$python" ]]; then
    python3 -m venv "$here/.venv"
    "$python" -m pip install --quiet -r "$here/requirements.txt"
  fi
fi

attune="${ATTUNE:-$repository/.build/release/attune}"
if ! command -v "$attune" >/dev/null; then
  echo "run.sh: no attune program at $attune; build it with 'swift build -c release --product attune'," \
    "or name it with ATTUNE=..." >&2
  exit 2
fi

exec "$python" "$here/compare.py" --attune "$attune" --work_dir "${FAMILIES_WORK:-$here/work}" \
  --page "$repository/Docs/families.md" "$@"
