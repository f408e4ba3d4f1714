# SPDX-License-Identifier: Apache-2.0
"""Makes processors.json and searches.json beside this script with Hugging Face transformers.

    pip install torch==2.13.0 transformers==5.24.0
    python make_generation_fixtures.py

processors.json: fixed logits [3, 40] and texts [3, 9] whose first tokens are a prompt; for each case
`config` (what generation_config.json would say), `prompt_count`, and `scores`, what the processors
that `generate` makes of it leave (null for minus infinity). The two penalties that transformers does
not have, presence and frequency, are computed here from their definition.

searches.json: completions of prompts by checkpoints beside this script (make_fixtures.py), greedy
and by beam search, with their scores; each was found again in float64, so no choice is a close one.
Needs the checkpoints; running it twice on one machine gives the same bytes.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoModelForCausalLM, GenerationConfig

HERE = Path(__file__).resolve().parent
VOCABULARY = 40

# (name, tokens of the prompt, configuration)
PROCESSORS = [
    ("sequence_bias", 4, {"sequence_bias": [[[5], 1.5], [[7, 9], -2.0], [[11, 6, 30], 4.0], [[31], -0.5]]}),
    ("repetition_penalty", 4, {"repetition_penalty": 1.3}),
    ("repetition_penalty below 1", 4, {"repetition_penalty": 0.8}),
    ("presence_penalty", 4, {"presence_penalty": 0.7}),
    ("frequency_penalty", 4, {"frequency_penalty": 0.4}),
    ("presence and frequency", 2, {"presence_penalty": -0.3, "frequency_penalty": 0.25}),
    ("no_repeat_ngram_size 1", 4, {"no_repeat_ngram_size": 1}),
    ("no_repeat_ngram_size 2", 4, {"no_repeat_ngram_size": 2}),
    ("no_repeat_ngram_size 3", 4, {"no_repeat_ngram_size": 3}),
    ("bad_words_ids", 4, {"bad_words_ids": [[5], [7, 9], [11, 6, 30], [2], [6, 12]], "eos_token_id": 2}),
    ("min_length reached", 4, {"min_length": 9, "eos_token_id": 2}),
    ("min_length not reached", 4, {"min_length": 10, "eos_token_id": [2, 8]}),
    ("min_new_tokens reached", 4, {"min_new_tokens": 5, "eos_token_id": [2, 8]}),
    ("min_new_tokens not reached", 4, {"min_new_tokens": 6, "eos_token_id": [2, 8]}),
    ("forced_eos_token_id", 4, {"forced_eos_token_id": [2, 5], "max_length": 10}),
    ("forced_eos_token_id later", 4, {"forced_eos_token_id": 2, "max_length": 11}),
    ("forced_bos_token_id", 1, {"forced_bos_token_id": 6}),
    ("forced_bos_token_id at once", 1, {"forced_bos_token_id": 6, "cut": 1}),
    ("begin_suppress_tokens behind a forced beginning", 1,
     {"forced_bos_token_id": 6, "begin_suppress_tokens": [3, 4], "cut": 2}),
    ("exponential_decay_length_penalty", 4, {"exponential_decay_length_penalty": [3, 1.2], "eos_token_id": [2, 8]}),
    ("exponential decay before its start", 4, {"exponential_decay_length_penalty": [5, 1.2], "eos_token_id": 2}),
    ("suppress_tokens", 4, {"suppress_tokens": [0, 1, 17, 39]}),
    ("begin_suppress_tokens", 9, {"begin_suppress_tokens": [0, 1, 17, 39]}),
    ("begin_suppress_tokens later", 8, {"begin_suppress_tokens": [0, 1, 17, 39]}),
    ("renormalize_logits", 4, {"renormalize_logits": True, "suppress_tokens": [3]}),
    ("remove_invalid_values", 4, {"remove_invalid_values": True, "bad_words_ids": [[5]], "eos_token_id": 2}),
    ("temperature", 4, {"do_sample": True, "temperature": 0.7}),
    ("top_h", 4, {"do_sample": True, "top_h": 0.4}),
    ("top_h with tokens suppressed", 4, {"do_sample": True, "top_h": 0.6, "suppress_tokens": list(range(5, 30))}),
    ("top_k", 4, {"do_sample": True, "top_k": 5}),
    ("top_p", 4, {"do_sample": True, "top_p": 0.8}),
    ("min_p", 4, {"do_sample": True, "min_p": 0.1}),
    ("typical_p", 4, {"do_sample": True, "typical_p": 0.6}),
    ("typical_p with tokens suppressed", 4, {"do_sample": True, "typical_p": 0.9, "suppress_tokens": list(range(5, 25))}),
    ("epsilon_cutoff", 4, {"do_sample": True, "epsilon_cutoff": 0.02}),
    ("eta_cutoff", 4, {"do_sample": True, "eta_cutoff": 0.02}),
    ("eta_cutoff, flat", 4, {"do_sample": True, "eta_cutoff": 0.3, "temperature": 3.0}),
    ("everything", 4, {
        "do_sample": True, "sequence_bias": [[[5], 1.5], [[11, 6, 30], 4.0]], "repetition_penalty": 1.2,
        "no_repeat_ngram_size": 2, "bad_words_ids": [[33]], "min_new_tokens": 6, "suppress_tokens": [1],
        "exponential_decay_length_penalty": [2, 1.1], "temperature": 1.4, "top_h": 0.95, "top_k": 25, "top_p": 0.95,
        "min_p": 0.01, "typical_p": 0.95, "epsilon_cutoff": 0.001, "eta_cutoff": 0.002, "eos_token_id": [2, 8],
        "renormalize_logits": True}),
    ("beams keep one more than there are ends", 4, {
        "do_sample": True, "num_beams": 3, "top_k": 1, "top_p": 0.01, "min_p": 0.99, "eos_token_id": [2, 8]}),
    ("beams keep some of the typical", 4, {
        "do_sample": True, "num_beams": 3, "typical_p": 0.01, "epsilon_cutoff": 0.9, "eta_cutoff": 0.9, "top_k": 0,
        "eos_token_id": [2, 8]}),
]

GREEDY = [
    ("tied", {"max_new_tokens": 16, "no_repeat_ngram_size": 2}),
    ("tied", {"max_new_tokens": 16, "repetition_penalty": 1.5}),
    ("biased", {"max_new_tokens": 16, "bad_words_ids": [[7], [19, 12], [33, 19]], "suppress_tokens": [5]}),
    ("biased", {"max_length": 14, "forced_eos_token_id": 2, "begin_suppress_tokens": [27]}),
    ("llama3", {"max_new_tokens": 16, "sequence_bias": [[[9], 2.0], [[4, 11], -5.0]], "min_new_tokens": 4,
                "eos_token_id": [3, 10, 25, 31]}),
    ("llama3", {"max_new_tokens": 20, "exponential_decay_length_penalty": [4, 1.3], "eos_token_id": [2, 12, 20]}),
    ("yarn", {"max_new_tokens": 16, "no_repeat_ngram_size": 3, "repetition_penalty": 1.1, "min_length": 12,
              "eos_token_id": [6, 16, 26, 36]}),
]

ENDS = {"eos_token_id": [2, 8, 14, 21, 29, 34]}
BEAMS = [
    ("tied", {"num_beams": 2, "max_new_tokens": 8}),
    ("tied", {"num_beams": 4, "max_new_tokens": 12, "num_return_sequences": 4, **ENDS}),
    ("biased", {"num_beams": 4, "max_new_tokens": 12, "num_return_sequences": 3, "early_stopping": True, **ENDS}),
    ("biased", {"num_beams": 3, "max_new_tokens": 12, "num_return_sequences": 2, "length_penalty": 2.0, **ENDS}),
    ("biased", {"num_beams": 3, "max_new_tokens": 12, "num_return_sequences": 3, "length_penalty": -1.0, **ENDS}),
    ("biased", {"num_beams": 3, "max_new_tokens": 12, "num_return_sequences": 3, "length_penalty": 1.0,
                "early_stopping": "never", **ENDS}),
    ("llama3", {"num_beams": 5, "max_new_tokens": 10, "num_return_sequences": 5, "length_penalty": 0.0, **ENDS}),
    ("llama3", {"num_beams": 4, "max_new_tokens": 14, "num_return_sequences": 2, "early_stopping": "never",
                "length_penalty": 0.0, **ENDS}),
    ("llama3", {"num_beams": 4, "max_new_tokens": 14, "num_return_sequences": 2, "no_repeat_ngram_size": 2,
                "min_new_tokens": 5, "repetition_penalty": 1.2, **ENDS}),
    ("yarn", {"num_beams": 3, "max_length": 20, "num_return_sequences": 3, "forced_eos_token_id": 8,
              "renormalize_logits": True, "bad_words_ids": [[5], [11, 30]], **ENDS}),
]


def numbers(values):
    """Float32 values as the shortest decimals that read back to the same float32; null for -inf."""
    flat = np.asarray(values, dtype=np.float32).reshape(-1)
    return [None if np.isneginf(value) else float(str(value)) for value in flat]


def write_json(path, value):
    """One key a line, one case a line."""

    def line(node):
        return json.dumps(node, separators=(",", ":"))

    cases = ",\n".join("  " + line(case) for case in value.pop("cases"))
    head = "".join(f" {line(key)}: {line(node)},\n" for key, node in value.items())
    path.write_text("{\n" + head + ' "cases": [\n' + cases + "\n ]\n}\n", encoding="utf-8")


def load(name, dtype=torch.float32):
    model = AutoModelForCausalLM.from_pretrained(HERE / name, dtype=dtype, attn_implementation="eager").eval()
    model.generation_config = GenerationConfig(bos_token_id=1, pad_token_id=0)
    return model


def processors_of(model, config, prompt_count):
    known = {k: v for k, v in config.items() if k not in ("presence_penalty", "frequency_penalty", "cut")}
    generation = GenerationConfig(**{"top_k": 0, **known})
    model._prepare_special_tokens(generation, kwargs_has_attention_mask=True, device="cpu")
    return model._get_logits_processor(generation, input_ids_seq_length=prompt_count)


def make_processors():
    generator = np.random.RandomState(43)
    logits = torch.from_numpy(np.round(generator.standard_normal((3, VOCABULARY)) * 2, 3)).float()
    ids = torch.tensor([
        [1, 4, 7, 9, 12, 7, 9, 12, 7],
        [5, 11, 6, 30, 6, 11, 6, 30, 6],
        [3, 3, 3, 8, 21, 39, 4, 11, 6]])
    model = load("tied")
    cases = []
    for name, prompt_count, config in PROCESSORS:
        texts = ids[:, :config.get("cut", ids.shape[1])]
        scores = logits.clone()
        # Serving engines take these off after the repetition penalty; no case has both.
        presence, frequency = config.get("presence_penalty", 0), config.get("frequency_penalty", 0)
        counts = torch.stack([torch.bincount(row[prompt_count:], minlength=VOCABULARY) for row in texts]).float()
        scores = scores - presence * (counts > 0).float() - frequency * counts
        scores = processors_of(model, config, prompt_count)(texts, scores)
        cases.append({
            "name": name, "prompt_count": prompt_count, "text_count": texts.shape[1],
            "config": {k: v for k, v in config.items() if k != "cut"}, "scores": numbers(scores)})
    write_json(HERE / "processors.json", {
        "transformers": transformers.__version__, "logits": numbers(logits), "ids": ids.tolist(), "cases": cases})


def search(model, prompt, config):
    model.generation_config.eos_token_id = None
    with torch.no_grad():
        found = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
            generation_config=GenerationConfig(pad_token_id=0, **config), return_dict_in_generate=True,
            output_scores=True)
    ends = config.get("eos_token_id", [])
    completions = []
    for row in found.sequences[:, len(prompt):].tolist():
        stop = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
        completions.append(row[:stop])
    scores = getattr(found, "sequences_scores", None)
    return completions, None if scores is None else scores


def make_searches():
    cases = []
    for kind, entries in (("greedy", GREEDY), ("beams", BEAMS)):
        for name, config in entries:
            narrow, wide = load(name), load(name, torch.float64)
            for seed, length in ((3, 4), (8, 7)):
                prompt = np.random.RandomState(seed).randint(3, VOCABULARY, size=length).tolist()
                completions, scores = search(narrow, prompt, config)
                again, _ = search(wide, prompt, config)
                if completions != again:
                    raise SystemExit(f"{name} {config}: a choice is too close; change the prompt")
                cases.append({
                    "kind": kind, "model": name, "config": config, "prompt": prompt, "completions": completions,
                    "scores": None if scores is None else numbers(scores)})
    write_json(HERE / "searches.json", {"transformers": transformers.__version__, "cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    make_processors()
    make_searches()
