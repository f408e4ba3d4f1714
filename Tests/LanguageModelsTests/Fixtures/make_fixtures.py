# SPDX-License-Identifier: Apache-2.0
"""Makes the language-model fixtures beside this script with Hugging Face transformers.

    pip install torch==2.13.0 transformers==5.23.0
    python make_fixtures.py [--stories260k PATH]

Every folder is a small Llama checkpoint in Hugging Face layout whose weights come from NumPy's
frozen legacy generator. `expected.json` beside the weights holds what transformers computes with
them in float32 with eager attention:

  rows[i].ids             token ids [T] of one unpadded row
  rows[i].logits          logits [T, V], flattened row by row
  rows[i].token_log_probs log p(ids[t] | ids[<t]) in nats for t = 1 .. T-1, so T-1 numbers
  rows[i].greedy          the 20 tokens that greedy decoding adds (no end token set)
  rows[i].greedy_margin   smallest lead of the best logit over the second along the way
  gradients.loss          sum over all rows and positions of -token_log_probs
  gradients.norms         L2 norm of d loss / d weight, by weight name
  gradients.samples       the first 6 elements of that gradient, for two weights

classifier/ holds a LlamaForSequenceClassification and scores of right-padded rows;
generation.json the distributions left by transformers' logits processors; stories260k.json (made
only when a path to that checkpoint is given, and kept otherwise) numbers of a trained model.
Running the script twice on one machine gives the same bytes.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

HERE = Path(__file__).resolve().parent
VOCABULARY = 40
GREEDY_TOKENS = 20
SHAPE = dict(
    vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5,
    attention_dropout=0.0, bos_token_id=1, eos_token_id=2, pad_token_id=0, dtype="float32",
)


def rope(kind, **values):
    return {"rope_type": kind, "rope_theta": 10000.0, **values}


# name -> (configuration, lengths of the rows). Dynamic scaling acts only beyond the position range,
# so its second row is longer. llama3 and yarn have heads wide enough, and yarn a small theta, for
# some frequencies to fall between "scaled" and "left alone".
CHECKPOINTS = {
    "tied": (dict(tie_word_embeddings=True), (1, 5, 9)),
    "biased": (
        dict(tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=6), (3, 7)),
    "llama3": (
        dict(tie_word_embeddings=False, head_dim=8, max_position_embeddings=512, rope_parameters=rope(
            "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=64)), (6, 12)),
    "linear": (
        dict(tie_word_embeddings=True, rope_parameters=rope("linear", factor=2.0)), (4, 12)),
    "dynamic": (
        dict(tie_word_embeddings=True, max_position_embeddings=32,
             rope_parameters=rope("dynamic", factor=2.0)), (6, 48)),
    "yarn": (
        dict(tie_word_embeddings=True, head_dim=8, max_position_embeddings=256, rope_parameters=rope(
            "yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=64)), (6, 24)),
}
SHARDED = {"llama3": "17KB"}  # written in several files with an index


def numbers(values):
    """Float32 values as the shortest decimals that read back to the same float32."""
    return [float(str(value)) for value in np.asarray(values, dtype=np.float32).reshape(-1)]


def write_json(path, value):
    """One key a line at the outer levels, arrays of numbers on one line."""

    def render(node, indent):
        pad = " " * indent
        if isinstance(node, dict):
            inner = ",\n".join(f"{pad} {json.dumps(k)}: {render(v, indent + 1)}" for k, v in node.items())
            return "{\n" + inner + "\n" + pad + "}"
        if isinstance(node, list) and node and isinstance(node[0], dict):
            return "[\n" + ",\n".join(pad + " " + render(v, indent + 1) for v in node) + "\n" + pad + "]"
        return json.dumps(node, separators=(",", ":"), ensure_ascii=False)

    path.write_text(render(value, 0) + "\n", encoding="utf-8")


def fill(model, seed):
    """Norm weights near 1, embeddings of deviation 0.5, the rest of deviation 0.3."""
    generator = np.random.RandomState(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = generator.standard_normal(tuple(parameter.shape))
            if "norm" in name:
                values = 1 + 0.1 * values
            else:
                values = values * (0.5 if "embed" in name else 0.3)
            parameter.copy_(torch.from_numpy(values).float())


def row_of(length, seed):
    return np.random.RandomState(seed).randint(3, VOCABULARY, size=length).tolist()


def token_log_probs(logits, ids):
    """[T-1] natural-log probabilities of ids[1:], from float32 logits [T, V]."""
    log_probs = torch.log_softmax(logits[:-1].float(), dim=-1)
    return log_probs.gather(-1, torch.tensor(ids[1:])[:, None])[:, 0]


def greedy(model, ids, count):
    """Greedy continuation by `generate`, and the smallest margin of its choices."""
    model.generation_config.eos_token_id = None
    result = model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=count, do_sample=False, output_scores=True, return_dict_in_generate=True)
    best = torch.stack(result.scores)[:, 0].topk(2).values
    return result.sequences[0, len(ids):].tolist(), (best[:, 0] - best[:, 1]).min()


def expect_row(load, ids):
    """Numbers of one row. A fresh model each time: dynamic scaling remembers the longest row."""
    with torch.no_grad():
        logits = load()(torch.tensor([ids])).logits[0]
        expected = {
            "ids": ids, "logits": numbers(logits), "token_log_probs": numbers(token_log_probs(logits, ids))}
        model = load()
        limit = model.config.max_position_embeddings
        if len(ids) + GREEDY_TOKENS <= limit:
            continuation, margin = greedy(model, ids, GREEDY_TOKENS)
            if margin < 1e-3:
                raise SystemExit(
                    f"{model.config.name_or_path}: greedy margin {margin:.1e} is too small to be a safe "
                    "fixture; change the seed")
            expected |= {"greedy": continuation, "greedy_margin": numbers(margin)[0]}
    return expected


def expect_gradients(load, rows, sampled):
    total, norms, samples = 0.0, {}, {}
    model = load()
    for ids in rows:
        if len(ids) > 1:
            loss = -token_log_probs(model(torch.tensor([ids])).logits[0], ids).sum()
            loss.backward()
            total += loss.item()
    for name, parameter in model.named_parameters():
        norms[name] = numbers(parameter.grad.double().norm())[0]
        if name in sampled:
            samples[name] = numbers(parameter.grad.reshape(-1)[:6])
    return {"loss": numbers(total)[0], "norms": norms, "samples": samples}


def make_checkpoint(name, extra, lengths, seed):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model = LlamaForCausalLM(LlamaConfig(**(SHAPE | extra)))
    fill(model, seed)
    model.save_pretrained(folder, max_shard_size=SHARDED.get(name, "1GB"))

    def load():
        return LlamaForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").eval()

    rows = [row_of(length, seed * 100 + length) for length in lengths]
    # With dynamic scaling one model would carry the long row's frequencies into the short one.
    gradient_rows = rows[-1:] if name == "dynamic" else rows
    sampled = ("model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight")
    write_json(folder / "expected.json", {
        "transformers": transformers.__version__,
        "vocabulary": VOCABULARY,
        "rows": [expect_row(load, ids) for ids in rows],
        "gradient_rows": gradient_rows,
        "gradients": expect_gradients(load, gradient_rows, sampled),
    })


def write_legacy_configuration():
    """llama3/config.legacy.json: the same model as written before transformers 5."""
    configuration = json.loads((HERE / "llama3/config.json").read_text())
    parameters = configuration.pop("rope_parameters")
    configuration["rope_theta"] = parameters.pop("rope_theta")
    configuration["rope_scaling"] = parameters
    configuration["torch_dtype"] = configuration.pop("dtype")
    configuration["transformers_version"] = "4.45.0"
    (HERE / "llama3/config.legacy.json").write_text(
        json.dumps(configuration, indent=2, sort_keys=True) + "\n")


def make_classifier(seed):
    """Scores of right-padded rows: read at the last token that is not the pad id."""
    folder = HERE / "classifier"
    shutil.rmtree(folder, ignore_errors=True)
    model = LlamaForSequenceClassification(LlamaConfig(**SHAPE, num_labels=1))
    fill(model, seed)
    model.save_pretrained(folder)
    model = LlamaForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    rows = [row_of(length, seed * 100 + length) for length in (2, 5, 8)]
    width = max(map(len, rows))
    padded = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    scores = model(padded, attention_mask=mask).logits[:, 0]
    alone = torch.cat([model(torch.tensor([row])).logits[:, 0] for row in rows])
    torch.testing.assert_close(scores, alone, rtol=1e-5, atol=1e-5)
    loss = -torch.nn.functional.logsigmoid(scores[1] - scores[0])
    loss.backward()
    write_json(folder / "expected.json", {
        "transformers": transformers.__version__,
        "pad_token_id": 0,
        "rows": rows,
        "scores": numbers(scores.detach()),
        "pair_loss": {
            "chosen": 1, "rejected": 0, "loss": numbers(loss.detach())[0],
            "norms": {name: numbers(parameter.grad.double().norm())[0]
                      for name, parameter in model.named_parameters()},
        },
    })


def make_half_precision():
    """half.safetensors: the same eight numbers as F32, F16 and BF16, to check the conversions."""
    values = torch.tensor([0.0, -0.0, 1.0, -2.5, 0.1, 3.14159274, 65504.0, 6e-5])
    save_file(
        {"f32": values, "f16": values.half(), "bf16": values.bfloat16()},
        HERE / "half.safetensors", metadata={"format": "pt"})
    write_json(HERE / "half.json", {
        "f32": numbers(values), "f16": numbers(values.half().float()),
        "bf16": numbers(values.bfloat16().float())})


def make_generation(seed):
    """What each processor leaves of fixed logits, as probabilities (exactly 0 where removed)."""
    generator = np.random.RandomState(seed)
    logits = torch.from_numpy(np.round(generator.standard_normal((3, 12)) * 2, 3)).float()
    logits[2, 4] = logits[2, 7]  # a tie
    seen = torch.tensor([[0, 3, 3, 5], [1, 1, 1, 1], [7, 2, 11, 0]])
    chains = {
        "temperature 0.7": [("temperature", 0.7)],
        "temperature 1.8": [("temperature", 1.8)],
        "top_k 1": [("top_k", 1)],
        "top_k 4": [("top_k", 4)],
        "top_k 6": [("top_k", 6)],  # the third row ties at the sixth place: seven stay
        "top_k 50": [("top_k", 50)],
        "top_p 0.3": [("top_p", 0.3)],
        "top_p 0.9": [("top_p", 0.9)],
        "min_p 0.05": [("min_p", 0.05)],
        "min_p 0.5": [("min_p", 0.5)],
        "repetition_penalty 1.3": [("repetition_penalty", 1.3)],
        "repetition_penalty 0.8": [("repetition_penalty", 0.8)],
        "all": [("repetition_penalty", 1.2), ("temperature", 0.8), ("top_k", 8), ("top_p", 0.95),
                ("min_p", 0.1)],
    }
    makers = {
        "temperature": TemperatureLogitsWarper, "top_k": TopKLogitsWarper, "top_p": TopPLogitsWarper,
        "min_p": MinPLogitsWarper, "repetition_penalty": RepetitionPenaltyLogitsProcessor,
    }
    cases = []
    for name, chain in chains.items():
        scores = logits.clone()
        for kind, value in chain:
            scores = makers[kind](value)(seen, scores)
        cases.append({
            "name": name,
            "settings": dict(chain),
            "probabilities": [numbers(row) for row in torch.softmax(scores, dim=-1)],
        })
    write_json(HERE / "generation.json", {
        "transformers": transformers.__version__,
        "order": ["repetition_penalty", "temperature", "top_k", "top_p", "min_p"],
        "logits": [numbers(row) for row in logits],
        "ids_so_far": seen.tolist(),
        "cases": cases,
    })


def make_stories(path):
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = LlamaForCausalLM.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager").eval()
    sentences = [
        "Once upon a time, there was a little girl named Lily.",
        "The dog was very happy and ran to the big tree. \"Look!\" said Tom.",
    ]
    rows = []
    with torch.no_grad():
        for text in sentences:
            ids = tokenizer(text)["input_ids"]
            logits = model(torch.tensor([ids])).logits[0]
            rows.append({
                "text": text, "ids": ids,
                "token_log_probs": numbers(token_log_probs(logits, ids)),
                "last_logits": numbers(logits[-1]),
                "mean_absolute_logit": numbers(logits.abs().mean())[0],
            })
        continuations = []
        for prompt in ("", sentences[0]):
            ids = tokenizer(prompt)["input_ids"]
            tokens, margin = greedy(model, ids, 60)
            continuations.append({
                "prompt_ids": ids, "tokens": tokens, "margin": numbers(margin)[0],
                "text": tokenizer.decode(ids + tokens, skip_special_tokens=True),
            })
    write_json(HERE / "stories260k.json", {
        "transformers": transformers.__version__, "rows": rows, "greedy": continuations})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stories260k", help="folder of the stories260k checkpoint (not committed)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for index, (name, (extra, lengths)) in enumerate(CHECKPOINTS.items()):
        make_checkpoint(name, extra, lengths, seed=61 + index)
    write_legacy_configuration()
    make_classifier(seed=31)
    make_half_precision()
    make_generation(seed=41)
    if options.stories260k:
        make_stories(options.stories260k)
    for file in HERE.rglob("*.safetensors"):
        file.chmod(0o644)  # written readable by the owner alone


if __name__ == "__main__":
    main()
