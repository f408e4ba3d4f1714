// SPDX-License-Identifier: Apache-2.0
// Causal attention of texts that lie end to end in one row of tokens, without padding and with common beginnings once.
//
// Each segment is a run of new tokens; its queries see the spans before it (the beginning it shares with other texts)
// and itself up to their own place. On the CPU in float32 and bfloat16 scores of a block of queries exist at a time, for
// one head of keys, and are computed again in the backward pass; elsewhere the plain operations say what is meant.
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "Bridge.h"
#include "Parallel.h"
#include "SegmentKernels.h"
#include "SegmentLayout.h"

using namespace attune;
using namespace attune::kernels;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// --- Blocks -------------------------------------------------------------------------------------------------------

/// Room after the last token, and after the keys of a segment, for products of rounded sizes.
constexpr int64_t slack = 32;

/// Queries, keys and values of all tokens, head by head: a query's heads that share keys stand side by side.
struct Heads {
  int64_t heads, keyHeads, shared, tokens, width, keptTokens;
  at::TensorOptions options;
  /// Products have sizes that are multiples of this many tokens, so that few kernels are made for texts of all lengths;
  /// what is computed beyond a segment is of its neighbours, meets shares of zero and is dropped.
  int64_t rounding;
  /// Queries of a block, in tokens. Small blocks leave out more of what is not seen; in bfloat16 calls are dear.
  int64_t blockTokens;

  Heads(const at::Tensor &query, const at::Tensor &key)
      : heads(query.size(1)), keyHeads(key.size(1)), shared(heads / keyHeads), tokens(query.size(2)),
        width(query.size(3)), keptTokens(tokens + slack), options(query.options()),
        rounding(query.scalar_type() == at::kFloat ? 16 : 32), blockTokens(query.scalar_type() == at::kFloat ? 32 : 128) {}

  int64_t roundedUp(int64_t count) const { return (count + rounding - 1) / rounding * rounding; }

  /// `[1, H, N, K]` as `[H', N + slack, shared, K]`, zero at the end; `count` heads share keys.
  at::Tensor packed(const at::Tensor &x, int64_t count) const {
    auto all = at::empty({keyHeads, keptTokens, count, width}, options);
    all.narrow(1, 0, tokens).copy_(x.select(0, 0).unflatten(0, {keyHeads, count}).transpose(1, 2));
    all.narrow(1, tokens, keptTokens - tokens).zero_();
    return all;
  }

  template <typename T>
  T *queries(const at::Tensor &packed, int64_t head, int64_t token) const {
    return static_cast<T *>(packed.data_ptr()) + (head * keptTokens + token) * shared * width;
  }

  template <typename T>
  T *keys(const at::Tensor &packed, int64_t head, int64_t token) const {
    return static_cast<T *>(packed.data_ptr()) + (head * keptTokens + token) * width;
  }

  /// Writes rows of a block, `[tokens, shared, K]`, to where they stand in `[N, H, K]`.
  template <typename T>
  void writeQueries(const T *rows, int64_t count, at::Tensor &to, int64_t head, int64_t token) const {
    auto *target = static_cast<T *>(to.data_ptr()) + (token * heads + head * shared) * width;
    for (int64_t t = 0; t < count; t++)
      std::memcpy(target + t * heads * width, rows + t * shared * width, shared * width * sizeof(T));
  }
};

/// What a thread needs besides, kept from one task to the next.
template <typename T>
struct Scratch {
  std::vector<T> scores, gradients, rows, columns, keys, values, queries, upstream;

  static T *room(std::vector<T> &of, int64_t count) {
    if (int64_t(of.size()) < count) of.resize(count);
    return of.data();
  }
};

template <typename T>
constexpr at::ScalarType typeOf = std::is_same_v<T, float> ? at::kFloat : at::kBFloat16;

template <typename T>
at::Tensor matrices(T *data, int64_t count, int64_t rows, int64_t columns) {
  return at::from_blob(data, {count, rows, columns}, at::TensorOptions().dtype(typeOf<T>));
}

/// out = a b for each head.
template <typename T>
void multiply(const at::Tensor &a, const at::Tensor &b, T *out) {
  auto result = matrices(out, a.size(0), a.size(1), b.size(2));
  at::bmm_out(result, a, b);
}

