# SPDX-License-Identifier: Apache-2.0
"""The tokenizer and the chat templates that models of a family come with, and how `attune tokenize` compares."""

import json
import sys
from pathlib import Path

import tokenizers
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks" / "tokenizers"))
import kinds  # noqa: E402

TEMPLATES = ROOT / "Tests" / "TokenizersTests" / "Fixtures" / "templates"
# Family: kind of tokenizer in kinds.py, files of templates.
LAYOUTS = {
    "gpt2": ("gpt2", []),
    "gpt_neox": ("neox", ["neox_generation"]),
    "llama": ("llama2", ["llama2"]),
    "llama (llama3 rope)": ("llama3", ["llama3_1", "llama3_2"]),
    "llama (yarn)": ("deepseek", ["deepseek_r1"]),
    "llama (linear)": ("llama2_metaspace", ["zephyr"]),
    "llama (dynamic)": ("o200k", ["chatml"]),
    "mistral": ("llama2_metaspace", ["mistral"]),
    "qwen2": ("qwen2", ["qwen2_5"]),
    "qwen3": ("qwen2", ["qwen3"]),
    "phi3": ("llama2", ["phi3"]),
    "gemma2": ("gemma", ["gemma2"]),
    "gemma3": ("gemma", ["gemma3"]),
    "llava (CLIP, llama)": ("llama2", ["zephyr"]),
    "llava (SigLIP, qwen2)": ("qwen2", ["chatml"]),
    "llava (CLIP, gemma2)": ("gemma", ["gemma2"]),
}
# Names of the special tokens, where the kind has such a token.
ROLES = {
    "bos_token": ["<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>"],
    "eos_token": ["</s>", "<eos>", "<|eot_id|>", "<|im_end|>", "<|endoftext|>"],
    "unk_token": ["<unk>"], "pad_token": ["<pad>", "<|padding|>"],
}
TEXT_COUNT = 2000


def folder(work, kind):
    """A folder with a tokenizer of a kind, trained on the first use."""
    place = work / "tokenizers" / kind
    if not (place / "tokenizer.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        trained = kinds.KINDS[kind](kinds.corpus(1, 20000))
        roles = {}
        for role, names in ROLES.items():
            found = [name for name in names if trained.token_to_id(name) is not None]
            if found:
                roles[role] = found[0]
        (place / "tokenizer_config.json").write_text(json.dumps(
            {"tokenizer_class": "PreTrainedTokenizerFast", **roles}))
        trained.save(str(place / "tokenizer.json"))
    return place


def tokenizer_agreement(run, work, kind):
    """Of texts, ordinary and not: how many have the ids of `tokenizers`, and are decoded to its text."""
    place = folder(work, kind)
    reference = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
    added = [token.content for token in reference.get_added_tokens_decoder().values()]
    texts = list(kinds.texts(sum(map(ord, kind)), TEXT_COUNT, added))
    wanted = [reference.encode(text).ids for text in texts]
    found = run(
        [{"text": text} for text in texts], "--tokenizer_name_or_path", place)
    decoded = run(
        [{"ids": ids} for ids in wanted], "--tokenizer_name_or_path", place, "--decode")
    return sum(
        row["ids"] == ids and back["text"] == reference.decode(ids)
        for row, back, ids in zip(found, decoded, wanted, strict=True)), len(texts)


def template_agreement(run, refuses, work, kind, templates):
    """Of conversations: how many are laid out character for character, to the same ids, or refused by both."""
    place = folder(work, kind)
    roles = json.loads((place / "tokenizer_config.json").read_text())
    reference = PreTrainedTokenizerFast.from_pretrained(place)
    del roles["tokenizer_class"]
    cases = json.loads((TEMPLATES / "conversations.json").read_text(encoding="utf-8"))
    equal = total = 0
    for name in templates:
        path = TEMPLATES / f"{name}.jinja"
        options = ["--tokenizer_name_or_path", place, "--chat_template_path", path]
        for prompted in (False, True):
            rows, wanted = [], []
            for case in cases.values():
                if case.get("add_generation_prompt", False) != prompted:
                    continue
                extra = dict(case.get("extra", {}))
                row = {"messages": case["messages"]}
                if case.get("tools"):
                    row["tools"] = case["tools"]
                kwargs = extra | ({"documents": case["documents"]} if case.get("documents") else {})
                if kwargs:
                    row["chat_template_kwargs"] = kwargs
                more = options + (["--add_generation_prompt"] if prompted else [])
                try:
                    text = reference.apply_chat_template(
                        case["messages"], tools=case.get("tools"), documents=case.get("documents"),
                        chat_template=path.read_text(encoding="utf-8"), tokenize=False,
                        add_generation_prompt=prompted, **extra)
                except Exception:  # every kind of failure must be one here too
                    total += 1
                    equal += refuses(row, *more)
                    continue
                rows.append(row)
                wanted.append((text, reference(text, add_special_tokens=False)["input_ids"]))
            if rows:
                found = run(rows, *more)
                total += len(rows)
                equal += sum((row["text"], row["ids"]) == pair for row, pair in zip(found, wanted, strict=True))
    return equal, total
