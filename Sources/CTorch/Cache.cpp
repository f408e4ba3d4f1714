// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/List.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <cstring>

#include "Bridge.h"

using namespace attune;

namespace {

struct Rows {
  const int64_t *rows, *starts, *counts;
  int64_t count;
};

void check(const at::Tensor &cache, const at::Tensor &source, const Rows &places) {
  TORCH_CHECK(cache.dim() == 4 && source.dim() == 4 && cache.size(1) == source.size(1) &&
                  cache.size(3) == source.size(3) && source.size(0) == places.count,
              "cache: tokens of shape ", source.sizes(), " do not fit a cache of shape ", cache.sizes());
  TORCH_CHECK(cache.scalar_type() == source.scalar_type(), "cache: holds ", cache.scalar_type(), ", got ",
              source.scalar_type());
  for (int64_t i = 0; i < places.count; ++i)
    TORCH_CHECK(places.rows[i] >= 0 && places.rows[i] < cache.size(0) && places.starts[i] >= 0 &&
                    places.counts[i] <= source.size(2) && places.starts[i] + places.counts[i] <= cache.size(2),
                "cache: row ", places.rows[i], ", tokens ", places.starts[i], " to ",
                places.starts[i] + places.counts[i], " of a cache of shape ", cache.sizes());
}

/// On the processor: one copy of memory a token and head, or a head where tokens follow each other.
void writeBytes(const at::Tensor &cache, const at::Tensor &source, const Rows &places) {
  const int64_t size = cache.element_size(), width = cache.size(3) * size;
  auto *to = static_cast<char *>(cache.mutable_data_ptr());
  auto *from = static_cast<const char *>(source.const_data_ptr());
  const bool packed = source.stride(2) == source.size(3);
  for (int64_t i = 0; i < places.count; ++i)
    for (int64_t head = 0; head < cache.size(1); ++head) {
      char *target = to + size * (places.rows[i] * cache.stride(0) + head * cache.stride(1)) + width * places.starts[i];
      const char *origin = from + size * (i * source.stride(0) + head * source.stride(1));
      if (packed) {
        std::memcpy(target, origin, width * places.counts[i]);
        continue;
      }
      for (int64_t token = 0; token < places.counts[i]; ++token)
        std::memcpy(target + width * token, origin + size * token * source.stride(2), width);
    }
}

/// Elsewhere: one token a row goes in one operation, more in one a row.
void writeTensors(const at::Tensor &cache, const at::Tensor &source, const Rows &tokens) {
  if (source.size(2) == 1) {
    auto options = at::TensorOptions().dtype(at::kLong);
    auto rows = at::tensor(at::IntArrayRef(tokens.rows, tokens.count), options).to(cache.device());
    auto starts = at::tensor(at::IntArrayRef(tokens.starts, tokens.count), options).to(cache.device());
    c10::List<std::optional<at::Tensor>> places({std::optional(rows), std::optional(starts)});
    cache.transpose(1, 2).index_put_(places, source.squeeze(2));
    return;
  }
  for (int64_t i = 0; i < tokens.count; ++i)
    cache.select(0, tokens.rows[i])
        .narrow(1, tokens.starts[i], tokens.counts[i])
        .copy_(source.select(0, i).narrow(1, 0, tokens.counts[i]));
}

}  // namespace

extern "C" {

ct_status ct_cache_write(ct_tensor cache, ct_tensor source, const int64_t *rows, const int64_t *starts,
                         const int64_t *counts, int64_t count) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto &kept = unwrap(cache);
    auto &added = unwrap(source);
    const Rows places{rows, starts, counts, count};
    check(kept, added, places);
    if (kept.is_cpu() && kept.is_contiguous() && added.stride(3) == 1)
      writeBytes(kept, added, places);
    else
      writeTensors(kept, added, places);
  });
}

ct_status ct_cache_copy(ct_tensor cache, int64_t from, int64_t to, int64_t first, int64_t last) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto &kept = unwrap(cache);
    kept.select(0, to).narrow(1, first, last - first).copy_(kept.select(0, from).narrow(1, first, last - first));
  });
}
}