/// Some heads of the keys of one tree, or of one segment: what a thread does at a time.
struct Task {
  const std::vector<const Segment *> *segments;
  int64_t head, headCount;
};

/// All heads together where there is enough for all threads: in bfloat16 a small product costs as much as its call.
std::vector<Task> tasksFor(const Heads &heads, const std::vector<std::vector<const Segment *>> &parts, bool isNarrow) {
  const int64_t together = isNarrow && int64_t(parts.size()) >= 2 * at::get_num_threads() ? heads.keyHeads : 1;
  std::vector<Task> tasks;
  for (auto &part : parts)
    for (int64_t head = 0; head < heads.keyHeads; head += together) tasks.push_back({&part, head, together});
  return tasks;
}

/// Keys or values that a segment sees, in order and with room for rounding, `[heads of the task, S, K]`.
template <typename T>
at::Tensor seen(const Heads &heads, const at::Tensor &packed, const Segment &segment, const Task &task,
                std::vector<T> &room) {
  const int64_t width = heads.width, count = segment.keyCount();
  if (segment.before.empty() && task.headCount == 1)
    return matrices(heads.keys<T>(packed, task.head, segment.start), 1, count + slack, width);
  T *begin = Scratch<T>::room(room, task.headCount * (count + slack) * width), *place = begin;
  for (int64_t head = task.head; head < task.head + task.headCount; head++) {
    const auto copy = [&](const Span &span) {
      std::memcpy(place, heads.keys<T>(packed, head, span.start), span.count * width * sizeof(T));
      place += span.count * width;
    };
    for (auto &span : segment.before) copy(span);
    copy({segment.start, segment.count});
    std::memset(static_cast<void *>(place), 0, slack * width * sizeof(T));
    place += slack * width;
  }
  return matrices(begin, task.headCount, count + slack, width);
}

/// Queries of a block, or what has their shape, `[heads of the task, rows, K]`.
template <typename T>
at::Tensor queries(const Heads &heads, const at::Tensor &packed, const Task &task, int64_t place, int64_t rows,
                   std::vector<T> &room) {
  if (task.headCount == 1) return matrices(heads.queries<T>(packed, task.head, place), 1, rows, heads.width);
  T *begin = Scratch<T>::room(room, task.headCount * rows * heads.width);
  for (int64_t h = 0; h < task.headCount; h++)
    std::memcpy(begin + h * rows * heads.width, heads.queries<T>(packed, task.head + h, place),
                rows * heads.width * sizeof(T));
  return matrices(begin, task.headCount, rows, heads.width);
}

/// Calls `body` with each block of a segment's queries, the place of its first token, and how many it has.
template <typename Body>
void forBlocks(const Heads &heads, const Segment &segment, const Style &style, Body &&body) {
  for (int64_t token = 0; token < segment.count; token += heads.blockTokens) {
    const int64_t count = std::min(heads.blockTokens, segment.count - token);
    const int64_t first = segment.beforeCount + token;
    const int64_t low = style.firstKey(first) / heads.rounding * heads.rounding;
    body(Block{count * heads.shared, heads.roundedUp(count) * heads.shared, heads.shared, first, low,
               heads.roundedUp(first + count - low), float(style.scale), float(style.cap), style.window},
         segment.start + token, count);
  }
}

/// Tasks one after the other on as many threads as there are; which thread does which changes no number.
template <typename T, typename Body>
void runTasks(const std::vector<Task> &tasks, Body &&body) {
  std::atomic<size_t> next{0};
  const auto threads = std::min<int64_t>(int64_t(tasks.size()), threads::available());
  parallelFor(0, threads, 1, [&](int64_t, int64_t) {
    at::AutoDispatchBelowADInplaceOrView guard;
    Scratch<T> scratch;
    for (size_t task = next++; task < tasks.size(); task = next++) body(tasks[task], scratch);
  });
}

struct Packed {
  at::Tensor query, key, value;
};

float *sumsAt(const at::Tensor &logSums, const Heads &heads, int64_t head, int64_t place) {
  return logSums.defined() ? logSums.data_ptr<float>() + (head * heads.tokens + place) * heads.shared : nullptr;
}

