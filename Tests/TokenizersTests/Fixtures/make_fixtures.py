# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures of TokenizersTests with Python's `tokenizers` (0.23.3 was used).

    pip install tokenizers && python make_fixtures.py [folder of the stories260k model]

All text is generated here. Writes
  gpt2_tokenizer.json           byte-level BPE, trained here on corpus(), with awkward added tokens
  spaced_tokenizer.json         byte-level BPE with add_prefix_space and trimmed offsets
  sentencepiece_tokenizer.json  SentencePiece-style BPE with fused unknowns, no byte fallback
  fallback_tokenizer.json       the same with byte fallback and normalized added tokens
  metaspace_tokenizer.json      the same with a Metaspace decoder
  cases.json                    texts; for each tokenizer ids, offsets and decoded texts
  stories260k.json              the same for the stories260k tokenizer, when its folder is given
  trained.json                  texts, and the vocabulary, merges and ids of a training run on them
"""
import json
import os
import random
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
CONSONANTS, VOWELS = "bcdfghklmnprstvw", "aeiou"


def corpus(seed, line_count):
    """Lines of invented words with contractions, numbers, accents and other scripts."""
    r = random.Random(seed)
    syllable = lambda: r.choice(CONSONANTS) + r.choice(VOWELS) + r.choice(["", "", "n", "r", "s"])
    words = ["".join(syllable() for _ in range(r.randint(1, 3))) for _ in range(300)]
    words += ["naïve", "café", "über", "Ωμέγα", "мир", "東京", "世界", "🙂", "👩‍🚀", "don't", "we've", "I'll"]
    weights = [1 / (i + 3) for i in range(len(words))]
    lines = []
    for _ in range(line_count):
        line = r.choices(words, weights, k=r.randint(3, 14))
        if r.random() < 0.2:
            line.insert(r.randrange(len(line)), str(r.randrange(10000)))
        text = " ".join(line)
        if r.random() < 0.3:
            text = text.replace(" ", ", ", 1).capitalize()
        lines.append(text + r.choice([".", "!", "?", "...", "\n", ""]))
    return lines


def texts():
    r = random.Random(7)
    t = ["", " ", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\t", "a", " a", "a ", "  a", "a  ", "a  b", "a\n b",
         "a \n\n  b", "x\r\ny", "\u00a0a", "a\u00a0\u00a0b", "a\u2003b", "a\u3000b", "a\u0085b", "\u200ba\u200bb",
         "\ufeffx", "a\x1cb\x1fc", "a\x0b\x0cb", "\x00", "\x00\x01\x02\x7f", "\x80\x9f", "'", "''", "'s", "'S", "it's", "it'S",
         "I'll we've they're I'm he'd can't y'all", "'re've'll'm'd't's", "'lle", "'r", "'v", "'l", " 's", " 'tis", "a's's",
         "’s don’t", "123", " 123", "12 345", "3.14159", "1,000,000", "²³¹", "½", "Ⅷ ⅷ", "١٢٣", "一二三", "1a2b", "x_y_z",
         "foo(bar)[baz]{qux}", "<tag attr=\"v\">", "a--b---c", "... …", "¿Qué?", "¡Olé!", "naïve café über", "e\u0301 n\u0303o",
         "\u0301", "a\u0301\u0302\u0303", "Å \u212b A\u030a", "ﬁ ﬂ", "Straße ẞ", "İstanbul ı", "Ωμέγα αβγ", "Привет, мир!",
         "שלום עולם", "مرحبا بالعالم", "\u202eabc\u202c", "हिन्दी भाषा", "ภาษาไทย", "日本語テスト", "東京 と 京都", "世界，你好。",
         "한국어 조합", "\u1112\u1161\u11ab", "ไม่มี", "𝕳𝖊𝖑𝖑𝖔", "𐍈", "🙂", "🙂🙂", "👩‍🚀", "👨‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "👍🏽", "❤️", "☃", "a🙂b",
         "🙂 's", "\ud7ff\ue000\uffff", "\U0010ffff", "\ufffd", "a\ufffdb", "ab" * 40, "aaaaa", "a" * 100, "!" * 33, " " * 50,
         "\n" * 20, " \t" * 10, "word " * 30, "trailing space ", "trailing newline\n", "  leading", "Hello  world's 12345\n\n x",
         "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> b", "<|endoftext|><|endoftext|>", "<|endoftext|", "<|pad|>x",
         "xx<|mask|>yy", "xx <|mask|> yy", "xx  <|mask|>  <|mask|>yy", "\n<|mask|>\u00a0z", "<|mask|>", "the cat", "cat", "cats", "a cat.",
         "concat", "cat_", "9cat", "écat", "catcat", "cat cat", "naïve tok", "été", " été ", "l'été là", "▁", "a▁b", "▁▁", "a ▁ b",
         "<unk>", "<s>", "</s> x", "<0x41>", "a<0x0A>b", "Ġ", "aĠb Ċ", "foo BAR", "FOO", "foofoo foo", "big big  big", " big", "big",
         "NEW", "  NEW  ", "NEWNEW"]
    t += corpus(99, 40)
    pool = [(0x20, 0x7e)] * 6 + [(0x20, 0x20)] * 2 + [(0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x52f), (0x590, 0x6ff), (0x900, 0x97f),
            (0x2000, 0x206f), (0x3040, 0x30ff), (0x4e00, 0x9fff), (0xac00, 0xd7a3), (0x1f300, 0x1f64f), (0x0, 0x1f)]
    for _ in range(110):
        t.append("".join(chr(r.randint(*r.choice(pool))) for _ in range(r.randint(1, 40))))
    for _ in range(30):
        t.append("".join(r.choice(list("ab '\n1.é") + ["<|mask|>", "cat", "big", "FOO", "▁"]) for _ in range(r.randint(1, 20))))
    return t


def train(size, specials, lines):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, min_frequency=2, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def sentencepiece(byte_fallback, lines):
    base = Tokenizer(models.BPE(unk_token="<unk>"))
    base.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    base.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=360, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False, limit_alphabet=40, max_token_length=8))
    j = json.loads(base.to_str())
    vocab, merges = j["model"]["vocab"], j["model"]["merges"]
    if byte_fallback:
        for b in range(256):
            vocab[f"<0x{b:02X}>"] = len(vocab)
    t = Tokenizer(models.BPE(vocab, [tuple(m) for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=byte_fallback))
    t.normalizer = base.normalizer
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in ["<unk>", "<s>", "</s>"]])
    return t


def make_all():
    lines = corpus(1, 2000)
    out = {}
    t = train(700, ["<|endoftext|>", "<|pad|>"], lines)
    t.add_tokens([AddedToken("cat", single_word=True, normalized=False), AddedToken("été", normalized=False),
                  AddedToken("big", lstrip=True, normalized=False), AddedToken("FOO", normalized=True),
                  AddedToken("NEW", rstrip=True, normalized=False), AddedToken("NEWNEW", normalized=False)])
    t.add_special_tokens([AddedToken("<|mask|>", lstrip=True, rstrip=True, normalized=False, special=True)])
    out["gpt2"] = t
    t = train(400, ["<|endoftext|>"], lines[:500])
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=True)
    out["spaced"] = t
    out["sentencepiece"] = sentencepiece(False, lines)
    t = sentencepiece(True, lines)
    t.add_tokens([AddedToken("foo BAR", normalized=True), AddedToken("cat", normalized=True, single_word=True),
                  AddedToken("big", lstrip=True, rstrip=True, normalized=False)])
    out["fallback"] = t
    t = sentencepiece(True, lines)
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.Sequence([processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])])
    out["metaspace"] = t
    return out


def results(t, cases):
    """A row a text; `plain` is left out where it equals ids, `decoded` text, `all` decoded."""
    rows = []
    for text in cases:
        e, plain = t.encode(text), t.encode(text, add_special_tokens=False)
        row = {"ids": e.ids, "offsets": [x for o in e.offsets for x in o]}
        if plain.ids != e.ids:
            row["plain"] = plain.ids
        decoded, everything = t.decode(e.ids), t.decode(e.ids, skip_special_tokens=False)
        if decoded != text:
            row["decoded"] = decoded
        if everything != decoded:
            row["all"] = everything
        rows.append(row)
    return rows


def decodings(t, count):
    """Random ids: half characters, broken UTF-8, tokens that never stand together."""
    r = random.Random(11)
    n = t.get_vocab_size()
    rows = []
    for k in range(count):
        high = n if k % 2 else min(n, 262)
        ids = [r.randrange(high) for _ in range(r.randint(1, 12))]
        row = {"ids": ids, "decoded": t.decode(ids)}
        everything = t.decode(ids, skip_special_tokens=False)
        if everything != row["decoded"]:
            row["all"] = everything
        rows.append(row)
    return rows


def dump(name, value):
    with open(os.path.join(HERE, name), "w") as f:
        json.dump(value, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def main():
    cases = texts()
    book = {"texts": cases, "tokenizers": {}}
    for name, t in make_all().items():
        t.save(os.path.join(HERE, f"{name}_tokenizer.json"), pretty=False)
        book["tokenizers"][name] = {"encoded": results(t, cases), "random": decodings(t, 60)}
    dump("cases.json", book)
    if len(sys.argv) > 1:
        t = Tokenizer.from_file(os.path.join(sys.argv[1], "tokenizer.json"))
        dump("stories260k.json", {"encoded": results(t, cases), "random": decodings(t, 60)})
    lines = corpus(5, 1500)
    t = train(900, ["<|endoftext|>", "<|pad|>"], lines)
    model = json.loads(t.to_str())["model"]
    encoded = [t.encode(text).ids for text in cases[:120]]
    dump("trained.json", {"lines": lines, "vocab": model["vocab"], "merges": model["merges"], "encoded": encoded})


main()
