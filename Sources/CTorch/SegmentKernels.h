// SPDX-License-Identifier: Apache-2.0
// Rows of attention scores: their softmax, and its gradient, over the columns that a query sees.
#pragma once

#include <cmath>
#include <limits>

#include "RowKernels.h"

namespace attune::kernels {

/// A block of scores: `rows` queries of `shared` heads a token, the first at key `first`; columns start at key `low`.
struct Block {
  int64_t rows, paddedRows, shared, first, low, width;
  float scale, cap;
  int64_t window;
};

ATTUNE_INLINE int64_t lowerColumn(const Block &block, int64_t row) {
  const int64_t key = block.window > 0 ? block.first + row / block.shared + 1 - block.window : 0;
  return key > block.low ? key - block.low : 0;
}

ATTUNE_INLINE int64_t upperColumn(const Block &block, int64_t row) { return block.first + row / block.shared + 1 - block.low; }

/// tanh by one exponential, to about 1e-7.
ATTUNE_INLINE float bend(float x) { return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f); }

template <bool hasCap, typename T>
ATTUNE_INLINE float score(const T *row, int64_t i, const Block &block) {
  const float value = load(row, i) * block.scale;
  return hasCap ? block.cap * bend(value / block.cap) : value;
}

template <typename T>
ATTUNE_INLINE void clear(T *row, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) store(row, i, 0.0f);
}

/// Columns are taken so many at once, also beyond what is seen: short rows would else be all remainder.
constexpr int32_t lanes = 16;

/// The columns that are seen, and those of whole lanes around them; a row's width is a multiple of them.
struct Columns {
  int32_t lower, upper, begin, end;
};

ATTUNE_INLINE Columns columnsOf(const Block &block, int64_t row) {
  const int32_t lower = int32_t(lowerColumn(block, row)), upper = int32_t(upperColumn(block, row));
  return {lower, upper, lower / lanes * lanes, (upper + lanes - 1) / lanes * lanes};
}

/// Far below any score: its exponential is 0.
constexpr float unseen = -1e30f;

template <bool hasCap, typename T>
ATTUNE_INLINE float seenScore(const T *row, int32_t i, const Columns &columns, const Block &block) {
  const float value = score<hasCap>(row, i, block);
  const bool isSeen = i >= columns.lower && i < columns.upper;
  return isSeen ? value : unseen;
}

/// The bits of a number as a whole number of the same order, and back; the largest of those can be found many at once.
ATTUNE_INLINE int32_t ordered(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

template <typename T>
ATTUNE_INLINE float highestProduct(const T *row, const Columns &columns) {
  int32_t highest = INT32_MIN;
  for (int32_t i = columns.lower; i < columns.upper; i++) {
    const int32_t value = ordered(int32_t(floatToBits(load(row, i))));
    highest = value > highest ? value : highest;
  }
  return bitsToFloat(uint32_t(ordered(highest)));
}

/// Scores to shares in place; zero where nothing is seen. `logSums` [rows] may be null.
template <bool hasCap, typename T>
ATTUNE_INLINE void shareRows(T *scores, const Block &block, float *logSums) {
  for (int64_t r = 0; r < block.rows; r++) {
    T *row = scores + r * block.width;
    const Columns columns = columnsOf(block, r);
    const float product = highestProduct(row, columns);
    const float highest = score<hasCap>(&product, 0, block);  // scale and cap keep the order
    float total = 0;
    {
#pragma clang fp reassociate(on)
      for (int32_t i = columns.begin; i < columns.end; i++)
        total += exponential(seenScore<hasCap>(row, i, columns, block) - highest);
    }
    const float logSum = highest + std::log(total);
    clear(row, 0, columns.begin);
    for (int32_t i = columns.begin; i < columns.end; i++)
      store(row, i, exponential(seenScore<hasCap>(row, i, columns, block) - logSum));
    clear(row, columns.end, block.width);
    if (logSums) logSums[r] = logSum;
  }
  clear(scores, block.rows * block.width, block.paddedRows * block.width);
}

ATTUNE_KERNEL void shares(float *scores, const Block &block, float *logSums) {
  block.cap > 0 ? shareRows<true>(scores, block, logSums) : shareRows<false>(scores, block, logSums);
}
ATTUNE_KERNEL void shares(Narrow *scores, const Block &block, float *logSums) {
  block.cap > 0 ? shareRows<true>(scores, block, logSums) : shareRows<false>(scores, block, logSums);
}

/// With p the shares and u the gradients of the shares: scores become p, and u becomes p (u - Σ p u) times the derivative
/// of a score by its product.
template <bool hasCap, typename T>
ATTUNE_INLINE void differentiateRows(T *scores, T *gradients, const Block &block, const float *logSums) {
  for (int64_t r = 0; r < block.rows; r++) {
    T *row = scores + r * block.width, *gradient = gradients + r * block.width;
    const Columns columns = columnsOf(block, r);
    const float logSum = logSums[r];
    float mean = 0;
    {
#pragma clang fp reassociate(on)
      for (int32_t i = columns.begin; i < columns.end; i++)
        mean += exponential(seenScore<hasCap>(row, i, columns, block) - logSum) * load(gradient, i);
    }
    clear(row, 0, columns.begin);
    clear(gradient, 0, columns.begin);
    for (int32_t i = columns.begin; i < columns.end; i++) {
      const float value = seenScore<hasCap>(row, i, columns, block);
      const float share = exponential(value - logSum);
      // Where nothing is seen the bend's slope is huge, the share 0, and their product must be too.
      const float bent = share > 0.0f ? value / block.cap : 0.0f;
      const float slope = hasCap ? block.scale * (1.0f - bent * bent) : block.scale;
      store(row, i, share);
      store(gradient, i, share * (load(gradient, i) - mean) * slope);
    }
    clear(row, columns.end, block.width);
    clear(gradient, columns.end, block.width);
  }
  clear(scores, block.rows * block.width, block.paddedRows * block.width);
  clear(gradients, block.rows * block.width, block.paddedRows * block.width);
}

ATTUNE_KERNEL void differentiate(float *scores, float *gradients, const Block &block, const float *logSums) {
  block.cap > 0 ? differentiateRows<true>(scores, gradients, block, logSums)
                : differentiateRows<false>(scores, gradients, block, logSums);
}
ATTUNE_KERNEL void differentiate(Narrow *scores, Narrow *gradients, const Block &block, const float *logSums) {
  block.cap > 0 ? differentiateRows<true>(scores, gradients, block, logSums)
                : differentiateRows<false>(scores, gradients, block, logSums);
}

template <typename T>
ATTUNE_INLINE void addNumbers(const T *x, int64_t count, float *sum) {
  for (int64_t i = 0; i < count; i++) sum[i] += load(x, i);
}

ATTUNE_KERNEL void addTo(float *sum, const float *x, int64_t count) { addNumbers(x, count, sum); }
ATTUNE_KERNEL void addTo(float *sum, const Narrow *x, int64_t count) { addNumbers(x, count, sum); }

}  // namespace attune::kernels
