# SPDX-License-Identifier: Apache-2.0
"""Random checkpoints of every family, larger than the fixtures of the tests, with a tokenizer.

Widths are those at which mistakes in reshaping show (no two sizes equal), windows are shorter than
the prompts, and every kind of rotary scaling is used once.
"""

import json

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText
from transformers import AutoModelForSequenceClassification, CLIPVisionConfig, LlavaConfig
from transformers import SiglipVisionConfig

VOCABULARY = 300
COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=96, intermediate_size=160, num_hidden_layers=4,
    num_attention_heads=6, num_key_value_heads=2, max_position_embeddings=512,
    bos_token_id=None, eos_token_id=None, pad_token_id=0)


def rope(kind="default", **values):
    return {"rope_type": kind, "rope_theta": 10000.0, **values}


LLAMA3 = rope(
    "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64)
YARN = rope("yarn", factor=4.0, original_max_position_embeddings=64)
TEXTS = {
    "gpt2": dict(
        model_type="gpt2", vocab_size=VOCABULARY, n_embd=96, n_layer=4, n_head=6, n_positions=256,
        bos_token_id=None, eos_token_id=None, pad_token_id=0),
    "gpt_neox": dict(model_type="gpt_neox", **(COMMON | dict(
        num_key_value_heads=None, rope_parameters=rope(partial_rotary_factor=0.25)))),
    "llama": dict(model_type="llama", **COMMON),
    "llama (llama3 rope)": dict(model_type="llama", **COMMON, rope_parameters=LLAMA3),
    "llama (yarn)": dict(model_type="llama", **COMMON, rope_parameters=YARN),
    "llama (linear)": dict(
        model_type="llama", **COMMON, rope_parameters=rope("linear", factor=2.0)),
    "llama (dynamic)": dict(
        model_type="llama", **COMMON, rope_parameters=rope("dynamic", factor=2.0)),
    "mistral": dict(model_type="mistral", sliding_window=23, **COMMON),
    "qwen2": dict(
        model_type="qwen2", use_sliding_window=True, sliding_window=23, max_window_layers=2,
        **COMMON),
    "qwen3": dict(model_type="qwen3", head_dim=24, **COMMON),
    "phi3": dict(
        model_type="phi3", sliding_window=40, original_max_position_embeddings=256, **COMMON,
        rope_parameters=rope(
            "longrope", partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.3, 1.5, 1.8, 2.0],
            long_factor=[1.0, 2.0, 3.0, 4.0, 6.0, 8.0])),
    "gemma2": dict(
        model_type="gemma2", head_dim=24, query_pre_attn_scalar=20, sliding_window=23,
        attn_logit_softcapping=5.0, final_logit_softcapping=6.0, **COMMON),
    "gemma3": dict(
        model_type="gemma3_text", head_dim=24, query_pre_attn_scalar=20, sliding_window=23,
        layer_types=["sliding_attention", "full_attention"] * 2,
        rope_parameters={
            "full_attention": rope("linear", factor=8.0, rope_theta=1e6),
            "sliding_attention": rope()}, **COMMON),
}


def llava(vision, text, **values):
    return LlavaConfig(
        vision_config=vision, text_config=AutoConfig.for_model(**text), image_token_index=299,
        bos_token_id=None, eos_token_id=None, pad_token_id=0, **values)


def images():
    shape = dict(
        hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
        image_size=28, patch_size=7)
    return {
        "llava (CLIP, llama)": llava(CLIPVisionConfig(**shape), TEXTS["llama"]),
        "llava (SigLIP, qwen2)": llava(
            SiglipVisionConfig(**shape), TEXTS["qwen2"], vision_feature_select_strategy="full",
            vision_feature_layer=-1),
        "llava (CLIP, gemma2)": llava(
            CLIPVisionConfig(**shape), TEXTS["gemma2"] | {"pad_token_id": 0}),
    }


def fill(model, seed):
    """Weights large enough that every part of the model moves the logits."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() < 2:
                ones = 1 if name.endswith("weight") and "gemma" not in model.config.model_type else 0
                parameter.copy_(ones + 0.1 * values)
            else:
                parameter.copy_(values * (0.3 if "embed" in name else 0.1))


def tokenizer():
    """Byte-level BPE without merges: an id a byte, and names for the rest of the vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters |= {byte: chr(256 + index) for index, byte in enumerate(others)}
    vocabulary = {letters[byte]: byte + 1 for byte in range(256)}
    vocabulary["<pad>"] = 0
    byte_level = {
        "type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None,
        "pre_tokenizer": byte_level, "decoder": byte_level, "post_processor": None,
        "added_tokens": [{
            "id": 0, "content": "<pad>", "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True}],
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False,
            "byte_fallback": False, "vocab": vocabulary, "merges": []},
    }


def save(model, folder):
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}))
    (folder / "generation_config.json").unlink(missing_ok=True)


def make(name, folder, seed):
    """Writes a language model (or one that reads images) and says which class opens it."""
    configurations = images()
    if name in configurations:
        kind, configuration = AutoModelForImageTextToText, configurations[name]
    else:
        kind, configuration = AutoModelForCausalLM, AutoConfig.for_model(**TEXTS[name])
    model = kind.from_config(configuration)
    fill(model, seed)
    save(model, folder)
    return kind


def make_classifier(name, folder, seed):
    model = AutoModelForSequenceClassification.from_config(
        AutoConfig.for_model(**TEXTS[name], num_labels=3 if seed % 2 else 1))
    fill(model, seed)
    save(model, folder)
