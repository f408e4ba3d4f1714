#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the same workloads in Attune and in TRL, in turn, and writes the table of Docs/performance.md.
#
#   Benchmarks/compare/run.sh                       # all, five rounds; makes .venv beside itself on first use
#   Benchmarks/compare/run.sh "sft 13M" dpo         # some; the page stays as it is
#
# COMPARE_PYTHON  a Python that already has requirements.txt installed; then no .venv is made
# COMPARE_ROUNDS  rounds of each workload; default 5
# COMPARE_WORK    folder for models and rows; default: work beside this script
# ATTUNE          the attune program; default: this repository's release build
# Nothing else should run on the machine meanwhile.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repository="$(cd "$here/../.." && pwd)"

python="${COMPARE_PYTHON:-}"
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

exec "$python" "$here/compare.py" --attune "$attune" --work_dir "${COMPARE_WORK:-$here/work}" \
  --rounds "${COMPARE_ROUNDS:-5}" --page "$repository/Docs/performance.md" "$@"
