# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures of the KindTests, BatchTests and UnigramTrainerTests with Python's
`tokenizers` (0.23.3 was used; sentencepiece 0.2.3 trains two of the vocabularies).

    pip install tokenizers sentencepiece protobuf && python make_kinds.py

Writes
  kinds/<kind>.json   small tokenizers of the kinds in Benchmarks/tokenizers/kinds.py
  kinds.json          300 texts; for each kind one number a text, which stands for ids, offsets and
                      decoded texts (see digest)
  batches.json        pairs of texts with truncation and padding, all lists written out
  unigram.json        pieces and scores of a training run on the lines of trained.json
"""
import json
import os
import sys
import tempfile

os.environ["RAYON_NUM_THREADS"] = "1"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../Benchmarks/tokenizers"))
import kinds  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

SIZES = {"gpt2": 420, "llama3": 420, "qwen2": 420, "neox": 420, "llama2": 480, "llama2_metaspace": 480, "gemma": 480, "t5": 300,
         "xlmr": 300, "unigram_bytes": 560, "bert": 400, "bert_cased": 400, "roberta": 400, "clip": 640, "o200k": 420,
         "deepseek": 420, "mixed": 300}


def rules(folder):
    """A small map: blanks, ligatures, wide letters, composition, removal."""
    lines = []
    for blank in (0x09, 0x0A, 0x0D, 0xA0, 0x2003, 0x3000, 0x200B, 0xFEFF):
        lines.append((f"{blank:X}", "20"))
    for code in range(0xFF01, 0xFF5F):
        lines.append((f"{code:X}", f"{code - 0xFEE0:X}"))
    lines += [("FB01", "66 69"), ("FB03", "66 66 69"), ("BD", "31 2044 32"), ("2460", "31"), ("B2", "32"), ("2167", "56 49 49 49"),
              ("65 301", "E9"), ("6E 303", "F1"), ("61 30A", "E5"), ("212B", "C5"), ("AD", ""), ("200D", ""),
              ("FF76 FF9E", "30AC"), ("337F", "682A 5F0F 4F1A 793E"), ("1100 1161", "AC00"), ("1F1E9 1F1EA", "44 45")]
    path = os.path.join(folder, "rules.tsv")
    with open(path, "w") as file:
        for source, target in lines:
            file.write(f"{source}\t{target}\n")
    return path


def digest(text):
    """The low 32 bits of the 64-bit FNV-1a sum of a text's UTF-8."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value & 0xFFFFFFFF


def result(t, text):
    e = t.encode(text)
    offsets = [x for a, b in e.offsets for x in (a, max(a, b))]
    return "|".join([" ".join(map(str, e.ids)), " ".join(map(str, offsets)), t.decode(e.ids),
                     t.decode(e.ids, skip_special_tokens=False)])


def dump(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


def make_kinds():
    allowed = set("éüñßÅабвгмирαβγשלוםمرحباहिन्दी日本語東京世界가나다🙂👩‍🚀❤️½ﬁ①")
    lines = ["".join(c for c in line if c.isascii() or c in allowed) for line in kinds.corpus(3, 2500)]
    tokenizers = {}
    with tempfile.TemporaryDirectory() as folder:
        kinds.RULES = rules(folder)
        for name, make in kinds.KINDS.items():
            tokenizers[name] = make(lines, SIZES[name])
    return tokenizers


def batches(tokenizers):
    pairs = [("the small house", "a longer second text, with many words in it"), ("", "x"), ("don't 123", ""),
             ("one two three four five six seven", "eight  nine"), ("é🙂 日本", "<mask> end")]
    settings = []
    for name in ["bert", "bert_cased", "roberta", "xlmr", "llama3", "gpt2", "clip"]:
        for truncation in [None, dict(max_length=12), dict(max_length=9, direction="left"),
                           dict(max_length=14, strategy="only_second"), dict(max_length=6, strategy="only_first")]:
            for padding in [None, dict(), dict(direction="left", pad_id=1, pad_type_id=2), dict(length=20), dict(pad_to_multiple_of=8)]:
                if (truncation is None) == (padding is None) and name not in ("bert", "roberta"):
                    continue
                settings.append((name, truncation, padding))
    cases = []
    for name, truncation, padding in settings:
        t = Tokenizer.from_str(tokenizers[name].to_str())
        if truncation is not None:
            t.enable_truncation(**truncation)
        if padding is not None:
            t.enable_padding(**padding)
        j = json.loads(t.to_str())
        case = {"kind": name, "truncation": j["truncation"], "padding": j["padding"]}
        for key, inputs in (("pairs", pairs), ("texts", [a for a, _ in pairs])):
            try:
                rows = t.encode_batch(inputs)
            except BaseException:
                continue  # an input too short to be cut: left out, errors have their own tests
            text = "\n".join("|".join(" ".join(map(str, x)) for x in (
                e.ids, e.type_ids, e.attention_mask, e.special_tokens_mask, [x for o in e.offsets for x in o])) for e in rows)
            case[key] = digest(text)
            if len(cases) % 12 == 0:
                case[f"{key}_text"] = text
        cases.append(case)
    return {"inputs": pairs, "cases": cases}


def unigram():
    """One run that prunes nothing, so that only expectation-maximisation counts, and one that does.

    The trainer draws the order of characters below the threshold by lot, which moves their scores by
    up to 0.01; `steady` are the pieces whose scores three runs agree on."""
    lines = json.load(open(os.path.join(HERE, "trained.json")))["lines"]

    def run(count, size):
        t = Tokenizer(models.Unigram())
        t.normalizer = normalizers.NFKC()
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator(lines[:count], trainers.UnigramTrainer(
            vocab_size=size, special_tokens=["<pad>", "<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
        return dict(map(tuple, json.loads(t.to_str())["model"]["vocab"]))

    result = {}
    for name, count, size in (("whole", 300, 2000), ("pruned", 1500, 400)):
        runs = [run(count, size) for _ in range(4)]
        assert len({frozenset(r) for r in runs}) == 1
        steady = {p: s for p, s in runs[0].items() if all(abs(r[p] - s) < 1e-9 for r in runs)}
        result[name] = {"steady": steady, "others": [p for p in runs[0] if p not in steady]}
    return result


def main():
    tokenizers = make_kinds()
    os.makedirs(os.path.join(HERE, "kinds"), exist_ok=True)
    for name, t in tokenizers.items():
        t.save(os.path.join(HERE, "kinds", f"{name}.json"), pretty=False)
    specials = ["<|endoftext|>", "<s>", "</s>", "[MASK]", "<mask>", "<extra_id_0>", "<|im_start|>", "Rest", "kana", "Łódź", "\n\n"]
    texts = list(kinds.texts(42, 300, specials))
    dump("kinds.json", {"texts": texts, "digests": {name: [digest(result(t, x)) for x in texts] for name, t in tokenizers.items()}})
    dump("batches.json", batches(tokenizers))
    dump("unigram.json", unigram())


main()
