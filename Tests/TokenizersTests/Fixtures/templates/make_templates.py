# SPDX-License-Identifier: Apache-2.0
"""Renders the chat templates of this folder with transformers, for ChatTemplateTests.swift.

    python make_templates.py      (transformers 5.24, jinja2 3.1.6)

Writes rendered.json (every *.jinja with every conversation of conversations.json) and
expressions.json (the small templates of expressions.py, with the values there).
"""

import datetime
import json
import pathlib

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

import expressions

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2025, 3, 9, 14, 5, 7, 123456)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class FrozenClock(datetime.datetime):
    """The moment that strftime_now sees."""

    @classmethod
    def now(cls, tz=None):
        return NOW


def tokenizer():
    words = {token: index for index, token in enumerate(TOKENS.values())}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<unk>")), **TOKENS)


def spans(template, case):
    """The generation blocks' spans, as transformers finds them for its assistant mask."""
    messages = chat_template_utils._normalize_chat_messages(case["messages"])
    _, indices = chat_template_utils.render_jinja_template(
        [messages], tools=case.get("tools"), documents=case.get("documents"),
        chat_template=template, return_assistant_tokens_mask=True,
        add_generation_prompt=case.get("add_generation_prompt", False),
        **{**TOKENS, **case.get("extra", {})})
    return [list(pair) for pair in indices[0]]


def rendered(template, case):
    try:
        text = tokenizer().apply_chat_template(
            case["messages"], tools=case.get("tools"), documents=case.get("documents"),
            chat_template=template, tokenize=False,
            add_generation_prompt=case.get("add_generation_prompt", False),
            **case.get("extra", {}))
    except Exception as error:  # every kind of failure must be one in Swift too
        return {"error": f"{type(error).__name__}: {error}"[:120]}
    result = {"text": text}
    if "generation" in template:
        result["spans"] = spans(template, case)
    return result


def expression(template):
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
        return {"template": template, "text": compiled.render(**expressions.VALUES)}
    except Exception as error:
        return {"template": template, "error": f"{type(error).__name__}: {error}"[:120]}


def main():
    chat_template_utils.datetime = FrozenClock
    cases = json.loads((HERE / "conversations.json").read_text(encoding="utf-8"))
    results = {
        path.stem: {name: rendered(path.read_text(encoding="utf-8"), case)
                    for name, case in cases.items()}
        for path in sorted(HERE.glob("*.jinja"))
    }
    write("rendered.json", results)
    write("expressions.json", {
        "values": expressions.VALUES, "templates": [expression(t) for t in expressions.TEMPLATES]})
    failures = sum("error" in row for rows in results.values() for row in rows.values())
    print(sum(map(len, results.values())), "renderings,", failures, "errors;",
          len(expressions.TEMPLATES), "expressions")


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, indent=0)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