/// Shares of values, `[N, H, K]`; `logSums` `[H', N, shared]` is filled where it is defined.
template <typename T>
at::Tensor mixed(const Heads &heads, const Packed &packed, const std::vector<Segment> &segments, const Style &style,
                 const at::Tensor &logSums) {
  auto out = at::empty({heads.tokens, heads.heads, heads.width}, heads.options);
  std::vector<std::vector<const Segment *>> parts;
  for (auto &tree : trees(segments, heads.tokens))
    for (auto *segment : tree) parts.push_back({segment});
  runTasks<T>(tasksFor(heads, parts, typeOf<T> != at::kFloat), [&](const Task &task, Scratch<T> &scratch) {
    const Segment &segment = *task.segments->front();
    const auto keys = seen(heads, packed.key, segment, task, scratch.keys);
    const auto values = seen(heads, packed.value, segment, task, scratch.values);
    forBlocks(heads, segment, style, [&](const Block &block, int64_t place, int64_t count) {
      const int64_t size = block.paddedRows * block.width, rowSize = block.paddedRows * heads.width;
      T *scores = scratch.room(scratch.scores, task.headCount * size);
      const auto query = queries(heads, packed.query, task, place, block.paddedRows, scratch.queries);
      multiply(query, keys.narrow(1, block.low, block.width).transpose(1, 2), scores);
      for (int64_t h = 0; h < task.headCount; h++)
        shares(scores + h * size, block, sumsAt(logSums, heads, task.head + h, place));
      T *rows = scratch.room(scratch.rows, task.headCount * rowSize);
      multiply(matrices(scores, task.headCount, block.paddedRows, block.width),
               values.narrow(1, block.low, block.width), rows);
      for (int64_t h = 0; h < task.headCount; h++)
        heads.writeQueries(rows + h * rowSize, count, out, task.head + h, place);
    });
  });
  return out;
}

/// Adds rows of keys seen from `low` on, `[n, K]`, to the sums `[N, K]` of one head.
template <typename T>
void addSeen(const Segment &segment, const T *rows, int64_t low, int64_t count, int64_t width, float *sums) {
  int64_t begin = 0;  // of a span among the keys seen
  const auto add = [&](int64_t start, int64_t length) {
    const int64_t from = std::max(begin, low), to = std::min(begin + length, low + count);
    if (from < to) addTo(sums + (start + from - begin) * width, rows + (from - low) * width, (to - from) * width);
    begin += length;
  };
  for (auto &span : segment.before) add(span.start, span.count);
  add(segment.start, segment.count);
}

/// Gradients of queries `[N, H, K]`, and of keys and values summed in float32, `[H', N, K]`.
struct Gradients {
  at::Tensor query, key, value;
};

template <typename T>
void differentiateBlock(const Heads &heads, const Packed &packed, const Segment &segment, const Task &task,
                        const Block &block, int64_t place, int64_t count, const at::Tensor &keys,
                        const at::Tensor &values, const at::Tensor &logSums, const at::Tensor &upstream,
                        Gradients &out, Scratch<T> &scratch) {
  const int64_t headCount = task.headCount, width = heads.width;
  const int64_t size = block.paddedRows * block.width, rowSize = block.paddedRows * width, columnSize = block.width * width;
  T *scores = scratch.room(scratch.scores, headCount * size), *gradients = scratch.room(scratch.gradients, headCount * size);
  const auto query = queries(heads, packed.query, task, place, block.paddedRows, scratch.queries);
  const auto above = queries(heads, upstream, task, place, block.paddedRows, scratch.upstream);
  const auto key = keys.narrow(1, block.low, block.width), value = values.narrow(1, block.low, block.width);
  multiply(query, key.transpose(1, 2), scores);
  multiply(above, value.transpose(1, 2), gradients);
  for (int64_t h = 0; h < headCount; h++)
    differentiate(scores + h * size, gradients + h * size, block, sumsAt(logSums, heads, task.head + h, place));
  const auto share = matrices(scores, headCount, block.paddedRows, block.width);
  const auto gradient = matrices(gradients, headCount, block.paddedRows, block.width);
  T *rows = scratch.room(scratch.rows, headCount * rowSize);
  multiply(gradient, key, rows);
  for (int64_t h = 0; h < headCount; h++) heads.writeQueries(rows + h * rowSize, count, out.query, task.head + h, place);
  T *columns = scratch.room(scratch.columns, headCount * columnSize);
  const auto addColumns = [&](at::Tensor &sums) {
    for (int64_t h = 0; h < headCount; h++)
      addSeen(segment, columns + h * columnSize, block.low, block.first + count - block.low, width,
              sums.data_ptr<float>() + (task.head + h) * heads.tokens * width);
  };
  multiply(gradient.transpose(1, 2), query, columns);
  addColumns(out.key);
  multiply(share.transpose(1, 2), above, columns);
  addColumns(out.value);
}

