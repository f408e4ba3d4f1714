#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains the same small models with TRL and with Attune and compares every logged number.
#
#   Benchmarks/parity/run.sh                      # makes .venv beside itself on first use
#   PARITY_PYTHON=python3 ATTUNE=attune Benchmarks/parity/run.sh
#
# PARITY_PYTHON  a Python that already has requirements.txt installed; then no .venv is made
# ATTUNE         the attune program; default: this repository's release build
# PARITY_WORK    folder for models, rows and logs; default: work beside this script
# Exit code: 0 when everything judged agrees to 1e-4, else 1 (2: a program or file is missing).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repository="$(cd "$here/../.." && pwd)"
work="${PARITY_WORK:-$here/work}"
max_length=64
max_steps=20
seed=42

python="${PARITY_PYTHON:-}"
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

mkdir -p "$work"
"$python" "$here/prepare.py" --work_dir "$work" --seed "$seed"

run_attune() { # command, start model, rows, learning rate, output folder, extra options...
  local command="$1" model="$2" rows="$3" rate="$4" output="$5"
  shift 5
  rm -rf "$output"
  "$attune" "$command" \
    --model_name_or_path "$model" --dataset_path "$rows" --output_dir "$output" \
    --shuffle_dataset false --logging_steps 1 --max_steps "$max_steps" \
    --lr_scheduler_type constant --learning_rate "$rate" \
    --per_device_train_batch_size "$batch" --gradient_accumulation_steps "$accumulation" \
    --max_length "$max_length" --seed "$seed" "$@"
}

status=0
for split in "8 1" "4 2"; do
  read -r batch accumulation <<<"$split"
  results="$work/${batch}x${accumulation}"
  mkdir -p "$results"
  echo "== batch $batch, accumulation $accumulation =="
  "$python" "$here/trl_losses.py" --work_dir "$work" --output "$results/trl.json" \
    --per_device_train_batch_size "$batch" --gradient_accumulation_steps "$accumulation" \
    --max_length "$max_length" --max_steps "$max_steps" --seed "$seed" >"$results/trl.log" 2>&1 ||
    { tail -n 20 "$results/trl.log" >&2; exit 2; }
  # The learning rates stand in trl_losses.py (LEARNING_RATES).
  run_attune sft "$work/model" "$work/prompt_completion.jsonl" 1e-3 "$results/sft"
  run_attune dpo "$work/model" "$work/preference.jsonl" 2e-4 "$results/dpo" --beta 0.1
  run_attune reward "$work/reward_model" "$work/preference.jsonl" 5e-4 "$results/reward"
  "$python" "$here/compare.py" --trl "$results/trl.json" --attune "$results" || status=1
done
exit "$status"
