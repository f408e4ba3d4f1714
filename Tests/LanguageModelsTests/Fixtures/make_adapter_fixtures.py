# SPDX-License-Identifier: Apache-2.0
"""Makes the adapters beside this script with PEFT, and what they compute.

    pip install torch==2.13.0 transformers==5.24.0 peft==0.21.2 bitsandbytes==0.50.2
    python make_adapter_fixtures.py

Bases are the checkpoints that make_fixtures.py made. adapters/<case>/ is a PEFT folder whose tensors
come from NumPy's frozen legacy generator; expected.json beside it holds, in float32:

  base              the checkpoint's name
  rows[i].ids       token ids of one unpadded row, from the base's own expected.json
  rows[i].logits    logits [T, V] with the adapter, row by row; scores of a classifier
  merged            the largest change of a logit by merging, in PEFT itself
  gradients.loss    sum of -log p over the rows (language models)
  gradients.norms   L2 norm of d loss / d tensor by its name in adapter_model.safetensors

nf4/ and int8/ are the checkpoint "tied" as transformers writes it after loading it in 4 and in 8 bits
with bitsandbytes; expected.json holds the logits of the numbers they stand for.
"""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from make_fixtures import numbers, write_json
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForSequenceClassification,
    BitsAndBytesConfig,
)

HERE = Path(__file__).resolve().parent
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

# case -> (base, configuration)
CASES = {
    "lora": ("tied", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], lora_dropout=0.1)),
    "rslora": ("biased", dict(r=4, lora_alpha=6, target_modules="all-linear", use_rslora=True)),
    "dora": ("biased", dict(r=3, lora_alpha=6, target_modules="all-linear", use_dora=True)),
    "saved": ("biased", dict(r=2, lora_alpha=4, target_modules=["o_proj"], modules_to_save=["lm_head", "norm"])),
    "saved_tied": ("tied", dict(r=2, lora_alpha=4, target_modules=["o_proj"], modules_to_save=["embed_tokens"])),
    "head_tied": ("tied", dict(r=2, lora_alpha=4, target_modules=["lm_head", "up_proj"])),
    "patterns": ("biased", dict(
        r=4, lora_alpha=8, target_modules=ALL, rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 6},
        alpha_pattern={"down_proj": 3, "layers.0.self_attn.o_proj": 16}, exclude_modules=["v_proj"])),
    "one_layer": ("biased", dict(r=4, lora_alpha=8, target_modules=ALL, layers_to_transform=[1], layers_pattern="layers")),
    "regex": ("tied", dict(r=4, lora_alpha=8, target_modules=r".*\.(0\.self_attn\.[qk]|1\.mlp\.down)_proj")),
    "bias_all": ("biased", dict(r=4, lora_alpha=8, target_modules=["q_proj"], bias="all")),
    "bias_adapted": ("biased", dict(r=4, lora_alpha=8, target_modules=["q_proj", "up_proj"], bias="lora_only", use_dora=True)),
    "gpt2": ("families/gpt2", dict(r=2, lora_alpha=4, target_modules="all-linear", fan_in_fan_out=True, use_dora=True)),
    "gpt_neox": ("families/gpt_neox", dict(r=2, lora_alpha=4, target_modules=["query_key_value", "dense"], modules_to_save=["lm_head"])),
    "phi3": ("families/phi3", dict(r=2, lora_alpha=4, target_modules=["qkv_proj", "gate_up_proj"])),
    "qwen3": ("families/qwen3", dict(r=2, lora_alpha=4, target_modules="all-linear")),
    "gemma2": ("families/gemma2", dict(r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"])),
    "llava": ("families/llava_clip", dict(
        r=2, lora_alpha=4, target_modules=r".*language_model.*\.(q_proj|up_proj)|.*fc1|.*linear_1", modules_to_save=["lm_head"])),
    "scores": ("tied", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="SEQ_CLS")),
}


def load(base, is_classifier):
    kind = AutoModelForSequenceClassification if is_classifier else AutoModelForCausalLM
    if "llava" in base:
        kind = AutoModelForImageTextToText
    more = dict(num_labels=1) if is_classifier else {}
    return kind.from_pretrained(HERE / base, dtype=torch.float32, attn_implementation="eager", **more).eval()


def fill(model, seed):
    """Every trained tensor moved away from where it starts."""
    generator = np.random.RandomState(seed)
    with torch.no_grad():
        for name, tensor in sorted(model.named_parameters()):
            if tensor.requires_grad:
                step = torch.from_numpy(generator.standard_normal(tuple(tensor.shape))).float()
                tensor.add_(step * (0.3 if "lora_A" in name or "lora_B" in name else 0.1))


