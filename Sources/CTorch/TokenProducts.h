// SPDX-License-Identifier: Apache-2.0
// Products of few rows, the new tokens of a decoding step, by matrices in bfloat16 laid out for them: sixteen outputs side
// by side, two inputs at a time, as a processor with bfloat16 dot products reads them. A sum goes through the inputs in
// their order whatever rows and matrices are beside it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace attune::products {

/// Outputs that lie side by side.
constexpr int64_t blockWidth = 16;

/// Whether this processor is one they are for: bfloat16 dot products, and no matrix unit, which oneDNN's layout serves.
bool isAvailable();

/// Whether a tensor is a matrix laid out so: int32 `[out, in / 2]`, each number two inputs of one output, which stand for
/// memory of `[blocks, in / 2, 16]`.
bool isLaidOut(const at::Tensor &tensor);

/// Lays out a matrix `[out, in]`, `in` even; outputs that fill the last block are zero.
at::Tensor laidOut(const at::Tensor &weight);

/// Back to `[out, in]` in bfloat16.
at::Tensor plain(const at::Tensor &matrix);

/// One of several products of the same input.
struct Product {
  /// Laid out.
  at::Tensor matrix;
  /// `[out]`, float32 or bfloat16, or undefined.
  at::Tensor bias;
  /// `[rows, out]`, contiguous, float32 or bfloat16.
  at::Tensor out;
  /// As `out`, added to the product rounded to bfloat16; or undefined.
  at::Tensor residual;
};

/// y = x Wᵀ + b, plus the residual, for every product.
///
/// `x` is `[rows, in]` in bfloat16, contiguous.
void multiply(const at::Tensor &x, const std::vector<Product> &products);

}  // namespace attune::products
