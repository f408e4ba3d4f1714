# SPDX-License-Identifier: Apache-2.0
"""Makes quantization.safetensors beside this script: matrices in 4 and 8 bits.

    pip install torch==2.13.0 bitsandbytes==0.50.2
    python make_quantization_fixtures.py

For each shape `<rows>x<columns>`: `weight`, and what bitsandbytes makes of it: `packed`, `absmax` (the
block scales), `dense` and `dense_bf16` (the numbers the packed matrix and the plain scales stand for).
Double quantisation follows the published rule, nearest place in the map, in NumPy: `nested` (bytes),
`nested_absmax`, `offset`, and `dense_nested`. bitsandbytes' own kernel for the processor searches the map
only approximately (about one byte in a thousand is a neighbour), so it is no reference for the bytes; it
is for the map itself, `map`. `int8` and `int8_absmax` are plain NumPy.
"""

from pathlib import Path

import bitsandbytes.functional as functional
import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
# Whole blocks; a last block that is cut; a matrix below one block, with an odd count; more than 256 blocks, whose
# weights follow from their place and are not kept.
SHAPES = [(8, 64), (12, 40), (7, 9), (66, 260)]


def nested(absmax, table):
    """Bytes, their scales and the offset, by the rule itself."""
    offset = absmax.mean()
    rest = (absmax - offset).numpy()
    scales, places = [], []
    for start in range(0, len(rest), 256):
        block = rest[start:start + 256]
        scale = np.abs(block).max()
        scales.append(scale)
        scaled = block / scale if scale > 0 else block
        places += [int(np.argmin(np.abs(table - value))) for value in scaled]
    return np.array(places, dtype=np.uint8), np.array(scales, dtype=np.float32), offset


def main():
    torch.set_num_threads(1)
    table = functional.create_dynamic_map().numpy()
    tensors = {"map": torch.from_numpy(table)}
    for index, (rows, columns) in enumerate(SHAPES):
        generator = np.random.RandomState(71 + index)
        weight = generator.standard_normal((rows, columns)) * np.exp(generator.standard_normal((rows, 1)))
        weight = torch.from_numpy(weight).float()
        if rows > 60:
            places = np.arange(rows * columns)
            values = (places * 7919 % 2003 - 1001) / 1024 * 2.0 ** -(places // 37 % 5)
            weight = torch.from_numpy(values.reshape(rows, columns)).float()
        packed, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4")
        places, scales, offset = nested(state.absmax, table)
        absmax = torch.from_numpy(table[places] * np.repeat(scales, 256)[:len(places)]) + offset
        rough = functional.QuantState(
            absmax=absmax, shape=state.shape, dtype=torch.float32, blocksize=64, code=state.code, quant_type="nf4")
        largest = weight.abs().amax(1)
        name = f"{rows}x{columns}"
        tensors |= {
            f"{name}.weight": weight, f"{name}.packed": packed, f"{name}.absmax": state.absmax,
            f"{name}.nested": torch.from_numpy(places), f"{name}.nested_absmax": torch.from_numpy(scales),
            f"{name}.offset": offset.reshape(1),
            f"{name}.int8": torch.round(weight * (127.0 / largest[:, None])).to(torch.int8),
            f"{name}.int8_absmax": largest,
        }
        if rows < 60:
            dense = functional.dequantize_4bit(packed, state)
            tensors |= {
                f"{name}.dense": dense, f"{name}.dense_bf16": dense.bfloat16(),
                f"{name}.dense_nested": functional.dequantize_4bit(packed, rough),
            }
        else:
            # Large ones are compared by a sum over each block.
            tensors[f"{name}.block_sums"] = functional.dequantize_4bit(packed, rough).double().flatten().split(64)
            tensors[f"{name}.block_sums"] = torch.stack([part.sum() for part in tensors[f"{name}.block_sums"]])
            for part in ("weight", "int8", "int8_absmax"):
                del tensors[f"{name}.{part}"]
    path = HERE / "quantization.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})
    path.chmod(0o644)


if __name__ == "__main__":
    main()