template <typename T>
void differentiateAll(const Heads &heads, const Packed &packed, const std::vector<Segment> &segments,
                      const Style &style, const at::Tensor &logSums, const at::Tensor &upstream, Gradients &out) {
  // Segments of a tree add to the same sums, so they are one task's.
  const auto parts = trees(segments, heads.tokens);
  runTasks<T>(tasksFor(heads, parts, typeOf<T> != at::kFloat), [&](const Task &task, Scratch<T> &scratch) {
    for (auto *segment : *task.segments) {
      const auto keys = seen(heads, packed.key, *segment, task, scratch.keys);
      const auto values = seen(heads, packed.value, *segment, task, scratch.values);
      forBlocks(heads, *segment, style, [&](const Block &block, int64_t place, int64_t count) {
        differentiateBlock(heads, packed, *segment, task, block, place, count, keys, values, logSums, upstream, out,
                           scratch);
      });
    }
  });
}

struct SegmentAttention : public torch::autograd::Function<SegmentAttention> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &query, const at::Tensor &key,
                            const at::Tensor &value, at::ArrayRef<int64_t> layout, Style style) {
    const Heads heads(query, key);
    const Packed packed{heads.packed(query, heads.shared), heads.packed(key, 1), heads.packed(value, 1)};
    auto logSums = at::empty({heads.keyHeads, heads.tokens, heads.shared}, query.options().dtype(at::kFloat));
    const auto segments = readSegments(layout, heads.tokens);
    auto out = query.scalar_type() == at::kFloat ? mixed<float>(heads, packed, segments, style, logSums)
                                                 : mixed<Narrow>(heads, packed, segments, style, logSums);
    context->save_for_backward({packed.query, packed.key, packed.value, logSums});
    context->saved_data["layout"] = layout.vec();
    context->saved_data["scale"] = style.scale;
    context->saved_data["cap"] = style.cap;
    context->saved_data["window"] = style.window;
    return out.unsqueeze(0).transpose(1, 2);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto layout = context->saved_data["layout"].toIntVector();
    const Style style{context->saved_data["scale"].toDouble(), context->saved_data["cap"].toDouble(),
                      context->saved_data["window"].toInt()};
    const Packed packed{saved[0], saved[1], saved[2]};
    const Heads heads(gradients[0], packed.key.transpose(0, 1));
    const auto upstream = heads.packed(gradients[0], heads.shared);
    const auto segments = readSegments(layout, heads.tokens);
    const auto sums = heads.options.dtype(at::kFloat);
    Gradients out{at::empty({heads.tokens, heads.heads, heads.width}, heads.options),
                  at::zeros({heads.keyHeads, heads.tokens, heads.width}, sums),
                  at::zeros({heads.keyHeads, heads.tokens, heads.width}, sums)};
    if (heads.options.dtype() == at::kFloat) {
      differentiateAll<float>(heads, packed, segments, style, saved[3], upstream, out);
    } else {
      differentiateAll<Narrow>(heads, packed, segments, style, saved[3], upstream, out);
    }
    // In memory as the products before them left queries, keys and values: tokens outside, heads inside.
    const auto laidOut = [&](const at::Tensor &sums) {
      return at::empty({heads.tokens, heads.keyHeads, heads.width}, heads.options)
          .copy_(sums.transpose(0, 1))
          .unsqueeze(0)
          .transpose(1, 2);
    };
    return {out.query.unsqueeze(0).transpose(1, 2), laidOut(out.key), laidOut(out.value), at::Tensor(), at::Tensor()};
  }
};

