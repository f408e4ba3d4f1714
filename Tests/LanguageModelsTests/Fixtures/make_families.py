# SPDX-License-Identifier: Apache-2.0
"""Makes the checkpoints of model families in families/ with Hugging Face transformers.

    pip install torch==2.13.0 transformers==5.24.0
    python make_families.py

Every folder is a small checkpoint in Hugging Face layout whose weights come from NumPy's frozen
legacy generator. `expected.json` beside the weights holds what transformers computes with them in
float32 with eager attention:

  rows[i].ids          token ids [T] of one row; the longest is longer than every sliding window
  rows[i].logits       logits [T, V] of the row alone, flattened
  left_padded          logits [V] of each row's last token when all rows are one batch padded on the
                       left, as transformers does it, with positions counted from the first token
  greedy               the 64 tokens that greedy decoding of that batch adds to each row
  greedy_margin        the smallest lead of the best logit over the second along the way
  gradients.loss       sum over all rows of -log p(ids[t] | ids[<t]), each row read alone
  gradients.norms      L2 norm of d loss / d weight, by name on disk
  pixels               images [I, 3, S, S], flattened, where the model reads images
  long                 a row beyond the length from which positions are stretched, and the logits [V]
                       of its last token, where the family does that

<family>_classifier/ holds a sequence classifier: logits [B, C] of rows padded on the right, of which
the last ends in the padding token itself. defaults.json holds what each class of configuration says
where config.json says nothing. Weights are drawn again, with the next seed, until the greedy margin
is so large that rounding cannot decide. Running the script twice on one machine gives the same bytes.
"""

import json
import shutil

import numpy as np
import torch
import transformers
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers import CLIPVisionConfig, LlavaConfig, SiglipVisionConfig
from transformers import AutoModelForImageTextToText

from make_fixtures import HERE, numbers, token_log_probs, write_json

FAMILIES = HERE / "families"
VOCABULARY = 24
GREEDY_TOKENS = 64
LENGTHS = (2, 6, 13)
SMALLEST_MARGIN = 1e-3
TOKENS = dict(bos_token_id=1, eos_token_id=2, pad_token_id=0)
COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=8, intermediate_size=10, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, **TOKENS)


def plain_rope(**values):
    return {"rope_type": "default", "rope_theta": 10000.0, **values}


TEXTS = {
    "gpt2": dict(
        model_type="gpt2", vocab_size=VOCABULARY, n_embd=8, n_layer=2, n_head=2, n_positions=80,
        n_inner=12, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, **TOKENS),
    "gpt_neox": dict(
        model_type="gpt_neox", vocab_size=VOCABULARY, hidden_size=16, intermediate_size=12,
        num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=128,
        rope_parameters=plain_rope(partial_rotary_factor=0.25), **TOKENS),
    "gpt_neox_sequential": dict(
        model_type="gpt_neox", vocab_size=VOCABULARY, hidden_size=8, intermediate_size=12,
        num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=128,
        use_parallel_residual=False, attention_bias=False, tie_word_embeddings=True,
        rope_parameters=plain_rope(partial_rotary_factor=0.5, rope_theta=500.0), **TOKENS),
    "mistral": dict(model_type="mistral", sliding_window=5, head_dim=4, **COMMON),
    "qwen2": dict(
        model_type="qwen2", use_sliding_window=True, sliding_window=4, max_window_layers=1,
        tie_word_embeddings=True, **COMMON),
    "qwen3": dict(model_type="qwen3", head_dim=4, **COMMON),
    "phi3": dict(
        model_type="phi3", **(COMMON | dict(
            hidden_size=16, num_attention_heads=2, num_key_value_heads=1,
            max_position_embeddings=160, original_max_position_embeddings=80, sliding_window=7)),
        rope_parameters=plain_rope(
            rope_type="longrope", partial_rotary_factor=0.5, short_factor=[1.0, 1.5],
            long_factor=[2.0, 5.0])),
    "gemma2": dict(
        model_type="gemma2", head_dim=4, query_pre_attn_scalar=6, sliding_window=4,
        attn_logit_softcapping=2.0, final_logit_softcapping=3.5, **COMMON),
    "gemma3": dict(
        model_type="gemma3_text", head_dim=4, query_pre_attn_scalar=6, sliding_window=4,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"],
        rope_parameters={
            "full_attention": plain_rope(rope_type="linear", factor=4.0, rope_theta=1e6),
            "sliding_attention": plain_rope()},
        **(COMMON | dict(num_hidden_layers=3))),
}
LONG_ROW = {"phi3": 100}


