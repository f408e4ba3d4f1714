// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of chosen tokens without the logits of a whole batch.
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "Bridge.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Logits of some rows in float32 (float64 stays), bounded by cap tanh(l / cap) where there is a cap.
at::Tensor cappedLogits(const at::Tensor &rows, const at::Tensor &weight, double cap) {
  auto logits = at::linear(rows, weight);
  if (logits.scalar_type() != at::kDouble) logits = logits.to(at::kFloat);
  return cap == 0 ? logits : logits.div(cap).tanh_().mul_(cap);
}

at::Tensor divided(const at::Tensor &logits, double temperature) {
  return temperature == 1.0 ? logits : logits.div(temperature);
}

/// The type matrix products run in: autocast's where that is on, so that the backward pass, which runs outside of
/// the autocast region, repeats exactly what the forward pass did; else the wider of the two.
at::ScalarType productType(const at::Tensor &hidden, const at::Tensor &weight) {
  auto device = hidden.device().type();
  bool casts = at::autocast::is_autocast_enabled(device) && hidden.scalar_type() != at::kDouble;
  return casts ? at::autocast::get_autocast_dtype(device)
               : c10::promoteTypes(hidden.scalar_type(), weight.scalar_type());
}

struct TargetLogProbs : public torch::autograd::Function<TargetLogProbs> {
  static variable_list forward(AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight,
                               const at::Tensor &targets, double temperature, double cap, int64_t chunk,
                               bool wantsEntropy, bool wantsTop1) {
    const int64_t count = hidden.size(0);
    const auto wide = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    auto logProbs = at::empty({count}, hidden.options().dtype(wide));
    auto normalizer = at::empty_like(logProbs);
    auto entropy = at::empty({wantsEntropy ? count : 0}, logProbs.options());
    auto top1 = at::empty({wantsTop1 ? count : 0}, logProbs.options());
    const auto product = productType(hidden, weight);
    const auto rows = hidden.to(product), head = weight.to(product);
    for (int64_t start = 0; start < count; start += chunk) {
      const int64_t length = std::min(chunk, count - start);
      auto logits = divided(cappedLogits(rows.narrow(0, start, length), head, cap), temperature);
      auto target = targets.narrow(0, start, length).unsqueeze(1);
      auto logSum = logits.logsumexp(1);
      auto chosen = logits.gather(1, target).squeeze(1);
      normalizer.narrow(0, start, length).copy_(logSum);
      logProbs.narrow(0, start, length).copy_(chosen.sub(logSum));
      if (wantsTop1) top1.narrow(0, start, length).copy_(logits.argmax(1).eq(target.squeeze(1)));
      if (wantsEntropy) {
        auto logs = logits.sub_(logSum.unsqueeze(1));
        entropy.narrow(0, start, length).copy_(logs.exp().mul_(logs).sum(1).neg_());
      }
    }
    context->save_for_backward({hidden, weight, targets, normalizer, entropy});
    context->saved_data["temperature"] = temperature;
    context->saved_data["cap"] = cap;
    context->saved_data["chunk"] = chunk;
    context->saved_data["product"] = static_cast<int64_t>(product);
    context->mark_non_differentiable({top1});
    return {logProbs, entropy, top1};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto &hidden = saved[0], &weight = saved[1], &targets = saved[2], &normalizer = saved[3], &entropy = saved[4];
    const double temperature = context->saved_data["temperature"].toDouble();
    const double cap = context->saved_data["cap"].toDouble();
    const int64_t chunk = context->saved_data["chunk"].toInt();
    const auto &byLogProb = gradients[0];
    const auto &byEntropy = gradients[1];
    const bool hasEntropy = byEntropy.defined() && byEntropy.numel() > 0;
    const bool wantsHidden = context->needs_input_grad(0);
    const bool wantsWeight = context->needs_input_grad(1);
    const int64_t count = hidden.size(0);
    const auto product = static_cast<at::ScalarType>(context->saved_data["product"].toInt());
    const auto states = hidden.to(product), head = weight.to(product);

    auto hiddenGradient = wantsHidden ? at::empty_like(hidden) : at::Tensor();
    auto weightGradient =
        wantsWeight ? at::zeros_like(weight, weight.options().dtype(normalizer.scalar_type())) : at::Tensor();
    for (int64_t start = 0; start < count; start += chunk) {
      const int64_t length = std::min(chunk, count - start);
      auto rows = states.narrow(0, start, length);
      auto capped = cappedLogits(rows, head, cap);
      auto logs = divided(capped, temperature).sub(normalizer.narrow(0, start, length).unsqueeze(1));
      auto probabilities = logs.exp();
      at::Tensor gradient;
      if (byLogProb.defined()) {
        auto upstream = byLogProb.narrow(0, start, length).unsqueeze(1);
        gradient = probabilities.mul(upstream).neg_();
        gradient.scatter_add_(1, targets.narrow(0, start, length).unsqueeze(1), upstream);
      } else {
        gradient = at::zeros_like(probabilities);
      }
      if (hasEntropy) {
        auto upstream = byEntropy.narrow(0, start, length).unsqueeze(1);
        auto surplus = logs.add_(entropy.narrow(0, start, length).unsqueeze(1));
        gradient.sub_(probabilities.mul(surplus).mul_(upstream));
      }
      if (temperature != 1.0) gradient.div_(temperature);
      if (cap != 0) gradient.mul_(capped.div(cap).square_().neg_().add_(1));  // tanh' = 1 - tanh²
      auto narrow = gradient.to(product);
      if (wantsHidden) hiddenGradient.narrow(0, start, length).copy_(narrow.matmul(head));
      if (wantsWeight) weightGradient.add_(narrow.t().matmul(rows));
    }
    if (wantsWeight) weightGradient = weightGradient.to(weight.scalar_type());
    variable_list results(8);  // one an argument of `forward`; only the first two have a gradient
    results[0] = hiddenGradient;
    results[1] = weightGradient;
    return results;
  }
};

}  // namespace

extern "C" {

ct_status ct_target_log_probs(ct_tensor hidden, ct_tensor weight, ct_tensor targets, double temperature, double cap,
                              int64_t chunk, bool wants_entropy, bool wants_top1, ct_tensor *log_probs,
                              ct_tensor *entropy, ct_tensor *top1) {
  return guarded([&] {
    auto &rows = unwrap(hidden);
    auto &head = unwrap(weight);
    auto &ids = unwrap(targets);
    TORCH_CHECK(rows.dim() == 2 && head.dim() == 2 && rows.size(1) == head.size(1),
                "target log-probs: hidden must be [N, D] and weight [V, D]; got ", rows.sizes(), " and ", head.sizes());
    TORCH_CHECK(ids.dim() == 1 && ids.size(0) == rows.size(0), "target log-probs: ", rows.size(0),
                " hidden states but targets of shape ", ids.sizes());
    auto results = TargetLogProbs::apply(rows, head, ids, temperature, cap, chunk, wants_entropy, wants_top1);
    *log_probs = wrap(results[0]);
    *entropy = wrap(results[1]);
    *top1 = wrap(results[2]);
  });
}
}
