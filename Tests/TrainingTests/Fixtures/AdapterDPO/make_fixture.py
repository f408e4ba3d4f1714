# SPDX-License-Identifier: Apache-2.0
"""Ten steps of DPO with a LoRA adapter in PEFT and torch, for the trainer to repeat.

    pip install torch==2.13.0 transformers==5.24.0 peft==0.21.2
    python make_fixture.py

The base is the checkpoint "tied" of the language models' tests. start/ is the adapter before the first
step, as PEFT saves it; expected.json holds the pairs (token ids, and how many of them are the prompt), and
of each step the loss, the margin and the norm of the gradient before clipping, and at the end the norm of
every trained tensor. The reference is the same model with its adapter disabled. Steps take four pairs in
order, round and round; beta 0.1, AdamW, rate 0.01, no decay, gradients clipped to norm 0.5.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
BASE = HERE.parents[2] / "LanguageModelsTests/Fixtures/tied"
PAIRS, BATCH, STEPS = 12, 4, 10


def pairs():
    generator = np.random.RandomState(97)
    found = []
    for _ in range(PAIRS):
        prompt = generator.randint(3, 40, size=generator.randint(2, 6)).tolist()
        sides = [generator.randint(3, 40, size=generator.randint(3, 9)).tolist() for _ in range(2)]
        found.append({"prompt": len(prompt), "chosen": prompt + sides[0], "rejected": prompt + sides[1]})
    return found


def log_prob(model, ids, prompt):
    logs = torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1], dim=-1)
    return logs.gather(-1, torch.tensor(ids[1:])[:, None])[prompt - 1:].sum()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    base = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager")
    model = get_peft_model(base, LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")).eval()
    generator = np.random.RandomState(5)
    trained = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    with torch.no_grad():
        for name, tensor in sorted(trained.items()):
            if "lora_A" in name:
                bound = tensor.shape[1] ** -0.5
                tensor.copy_(torch.from_numpy(generator.uniform(-bound, bound, tuple(tensor.shape))).float())
    shutil.rmtree(HERE / "start", ignore_errors=True)
    model.save_pretrained(HERE / "start")
    (HERE / "start/README.md").unlink(missing_ok=True)
    settings = json.loads((HERE / "start/adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "LanguageModelsTests/Fixtures/tied"
    (HERE / "start/adapter_config.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
    (HERE / "start/adapter_model.safetensors").chmod(0o644)

    data = pairs()
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-2, weight_decay=0.0)
    steps = []
    for step in range(STEPS):
        optimizer.zero_grad()
        losses, margins = [], []
        for place in range(BATCH):
            pair = data[(step * BATCH + place) % PAIRS]
            ratio = log_prob(model, pair["chosen"], pair["prompt"]) - log_prob(model, pair["rejected"], pair["prompt"])
            with torch.no_grad(), model.disable_adapter():
                reference = (log_prob(model, pair["chosen"], pair["prompt"])
                             - log_prob(model, pair["rejected"], pair["prompt"]))
            margins.append(0.1 * (ratio - reference))
            losses.append(-torch.nn.functional.logsigmoid(margins[-1]))
        loss = torch.stack(losses).mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained.values(), 0.5)
        optimizer.step()
        steps.append({"loss": loss.item(), "margin": torch.stack(margins).mean().item(), "grad_norm": norm.item()})
    norms = {name.replace(".default", ""): tensor.detach().double().norm().item() for name, tensor in trained.items()}
    text = json.dumps({"pairs": data, "steps": steps, "norms": norms}, indent=1)
    (HERE / "expected.json").write_text(text.replace(",\n    ", ", ") + "\n")


if __name__ == "__main__":
    main()
