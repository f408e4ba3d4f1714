// SPDX-License-Identifier: Apache-2.0
// Attention of one new token a row over the keys and values that its row of a cache holds: each row over its own length,
// without a mask and without copies. On the CPU in float32 and bfloat16, sums in float32.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "Bridge.h"
#include "DotKernels.h"
#include "Parallel.h"
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

/// A query or a sum [K] in float32, and the scores [S].
int64_t scratchSize(int64_t count, int64_t width) { return width + count; }

/// scale q·k for every key. `fixed` is the width where it is one the compiler shall know, so that the query stays in
/// registers; else 0.
template <typename T, int64_t fixed>
ATTUNE_INLINE void score(const Head<T> &head, const T *own, float *scratch, float *scores) {
  const int64_t width = fixed ? fixed : head.width;
  float known[fixed ? fixed : 1];
  float *query = fixed ? known : scratch;
  for (int64_t i = 0; i < width; i++) query[i] = load(own, i) * head.scale;
  for (int64_t s = 0; s < head.count; s++) {
    const T *key = head.keys + s * width;
    float product = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < width; i++) product += query[i] * load(key, i);
    }
    scores[s] = product;
  }
}

/// Scores become e to their distance from the greatest; returns 1 / their sum.
ATTUNE_INLINE float weigh(int64_t count, float cap, float *scores) {
  if (cap != 0) {
    // tanh x = 1 - 2 / (e²ˣ + 1)
    for (int64_t s = 0; s < count; s++) scores[s] = cap * (1.0f - 2.0f / (exponential(2.0f * scores[s] / cap) + 1.0f));
  }
  float greatest = scores[0], total = 0;
  {
#pragma clang fp reassociate(on)
    for (int64_t s = 1; s < count; s++) greatest = scores[s] > greatest ? scores[s] : greatest;
    for (int64_t s = 0; s < count; s++) {
      scores[s] = exponential(scores[s] - greatest);
      total += scores[s];
    }
  }
  return 1.0f / total;
}

/// The values by their shares; `fixed` as for scores.
template <typename T, int64_t fixed>
ATTUNE_INLINE void mix(const Head<T> &head, const float *shares, float factor, float *scratch, T *out) {
  const int64_t width = fixed ? fixed : head.width;
  float known[fixed ? fixed : 1];
  float *sum = fixed ? known : scratch;
  for (int64_t i = 0; i < width; i++) sum[i] = 0;
  for (int64_t s = 0; s < head.count; s++) {
    const float share = shares[s];
    const T *value = head.values + s * width;
    for (int64_t i = 0; i < width; i++) sum[i] += share * load(value, i);
  }
  for (int64_t i = 0; i < width; i++) store(out, i, sum[i] * factor);
}

