// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of chosen tokens without the logits of a whole batch.
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "Bridge.h"
#include "Parallel.h"
#include "RowKernels.h"

using namespace attune;
using namespace attune::kernels;
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

// --- Kernels: a row of logits read once more than it must be, and nothing of its size written but the gradient ---

/// What is known of one row of logits l, each times `factor`.
struct RowSums {
  float *logProbs, *normalizers;
  /// Null where not asked for.
  float *entropies, *top1;
};

template <typename T>
ATTUNE_INLINE void sumRow(const T *logits, int64_t width, float factor, int64_t target, int64_t row, const RowSums &sums) {
  float highest = load(logits, 0);
  // What is no number must win, so that it is seen.
  for (int64_t i = 1; i < width; i++) {
    const float value = load(logits, i);
    highest = !(value <= highest) ? value : highest;
  }
  float total = 0, weighted = 0;
  {
#pragma clang fp reassociate(on)
    if (sums.entropies) {
      for (int64_t i = 0; i < width; i++) {
        const float lead = (load(logits, i) - highest) * factor;
        const float power = exponential(lead);
        total += power;
        weighted += power * lead;
      }
    } else {
      for (int64_t i = 0; i < width; i++) total += exponential((load(logits, i) - highest) * factor);
    }
  }
  const float logTotal = std::log(total), chosen = load(logits, target);
  sums.normalizers[row] = highest * factor + logTotal;
  sums.logProbs[row] = (chosen - highest) * factor - logTotal;
  if (sums.entropies) sums.entropies[row] = logTotal - weighted / total;
  if (sums.top1) {
    bool isFirst = chosen == highest;
    for (int64_t i = 0; i < target; i++) isFirst &= load(logits, i) != highest;
    sums.top1[row] = isFirst;
  }
}

ATTUNE_KERNEL void sumRows(const float *logits, int64_t width, float factor, const int64_t *targets, int64_t begin,
                           int64_t end, RowSums sums) {
  for (int64_t r = begin; r < end; r++) sumRow(logits + r * width, width, factor, targets[r], r, sums);
}
ATTUNE_KERNEL void sumRows(const Narrow *logits, int64_t width, float factor, const int64_t *targets, int64_t begin,
                           int64_t end, RowSums sums) {
  for (int64_t r = begin; r < end; r++) sumRow(logits + r * width, width, factor, targets[r], r, sums);
}

/// What the gradient of a chunk of logits follows from; null where there is none.
struct RowGradients {
  const float *byLogProb, *byEntropy, *normalizers, *entropies;
};

/// ∂/∂l of u log p(target) + v H, for logits l times `factor`; `gradient` may be the logits themselves.
template <typename In, typename Out>
ATTUNE_INLINE void differentiateRow(const In *logits, int64_t width, float factor, int64_t target, int64_t row,
                                    const RowGradients &given, Out *gradient) {
  const float u = given.byLogProb ? given.byLogProb[row] : 0, normalizer = given.normalizers[row];
  const float before = load(logits, target) * factor - normalizer;
  if (given.byEntropy) {
    const float v = given.byEntropy[row], entropy = given.entropies[row];
    for (int64_t i = 0; i < width; i++) {
      const float logProb = load(logits, i) * factor - normalizer;
      store(gradient, i, -exponential(logProb) * (u + v * (logProb + entropy)) * factor);
    }
    store(gradient, target, (u - std::exp(before) * (u + v * (before + entropy))) * factor);
  } else {
    const float scale = -u * factor;
    for (int64_t i = 0; i < width; i++) store(gradient, i, exponential(load(logits, i) * factor - normalizer) * scale);
    store(gradient, target, (u - u * std::exp(before)) * factor);
  }
}

ATTUNE_KERNEL void differentiateRows(const float *logits, int64_t width, float factor, const int64_t *targets,
                                     int64_t begin, int64_t end, RowGradients given, float *gradient) {
  for (int64_t r = begin; r < end; r++)
    differentiateRow(logits + r * width, width, factor, targets[r], r, given, gradient + r * width);
}
ATTUNE_KERNEL void differentiateRows(const Narrow *logits, int64_t width, float factor, const int64_t *targets,
                                     int64_t begin, int64_t end, RowGradients given, Narrow *gradient) {
  for (int64_t r = begin; r < end; r++)
    differentiateRow(logits + r * width, width, factor, targets[r], r, given, gradient + r * width);
}

/// Whether the kernels serve: rows on the CPU in a type they know, and no bound on the logits.
bool hasKernel(const at::Tensor &hidden, at::ScalarType product, double cap) {
  return hidden.device().is_cpu() && cap == 0 && (product == at::kFloat || product == at::kBFloat16);
}

