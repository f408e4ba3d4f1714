// SPDX-License-Identifier: Apache-2.0
// Attention of one new token a row over the keys and values that its row of a cache holds: each row over its own length,
// without a mask and without copies. On the CPU in float32 and bfloat16, sums in float32.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

#include "Bridge.h"
#include "RowKernels.h"

using namespace attune;
using namespace attune::kernels;

namespace {

/// The queries that share one key head, and the keys and values they see.
template <typename T>
struct Head {
  const T *queries, *keys, *values;
  T *out;
  int64_t group, count, width;
  float scale, cap;
};

/// A query [K] in float32, a sum [K], and the scores [S].
int64_t scratchSize(int64_t count, int64_t width) { return 2 * width + count; }

/// `fixed` is the width where it is one the compiler shall know, so that queries and sums stay in registers; else 0.
template <typename T, int64_t fixed>
ATTUNE_INLINE void attend(const Head<T> &head, float *scratch) {
  const int64_t count = head.count, width = fixed ? fixed : head.width;
  float known[fixed ? 2 * fixed : 1];
  float *query = fixed ? known : scratch, *sum = query + width, *shares = scratch + 2 * width;
  for (int64_t g = 0; g < head.group; g++) {
    for (int64_t i = 0; i < width; i++) query[i] = load(head.queries + g * width, i) * head.scale;
    for (int64_t s = 0; s < count; s++) {
      const T *key = head.keys + s * width;
      float product = 0;
      {
#pragma clang fp reassociate(on)
        for (int64_t i = 0; i < width; i++) product += query[i] * load(key, i);
      }
      shares[s] = product;
    }
    if (head.cap != 0) {
      // tanh x = 1 - 2 / (e²ˣ + 1)
      for (int64_t s = 0; s < count; s++)
        shares[s] = head.cap * (1.0f - 2.0f / (exponential(2.0f * shares[s] / head.cap) + 1.0f));
    }
    float greatest = shares[0], total = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t s = 1; s < count; s++) greatest = shares[s] > greatest ? shares[s] : greatest;
      for (int64_t s = 0; s < count; s++) {
        shares[s] = exponential(shares[s] - greatest);
        total += shares[s];
      }
    }
    for (int64_t i = 0; i < width; i++) sum[i] = 0;
    for (int64_t s = 0; s < count; s++) {
      const float share = shares[s];
      const T *value = head.values + s * width;
      for (int64_t i = 0; i < width; i++) sum[i] += share * load(value, i);
    }
    const float factor = 1.0f / total;
    for (int64_t i = 0; i < width; i++) store(head.out + g * width, i, sum[i] * factor);
  }
}

template <typename T>
ATTUNE_INLINE void attendKnown(const Head<T> &head, float *scratch) {
  switch (head.width) {
    case 32: return attend<T, 32>(head, scratch);
    case 64: return attend<T, 64>(head, scratch);
    case 128: return attend<T, 128>(head, scratch);
    default: return attend<T, 0>(head, scratch);
  }
}

ATTUNE_KERNEL void attendHead(const Head<float> &head, float *scratch) { attendKnown(head, scratch); }
ATTUNE_KERNEL void attendHead(const Head<Narrow> &head, float *scratch) { attendKnown(head, scratch); }

struct Places {
  const int64_t *rows, *starts, *ends;
};

template <typename T>
void attendRows(const at::Tensor &query, const at::Tensor &keys, const at::Tensor &values, const Places &places,
                double scale, double cap, const at::Tensor &out) {
  const int64_t rows = query.size(0), heads = keys.size(1), width = query.size(3), group = query.size(1) / heads;
  const int64_t rowStep = heads * keys.size(2) * width, headStep = keys.size(2) * width;
  int64_t longest = 0, all = 0;
  for (int64_t b = 0; b < rows; b++) {
    longest = std::max(longest, places.ends[b] - places.starts[b]);
    all += places.ends[b] - places.starts[b];
  }
  // A thread of its own is worth about 64,000 multiplications.
  const int64_t each = std::max<int64_t>(1, all / rows * width * group * 2);
  at::parallel_for(0, rows * heads, std::max<int64_t>(1, 65536 / each), [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(scratchSize(longest, width));
    for (int64_t place = begin; place < end; place++) {
      const int64_t b = place / heads, h = place % heads;
      const int64_t offset = places.rows[b] * rowStep + h * headStep + places.starts[b] * width;
      const int64_t own = place * group * width;
      attendHead(
          Head<T>{static_cast<const T *>(query.const_data_ptr()) + own, static_cast<const T *>(keys.const_data_ptr()) + offset,
                  static_cast<const T *>(values.const_data_ptr()) + offset, static_cast<T *>(out.mutable_data_ptr()) + own,
                  group, places.ends[b] - places.starts[b], width, float(scale), float(cap)},
          scratch.data());
    }
  });
}

void check(const at::Tensor &query, const at::Tensor &keys, const at::Tensor &values, const Places &places) {
  TORCH_CHECK(query.dim() == 4 && query.size(2) == 1 && keys.dim() == 4 && keys.sizes() == values.sizes() &&
                  query.size(1) % keys.size(1) == 0 && query.size(3) == keys.size(3),
              "cached attention: queries of shape ", query.sizes(), " do not fit a cache of shape ", keys.sizes());
  TORCH_CHECK(query.scalar_type() == keys.scalar_type() && keys.scalar_type() == values.scalar_type(),
              "cached attention: the cache holds ", keys.scalar_type(), ", got ", query.scalar_type());
  for (int64_t b = 0; b < query.size(0); b++)
    TORCH_CHECK(places.rows[b] >= 0 && places.rows[b] < keys.size(0) && places.starts[b] >= 0 &&
                    places.starts[b] < places.ends[b] && places.ends[b] <= keys.size(2),
                "cached attention: row ", places.rows[b], ", tokens ", places.starts[b], " to ", places.ends[b],
                " of a cache of shape ", keys.sizes());
}

}  // namespace

extern "C" {

ct_status ct_cached_attention(ct_tensor query, ct_tensor keys, ct_tensor values, const int64_t *rows,
                              const int64_t *starts, const int64_t *ends, double scale, double cap, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    const auto queries = unwrap(query).contiguous();
    auto &kept = unwrap(keys);
    auto &values_ = unwrap(values);
    const Places places{rows, starts, ends};
    check(queries, kept, values_, places);
    TORCH_CHECK(kept.is_cpu() && kept.is_contiguous() && values_.is_contiguous(), "cached attention: for whole caches on the CPU");
    auto mixed = at::empty(queries.sizes(), queries.options());
    if (queries.numel() == 0) return mixed;
    if (queries.scalar_type() == at::kFloat)
      attendRows<float>(queries, kept, values_, places, scale, cap, mixed);
    else if (queries.scalar_type() == at::kBFloat16)
      attendRows<Narrow>(queries, kept, values_, places, scale, cap, mixed);
    else
      TORCH_CHECK(false, "cached attention: float32 or bfloat16, got ", queries.scalar_type());
    return mixed;
  });
}
}
