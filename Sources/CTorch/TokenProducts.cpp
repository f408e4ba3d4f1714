// SPDX-License-Identifier: Apache-2.0
#include "TokenProducts.h"

#include <ATen/ops/constant_pad_nd.h>

#include <algorithm>
#include <array>

#include "DotKernels.h"
#include "Parallel.h"
#include "RowKernels.h"

namespace attune::products {

using kernels::Narrow;

namespace {

int64_t blockCount(int64_t out) { return (out + blockWidth - 1) / blockWidth; }

}  // namespace

bool isLaidOut(const at::Tensor &tensor) {
  return tensor.layout() == at::kStrided && tensor.scalar_type() == at::kInt && tensor.dim() == 2 &&
         int64_t(tensor.storage().nbytes()) >= blockCount(tensor.size(0)) * blockWidth * tensor.size(1) * 4;
}

at::Tensor laidOut(const at::Tensor &weight) {
  const int64_t out = weight.size(0), in = weight.size(1), blocks = blockCount(out);
  const auto rows = at::constant_pad_nd(weight.to(at::kBFloat16), {0, 0, 0, blocks * blockWidth - out}).contiguous();
  return rows.view(at::kInt)
      .view({blocks, blockWidth, in / 2})
      .transpose(1, 2)
      .contiguous()
      .view(-1)
      .narrow(0, 0, out * (in / 2))
      .view({out, in / 2});
}

at::Tensor plain(const at::Tensor &matrix) {
  const int64_t out = matrix.size(0), pairs = matrix.size(1), blocks = blockCount(out);
  return matrix.as_strided({blocks, blockWidth, pairs}, {pairs * blockWidth, 1, blockWidth})
      .contiguous()
      .view({blocks * blockWidth, pairs})
      .view(at::kBFloat16)
      .narrow(0, 0, out);
}

#ifdef ATTUNE_HAS_DOTS

bool isAvailable() { return kernels::hasDots() && !kernels::hasMatrixUnit(); }

namespace {

/// Sums of `R` rows by `N` blocks, to `sums` in float32, `[R][N * 16]`.
template <int R, int N>
ATTUNE_DOTS void tile(const int32_t *x, const int32_t *matrix, int64_t pairs, float *sums) {
  __m512 sum[R][N];
#pragma unroll
  for (int r = 0; r < R; r++)
#pragma unroll
    for (int n = 0; n < N; n++) sum[r][n] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; p++) {
    __m512bh weights[N];
#pragma unroll
    for (int n = 0; n < N; n++) weights[n] = (__m512bh)_mm512_loadu_si512(matrix + (n * pairs + p) * blockWidth);
#pragma unroll
    for (int r = 0; r < R; r++) {
      const __m512bh value = (__m512bh)_mm512_set1_epi32(x[r * pairs + p]);
#pragma unroll
      for (int n = 0; n < N; n++) sum[r][n] = _mm512_dpbf16_ps(sum[r][n], weights[n], value);
    }
  }
#pragma unroll
  for (int r = 0; r < R; r++)
#pragma unroll
    for (int n = 0; n < N; n++) _mm512_storeu_ps(sums + (r * N + n) * blockWidth, sum[r][n]);
}

using Tile = void (*)(const int32_t *, const int32_t *, int64_t, float *);

/// Rows that are computed together.
constexpr int64_t mostRows = 8;
constexpr int64_t mostBlocks = 8;

/// Blocks that are computed together for so many rows: enough sums at once to hide how long one takes, and no more than
/// there are registers.
constexpr int64_t blocksAtOnce(int64_t rows) { return rows <= 2 ? 8 : rows <= 4 ? 4 : 2; }

template <int R>
constexpr std::array<Tile, mostBlocks + 1> tiles() {
  if constexpr (R <= 2)
    return {nullptr,    tile<R, 1>, tile<R, 2>, tile<R, 3>, tile<R, 4>,
            tile<R, 5>, tile<R, 6>, tile<R, 7>, tile<R, 8>};
  else if constexpr (R <= 4)
    return {nullptr, tile<R, 1>, tile<R, 2>, tile<R, 3>, tile<R, 4>};
  else
    return {nullptr, tile<R, 1>, tile<R, 2>};
}

constexpr std::array<std::array<Tile, mostBlocks + 1>, mostRows + 1> allTiles = {
    std::array<Tile, mostBlocks + 1>{}, tiles<1>(), tiles<2>(), tiles<3>(), tiles<4>(),
    tiles<5>(),                         tiles<6>(), tiles<7>(), tiles<8>()};

/// What becomes of a block's sums of one row: bias, rounding, residual. `count` outputs of the block are real.
ATTUNE_DOTS void finish(__m512 sum, const float *bias, const float *residual, int64_t count, float *out) {
  const __mmask16 real = __mmask16((1u << count) - 1);
  if (bias) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(real, bias));
  sum = _mm512_cvtpbh_ps(_mm512_cvtneps_pbh(sum));
  if (residual) sum = _mm512_add_ps(_mm512_maskz_loadu_ps(real, residual), sum);
  _mm512_mask_storeu_ps(out, real, sum);
}
ATTUNE_DOTS void finish(__m512 sum, const float *bias, const Narrow *residual, int64_t count, Narrow *out) {
  const __mmask16 real = __mmask16((1u << count) - 1);
  if (bias) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(real, bias));
  auto narrow = _mm512_cvtneps_pbh(sum);
  if (residual) {
    const auto kept = _mm512_cvtpbh_ps((__m256bh)_mm256_maskz_loadu_epi16(real, residual));
    narrow = _mm512_cvtneps_pbh(_mm512_add_ps(kept, _mm512_cvtpbh_ps(narrow)));
  }
  _mm256_mask_storeu_epi16(out, real, (__m256i)narrow);
}

