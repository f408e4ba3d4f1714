# SPDX-License-Identifier: Apache-2.0
"""Runs TRL's SFT, DPO and reward trainers on the rows of prepare.py and writes what they log.

    python trl_losses.py --work_dir work --output work/trl.json

Rows are taken in file order (sequential sampler), in float32 on the CPU, with AdamW, a constant
learning rate and no dropout. `trl.json` holds the settings and, for each trainer, one object a
step with every number TRL logged. `trl_rows_<trainer>.jsonl` beside it holds the token ids TRL
made of each row it kept, in training order: the first thing to compare when losses differ.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoTokenizer
from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

LEARNING_RATES = {"sft": 1e-3, "dpo": 2e-4, "reward": 5e-4}
ROW_COLUMNS = {
    "sft": ["input_ids", "labels"],
    "dpo": ["prompt_ids", "chosen_ids", "rejected_ids"],
    "reward": ["chosen_ids", "rejected_ids"],
}


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return Dataset.from_list([json.loads(line) for line in file])


def common_settings(name, options):
    """What the three trainers share. Everything not set here is TRL's default."""
    return dict(
        output_dir=str(Path(options.work_dir) / "trl_runs" / name),
        per_device_train_batch_size=options.per_device_train_batch_size,
        gradient_accumulation_steps=options.gradient_accumulation_steps,
        max_steps=options.max_steps,
        max_length=options.max_length,
        learning_rate=LEARNING_RATES[name],
        lr_scheduler_type="constant",
        optim="adamw_torch",
        train_sampling_strategy="sequential",
        seed=options.seed,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,  # TRL turns bfloat16 on when this is left unset
        gradient_checkpointing=False,  # on by default in TRL; changes no number
    )


def make_trainer(name, options):
    work = Path(options.work_dir)
    tokenizer = AutoTokenizer.from_pretrained(work / "model")
    settings = common_settings(name, options)
    if name == "sft":
        return SFTTrainer(
            model=str(work / "model"), args=SFTConfig(**settings), processing_class=tokenizer,
            train_dataset=read_rows(work / "prompt_completion.jsonl"))
    preferences = read_rows(work / "preference.jsonl")
    if name == "dpo":
        return DPOTrainer(
            model=str(work / "model"), args=DPOConfig(beta=0.1, **settings),
            processing_class=tokenizer, train_dataset=preferences)
    return RewardTrainer(
        model=str(work / "reward_model"), args=RewardConfig(**settings),
        processing_class=tokenizer, train_dataset=preferences)


def write_kept_rows(path, dataset, columns):
    with open(path, "w", encoding="utf-8") as file:
        for row in dataset:
            file.write(json.dumps({column: row[column] for column in columns}) + "\n")


def run(name, options):
    trainer = make_trainer(name, options)
    rows = len(trainer.train_dataset)
    needed = options.max_steps * options.per_device_train_batch_size * options.gradient_accumulation_steps
    if rows < needed:
        raise SystemExit(f"{name}: {rows} rows left after preparation, {needed} needed for one pass")
    write_kept_rows(
        Path(options.output).parent / f"trl_rows_{name}.jsonl", trainer.train_dataset, ROW_COLUMNS[name])
    trainer.train()
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    if len(steps) != options.max_steps:
        raise SystemExit(f"{name}: {len(steps)} logged steps, expected {options.max_steps}")
    print(f"{name}: {rows} rows kept, loss {steps[0]['loss']:.6f} -> {steps[-1]['loss']:.6f}")
    return {"rows_kept": rows, "learning_rate": LEARNING_RATES[name], "steps": steps}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work_dir", default="work")
    parser.add_argument("--output", default="work/trl.json")
    parser.add_argument("--per_device_train_batch_size", type=int, default=8)
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--max_length", type=int, default=64)
    parser.add_argument("--max_steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    torch.set_num_threads(2)

    result = {
        "versions": {"trl": trl.__version__, "transformers": transformers.__version__,
                     "torch": torch.__version__},
        "settings": {key: value for key, value in vars(options).items()
                     if key not in ("work_dir", "output")},
    }
    Path(options.output).parent.mkdir(parents=True, exist_ok=True)
    for name in ("sft", "dpo", "reward"):
        result[name] = run(name, options)
    Path(options.output).write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