def key_of(name):
    """The name of a parameter in a PEFT file."""
    for part in (".modules_to_save.default", ".default"):
        name = name.replace(part, "")
    return name.removesuffix(".weight") if "lora_magnitude_vector" in name else name


def outputs(model, rows, is_classifier):
    with torch.no_grad():
        found = [model(torch.tensor([ids])).logits[0] for ids in rows]
    return [numbers(value) for value in found]


def gradients(model, rows):
    total = 0.0
    for ids in rows:
        logs = torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1], dim=-1)
        loss = -logs.gather(-1, torch.tensor(ids[1:])[:, None]).sum()
        loss.backward()
        total += loss.item()
    norms = {key_of(name): numbers(tensor.grad.double().norm())[0]
             for name, tensor in model.named_parameters() if tensor.grad is not None}
    return {"loss": numbers(total)[0], "norms": norms}


def make_case(name, base, options, seed):
    folder = HERE / "adapters" / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    options = {"task_type": "CAUSAL_LM", "lora_dropout": 0.0} | options
    is_classifier = options["task_type"] == "SEQ_CLS"
    model = get_peft_model(load(base, is_classifier), LoraConfig(**options)).eval()
    fill(model, seed)
    rows = [[3, 7, 5, 9, 2, 8]]
    if "/" not in base:
        rows = [row["ids"] for row in json.loads((HERE / base / "expected.json").read_text())["rows"]]
        rows = [ids for ids in rows if len(ids) > 1][:1]
    found = outputs(model, rows, is_classifier)
    expected = {"base": base, "rows": [dict(ids=ids, logits=values) for ids, values in zip(rows, found)]}
    if not is_classifier:
        expected["gradients"] = gradients(model, rows)
    model.save_pretrained(folder)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = base
    if isinstance(settings["target_modules"], list):
        settings["target_modules"].sort()  # a set in PEFT
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").unlink(missing_ok=True)
    merged = outputs(model.merge_and_unload(), rows, is_classifier)
    expected["merged"] = max(np.abs(np.subtract(a, b)).max() for a, b in zip(found, merged)).item()
    write_json(folder / "expected.json", expected)


def dequantized(held, name):
    """The numbers a matrix of a saved folder stands for, float32 [out, in], by the format's own rule: bitsandbytes
    0.50 computes others on processors with AVX-512 where a matrix is narrower than a block."""
    weight = f"{name}.weight"
    if f"{weight}.quant_map" in held:
        state = json.loads(bytes(held[f"{weight}.quant_state.bitsandbytes__nf4"].tolist()))
        scales = held[f"{weight}.nested_quant_map"][held[f"{weight}.absmax"].long()]
        scales = scales * held[f"{weight}.nested_absmax"] + state["nested_offset"]  # fewer than 256 blocks each
        packed = held[weight].flatten()
        places = torch.stack([packed >> 4, packed & 15], dim=-1).flatten().long()
        blocks = held[f"{weight}.quant_map"][places].reshape(-1, state["blocksize"])
        return (blocks * scales[:, None]).reshape(state["shape"])
    return (held[f"{name}.weight"].double() * held[f"{name}.SCB"].double()[:, None] / 127).float()


def make_quantized(name, settings):
    """A folder in few bits, and the logits of a dense model with the numbers it stands for: bitsandbytes' own product
    rounds its inputs on some processors."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    AutoModelForCausalLM.from_pretrained(
        HERE / "tied", dtype=torch.float32, quantization_config=settings, device_map={"": "cpu"}
    ).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    held = load_file(folder / "model.safetensors")
    dense = load("tied", False)
    with torch.no_grad():
        for path, module in dense.named_modules():
            if path.rpartition(".")[2] in ALL:
                module.weight.copy_(dequantized(held, path))
    rows = [row["ids"] for row in json.loads((HERE / "tied/expected.json").read_text())["rows"]][1:2]
    write_json(folder / "expected.json", {
        "base": "tied", "rows": [dict(ids=ids, logits=found) for ids, found in zip(rows, outputs(dense, rows, False))]})


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    warnings.simplefilter("ignore")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for index, (name, (base, options)) in enumerate(CASES.items()):
        make_case(name, base, options, seed=211 + index)
    make_quantized("nf4", BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32))
    make_quantized("int8", BitsAndBytesConfig(load_in_8bit=True))
    for file in HERE.rglob("*.safetensors"):
        file.chmod(0o644)


if __name__ == "__main__":
    main()
