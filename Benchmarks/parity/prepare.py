# SPDX-License-Identifier: Apache-2.0
"""Makes everything both sides of the parity benchmark start from.

    python prepare.py --work_dir work

Written into the work folder:
  model/              a small random Llama causal model (float32) with its tokenizer
  reward_model/       the same body with a `score.weight` head (LlamaForSequenceClassification)
  prompt_completion.jsonl   rows {"prompt", "completion"}
  preference.jsonl          rows {"prompt", "chosen", "rejected"}

Nothing is downloaded. The same seed gives the same bytes: weights come from NumPy's frozen legacy
generator, not from torch, and the tokenizer is trained on the rows themselves.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

WORDS = (
    "river stone window garden letter morning candle bridge market winter apple orange silver "
    "yellow gentle careful sudden little heavy bright carry follow answer wonder listen borrow "
    "gather mend paint plant climb travel before after under over between without because while "
    "the a one two three every some no and or but so then when where"
).split()


def sentence(rng, low, high):
    """`low` to `high` words with a full stop; now and then a number or a newline."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(low, high))]
    if rng.random() < 0.15:
        words.append(str(rng.randint(0, 9999)))
    return " ".join(words) + rng.choice([".", ".", "!", "?", ".\n"])


def prompt_completion(rng, index):
    """A prompt and a completion that joins it with a space; every kind of edge turns up by index.

    10: tokens merge over the border (the prompt ends in a space).
    17: so long that the completion is cut by max_length.
    23: the prompt alone fills max_length.
    """
    prompt = "Ask: " + sentence(rng, 2, 9) + " Say:"
    completion = " " + sentence(rng, 1, 16)
    if index % 10 == 9:
        prompt, completion = prompt + " ", completion.lstrip()
    if index % 17 == 16:
        completion += " " + sentence(rng, 70, 90)
    if index % 23 == 22:
        prompt = "Ask: " + sentence(rng, 80, 100) + " Say:"
    return prompt, completion


def make_rows(count, seed):
    rng = random.Random(seed)
    supervised, preferences = [], []
    for index in range(count):
        prompt, completion = prompt_completion(rng, index)
        if index % 29 == 28:  # the text already ends in the end token: it must not be doubled
            completion += "</s>"
        supervised.append({"prompt": prompt, "completion": completion})
    for index in range(count):
        prompt, chosen = prompt_completion(rng, index)
        rejected = ("" if prompt.endswith(" ") else " ") + sentence(rng, 1, 16)
        if index % 13 == 12:
            rejected += " " + sentence(rng, 60, 80)
        preferences.append({"prompt": prompt, "chosen": chosen, "rejected": rejected})
    return supervised, preferences


def write_json_lines(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def make_tokenizer(texts, vocabulary_size):
    """Byte-level BPE with <pad> 0, <s> 1 (put in front of every text) and </s> 2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )


def fill(model, seed):
    """Replaces every weight: norms near 1, everything else normal with deviation 0.06."""
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = rng.standard_normal(tuple(parameter.shape)) * 0.06
            if "norm" in name:
                values = 1 + values
            parameter.copy_(torch.from_numpy(values).float())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work_dir", default="work")
    parser.add_argument("--rows", type=int, default=240, help="rows in each of the two files")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    work = Path(options.work_dir)
    work.mkdir(parents=True, exist_ok=True)

    supervised, preferences = make_rows(options.rows, options.seed)
    write_json_lines(work / "prompt_completion.jsonl", supervised)
    write_json_lines(work / "preference.jsonl", preferences)

    texts = [row["prompt"] + row["completion"].replace("</s>", "") for row in supervised]
    tokenizer = make_tokenizer(texts, vocabulary_size=400)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=160, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
        rms_norm_eps=1e-5, tie_word_embeddings=False, attention_dropout=0.0,
        bos_token_id=1, eos_token_id=2, pad_token_id=0, dtype="float32",
    )
    model = LlamaForCausalLM(config)
    fill(model, options.seed)
    model.save_pretrained(work / "model")
    tokenizer.save_pretrained(work / "model")

    config.num_labels = 1
    reward = LlamaForSequenceClassification(config)
    fill(reward, options.seed + 1)  # the head, and a body that is overwritten next
    reward.model.load_state_dict(model.model.state_dict())
    reward.save_pretrained(work / "reward_model")
    tokenizer.save_pretrained(work / "reward_model")
    print(f"{work}: {len(supervised)} prompt-completion rows, {len(preferences)} preference rows, "
          f"vocabulary {len(tokenizer)}, {sum(p.numel() for p in model.parameters())} weights")


if __name__ == "__main__":
    main()
