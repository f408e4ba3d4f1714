# SPDX-License-Identifier: Apache-2.0
"""One workload in TRL (or `generate` of transformers), in a process of its own.

    python peer.py WORKLOAD --work_dir work --precision fp32|bf16 --output out.json

Writes seconds, real tokens and loss of every step. The peer's best settings on a CPU: fused AdamW, no
gradient checkpointing, no padding where its packing is faster (`--packing`), static graph off.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
START = time.perf_counter()

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback  # noqa: E402

import workloads  # noqa: E402


class Clock(TrainerCallback):
    """Wall time of each step, from its first row to its update."""

    def __init__(self):
        self.seconds, self.first = [], None

    def on_step_begin(self, args, state, control, **more):
        self.first = self.first or time.perf_counter()
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **more):
        self.seconds.append(time.perf_counter() - self.start)


def train(kind, model, rows, batch, options):
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer
    configuration, trainer = {
        "sft": (SFTConfig, SFTTrainer), "dpo": (DPOConfig, DPOTrainer),
        "reward": (RewardConfig, RewardTrainer)}[kind]
    more = {"packing": True} if options.packing else {}
    settings = configuration(
        output_dir=str(options.work_dir / "peer"), per_device_train_batch_size=batch,
        max_steps=workloads.STEPS, max_length=256, learning_rate=1e-4, lr_scheduler_type="constant",
        optim="adamw_torch_fused", train_sampling_strategy="sequential", seed=1, logging_steps=1,
        report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True,
        bf16=options.precision == "bf16", gradient_checkpointing=False, **more)
    place = options.work_dir / (f"{model}-reward" if kind == "reward" else model)
    table = [json.loads(line) for line in (options.work_dir / f"{rows}.jsonl").open()]
    clock = Clock()
    job = trainer(
        model=str(place), args=settings, processing_class=AutoTokenizer.from_pretrained(place),
        train_dataset=Dataset.from_list(table), callbacks=[clock])
    job.train()
    losses = [entry["loss"] for entry in job.state.log_history if "loss" in entry]
    return {"seconds": clock.seconds, "losses": losses, "start": clock.first - START}


def generate(model, batch, options):
    place = options.work_dir / model
    tokenizer = AutoTokenizer.from_pretrained(place, padding_side="left")
    kind = torch.bfloat16 if options.precision == "bf16" else torch.float32
    policy = AutoModelForCausalLM.from_pretrained(place, dtype=kind).eval()
    prompts = [json.loads(line)["prompt"] for line in (options.work_dir / "prompts.jsonl").open()]
    ids = tokenizer(prompts[:batch], return_tensors="pt")
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        with torch.inference_mode():
            out = policy.generate(
                **ids, do_sample=False, max_new_tokens=workloads.NEW_TOKENS,
                min_new_tokens=workloads.NEW_TOKENS)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "ids": out[:, ids["input_ids"].shape[1]:].tolist(), "losses": []}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", choices=workloads.WORKLOADS)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], required=True)
    parser.add_argument("--packing", action="store_true")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(2)
    kind, model, rows, batch = workloads.WORKLOADS[options.workload]
    result = (
        generate(model, batch, options) if kind == "generate"
        else train(kind, model, rows, batch, options))
    options.output.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
