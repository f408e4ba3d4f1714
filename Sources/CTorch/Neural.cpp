// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "Bridge.h"

using namespace attune;

extern "C" {

ct_status ct_linear(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, ct_tensor *out) {
  return produce(out, [&] { return at::linear(unwrap(input), unwrap(weight), unwrapOptional(bias)); });
}

ct_status ct_embedding(ct_tensor weight, ct_tensor ids, ct_tensor *out) {
  return produce(out, [&] { return at::embedding(unwrap(weight), unwrap(ids)); });
}

ct_status ct_rms_norm(ct_tensor input, ct_tensor weight, double epsilon, ct_tensor *out) {
  return produce(out, [&] {
    auto &x = unwrap(input);
    auto &gain = unwrap(weight);
    auto wide = x.to(at::kFloat);
    if (x.scalar_type() == at::kDouble) wide = x;
    auto scale = wide.square().mean(-1, /*keepdim=*/true).add(epsilon).rsqrt();
    return wide.mul(scale).to(x.scalar_type()).mul(gain);
  });
}

ct_status ct_layer_norm(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, double epsilon, ct_tensor *out) {
  return produce(out, [&] {
    auto &gain = unwrap(weight);
    return at::layer_norm(unwrap(input), gain.sizes(), gain, unwrapOptional(bias).value_or(at::Tensor()), epsilon);
  });
}

ct_status ct_rotary(ct_tensor x, ct_tensor cosine, ct_tensor sine, ct_tensor *out) {
  return produce(out, [&] {
    auto &input = unwrap(x);
    auto half = input.size(-1) / 2;
    auto first = input.narrow(-1, 0, half);
    auto second = input.narrow(-1, half, half);
    auto turned = at::cat({second.neg(), first}, -1);
    return input.mul(unwrap(cosine)).add(turned.mul(unwrap(sine))).to(input.scalar_type());
  });
}

ct_status ct_attention(ct_tensor query, ct_tensor key, ct_tensor value, ct_optional_tensor mask, bool causal,
                       double scale, ct_tensor *out) {
  return produce(out, [&] {
    auto &q = unwrap(query);
    auto &k = unwrap(key);
    auto &v = unwrap(value);
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