def llava_configuration(vision, text, **values):
    text = AutoConfig.for_model(**text)
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=VOCABULARY - 1,
        tie_word_embeddings=text.tie_word_embeddings, **TOKENS, **values)


def multimodal():
    """Configurations of models that read images, and images for them."""
    clip = CLIPVisionConfig(
        hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2,
        image_size=4, patch_size=2, projection_dim=8)
    siglip = SiglipVisionConfig(
        hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
        image_size=5, patch_size=2)
    llama = dict(
        model_type="llama", **(COMMON | dict(num_hidden_layers=1, num_key_value_heads=4)))
    qwen2 = dict(model_type="qwen2", tie_word_embeddings=True, **COMMON)
    gemma3 = dict(
        model_type="gemma3_text", head_dim=4, query_pre_attn_scalar=6, sliding_window=4,
        **COMMON | dict(num_hidden_layers=1))
    gemma = AutoConfig.for_model(
        "gemma3", text_config=gemma3,
        vision_config=dict(siglip.to_dict(), vision_use_head=False), mm_tokens_per_image=4,
        image_token_index=VOCABULARY - 1, boi_token_index=VOCABULARY - 2,
        eoi_token_index=VOCABULARY - 3)
    return {
        "llava_clip": (llava_configuration(clip, llama, image_seq_length=4), 4, 4),
        "llava_siglip": (
            llava_configuration(
                siglip, qwen2, image_seq_length=4, vision_feature_select_strategy="full",
                vision_feature_layer=[0, -1]), 5, 4),
        "gemma3_multimodal": (gemma, 5, None),
    }


def fill(model, seed):
    """Gains near 1 (near 0 where 1 is added to them), embeddings of deviation 0.5, the rest of 0.4."""
    generator = np.random.RandomState(seed)
    adds_one = "gemma" in model.config.model_type
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = generator.standard_normal(tuple(parameter.shape))
            is_norm = "norm" in name or "ln_" in name
            if is_norm and name.endswith("weight"):
                is_decoder = adds_one and "vision_tower" not in name
                values = (0 if is_decoder else 1) + 0.1 * values
            elif name.endswith("bias") or is_norm:
                values = 0.2 * values
            else:
                is_embedding = any(part in name for part in ("embed", "wte", "wpe"))
                values = values * (0.5 if is_embedding else 0.4)
            parameter.copy_(torch.from_numpy(values).float())


def row_of(length, seed, image_tokens=0):
    ids = np.random.RandomState(seed).randint(3, VOCABULARY - 1, size=length).tolist()
    return ids[:1] + [VOCABULARY - 1] * image_tokens + ids[1:] if image_tokens else ids


def left_padded(rows):
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def greedy(model, rows, inputs):
    """64 greedy tokens a row, decoded as one left-padded batch, and the smallest margin."""
    model.generation_config.eos_token_id = None
    ids, mask = left_padded(rows)
    result = model.generate(
        ids, attention_mask=mask, max_new_tokens=GREEDY_TOKENS, do_sample=False,
        output_scores=True, return_dict_in_generate=True, **inputs)
    best = torch.stack(result.scores).topk(2).values  # [64, B, 2]
    return result.sequences[:, ids.shape[1]:].tolist(), (best[..., 0] - best[..., 1]).min().item()


