#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the `openai` package sees of a running `attune serve`.

    openai_client.py GROUP ADDRESS KEY [FILE]

GROUP is a set of checks below; FILE holds what `attune score` says of texts, or is the server's
process id, where it is asked for. Each check that
holds prints its name; the first that does not ends the program.
"""
import concurrent.futures
import http.client
import json
import os
import signal
import socket
import sys
import time
import urllib.parse

import openai
from openai import OpenAI

GROUP, ADDRESS, KEY = sys.argv[1:4]
CLIENT = OpenAI(base_url=ADDRESS, api_key=KEY, max_retries=0, timeout=120)
MODEL = "base"
PROMPT = "title : about jonas\npost : moritz works as a carpenter ."
HOST = urllib.parse.urlparse(ADDRESS)
CHAT = [{"role": "system", "content": "in short"}, {"role": "user", "content": "where is jonas ?"}]


def raw(method, path, body=None, headers=None, key=KEY):
    """A request by hand; gives status and the answer as JSON."""
    connection = http.client.HTTPConnection(HOST.hostname, HOST.port, timeout=60)
    fields = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})}
    connection.request(method, path, body, fields, encode_chunked="Transfer-Encoding" in fields)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text), response.headers


def health():
    return raw("GET", "/health")[1]["load"]


def wait_until_idle():
    end = time.time() + 20
    while health() != {"running": 0, "waiting": 0}:
        assert time.time() < end, f"rows are not freed: {health()}"
        time.sleep(0.02)


def refused(kind, call, **expected):
    try:
        call()
    except kind as error:
        assert {"message", "type", "param", "code"} == set(error.body), error.body
        for name, value in expected.items():
            assert getattr(error, name) == value, (name, getattr(error, name), value)
        return error
    raise AssertionError(f"expected {kind.__name__}")


def models():
    listed = CLIENT.models.list().data
    assert [m.id for m in listed] == [MODEL], listed
    assert CLIENT.models.retrieve(MODEL).owned_by == "attune"
    refused(openai.NotFoundError, lambda: CLIENT.models.retrieve("other"), code="model_not_found")


def completion():
    answer = CLIENT.completions.create(model=MODEL, prompt=PROMPT, max_tokens=12, temperature=0)
    choice = answer.choices[0]
    assert answer.object == "text_completion" and answer.model == MODEL and answer.id.startswith("cmpl-")
    assert abs(answer.created - time.time()) < 600
    assert choice.finish_reason == "length" and len(choice.text) > 5
    assert answer.usage.completion_tokens == 12 and answer.usage.total_tokens == answer.usage.prompt_tokens + 12
    pieces = list(CLIENT.completions.create(
        model=MODEL, prompt=PROMPT, max_tokens=12, temperature=0, stream=True,
        stream_options={"include_usage": True}))
    assert "".join(p.choices[0].text for p in pieces if p.choices) == choice.text
    assert [p.choices[0].finish_reason for p in pieces if p.choices][-1] == "length"
    assert pieces[-1].usage == answer.usage and not pieces[-1].choices
    short = CLIENT.completions.create(model=MODEL, prompt=PROMPT)
    assert short.usage.completion_tokens <= 16


def chat():
    answer = CLIENT.chat.completions.create(model=MODEL, messages=CHAT, max_tokens=10, temperature=0)
    message = answer.choices[0].message
    assert answer.object == "chat.completion" and message.role == "assistant" and message.content
    pieces = list(CLIENT.chat.completions.create(
        model=MODEL, messages=CHAT, max_completion_tokens=10, temperature=0, stream=True))
    assert pieces[0].choices[0].delta.role == "assistant"
    assert "".join(p.choices[0].delta.content or "" for p in pieces) == message.content
    assert pieces[-1].choices[0].finish_reason == answer.choices[0].finish_reason
    assert all(p.usage is None for p in pieces)
    with CLIENT.chat.completions.stream(model=MODEL, messages=CHAT, max_tokens=10, temperature=0) as stream:
        assert "".join(e.delta for e in stream if e.type == "content.delta") == message.content


def token_bytes(token):
    if token.startswith("bytes:"):
        return bytes.fromhex(token[6:].replace("\\x", ""))
    return token.encode()


def log_probs():
    with open(sys.argv[4], encoding="utf-8") as file:
        scored = [json.loads(line) for line in file]
    for row in scored:
        answer = CLIENT.completions.create(
            model=MODEL, prompt=row["text"], max_tokens=0, echo=True, logprobs=3)
        found = answer.choices[0].logprobs
        assert answer.choices[0].text == row["text"] == b"".join(map(token_bytes, found.tokens)).decode()
        assert found.token_logprobs[0] is None and len(found.tokens) == len(row["log_probs"]) + 1
        for ours, theirs in zip(found.token_logprobs[1:], row["log_probs"]):
            assert abs(ours - theirs) < 1e-4, (ours, theirs)
        for place, token, value, top in zip(found.text_offset, found.tokens, found.token_logprobs, found.top_logprobs):
            assert row["text"][place:].startswith(token) or token.startswith("bytes:")
            assert top is None or top[token] == value
    # What is drawn has the log-probabilities of what is read.
    drawn = CLIENT.completions.create(model=MODEL, prompt=PROMPT, max_tokens=8, temperature=0, logprobs=2).choices[0]
    read = CLIENT.completions.create(
        model=MODEL, prompt=PROMPT + drawn.text, max_tokens=0, echo=True, logprobs=0).choices[0].logprobs
    for ours, theirs in zip(drawn.logprobs.token_logprobs, read.token_logprobs[-8:]):
        assert abs(ours - theirs) < 1e-4
    assert drawn.logprobs.tokens == read.tokens[-8:]
    talk = CLIENT.chat.completions.create(
        model=MODEL, messages=CHAT, max_tokens=6, temperature=0, logprobs=True, top_logprobs=4).choices[0]
    entries = talk.logprobs.content
    assert len(entries) == 6
    assert b"".join(bytes(e.bytes) for e in entries).decode().lstrip(" ") == talk.message.content
    for entry in entries:
        assert len(entry.top_logprobs) == 4 and entry.top_logprobs[0].token == entry.token
        assert [t.logprob for t in entry.top_logprobs] == sorted((t.logprob for t in entry.top_logprobs), reverse=True)


def settings():
    def draw(**options):
        return [c.text for c in CLIENT.completions.create(
            model=MODEL, prompt=PROMPT, max_tokens=16, **{"seed": 3, **options}).choices]

    assert draw() == draw() != draw(seed=4)
    several = draw(n=3)
    assert len(set(several)) == 3 and several[0] == draw()[0]
    assert draw(temperature=0) == draw(temperature=0, seed=8) == draw(top_p=1e-9)
    free = draw(temperature=0)[0]
    word = free.split()[3]
    assert draw(temperature=0, stop=word)[0] == free[:free.index(word)]
    assert draw(temperature=0, stop=["zzz", word])[0] == free[:free.index(word)]
    first = CLIENT.completions.create(model=MODEL, prompt=PROMPT, max_tokens=1, temperature=0, logprobs=1)
    text = first.choices[0].logprobs.tokens[0]
    # The ids of the likeliest token and of another, by trying them out.
    for token in range(2, 1515):
        if CLIENT.completions.create(model=MODEL, prompt=[token], max_tokens=0, echo=True).choices[0].text == text:
            break
    assert not draw(temperature=0, logit_bias={str(token): -100})[0].startswith(text)
    assert draw(temperature=0, logit_bias={str(token): 100})[0] == text * 16
    assert text * 3 not in draw(temperature=0, logit_bias={str(token): 20}, frequency_penalty=2)[0] or \
        draw(temperature=0, logit_bias={str(token): 20}, frequency_penalty=2) != draw(
            temperature=0, logit_bias={str(token): 20})
    both = CLIENT.completions.create(model=MODEL, prompt=[PROMPT, "title :"], max_tokens=5, seed=1, n=2)
    assert [c.index for c in both.choices] == [0, 1, 2, 3]
    assert both.usage.completion_tokens == 20
    echoed = CLIENT.completions.create(model=MODEL, prompt=PROMPT, max_tokens=3, temperature=0, echo=True)
    assert echoed.choices[0].text.startswith(PROMPT + free[:3])


def refusals():
    def ask(**options):
        return CLIENT.completions.create(**{"model": MODEL, "prompt": PROMPT, "max_tokens": 4, **options})

    wrong = OpenAI(base_url=ADDRESS, api_key="wrong", max_retries=0)
    refused(openai.AuthenticationError, lambda: wrong.models.list(), code="invalid_api_key", status_code=401)
    refused(openai.NotFoundError, lambda: ask(model="gpt-5"), code="model_not_found", param="model")
    refused(openai.BadRequestError, lambda: ask(temperature=-1), param="temperature")
    refused(openai.BadRequestError, lambda: ask(max_tokens=600), code="context_length_exceeded")
    refused(openai.BadRequestError, lambda: ask(prompt=PROMPT * 100), code="context_length_exceeded")
    refused(openai.BadRequestError, lambda: ask(suffix="x"), param="suffix")
    refused(openai.BadRequestError, lambda: ask(extra_body={"temprature": 1}), param="temprature")
    refused(openai.BadRequestError, lambda: CLIENT.chat.completions.create(model=MODEL, messages=[]), param="messages")
    refused(openai.BadRequestError, lambda: CLIENT.chat.completions.create(
        model=MODEL, messages=CHAT, tools=[{"type": "function", "function": {"name": "f"}}]), param="tools")
    for garbage in [b"", b"{", b"\x00\xff" * 40, b"[]", b'"text"', b"[" * 5000, b'{"prompt": "\xff"}',
                    b'{"prompt": 1e999}', json.dumps({"prompt": {"a": [1]}}).encode()]:
        status, body, _ = raw("POST", "/v1/completions", garbage)
        assert status == 400 and set(body["error"]) == {"message", "type", "param", "code"}, (garbage[:20], body)
    large = json.dumps({"prompt": "x " * 3_000_000}).encode()
    status, body, _ = raw("POST", "/v1/completions", large)
    assert status == 413 and body["error"]["code"] == "request_too_large", body
    status, body, _ = raw("POST", "/v1/completions", iter([large[:65536]] * 80), {"Transfer-Encoding": "chunked"})
    assert status == 413, body
    assert raw("POST", "/v1/completions", b"{}", {"Content-Type": "text/plain"})[0] == 415
    assert raw("GET", "/v2/nothing")[0] == 404
    broken = b"POST /v1/completions HTTP/1.1\r\nAuthorization: Bearer " + KEY.encode() + (
        b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    for line in [broken, b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00", b"POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n"]:
        with socket.create_connection((HOST.hostname, HOST.port), timeout=20) as connection:
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert CLIENT.models.list().data


def crowd():
    """200 clients at once: each gets an answer, or is told to come again; answers are those of one client."""
    expected = [CLIENT.completions.create(
        model=MODEL, prompt=PROMPT, max_tokens=6, seed=seed).choices[0].text for seed in range(4)]

    def one(number):
        try:
            return number % 4, CLIENT.completions.create(
                model=MODEL, prompt=PROMPT, max_tokens=6, seed=number % 4, stream=False).choices[0].text
        except openai.APIStatusError as error:
            assert error.status_code in (429, 503), error
            assert error.response.headers["retry-after"] == "1"
            return None

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(one, range(200)))
    served = [a for a in answers if a]
    assert all(text == expected[seed] for seed, text in served)
    assert len(served) >= 6, len(served)
    print(f"# of 200 clients {len(served)} were served, {200 - len(served)} were told to come again", flush=True)
    wait_until_idle()
    patient = OpenAI(base_url=ADDRESS, api_key=KEY, max_retries=100, timeout=120)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        texts = list(pool.map(lambda n: patient.completions.create(
            model=MODEL, prompt=PROMPT, max_tokens=6, seed=n % 4).choices[0].text, range(20)))
    assert texts == [expected[n % 4] for n in range(20)]


def leaving():
    """Clients that leave in the middle of a stream or of a wait free their rows."""
    for streams in (True, False):
        body = json.dumps({"prompt": PROMPT, "max_tokens": 400, "stream": streams, "ignore_eos": True}).encode()
        head = (f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        connections = []
        for _ in range(4):
            connections.append(socket.create_connection((HOST.hostname, HOST.port), timeout=20))
            connections[-1].sendall(head + body)
        end = time.time() + 20
        while health()["running"] < 2:
            assert time.time() < end
        if streams:
            seen = b""
            while b"data: " not in seen:
                part = connections[0].recv(65536)
                assert part, seen
                seen += part
        for connection in connections:
            connection.close()
        start = time.time()
        wait_until_idle()
        assert time.time() - start < 5, "rows ended by themselves"
    stream = CLIENT.completions.create(model=MODEL, prompt=PROMPT, max_tokens=400, stream=True)
    next(iter(stream))
    stream.close()
    wait_until_idle()


def time_out():
    options = {"model": MODEL, "prompt": PROMPT, "max_tokens": 480, "extra_body": {"ignore_eos": True}}
    refused(openai.APIStatusError, lambda: CLIENT.completions.create(**options), code="timeout", status_code=504)
    try:
        list(CLIENT.completions.create(**options, stream=True))
    except openai.APIError as error:
        assert error.code == "timeout", error
    else:
        raise AssertionError("a stream out of time must end with an error")
    wait_until_idle()


def interrupted(count):
    """A long stream during which the server is told to stop; nobody else is let in from then on."""
    stream = iter(CLIENT.completions.create(
        model=MODEL, prompt=PROMPT, max_tokens=count, stream=True, extra_body={"ignore_eos": True}))
    next(stream)
    os.kill(int(sys.argv[4]), signal.SIGINT)
    return stream


def ending():
    pieces = list(interrupted(200))
    assert pieces[-1].choices[0].finish_reason == "length"
    refused_at = time.time()
    while True:
        try:
            CLIENT.models.list()
            assert time.time() - refused_at < 10
        except openai.APIConnectionError:
            break


def cut_short():
    try:
        list(interrupted(480))
    except openai.APIError as error:
        assert error.code == "stopping", error
    else:
        raise AssertionError("a stream that is cut short must end with an error")


def scores():
    with open(sys.argv[4], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    status, body, _ = raw("POST", "/v1/score", json.dumps(
        {"model": MODEL, "rows": [{"prompt": r["prompt"], "completion": r["completion"]} for r in rows]}))
    assert status == 200 and len(body["data"]) == len(rows), body
    for index, (found, row) in enumerate(zip(body["data"], rows)):
        assert found["index"] == index and abs(found["score"] - row["score"]) < 1e-4, (found, row)
    status, alone, _ = raw("POST", "/score", json.dumps({"texts": [r["prompt"] + r["completion"] for r in rows]}))
    assert status == 200 and [abs(a["score"] - b["score"]) < 1e-4 for a, b in zip(alone["data"], body["data"])]
    assert alone["usage"]["prompt_tokens"] > len(rows)
    assert raw("POST", "/v1/score", b'{"rows": [{"text": 5}]}')[0] == 400
    refused(openai.BadRequestError, lambda: CLIENT.completions.create(model=MODEL, prompt="x"))


GROUPS = {
    "answers": [models, completion, chat, log_probs, settings, refusals],
    "crowd": [crowd, leaving],
    "time": [time_out],
    "scores": [scores],
    "ending": [ending],
    "cut_short": [cut_short],
}
for check in GROUPS[GROUP]:
    check()
    print(check.__name__, flush=True)
