#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens a second of a running `attune serve` with 1, 8 and 32 clients.

    load.py ADDRESS [TOKENS] [SECONDS]

Every client asks for TOKENS tokens (64) again and again for SECONDS (20), each time after another prompt of about 40
tokens; no answer ends early. Standard library alone, so that what the client costs is small.
"""
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse

ADDRESS = urllib.parse.urlparse(sys.argv[1])
TOKENS = int(sys.argv[2]) if len(sys.argv) > 2 else 64
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 20
WORDS = "jonas frieda moritz the a table bridge market coins week rainy borrowed works as in at on was .".split()


def client(number, end, results):
    draw = random.Random(number)
    while time.time() < end:
        prompt = " ".join(draw.choice(WORDS) for _ in range(40))
        body = json.dumps({"prompt": prompt, "max_tokens": TOKENS, "ignore_eos": True, "seed": number})
        start = time.time()
        connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=600)
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        results.append((time.time(), time.time() - start, answer["usage"]["completion_tokens"]))


print("| clients | tokens/s | requests | median latency (s) | 95 % (s) |\n|--:|--:|--:|--:|--:|")
for count in (1, 8, 32):
    results, start = [], time.time()
    threads = [threading.Thread(target=client, args=(n, start + SECONDS, results)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Until the last answer: the tail, when fewer clients are left, counts too.
    wall = max(done for done, _, _ in results) - start
    times = sorted(took for _, took, _ in results)
    print(f"| {count} | {sum(n for _, _, n in results) / wall:.0f} | {len(results)} | "
          f"{times[len(times) // 2]:.2f} | {times[int(len(times) * 0.95)]:.2f} |", flush=True)