float *floats(const at::Tensor &tensor, int64_t start) {
  return tensor.defined() && tensor.numel() > 0 ? tensor.data_ptr<float>() + start : nullptr;
}

/// Rows that are worth a thread of their own.
int64_t grain(int64_t width) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width)); }

void sumChunk(const at::Tensor &logits, double factor, const int64_t *targets, const RowSums &sums) {
  const int64_t width = logits.size(1);
  parallelFor(0, logits.size(0), grain(width), [&](int64_t begin, int64_t end) {
    if (logits.scalar_type() == at::kFloat) {
      sumRows(logits.data_ptr<float>(), width, float(factor), targets, begin, end, sums);
    } else {
      sumRows(static_cast<const Narrow *>(logits.data_ptr()), width, float(factor), targets, begin, end, sums);
    }
  });
}

/// Turns a chunk of logits into their gradient, in place.
void differentiateChunk(at::Tensor &logits, double factor, const int64_t *targets, const RowGradients &given) {
  const int64_t width = logits.size(1);
  parallelFor(0, logits.size(0), grain(width), [&](int64_t begin, int64_t end) {
    if (logits.scalar_type() == at::kFloat) {
      auto *numbers = logits.data_ptr<float>();
      differentiateRows(numbers, width, float(factor), targets, begin, end, given, numbers);
    } else {
      auto *numbers = static_cast<Narrow *>(logits.data_ptr());
      differentiateRows(numbers, width, float(factor), targets, begin, end, given, numbers);
    }
  });
}

// ------------------------------------------------------------------------------------------------------------------

/// The type matrix products run in: autocast's where that is on, so that the backward pass, which runs outside of
/// the autocast region, repeats exactly what the forward pass did; else the wider of the two.
at::ScalarType productType(const at::Tensor &hidden, const at::Tensor &weight) {
  auto device = hidden.device().type();
  bool casts = at::autocast::is_autocast_enabled(device) && hidden.scalar_type() != at::kDouble;
  return casts ? at::autocast::get_autocast_dtype(device)
               : c10::promoteTypes(hidden.scalar_type(), weight.scalar_type());
}

/// The gradients of hidden states and of the weight from that of a chunk of logits; undefined ones are not wanted.
void addProducts(const at::Tensor &gradient, const at::Tensor &rows, const at::Tensor &head, at::Tensor ofHidden,
                 at::Tensor &ofWeight) {
  if (ofHidden.defined()) {
    if (ofHidden.scalar_type() == gradient.scalar_type()) {
      at::mm_out(ofHidden, gradient, head);
    } else {
      ofHidden.copy_(gradient.matmul(head));
    }
  }
  if (!ofWeight.defined()) return;
  if (ofWeight.scalar_type() == gradient.scalar_type()) {
    ofWeight.addmm_(gradient.t(), rows);
  } else {
    ofWeight.add_(gradient.t().matmul(rows));
  }
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
    const auto ids = targets.contiguous();
    const bool isFused = hasKernel(hidden, product, cap);
    for (int64_t start = 0; start < count; start += chunk) {
      const int64_t length = std::min(chunk, count - start);
      if (isFused) {
        sumChunk(at::linear(rows.narrow(0, start, length), head), 1 / temperature, ids.data_ptr<int64_t>() + start,
                 {floats(logProbs, start), floats(normalizer, start), floats(entropy, start), floats(top1, start)});
        continue;
      }
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
    const auto ids = targets.contiguous();
    const bool isFused = hasKernel(hidden, product, cap);
    const auto ofLogProb = byLogProb.defined() ? byLogProb.contiguous() : byLogProb;
    const auto ofEntropy = hasEntropy ? byEntropy.contiguous() : at::Tensor();

    auto hiddenGradient = wantsHidden ? at::empty_like(hidden) : at::Tensor();
    auto weightGradient =
        wantsWeight ? at::zeros_like(weight, weight.options().dtype(normalizer.scalar_type())) : at::Tensor();
    for (int64_t start = 0; start < count; start += chunk) {
      const int64_t length = std::min(chunk, count - start);
      auto rows = states.narrow(0, start, length);
      if (isFused) {
        auto logits = at::linear(rows, head);
        differentiateChunk(logits, 1 / temperature, ids.data_ptr<int64_t>() + start,
                           {floats(ofLogProb, start), floats(ofEntropy, start), floats(normalizer, start),
                            floats(entropy, start)});
        addProducts(logits, rows, head, wantsHidden ? hiddenGradient.narrow(0, start, length) : hiddenGradient,
                    weightGradient);
        continue;
      }
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
      addProducts(gradient.to(product), rows, head,
                  wantsHidden ? hiddenGradient.narrow(0, start, length) : hiddenGradient, weightGradient);
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
