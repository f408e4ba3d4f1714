# SPDX-License-Identifier: Apache-2.0
"""Models, rows and workloads of the comparison. Nothing is downloaded; the same seed gives the same bytes.

Every word of the rows is one token (a word-level tokenizer), so lengths are exact: SFT rows have 256
tokens with the end token, pairs 128 + 128, prompts 64.
"""

import json
import random

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification
from transformers import PreTrainedTokenizerFast

SHAPES = {  # vocabulary, width, layers, heads, key heads, feed-forward width
    "13M": (8192, 384, 6, 6, 3, 1024),
    "51M": (8192, 640, 10, 10, 5, 1728),
    "13M-32k": (32768, 384, 6, 6, 3, 1024),
}
STEPS = 8
# Name: kind, shape, rows, rows a step.
WORKLOADS = {
    "sft 13M": ("sft", "13M", "fixed", 8),
    "sft 51M": ("sft", "51M", "fixed", 8),
    "sft ragged": ("sft", "13M", "ragged", 8),
    "dpo": ("dpo", "13M", "pairs", 4),
    "reward": ("reward", "13M", "pairs", 4),
    "grpo": ("grpo", "13M", "prompts", 16),
    "rloo": ("rloo", "13M", "prompts", 16),
    "ppo": ("ppo", "13M", "prompts", 16),
    "sft 32k": ("sft", "13M-32k", "fixed", 8),
    "dpo 32k": ("dpo", "13M-32k", "pairs", 4),
    "generate 1": ("generate", "13M", "prompts", 1),
    "generate 8": ("generate", "13M", "prompts", 8),
    "generate 32": ("generate", "13M", "prompts", 32),
}
NEW_TOKENS = 128
ONLINE = ("grpo", "rloo", "ppo")
GROUP, SAMPLED = 4, 64  # completions a prompt (grpo, rloo) and their tokens
WANTED = [f"w{i}" for i in range(0, 400, 2)]  # a completion's reward is the count of these


def tokenizer(vocabulary):
    words = ["<pad>", "<s>", "</s>", "<unk>"] + [f"w{i}" for i in range(vocabulary - 4)]
    plain = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def fill(model, seed):
    """Every weight from NumPy's frozen generator: norms 1, everything else normal with deviation 0.02."""
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = rng.standard_normal(tuple(parameter.shape)) * 0.02
            parameter.copy_(torch.from_numpy(values + ("norm" in name)).float())


def make_models(work):
    for name, (vocabulary, width, layers, heads, key_heads, inner) in SHAPES.items():
        configuration = LlamaConfig(
            vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
            num_attention_heads=heads, num_key_value_heads=key_heads, intermediate_size=inner,
            max_position_embeddings=512, tie_word_embeddings=True, pad_token_id=0,
            bos_token_id=None, eos_token_id=2, num_labels=1)
        for kind, build in (("", LlamaForCausalLM), ("-reward", LlamaForSequenceClassification)):
            if kind and name != "13M":
                continue
            folder = work / f"{name}{kind}"
            if (folder / "tokenizer.json").exists():
                continue
            model = build(configuration)
            fill(model, 1)
            model.save_pretrained(folder)
            tokenizer(vocabulary).save_pretrained(folder)


def make_rows(work):
    rng = random.Random(7)

    def words(count, vocabulary=8188):
        # The power law makes some words common, as in text.
        return " ".join(f"w{int(vocabulary * rng.random() ** 3)}" for _ in range(count))

    def write(name, rows):
        (work / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    count = STEPS * 8
    write("fixed", [{"prompt": words(1), "completion": " " + words(254)} for _ in range(count)])
    lengths = [min(255, max(8, int(rng.lognormvariate(4.4, 0.6)))) for _ in range(count)]
    write("ragged", [{"prompt": words(1), "completion": " " + words(n - 1)} for n in lengths])
    write("pairs", [
        {"prompt": words(128), "chosen": " " + words(127), "rejected": " " + words(127)}
        for _ in range(count // 2)])
    write("prompts", [{"prompt": words(64)} for _ in range(STEPS * 16)])
    (work / "wanted.txt").write_text("\n".join(WANTED) + "\n")


def prepare(work):
    work.mkdir(parents=True, exist_ok=True)
    make_models(work)
    make_rows(work)
