# SPDX-License-Identifier: Apache-2.0
"""Compares Attune's tokenizers with Python's `tokenizers`.

    python compare.py train                   trains the tokenizers of kinds.py into work/
    python compare.py agree [count] [kind..]  ids, offsets, decoding, streaming on count texts a kind
    python compare.py characters [kind..]     ids and offsets on texts that hold every code point
    python compare.py speed [kind..]          seconds for ordinary text, runs in turn
    python compare.py fuzz SECONDS [kind..]   opens broken copies of the files
"""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import kinds  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.path.join(HERE, "work")
PROBE = os.environ.get("TOKENIZER_PROBE", os.path.join(HERE, ".build/release/tokenizer-probe"))


def path(kind):
    return os.path.join(WORK, f"{kind}.json")


def train():
    os.makedirs(WORK, exist_ok=True)
    lines = kinds.corpus(1, 20000)
    for name, make in kinds.KINDS.items():
        make(lines).save(path(name))
        print(name, os.path.getsize(path(name)) >> 10, "KiB", flush=True)


def probe(command, kind, lines, *more):
    with tempfile.TemporaryFile("w+") as given:
        given.write("\n".join(lines) + "\n")
        given.seek(0)
        done = subprocess.run([PROBE, command, path(kind), *more], stdin=given, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{kind}: {done.stderr[-2000:]}")
    return done.stdout.split("\n")[:-1]


def spaced(numbers):
    return " ".join(map(str, numbers))


def flat(offsets):
    # Where Python's range runs backwards, Attune's is empty at the same place.
    return spaced(x for a, b in offsets for x in (a, max(a, b)))


def added(t):
    return [token.content for token in t.get_added_tokens_decoder().values()]


def agree(count, names):
    """Prints a row a kind: how many texts differ in what."""
    print(f"| {'kind':16} | texts | ids | offsets | decoded | streamed | random ids | pairs |")
    print("|---|---|---|---|---|---|---|---|")
    shown = []
    for name in names:
        t = Tokenizer.from_file(path(name))
        texts = list(kinds.texts(sum(map(ord, name)), count, added(t)))
        wrong = dict.fromkeys(["ids", "offsets", "decoded", "streamed", "random", "pairs"], 0)

        def differs(what, *details):
            wrong[what] += 1
            if wrong[what] <= 3:
                shown.append((name, what, *details))

        for start in range(0, count, 20000):
            part = texts[start:start + 20000]
            for text, line in zip(part, probe("encode", name, [json.dumps(x) for x in part]), strict=True):
                e = t.encode(text)
                ids, offsets, decoded, everything, streamed = line.split("\t")
                if ids != spaced(e.ids):
                    differs("ids", text, e.ids, ids)
                elif offsets != flat(e.offsets):
                    differs("offsets", text, flat(e.offsets), offsets)
                check_decoding(t, e.ids if ids == spaced(e.ids) else [int(x) for x in ids.split()], decoded, everything, streamed,
                               differs)
        random_ids(t, name, max(100, count // 10), differs)
        pairs(t, name, texts[: max(80, count // 10)], differs)
        print(f"| {name:16} | {count} | " + " | ".join(str(x) for x in wrong.values()) + " |", flush=True)
    for entry in shown:
        print(*[ascii(x) for x in entry], sep="\n    ")
    return 1 if shown else 0


def check_decoding(t, ids, decoded, everything, streamed, differs, kind="decoded"):
    python = t.decode(ids)
    if decoded != python.encode().hex():
        differs(kind, ids, python, bytes.fromhex(decoded).decode())
    elif everything != t.decode(ids, skip_special_tokens=False).encode().hex():
        differs(kind, "with special tokens", ids)
    if streamed != "same":
        differs("streamed", ids, python, bytes.fromhex(streamed).decode(errors="replace"))


def random_ids(t, name, count, differs):
    import random
    r = random.Random(5)
    size = t.get_vocab_size()
    rows = [[r.randrange(size) if k % 2 else r.randrange(min(size, 300)) for _ in range(r.randint(1, 12))] for k in range(count)]
    for ids, line in zip(rows, probe("decode", name, [spaced(x) for x in rows]), strict=True):
        check_decoding(t, ids, *line.split("\t"), differs, kind="random")


def pairs(t, name, texts, differs):
    texts = texts[: len(texts) // 16 * 16]
    couples = list(zip(texts[::2], texts[1::2]))
    t.enable_padding()
    rows = probe("pairs", name, [json.dumps(x) for x in couples])
    for start in range(0, len(couples), 8):
        batch = t.encode_batch(couples[start:start + 8])
        for e, line in zip(batch, rows[start:start + 8], strict=True):
            wanted = "\t".join([spaced(e.ids), spaced(e.type_ids), spaced(e.attention_mask), spaced(e.special_tokens_mask),
                                flat(e.offsets)])
            if line != wanted:
                differs("pairs", couples[start], wanted, line)


def characters(names):
    """Each code point between letters, between a digit and a letter, and twice behind a blank."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["".join(f"a{c}b 1{c}e {c}{c}" for c in points[i:i + 16]) for i in range(0, len(points), 16)]
    failed = False
    for name in names:
        t = Tokenizer.from_file(path(name))
        wrong = []
        for start in range(0, len(texts), 20000):
            part = texts[start:start + 20000]
            for text, line in zip(part, probe("encode", name, [json.dumps(x) for x in part]), strict=True):
                e = t.encode(text)
                if line.split("\t")[:2] != [spaced(e.ids), flat(e.offsets)]:
                    wrong.append(ascii(text[:60]))
        print(f"{name}: {len(points)} code points in {len(texts)} texts, {len(wrong)} differ {wrong[:3]}", flush=True)
        failed |= bool(wrong)
    return int(failed)


def speed(names, rounds=5):
    """The best of several runs of each program, in turn, on 3 MB of ordinary text."""
    lines = kinds.corpus(77, 60000)
    texts = ["\n".join(lines[i:i + 12]) for i in range(0, len(lines), 12)][:3600]
    size = sum(len(x.encode()) for x in texts)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\x1e".join(texts))
        file.flush()
        print(f"{len(texts)} texts, {size / 1e6:.1f} MB; MB/s, best of {rounds}; ratios to `tokenizers`, above 1 is faster")
        print("| kind | encode | with offsets | tokenizers encode | encode_batch | encode_batch_fast | ratio ids "
              "(to encode, batch, fast) | ratio offsets (to encode, batch) |")
        print("|---|---|---|---|---|---|---|---|")
        for name in names:
            t = Tokenizer.from_file(path(name))
            t.no_padding()
            best = [float("inf")] * 5
            for _ in range(rounds):
                runs = [lambda: ours(name, file.name), lambda: ours(name, file.name, "offsets"),
                        lambda: timed(lambda: [t.encode(x) for x in texts]), lambda: timed(lambda: t.encode_batch(texts)),
                        lambda: timed(lambda: t.encode_batch_fast(texts))]
                best = [min(b, run()) for b, run in zip(best, runs)]
            rates = [size / 1e6 / b for b in best]
            print(f"| {name} | " + " | ".join(f"{x:.1f}" for x in rates)
                  + f" | {rates[0] / rates[2]:.2f}, {rates[0] / rates[3]:.2f}, {rates[0] / rates[4]:.2f}"
                  + f" | {rates[1] / rates[2]:.2f}, {rates[1] / rates[3]:.2f} |", flush=True)


def timed(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def ours(kind, file, *more):
    done = subprocess.run([PROBE, "speed", path(kind), file, *more], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def fuzz(seconds, names):
    for seed, name in enumerate(names):
        done = subprocess.run([PROBE, "fuzz", path(name), str(seconds), str(seed + int(time.time()))],
                              capture_output=True, text=True)
        print(name, done.stdout.strip() or f"ended with {done.returncode}: {done.stderr[-500:]}", flush=True)


def main():
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "train":
        return train()
    number = int(rest.pop(0)) if rest and rest[0].isdigit() else None
    names = rest or list(kinds.KINDS)
    if command == "agree":
        return agree(number or 100_000, names)
    if command == "characters":
        return characters(names)
    return speed(names) if command == "speed" else fuzz(number or 10, names)


sys.exit(main())
