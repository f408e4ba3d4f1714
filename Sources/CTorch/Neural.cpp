// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "Bridge.h"

#include <limits>

using namespace attune;

namespace {

/// Attention whose scores s become cap tanh(s / cap) before the mask; no fused kernel does that.
at::Tensor cappedAttention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
                           const std::optional<at::Tensor> &mask, bool causal, double scale, double cap) {
  auto keys = key, values = value;
  if (query.size(1) != key.size(1)) {
    const int64_t shared = query.size(1) / key.size(1);
    keys = key.repeat_interleave(shared, 1);
    values = value.repeat_interleave(shared, 1);
  }
  auto scores = query.matmul(keys.transpose(-1, -2)).mul(scale).div(cap).tanh().mul(cap);
  const double hidden = -std::numeric_limits<double>::infinity();
  if (mask) scores = scores.masked_fill(mask->logical_not(), hidden);
  if (causal) {
    auto later = at::ones({query.size(2), key.size(2)}, query.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(later, hidden);
  }
  auto wide = scores.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return scores.softmax(-1, wide).to(values.scalar_type()).matmul(values);
}

/// Whether attention is to be trained on short texts in bfloat16 on the CPU, where plain products and a softmax take half
/// the time of the fused kernel's backward pass.
bool isShortTraining(const at::Tensor &query, const at::Tensor &key, bool causal) {
  return causal && query.device().is_cpu() && query.scalar_type() == at::kBFloat16 && query.size(2) == key.size(2) &&
         query.size(2) <= 512 && at::GradMode::is_enabled() && query.requires_grad();
}

/// Causal attention as two batched products; heads that share keys stand one below the other.
at::Tensor shortAttention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, double scale) {
  const int64_t batch = query.size(0), heads = key.size(1), count = query.size(2), width = query.size(3);
  const int64_t group = query.size(1) / heads;
  auto rows = query.reshape({batch, heads, group * count, width});
  auto scores = rows.matmul(key.transpose(-1, -2)).mul(scale).view({batch, heads, group, count, count});
  auto later = at::ones({count, count}, query.options().dtype(at::kBool)).triu(1);
  auto shares = scores.masked_fill(later, -std::numeric_limits<double>::infinity()).softmax(-1);
  return shares.view({batch, heads, group * count, count})
      .matmul(value)
      .view({batch, heads * group, count, value.size(3)});
}

}  // namespace

extern "C" {

ct_status ct_linear(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, ct_tensor *out) {
  return produce(out, [&] { return at::linear(unwrap(input), unwrap(weight), unwrapOptional(bias)); });
}

ct_status ct_embedding(ct_tensor weight, ct_tensor ids, ct_tensor *out) {
  return produce(out, [&] { return at::embedding(unwrap(weight), unwrap(ids)); });
}

ct_status ct_gelu_tanh(ct_tensor a, ct_tensor *out) {
  return produce(out, [&] { return at::gelu(unwrap(a), "tanh"); });
}

ct_status ct_layer_norm(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, double epsilon, ct_tensor *out) {
  return produce(out, [&] {
    auto &gain = unwrap(weight);
    return at::layer_norm(unwrap(input), gain.sizes(), gain, unwrapOptional(bias).value_or(at::Tensor()), epsilon);
  });
}

ct_status ct_attention(ct_tensor query, ct_tensor key, ct_tensor value, ct_optional_tensor mask, bool causal,
                       double scale, double cap, ct_tensor *out) {
  return produce(out, [&] {
    auto &q = unwrap(query);
    auto &k = unwrap(key);
    auto &v = unwrap(value);
    if (cap != 0) return cappedAttention(q, k, v, unwrapOptional(mask), causal, scale, cap);
    if (isShortTraining(q, k, causal)) return shortAttention(q, k, v, scale);
    bool shared = q.size(1) != k.size(1);
    auto places = unwrapOptional(mask);
    if (shared && q.size(2) == 1 && !causal && (!places || places->dim() < 4 || places->size(1) == 1)) {
      // One new token a row: the queries that share a key head go as one head's tokens, and no key is repeated.
      const int64_t group = q.size(1) / k.size(1);
      auto grouped = q.reshape({q.size(0), k.size(1), group, q.size(3)});
      return at::scaled_dot_product_attention(grouped, k, v, places, 0.0, false, scale)
          .reshape({q.size(0), q.size(1), 1, v.size(3)});
    }
    return at::scaled_dot_product_attention(q, k, v, places, 0.0, causal, scale, shared);
  });
}
}