// --- Plain operations ---------------------------------------------------------------------------------------------

/// Tokens `start ..< start + count` of spans and segment, joined, `[1, H, S, K]`.
at::Tensor joined(const at::Tensor &x, const Segment &segment) {
  auto own = x.narrow(2, segment.start, segment.count);
  if (segment.before.empty()) return own;
  std::vector<at::Tensor> parts;
  for (auto &span : segment.before) parts.push_back(x.narrow(2, span.start, span.count));
  parts.push_back(own);
  return at::cat(parts, 2);
}

at::Tensor plainSegment(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, const Segment &segment,
                        const Style &style) {
  const bool isShared = query.size(1) != key.size(1);
  if (segment.before.empty() && style.cap == 0 && (style.window == 0 || style.window >= segment.count))
    return at::scaled_dot_product_attention(query, key, value, {}, 0.0, true, style.scale, isShared);
  const auto places = at::arange(segment.keyCount(), query.options().dtype(at::kLong));
  const auto positions = places.narrow(0, segment.beforeCount, segment.count).unsqueeze(1);
  auto isSeen = places.le(positions);
  if (style.window > 0) isSeen = isSeen.logical_and(places.gt(positions.sub(style.window)));
  if (style.cap == 0) return at::scaled_dot_product_attention(query, key, value, isSeen, 0.0, false, style.scale, isShared);
  const int64_t shared = query.size(1) / key.size(1);
  const auto keys = key.repeat_interleave(shared, 1), values = value.repeat_interleave(shared, 1);
  const auto scores = query.matmul(keys.transpose(-1, -2)).mul(style.scale).div(style.cap).tanh().mul(style.cap);
  const auto wide = scores.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return scores.masked_fill(isSeen.logical_not(), -std::numeric_limits<double>::infinity())
      .softmax(-1, wide)
      .to(values.scalar_type())
      .matmul(values);
}

at::Tensor plain(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, at::ArrayRef<int64_t> layout,
                 const Style &style) {
  std::vector<at::Tensor> parts;
  for (auto &segment : readSegments(layout, query.size(2)))
    parts.push_back(plainSegment(query.narrow(2, segment.start, segment.count), joined(key, segment),
                                 joined(value, segment), segment, style));
  return at::cat(parts, 2);
}

bool hasKernel(const at::Tensor &x) {
  return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace

extern "C" {

ct_status ct_segment_attention(ct_tensor query, ct_tensor key, ct_tensor value, const int64_t *layout,
                               int64_t layout_count, double scale, double cap, int64_t window, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    auto q = unwrap(query), k = unwrap(key), v = unwrap(value);
    TORCH_CHECK(q.dim() == 4 && q.size(0) == 1 && k.dim() == 4 && k.sizes() == v.sizes() && q.size(2) == k.size(2) &&
                    q.size(3) == k.size(3) && q.size(1) % k.size(1) == 0,
                "segment attention: query must be [1, H, N, K], key and value [1, H', N, K] with H' a divisor of H; got ",
                q.sizes(), ", ", k.sizes(), " and ", v.sizes());
    const auto device = q.device().type();
    if (at::autocast::is_autocast_enabled(device) && q.scalar_type() != at::kDouble) {
      const auto type = at::autocast::get_autocast_dtype(device);
      q = q.to(type), k = k.to(type), v = v.to(type);
    }
    const at::ArrayRef<int64_t> places(layout, layout_count);
    const Style style{scale, cap, window};
    if (!hasKernel(q) || k.scalar_type() != q.scalar_type() || v.scalar_type() != q.scalar_type())
      return plain(q, k, v, places, style);
    if (at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad()))
      return SegmentAttention::apply(q, k, v, places, style);
    const Heads heads(q, k);
    const Packed packed{heads.packed(q, heads.shared), heads.packed(k, 1), heads.packed(v, 1)};
    const auto segments = readSegments(places, heads.tokens);
    auto result = q.scalar_type() == at::kFloat ? mixed<float>(heads, packed, segments, style, at::Tensor())
                                                : mixed<Narrow>(heads, packed, segments, style, at::Tensor());
    return result.unsqueeze(0).transpose(1, 2);
  });
}
}
