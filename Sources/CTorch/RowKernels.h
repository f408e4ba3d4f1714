// SPDX-License-Identifier: Apache-2.0
// Numbers and loops of the fused CPU kernels: one pass over memory each, computed in float32.
//
// A kernel is an ATTUNE_KERNEL function over plain pointers: the compiler makes it for several instruction sets, and the
// loader takes the best the processor has. Loops are written so that it can vectorize them: no branches, no calls.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#define ATTUNE_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static
#else
#define ATTUNE_KERNEL static
#endif
#define ATTUNE_INLINE inline __attribute__((always_inline))

namespace attune::kernels {

/// The bits of a bfloat16.
struct Narrow {
  uint16_t bits;
};

ATTUNE_INLINE float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

ATTUNE_INLINE uint32_t floatToBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

ATTUNE_INLINE float load(const float *x, int64_t i) { return x[i]; }
ATTUNE_INLINE float load(const Narrow *x, int64_t i) { return bitsToFloat(uint32_t(x[i].bits) << 16); }

ATTUNE_INLINE void store(float *x, int64_t i, float value) { x[i] = value; }
/// To the nearest, ties to even; what is no number stays none.
ATTUNE_INLINE void store(Narrow *x, int64_t i, float value) {
  const uint32_t bits = floatToBits(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  x[i].bits = uint16_t(value != value ? 0x7fc0u : rounded);
}

/// A value as it would be read back after `store`.
ATTUNE_INLINE float rounded(const float *, float value) { return value; }
ATTUNE_INLINE float rounded(const Narrow *, float value) {
  Narrow narrow;
  store(&narrow, 0, value);
  return load(&narrow, 0);
}

/// eˣ to about 2 units in the last place; 0 below -87.3, the largest power above 88.37; what is no number stays none.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; eʳ by its Taylor sum to r⁷, times 2ⁿ.
ATTUNE_INLINE float exponential(float x) {
  const float upper = 88.37f, lower = -87.3f;
  float bounded = x > upper ? upper : x;
  bounded = bounded < lower ? lower : bounded;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number, which stands in the low bits
  const float shifted = bounded * 1.44269504088896f + magic;
  const float n = shifted - magic;
  float r = bounded - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float sum = 1.0f / 5040;
  sum = sum * r + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const uint32_t exponent = (floatToBits(shifted) - floatToBits(magic) + 127u) << 23;
  const float value = sum * bitsToFloat(exponent);
  return x < lower ? 0.0f : value;
}

/// Rotary positions of one head: y₁ = x₁ c₁ - x₂ s₁, y₂ = x₂ c₂ + x₁ s₂, in halves of the first 2 `half` numbers; `isBack`
/// turns back: the gradient.
template <typename T>
ATTUNE_INLINE void rotateHead(const T *x, const float *c, const float *s, int64_t half, int64_t width, T *y, bool isBack) {
  if (isBack) {
    for (int64_t i = 0; i < half; i++) {
      const float a = load(x, i), b = load(x, half + i);
      store(y, i, a * c[i] + b * s[half + i]);
      store(y, half + i, b * c[half + i] - a * s[i]);
    }
  } else {
    for (int64_t i = 0; i < half; i++) {
      const float a = load(x, i), b = load(x, half + i);
      store(y, i, a * c[i] - b * s[i]);
      store(y, half + i, b * c[half + i] + a * s[half + i]);
    }
  }
  for (int64_t i = 2 * half; i < width; i++) y[i] = x[i];
}

}  // namespace attune::kernels
