# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of the kinds that models use, trained here on invented text, with the pipelines of the
real ones; and texts to try them on."""
import io
import random

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"\p{N}{1,3}" + TAIL
QWEN2 = CONTRACTIONS + r"\p{N}" + TAIL
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = [r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


# --- text --------------------------------------------------------------------------------------

def words(r):
    consonants, vowels = "bcdfghklmnprstvwyz", "aeiou"
    out = []
    for _ in range(2500):
        out.append("".join(r.choice(consonants) + r.choice(vowels) + r.choice(["", "", "n", "r", "s", "th"])
                           for _ in range(r.randint(1, 4))))
    out += ["the", "and", "of", "a", "to", "in"] * 3
    scripts = [("абвгдежзийклмнопрстуфхцчшщыьэюя", 150), ("αβγδεζηθικλμνξοπρστυφχψω", 80),
               ("אבגדהוזחטיכלמנסעפצקרשת", 80), ("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", 80),
               ("कखगघचछजझटठडढतथदधनपफबभमयरलवशसहािीुूेैोौ्ं", 80), ("กขคงจฉชซญดตถทนบปผพฟมยรลวสหอะาิีุูเแโไ", 60),
               ("가나다라마바사아자차카타파하고노도로모보소오조", 80), ("日月火水木金土人口手目足山川田東京都大小中国語学生年時", 120),
               ("ひらがなのたてよこまみむめもやゆよ", 60), ("カタカナテキストアイウエオ", 60), ("éèêëàâîïôûçñöüßåæøœ", 60)]
    for letters, count in scripts:
        for _ in range(count):
            out.append("".join(r.choice(letters) for _ in range(r.randint(1, 6))))
    out += ["don't", "we've", "I'll", "it's", "naïve", "café", "über", "🙂", "👩‍🚀", "❤️", "№", "½", "ﬁ", "①"]
    return out


def corpus(seed, line_count):
    """Lines of invented words with punctuation, numbers, code and other scripts."""
    r = random.Random(seed)
    vocabulary = words(random.Random(1))
    latin = [w for w in vocabulary if w.isascii()]
    weights = [1 / (i + 5) for i in range(len(latin))]
    lines = []
    for _ in range(line_count):
        line = r.choices(latin, weights, k=r.randint(4, 18))
        if r.random() < 0.35:
            for _ in range(r.randint(1, 4)):
                line.insert(r.randrange(len(line)), r.choice(vocabulary))
        if r.random() < 0.25:
            line.insert(r.randrange(len(line)), r.choice([str(r.randrange(10 ** r.randint(1, 8))), f"{r.random():.3f}"]))
        text = " ".join(line)
        kind = r.random()
        if kind < 0.3:
            text = text.replace(" ", ", ", 1).capitalize() + r.choice([".", "!", "?", "...", ";"])
        elif kind < 0.36:
            text = f"def {line[0]}({line[1]}, {line[2]}):\n    return {line[1]} + {line[2]} * 2  # {line[3]}"
        elif kind < 0.4:
            text = text.upper()
        elif kind < 0.44:
            text = text + "\n\n" + text[: len(text) // 2] + "\r\n"
        lines.append(text)
    return lines


POOL = ([(0x20, 0x7E)] * 8 + [(0x20, 0x20)] * 3 + [(0x61, 0x7A)] * 4 + [(0x30, 0x39)] * 2 +
        [(0xA0, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x700, 0x8FF),
         (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x13FF), (0x1700, 0x1CFF), (0x1D00, 0x1FFF), (0x2000, 0x206F),
         (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x3100, 0x33FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3),
         (0x1100, 0x11FF), (0xF900, 0xFDFF), (0xFE00, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x11FFF),
         (0x1D100, 0x1D7FF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x1F1E6, 0x1F1FF), (0x20000, 0x2FA1F),
         (0xE0000, 0xE01FF), (0x0, 0x1F), (0x7F, 0x9F), (0x0, 0x10FFFF)])
BLANKS = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\u200d", "\ufeff", "\x0b", "\x1c"]
PIECES = ["'s", "'S", "'ll", "'LL", "'Re", "'ſ", "’s", "'", "e\u0301", "n\u0303", "a\u0315\u0300", "\u1100\u1161\u11a8", "각", "각\u11a8",
          "ﬁ", "ﬃ", "İ", "ı", "ẞ", "ß", "ς", "Σ", "K", "Å", "½", "²", "Ⅷ", "①", "㍿", "ｶﾞ", "ﾊﾟ", "👩‍🚀", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "©️",
          "©\u200d", "\u0600a", "क्ष", "க்", "ไม่", "\ufffd", "\ufffe", "\ue000", "\U0010ffff", "▁", "▁▁", "Ġ", "Ċ", "<0x41>", "<0xE2>",
          "##", "##a", "[UNK]", "<unk>", "</w>", "_", "__", "don't", "I'll", "3.14", "1,000", "12345678", "x_y", "http://a.b/c?d=e", "{}",
          "[]", "...", "!!!", "—", "“”", "「」", "、", "。", "。", "$", "+", "~", "^", "`", "\\", "\"", "\u0345", "\u0f73", "\u0344", "\u0958", "\u1e9b\u0323"]


def texts(seed, count, tokens=()):
    """Ordinary, random and adversarial strings."""
    r = random.Random(seed)
    lines = corpus(seed + 1, 2000)
    tokens = list(tokens) or ["<s>"]

    def character():
        low, high = r.choice(POOL)
        code = r.randint(low, high)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)

    def piece():
        kind = r.random()
        if kind < 0.3:
            return r.choice(PIECES)
        if kind < 0.5:
            return r.choice(BLANKS) * r.choice([1, 1, 1, 2, 3, 5])
        if kind < 0.6:
            return r.choice(tokens)
        if kind < 0.75:
            return r.choice(lines).split(" ")[0]
        return "".join(character() for _ in range(r.randint(1, 6)))

    for index in range(count):
        kind = index % 10
        if kind < 2:
            text = r.choice(lines)
            text = text[r.randrange(len(text)):] if r.random() < 0.5 else text
        elif kind < 5:
            text = "".join(character() for _ in range(r.randint(0, 40)))
        elif kind < 8:
            text = "".join(piece() for _ in range(r.randint(1, 12)))
        elif kind == 8:
            unit = r.choice([character(), r.choice(BLANKS), r.choice(PIECES), piece(), "a", "0"])
            text = unit * r.randint(1, 60) + r.choice(["", "x", " ", "\n"])
        else:
            # Bytes of a broken file, as both programs repair them on reading.
            raw = bytearray(r.choice(lines).encode()[: r.randint(1, 60)])
            for _ in range(r.randint(1, 6)):
                raw.insert(r.randrange(len(raw) + 1), r.randrange(0x80, 0x100))
            text = raw.decode("utf-8", errors="replace")
        yield text


# --- kinds -------------------------------------------------------------------------------------

def byte_level(size, lines, pre_tokenizer, normalizer=None, specials=()):
    t = Tokenizer(models.BPE())
    t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizer
    t.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), min_frequency=2, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.decoder = decoders.ByteLevel()
    return t


def rebuilt(t, **options):
    """The same tokenizer with other options of its model."""
    import json
    j = json.loads(t.to_str())
    j["model"].update(options)
    return Tokenizer.from_str(json.dumps(j))


def isolated(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def gpt2(lines, size=6000):
    t = byte_level(size, lines, pre_tokenizers.ByteLevel(add_prefix_space=False))
    t.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=False)
    t.add_special_tokens([AddedToken("<|endoftext|>", normalized=True)])
    return t


def llama3(lines, size=6000):
    t = rebuilt(byte_level(size, lines, isolated(LLAMA3)), ignore_merges=True)
    t.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"])
    begin = t.token_to_id("<|begin_of_text|>")
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|>:0 $A:0 <|begin_of_text|>:1 $B:1",
                                      special_tokens=[("<|begin_of_text|>", begin)])])
    return t


def qwen2(lines, size=6000):
    t = byte_level(size, lines, isolated(QWEN2), normalizers.NFC())
    t.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False)
    t.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("</tool_call>", normalized=False)])
    return t


def neox(lines, size=6000):
    t = byte_level(size, lines, pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC(), ["<|endoftext|>", "<|padding|>"])
    t.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=True)
    t.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    return t


def roberta(lines, size=4000):
    t = byte_level(size, lines, pre_tokenizers.ByteLevel(add_prefix_space=True), None, ["<s>", "<pad>", "</s>", "<unk>"])
    t.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    return t


def o200k(lines, size=6000):
    t = byte_level(size, lines, isolated(O200K))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.add_special_tokens(["<|endoftext|>"])
    return t


def deepseek(lines, size=6000):
    stages = [pre_tokenizers.Split(Regex(p), "isolated") for p in DEEPSEEK]
    t = byte_level(size, lines, pre_tokenizers.Sequence(stages + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
                   normalizers.Sequence([]))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.add_special_tokens(["<｜begin▁of▁sentence｜>"])
    return t


def clip(lines, size=4000):
    normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CLIP), "removed", invert=True),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    t.normalizer, t.pre_tokenizer = normalizer, pre
    t.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<|startoftext|>", "<|endoftext|>"], show_progress=False, end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0), trim_offsets=False,
                                                    add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return t


def with_bytes(model_lines, size, normalizer, specials):
    """SentencePiece-style byte-pair model with byte fallback."""
    import json
    base = Tokenizer(models.BPE(unk_token="<unk>"))
    base.normalizer = normalizer
    # Words as SentencePiece trains on them: a word does not reach over the space before the next.
    base.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    base.train_from_iterator(model_lines, trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials + [f"<0x{b:02X}>" for b in range(256)], show_progress=False,
        limit_alphabet=600, max_token_length=16))
    j = json.loads(base.to_str())
    vocab, merges = j["model"]["vocab"], j["model"]["merges"]
    t = Tokenizer(models.BPE(vocab, [tuple(m) for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizer
    t.add_special_tokens([AddedToken(s, normalized=False) for s in specials])
    return t


def llama2(lines, size=6000):
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t = with_bytes(lines, size, normalizer, ["<unk>", "<s>", "</s>"])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s>:0 $A:0 <s>:1 $B:1", special_tokens=[("<s>", 1)])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return t


def llama2_metaspace(lines, size=6000):
    """As newer conversions write it: no normalizer, a space in front of the first word only."""
    t = llama2(lines, size)
    t.normalizer = None
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    return t


def gemma(lines, size=6000):
    t = with_bytes(lines, size, normalizers.Replace(" ", "▁"), ["<pad>", "<eos>", "<bos>", "<unk>"])
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.add_tokens([AddedToken(s, normalized=False) for s in ["\n\n", "\n\n\n", "▁▁", "▁▁▁", "<table>", "<start_of_turn>"]])
    t.post_processor = processors.TemplateProcessing(single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", 2)])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return t


# A file of SentencePiece normalisation rules in place of nmt_nfkc, whose map is large.
RULES = None


def piece_model(lines, size, **options):
    out = io.BytesIO()
    rules = {"normalization_rule_tsv": RULES} if RULES else {"normalization_rule_name": "nmt_nfkc"}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(l.replace("\n", " ") for l in lines), model_writer=out, vocab_size=size, model_type="unigram",
        minloglevel=2, character_coverage=0.9995, num_threads=1, hard_vocab_limit=False, **rules, **options)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(out.getvalue())
    return [(p.piece, p.score) for p in proto.pieces], proto.normalizer_spec.precompiled_charsmap


def t5(lines, size=4000):
    pieces, charsmap = piece_model(lines, size, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    t = Tokenizer(models.Unigram(pieces, 2, False))
    t.normalizer = normalizers.Precompiled(charsmap)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    t.add_special_tokens([AddedToken(f"<extra_id_{i}>", lstrip=True, rstrip=True) for i in range(3)])
    t.add_special_tokens(["<pad>", "</s>", "<unk>"])
    t.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return t


def xlmr(lines, size=5000):
    pieces, charsmap = piece_model(lines, size)
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + pieces[3:] + [("<mask>", 0.0)]
    t = Tokenizer(models.Unigram(pieces, 3, False))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    t.decoder = decoders.Metaspace()
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def unigram_bytes(lines, size=4000):
    pieces, charsmap = piece_model(lines, size, byte_fallback=True)
    t = Tokenizer(models.Unigram(pieces, 0, True))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    t.add_special_tokens(["<s>", "</s>"])
    return t


def wordpiece(lines, size, normalizer, pre_tokenizer):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials, show_progress=False))
    t.decoder = decoders.WordPiece(prefix="##")
    return t


def bert(lines, size=5000):
    t = wordpiece(lines, size, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t


def bert_cased(lines, size=5000):
    t = wordpiece(lines, size, normalizers.BertNormalizer(lowercase=False), pre_tokenizers.BertPreTokenizer())
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def mixed(lines, size=3000):
    """Stages that none of the others has."""
    t = wordpiece(lines, size, normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]),
                  pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("contiguous"),
                                           pre_tokenizers.Digits(individual_digits=True),
                                           pre_tokenizers.CharDelimiterSplit("_"),
                                           pre_tokenizers.Split("th", "merged_with_next")]))
    t.add_tokens([AddedToken("kana", single_word=True), AddedToken("Rest", rstrip=True), AddedToken("Łódź", normalized=True)])
    return t


KINDS = {f.__name__: f for f in [gpt2, llama3, qwen2, neox, llama2, llama2_metaspace, gemma, t5, xlmr, unigram_bytes, bert,
                                 bert_cased, roberta, clip, o200k, deepseek, mixed]}