/// Some blocks of one product, for all rows.
struct Work {
  const Product *product;
  int64_t firstBlock, blockCount;
};

template <typename Out>
ATTUNE_DOTS void finishTile(const Work &work, const float *bias, int64_t firstRow, int64_t rows, const float *sums) {
  const int64_t outs = work.product->out.size(1), first = work.firstBlock * blockWidth;
  auto *out = static_cast<Out *>(work.product->out.data_ptr());
  auto *residual = work.product->residual.defined() ? static_cast<const Out *>(work.product->residual.const_data_ptr()) : nullptr;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < work.blockCount; n++, sums += blockWidth) {
      const int64_t output = first + n * blockWidth, place = (firstRow + r) * outs + output;
      finish(_mm512_loadu_ps(sums), bias ? bias + output : nullptr, residual ? residual + place : nullptr,
             std::min(blockWidth, outs - output), out + place);
    }
}

void run(const Work &work, const at::Tensor &x, const float *bias) {
  const int64_t rows = x.size(0), pairs = x.size(1) / 2;
  const auto *input = static_cast<const int32_t *>(x.const_data_ptr());
  const auto *matrix = work.product->matrix.const_data_ptr<int32_t>() + work.firstBlock * pairs * blockWidth;
  float sums[2 * mostBlocks * blockWidth];
  static_assert(mostRows * blocksAtOnce(mostRows) <= 2 * mostBlocks && 4 * blocksAtOnce(4) <= 2 * mostBlocks);
  for (int64_t row = 0; row < rows; row += mostRows) {
    const int64_t count = std::min(mostRows, rows - row);
    allTiles[count][work.blockCount](input + row * pairs, matrix, pairs, sums);
    if (work.product->out.scalar_type() == at::kFloat)
      finishTile<float>(work, bias, row, count, sums);
    else
      finishTile<Narrow>(work, bias, row, count, sums);
  }
}

}  // namespace

void multiply(const at::Tensor &x, const std::vector<Product> &products) {
  const int64_t rows = x.size(0), atOnce = blocksAtOnce(std::min(rows, mostRows));
  std::vector<Work> works;
  std::vector<at::Tensor> biases;
  for (auto &product : products) {
    TORCH_CHECK(x.size(1) == 2 * product.matrix.size(1), "product: inputs of ", x.size(1), " numbers do not fit a matrix of ",
                2 * product.matrix.size(1));
    TORCH_CHECK(isLaidOut(product.matrix) && product.out.size(1) == product.matrix.size(0), "product: outputs of ",
                product.out.size(1), " numbers for a matrix of ", product.matrix.size(0));
    const int64_t blocks = blockCount(product.matrix.size(0));
    for (int64_t first = 0; first < blocks; first += atOnce)
      works.push_back({&product, first, std::min(atOnce, blocks - first)});
    biases.push_back(product.bias.defined() ? product.bias.to(at::kBFloat16).to(at::kFloat) : product.bias);
  }
  if (rows == 0) return;
  // A thread of its own is worth about 30,000 weights.
  const int64_t grain = std::max<int64_t>(1, 32768 / (atOnce * blockWidth * x.size(1)));
  parallelFor(0, int64_t(works.size()), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      auto &bias = biases[works[i].product - products.data()];
      run(works[i], x, bias.defined() ? bias.const_data_ptr<float>() : nullptr);
    }
  });
}

#else

bool isAvailable() { return false; }

void multiply(const at::Tensor &, const std::vector<Product> &) {
  TORCH_CHECK(false, "product: this processor has no bfloat16 dot products");
}

#endif

}  // namespace attune::products
