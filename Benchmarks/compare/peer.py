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

WANTED = set(workloads.WANTED)


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


def reward(completions, **more):
    return [float(sum(word in WANTED for word in text.split())) for text in completions]


def online(kind, model, batch, options):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
    configuration, trainer = {"grpo": (GRPOConfig, GRPOTrainer), "rloo": (RLOOConfig, RLOOTrainer)}[kind]
    settings = configuration(
        output_dir=str(options.work_dir / "peer"), per_device_train_batch_size=batch,
        max_steps=workloads.STEPS, learning_rate=1e-5, lr_scheduler_type="constant",
        optim="adamw_torch_fused", seed=1, logging_steps=1, report_to="none", save_strategy="no",
        disable_tqdm=True, use_cpu=True, bf16=options.precision == "bf16", gradient_checkpointing=False,
        num_generations=workloads.GROUP, max_completion_length=workloads.SAMPLED,
        generation_kwargs={"min_new_tokens": workloads.SAMPLED})
    table = [json.loads(line) for line in (options.work_dir / "prompts.jsonl").open()]
    clock = Clock()
    place = options.work_dir / model
    job = trainer(
        model=str(place), args=settings, processing_class=AutoTokenizer.from_pretrained(place),
        reward_funcs=reward, train_dataset=Dataset.from_list(table), callbacks=[clock])
    job.train()
    rewards = [entry["reward"] for entry in job.state.log_history if "reward" in entry]
    return {"seconds": clock.seconds, "losses": [], "rewards": rewards}


def ppo(model, batch, options):
    """The usual loop: generate; logits of policy and reference; values; one pass of clipped updates."""
    import copy
    from torch.nn.functional import log_softmax
    place = options.work_dir / model
    tokenizer = AutoTokenizer.from_pretrained(place, padding_side="left")
    policy = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32)
    reference = copy.deepcopy(policy).eval()
    critic = copy.deepcopy(policy)
    head = torch.nn.Linear(critic.config.hidden_size, 1)
    weights = [*policy.parameters(), *critic.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=True)
    prompts = [json.loads(line)["prompt"] for line in (options.work_dir / "prompts.jsonl").open()]
    cast = torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16")
    count = workloads.SAMPLED

    def log_probs(network, ids):
        logits = network(ids).logits[:, -count - 1:-1].float()
        return log_softmax(logits, -1).gather(-1, ids[:, -count:, None])[..., 0]

    def values(ids):
        return head(critic.model(ids).last_hidden_state[:, -count - 1:-1].float())[..., 0]

    seconds, rewards = [], []
    for step in range(workloads.STEPS):
        start = time.perf_counter()
        texts = tokenizer(prompts[step * batch:(step + 1) * batch], return_tensors="pt")
        with torch.no_grad(), cast:
            ids = policy.generate(
                **texts, do_sample=True, top_k=0, max_new_tokens=count, min_new_tokens=count)
            old, anchor, before = log_probs(policy, ids), log_probs(reference, ids), values(ids)
            scores = torch.tensor(reward(tokenizer.batch_decode(ids[:, -count:])))
            gains = -0.05 * (old - anchor)
            gains[:, -1] += scores
            advantages, last = torch.zeros_like(gains), 0.0
            for t in reversed(range(count)):
                following = before[:, t + 1] if t + 1 < count else 0.0
                last = gains[:, t] + following - before[:, t] + 0.95 * last
                advantages[:, t] = last
            returns = advantages + before
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        with cast:
            now, after = log_probs(policy, ids), values(ids)
            ratio = (now - old).exp()
            loss = torch.max(-advantages * ratio, -advantages * ratio.clamp(0.8, 1.2)).mean()
            bounded = before + (after - before).clamp(-0.2, 0.2)
            loss = loss + 0.05 * torch.max((after - returns) ** 2, (bounded - returns) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        seconds.append(time.perf_counter() - start)
        rewards.append(scores.mean().item())
    return {"seconds": seconds, "losses": [], "rewards": rewards}


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
    if kind == "generate":
        result = generate(model, batch, options)
    elif kind == "ppo":
        result = ppo(model, batch, options)
    elif kind in workloads.ONLINE:
        result = online(kind, model, batch, options)
    else:
        result = train(kind, model, rows, batch, options)
    options.output.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