template <typename T, int64_t fixed>
ATTUNE_INLINE void attend(const Head<T> &head, float *scratch) {
  const int64_t width = fixed ? fixed : head.width;
  float *shares = scratch + width;
  for (int64_t g = 0; g < head.group; g++) {
    score<T, fixed>(head, head.queries + g * width, scratch, shares);
    const float factor = weigh(head.count, head.cap, shares);
    mix<T, fixed>(head, shares, factor, scratch, head.out + g * width);
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
ATTUNE_KERNEL void attendPlainly(const Head<Narrow> &head, float *scratch) { attendKnown(head, scratch); }

#ifdef ATTUNE_HAS_DOTS

template <int width>
ATTUNE_DOTS void attendDots(const Head<Narrow> &head, float *scratch) {
  for (int64_t g = 0; g < head.group; g++) {
    dotScores<width>(head.queries + g * width, head.keys, head.count, head.scale, scratch);
    const float factor = weigh(head.count, head.cap, scratch);
    mix<Narrow, width>(head, scratch, factor, nullptr, head.out + g * width);
  }
}

void attendHead(const Head<Narrow> &head, float *scratch) {
  if (!hasDots()) return attendPlainly(head, scratch);
  switch (head.width) {
    case 32: return attendDots<32>(head, scratch);
    case 64: return attendDots<64>(head, scratch);
    case 128: return attendDots<128>(head, scratch);
    default: return attendPlainly(head, scratch);
  }
}

#else

void attendHead(const Head<Narrow> &head, float *scratch) { attendPlainly(head, scratch); }

#endif

ATTUNE_KERNEL void turnHeads(const float *x, const float *c, const float *s, int64_t heads, int64_t half, int64_t width,
                             float *y) {
  for (int64_t h = 0; h < heads; h++) rotateHead(x + h * width, c, s, half, width, y + h * width, false);
}
ATTUNE_KERNEL void turnHeads(const Narrow *x, const float *c, const float *s, int64_t heads, int64_t half, int64_t width,
                             Narrow *y) {
  for (int64_t h = 0; h < heads; h++) rotateHead(x + h * width, c, s, half, width, y + h * width, false);
}

struct Places {
  const int64_t *rows, *starts, *ends;
};

/// A thread of its own is worth about 64,000 multiplications: heads that a thread takes at least.
int64_t headGrain(const Places &places, int64_t rows, int64_t width, int64_t group) {
  int64_t all = 0;
  for (int64_t b = 0; b < rows; b++) all += places.ends[b] - places.starts[b];
  return std::max<int64_t>(1, 65536 / std::max<int64_t>(1, all / rows * width * group * 2));
}

int64_t longest(const Places &places, int64_t rows) {
  int64_t found = 0;
  for (int64_t b = 0; b < rows; b++) found = std::max(found, places.ends[b] - places.starts[b]);
  return found;
}

template <typename T>
void attendRows(const at::Tensor &query, const at::Tensor &keys, const at::Tensor &values, const Places &places,
                double scale, double cap, const at::Tensor &out) {
  const int64_t rows = query.size(0), heads = keys.size(1), width = query.size(3), group = query.size(1) / heads;
  const int64_t rowStep = heads * keys.size(2) * width, headStep = keys.size(2) * width;
  parallelFor(0, rows * heads, headGrain(places, rows, width, group), [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(scratchSize(longest(places, rows), width));
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

/// New tokens as products leave them, and the caches they belong to.
struct NewTokens {
  at::Tensor query, key, value, cosine, sine, keys, values;

  int64_t rows() const { return query.size(0); }
  int64_t heads() const { return keys.size(1); }
  int64_t width() const { return keys.size(3); }
  int64_t group() const { return query.size(2) / (heads() * width()); }
};

template <typename T>
T *place(const at::Tensor &tensor, int64_t offset) {
  return static_cast<T *>(tensor.data_ptr()) + offset;
}

template <typename T>
void attendNew(const NewTokens &tokens, const Places &places, double scale, double cap, const at::Tensor &out) {
  const int64_t rows = tokens.rows(), heads = tokens.heads(), width = tokens.width(), group = tokens.group();
  const int64_t capacity = tokens.keys.size(2), half = tokens.cosine.size(-1) / 2;
  const int64_t turnStep = tokens.cosine.dim() == 4 ? tokens.cosine.stride(0) : 0;
  parallelFor(0, rows * heads, headGrain(places, rows, width, group), [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(scratchSize(longest(places, rows), width));
    std::vector<T> queries(group * width);
    for (int64_t index = begin; index < end; index++) {
      const int64_t b = index / heads, h = index % heads;
      const float *c = tokens.cosine.const_data_ptr<float>() + b * turnStep;
      const float *s = tokens.sine.const_data_ptr<float>() + b * turnStep;
      const int64_t row = (places.rows[b] * heads + h) * capacity * width, last = places.ends[b] - 1;
      turnHeads(place<T>(tokens.key, b * tokens.key.stride(0) + h * width), c, s, 1, half, width,
                place<T>(tokens.keys, row + last * width));
      std::memcpy(place<T>(tokens.values, row + last * width),
                  place<T>(tokens.value, b * tokens.value.stride(0) + h * width), width * sizeof(T));
      turnHeads(place<T>(tokens.query, b * tokens.query.stride(0) + h * group * width), c, s, group, half, width,
                queries.data());
      const int64_t offset = row + places.starts[b] * width;
      attendHead(Head<T>{queries.data(), place<T>(tokens.keys, offset), place<T>(tokens.values, offset),
                         place<T>(out, index * group * width), group, places.ends[b] - places.starts[b], width,
                         float(scale), float(cap)},
                 scratch.data());
    }
  });
}

void check(const NewTokens &tokens, const Places &places) {
  auto &keys = tokens.keys;
  TORCH_CHECK(keys.dim() == 4 && keys.is_contiguous() && tokens.values.is_contiguous() && keys.is_cpu() &&
                  keys.sizes() == tokens.values.sizes(),
              "attention of new tokens: for whole caches on the CPU");
  for (auto *tensor : {&tokens.query, &tokens.key, &tokens.value})
    TORCH_CHECK(tensor->dim() == 3 && tensor->size(0) == tokens.rows() && tensor->size(1) == 1 && tensor->stride(2) == 1 &&
                    tensor->scalar_type() == keys.scalar_type() && tokens.values.scalar_type() == keys.scalar_type(),
                "attention of new tokens: got ", tensor->scalar_type(), " of shape ", tensor->sizes(), ", the cache holds ",
                keys.scalar_type(), " of shape ", keys.sizes());
  const int64_t keyWidth = tokens.heads() * tokens.width();
  TORCH_CHECK(tokens.key.size(2) == keyWidth && tokens.value.size(2) == keyWidth && tokens.query.size(2) % keyWidth == 0,
              "attention of new tokens: queries of ", tokens.query.size(2), " and keys of ", tokens.key.size(2),
              " numbers do not fit a cache of shape ", keys.sizes());
  for (auto *tensor : {&tokens.cosine, &tokens.sine})
    TORCH_CHECK(tensor->scalar_type() == at::kFloat && tensor->stride(-1) == 1 && tensor->size(-1) <= tokens.width() &&
                    tensor->sizes() == tokens.cosine.sizes() && tensor->strides() == tokens.cosine.strides() &&
                    (tensor->dim() == 4 ? tensor->size(0) == tokens.rows() : tensor->size(0) == 1),
                "attention of new tokens: turns of shape ", tensor->sizes());
  for (int64_t b = 0; b < tokens.rows(); b++)
    TORCH_CHECK(places.rows[b] >= 0 && places.rows[b] < keys.size(0) && places.starts[b] >= 0 &&
                    places.starts[b] < places.ends[b] && places.ends[b] <= keys.size(2),
                "attention of new tokens: row ", places.rows[b], ", tokens ", places.starts[b], " to ", places.ends[b],
                " of a cache of shape ", keys.sizes());
}

}  // namespace

extern "C" {

ct_status ct_token_attention(ct_tensor query, ct_tensor key, ct_tensor value, ct_tensor cosine, ct_tensor sine,
                             ct_tensor keys, ct_tensor values, const int64_t *rows, const int64_t *starts,
                             const int64_t *places, double scale, double cap, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    const NewTokens tokens{unwrap(query),  unwrap(key),  unwrap(value), unwrap(cosine),
                           unwrap(sine),   unwrap(keys), unwrap(values)};
    std::vector<int64_t> ends(places, places + tokens.rows());
    for (auto &end : ends) end += 1;
    const Places seen{rows, starts, ends.data()};
    check(tokens, seen);
    auto mixed = at::empty(tokens.query.sizes(), tokens.query.options());
    if (mixed.numel() == 0) return mixed;
    if (mixed.scalar_type() == at::kFloat)
      attendNew<float>(tokens, seen, scale, cap, mixed);
    else if (mixed.scalar_type() == at::kBFloat16)
      attendNew<Narrow>(tokens, seen, scale, cap, mixed);
    else
      TORCH_CHECK(false, "attention of new tokens: float32 or bfloat16, got ", mixed.scalar_type());
    return mixed;
  });
}

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
