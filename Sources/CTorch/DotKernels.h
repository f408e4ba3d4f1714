// SPDX-License-Identifier: Apache-2.0
// Kernels for x86 processors with bfloat16 dot products (AVX-512 BF16): marked ATTUNE_DOTS, called where `hasDots`.
#pragma once

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define ATTUNE_HAS_DOTS 1
#define ATTUNE_DOTS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace attune::kernels {

/// Whether this processor, and the system it runs, has them.
inline bool hasDots() {
  static const bool known = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    // Leaf 7, subleaf 1: bit 5 of eax.
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
  }();
  return known;
}

/// Whether it has a unit for whole matrices as well (AMX BF16), which serves products better.
inline bool hasMatrixUnit() {
  static const bool known = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    // Leaf 7: bit 22 of edx.
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1);
  }();
  return known;
}

/// The sums of sixteen vectors, in their order.
ATTUNE_DOTS inline __m512 sumEach(const __m512 (&x)[16]) {
  __m512 pairs[8], fours[4];
#pragma unroll
  for (int i = 0; i < 8; i++)
    pairs[i] = _mm512_add_ps(_mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]));
  // Each quarter of fours[i] has a part of the sums of x[4 i] to x[4 i + 3].
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const auto first = _mm512_castps_pd(pairs[2 * i]), second = _mm512_castps_pd(pairs[2 * i + 1]);
    fours[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(first, second)),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(first, second)));
  }
  const auto halves = [](__m512 a, __m512 b) ATTUNE_DOTS {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  };
  return halves(halves(fours[0], fours[1]), halves(fours[2], fours[3]));
}

/// scale q·k for `count` keys of `width` numbers, a multiple of 32, that follow each other in memory.
template <int width>
ATTUNE_DOTS void dotScores(const void *query, const void *keys, int64_t count, float scale, float *scores) {
  constexpr int parts = width / 32;
  __m512bh q[parts];
#pragma unroll
  for (int i = 0; i < parts; i++) q[i] = (__m512bh)_mm512_loadu_si512(static_cast<const char *>(query) + 64 * i);
  for (int64_t s = 0; s < count; s += 16) {
    __m512 products[16];
#pragma unroll
    for (int j = 0; j < 16; j++) {
      // Beyond the last key: the last one again.
      const auto *key = static_cast<const char *>(keys) + (s + j < count ? s + j : count - 1) * width * 2;
      products[j] = _mm512_setzero_ps();
#pragma unroll
      for (int i = 0; i < parts; i++)
        products[j] = _mm512_dpbf16_ps(products[j], q[i], (__m512bh)_mm512_loadu_si512(key + 64 * i));
    }
    const int64_t left = count - s;
    const __mmask16 real = left >= 16 ? __mmask16(0xffff) : __mmask16((1u << left) - 1);
    _mm512_mask_storeu_ps(scores + s, real, _mm512_mul_ps(sumEach(products), _mm512_set1_ps(scale)));
  }
}

}  // namespace attune::kernels

#endif