def stored_names(folder):
    """In-memory names of parameters are not those on disk; both orders are kept by value."""
    with safe_open(folder / "model.safetensors", "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def disk_name(stored, parameter):
    found = [n for n, v in stored.items() if v.shape == parameter.shape and torch.equal(v, parameter)]
    assert len(found) == 1, found
    return found[0]


def expectations(load, folder, rows, inputs, row_inputs):
    model = load()
    expected = {"transformers": transformers.__version__, "vocabulary": VOCABULARY, "rows": []}
    with torch.no_grad():
        for row, extra in zip(rows, row_inputs):
            logits = model(torch.tensor([row]), **extra).logits[0]
            expected["rows"].append({"ids": row, "logits": numbers(logits)})
        ids, mask = left_padded(rows)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        batch = model(ids, attention_mask=mask, position_ids=positions, **inputs).logits[:, -1]
    expected["left_padded"] = [numbers(row) for row in batch]
    for row, last in zip(expected["rows"], batch):
        alone = torch.tensor(row["logits"]).reshape(-1, VOCABULARY)[-1]
        torch.testing.assert_close(last, alone, rtol=1e-4, atol=1e-4)
    expected["greedy"], margin = greedy(load(), rows, inputs)
    expected["greedy_margin"] = numbers(margin)[0]
    model, stored = load(), stored_names(folder)
    total = 0
    for row, extra in zip(rows, row_inputs):
        total = total - token_log_probs(model(torch.tensor([row]), **extra).logits[0], row).sum()
    total.backward()
    expected["gradients"] = {
        "loss": numbers(total.detach())[0],
        "norms": {
            disk_name(stored, parameter.detach()): numbers(parameter.grad.double().norm())[0]
            for _, parameter in model.named_parameters() if parameter.grad is not None}}
    return expected


def make(name, kind, configuration, rows, pixels=None, seed=1, text_only=False):
    """One checkpoint; the seed rises until the margins of greedy decoding are safe."""
    folder = FAMILIES / name

    def load():
        return kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    while True:
        shutil.rmtree(folder, ignore_errors=True)
        model = kind.from_config(configuration)
        fill(model, seed)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        inputs = {} if pixels is None else {"pixel_values": pixels}
        each = [{} for _ in rows]
        if pixels is not None:
            each = [{"pixel_values": image[None]} for image in pixels]
        expected = expectations(load, folder, rows, inputs, each)
        if expected["greedy_margin"] >= SMALLEST_MARGIN:
            break
        seed += 100
    if pixels is not None:
        expected["pixels"] = numbers(pixels)
    if name in LONG_ROW:
        row = row_of(LONG_ROW[name], seed)
        with torch.no_grad():
            expected["long"] = {
                "ids": row, "logits": numbers(load()(torch.tensor([row])).logits[0, -1])}
    write_json(folder / "expected.json", expected)


def make_classifier(name, values, label_count, seed):
    folder = FAMILIES / f"{name}_classifier"
    shutil.rmtree(folder, ignore_errors=True)
    layers = "n_layer" if "n_layer" in values else "num_hidden_layers"
    values = values | {layers: 1}
    if "layer_types" in values:
        values["layer_types"] = values["layer_types"][:1]
    model = AutoModelForSequenceClassification.from_config(
        AutoConfig.for_model(**values, num_labels=label_count))
    fill(model, seed)
    model.save_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    rows = [row_of(length, seed + length) for length in LENGTHS] + [row_of(4, seed) + [0, 0]]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    logits = model(ids, attention_mask=mask).logits
    logits.square().sum().backward()
    stored = stored_names(folder)
    write_json(folder / "expected.json", {
        "transformers": transformers.__version__, "rows": rows,
        "logits": [numbers(row) for row in logits.detach()],
        "norms": {disk_name(stored, parameter.detach()): numbers(parameter.grad.double().norm())[0]
                  for _, parameter in model.named_parameters()}})


def make_defaults():
    """What a configuration class says where config.json has nothing but model_type."""
    kept = {}
    for name in sorted({values["model_type"] for values in TEXTS.values()} | {"llama"}):
        values = AutoConfig.for_model(name).to_dict()
        kept[name] = {
            key: value for key, value in sorted(values.items())
            if key not in ("transformers_version", "architectures") and value is not None}
    for kind in (CLIPVisionConfig, SiglipVisionConfig):
        kept[kind.model_type] = {
            key: value for key, value in sorted(kind().to_dict().items())
            if isinstance(value, (int, float, str)) and key != "transformers_version"}
    (FAMILIES / "defaults.json").write_text(json.dumps(kept, indent=0) + "\n")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    FAMILIES.mkdir(exist_ok=True)
    for index, (name, values) in enumerate(TEXTS.items()):
        rows = [row_of(length, 10 * index + length) for length in LENGTHS]
        make(name, AutoModelForCausalLM, AutoConfig.for_model(**values), rows, seed=index)
        if name != "gpt_neox_sequential":
            make_classifier(name, values, 1 if index % 2 else 3, seed=50 + index)
    for index, (name, (configuration, size, image_tokens)) in enumerate(multimodal().items()):
        rows = [row_of(length, 200 + 10 * index + length, image_tokens or 0) for length in LENGTHS]
        generator = np.random.RandomState(300 + index)
        pixels = None
        if image_tokens:
            values = np.round(generator.standard_normal((len(rows), 3, size, size)), 3)
            pixels = torch.from_numpy(values).float()
        make(name, AutoModelForImageTextToText, configuration, rows, pixels, seed=20 + index)
    make_defaults()
    for file in FAMILIES.rglob("*.safetensors"):
        file.chmod(0o644)  # written readable by the owner alone


if __name__ == "__main__":
    main()
