# SPDX-License-Identifier: Apache-2.0
"""What this machine can do at most: the bare matrix products of a workload, and reading the weights once a token.

    python roofline.py        # prints the machine's limits

A limit leaves out attention, everything between the products, and the optimizer.
"""

import time

import torch

import workloads

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def seconds(call, repeats=5):
    """The median time of a call, the first left out."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


def matrices(shape, has_head=True):
    """`(out, in)` of every linear layer, with the head."""
    vocabulary, width, layers, heads, key_heads, inner = workloads.SHAPES[shape]
    keys = width // heads * key_heads
    block = [(width, width), (keys, width), (keys, width), (width, width), (inner, width), (inner, width), (width, inner)]
    return block * layers + ([(vocabulary, width)] if has_head else [])


def products(shape, rows, precision, backward=True, has_head=True):
    """Seconds of the bare products of a pass over `rows` tokens: y = x W^T, and dx = dy W and dW = dy^T x."""
    total = 0.0
    known = {}
    for out, inner in matrices(shape, has_head):
        if (out, inner) not in known:
            kind = TYPES[precision]
            x, y = torch.randn(rows, inner, dtype=kind), torch.randn(rows, out, dtype=kind)
            weight = torch.randn(out, inner, dtype=kind)
            known[out, inner] = seconds(lambda: x @ weight.T)
            if backward:
                known[out, inner] += seconds(lambda: y @ weight) + seconds(lambda: y.T @ x)
        total += known[out, inner]
    return total


def bandwidth():
    """Bytes a second that a large copy moves, counted both ways."""
    source = torch.zeros(64 * 1024 * 1024)
    target = torch.empty_like(source)
    return 2 * source.numel() * 4 / seconds(lambda: target.copy_(source))


def limit(name, precision, moved):
    """Tokens a second that no program passes here, and what holds them; None where it was not worked out."""
    kind, shape, _, batch = workloads.WORKLOADS[name]
    if kind == "generate":
        size = TYPES[precision].itemsize
        weights = sum(out * inner for out, inner in matrices(shape)) * size
        read, computed = weights / moved, products(shape, batch, precision, backward=False)
        return batch / max(read, computed), "weights read once" if read > computed else "products"
    if kind == "sft" and name != "sft ragged":
        return batch * 256 / products(shape, batch * 256, precision), "products"
    if kind == "dpo":
        rows = batch * 512
        both = products(shape, rows, precision) + products(shape, rows, precision, backward=False)
        return rows / both, "products, nothing shared"
    if kind == "reward":
        rows = batch * 512
        return rows / products(shape, rows, precision, has_head=False), "products, nothing shared"
    return None


def main():
    torch.set_num_threads(2)
    print(f"copy: {bandwidth() / 1e9:.1f} GB/s both ways")
    for precision, kind in TYPES.items():
        a, b = torch.randn(2048, 2048, dtype=kind), torch.randn(2048, 2048, dtype=kind)
        print(f"{precision}: {2 * 2048**3 / seconds(lambda: a @ b) / 1e9:.0f} GFLOP/s in a product of 2048^3")
        for shape in workloads.SHAPES:
            taken = products(shape, 2048, precision)
            print(f"  {shape}: {taken:.3f} s a step of 2,048 tokens, {2048 / taken:,.0f} tokens/s")


if __name__ == "__main__":
    main()
