// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/stack.h>

#include <cmath>

#include "Bridge.h"

using namespace attune;

extern "C" {

ct_status ct_adamw_step(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first,
                        const ct_tensor *second, const ct_tensor *steps, int64_t count, double learning_rate,
                        double beta1, double beta2, double epsilon, double weight_decay) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto counters = unwrapList(steps, count);
    for (auto &counter : counters) counter.add_(1);
    at::_fused_adamw_(unwrapList(parameters, count), unwrapList(gradients, count), unwrapList(first, count),
                      unwrapList(second, count), {}, counters, learning_rate, beta1, beta2, weight_decay, epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}

ct_status ct_adamw_epsilon_hat_step(ct_tensor parameter, ct_tensor gradient, ct_tensor first, ct_tensor second,
                                    int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                                    double weight_decay) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto &weights = unwrap(parameter);
    auto &g = unwrap(gradient);
    auto &m = unwrap(first);
    auto &v = unwrap(second);
    weights.mul_(1 - learning_rate * weight_decay);
    m.lerp_(g, 1 - beta1);
    v.mul_(beta2).addcmul_(g, g, 1 - beta2);
    double rate = learning_rate * std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step));
    weights.addcdiv_(m, v.sqrt().add_(epsilon), -rate);
  });
}

ct_status ct_sgd_step(const ct_tensor *parameters, const ct_tensor *gradients, const ct_optional_tensor *momentum,
                      int64_t count, double learning_rate, double momentum_factor, double weight_decay) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    for (int64_t i = 0; i < count; ++i) {
      auto &weights = unwrap(parameters[i]);
      auto step = unwrap(gradients[i]);
      if (weight_decay != 0) step = step.add(weights, weight_decay);
      if (momentum_factor != 0) step = unwrap(momentum[i]).mul_(momentum_factor).add_(step);
      weights.sub_(step, learning_rate);
    }
  });
}

ct_status ct_gradient_norm(const ct_tensor *gradients, int64_t count, double *out) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    *out = 0;
    if (count == 0) return;
    auto norms = at::_foreach_norm(unwrapList(gradients, count), 2);
    for (auto &norm : norms) norm = norm.to(at::kDouble);
    *out = at::stack(norms).norm().item().toDouble();
  });
}

ct_status ct_scale_in_place(const ct_tensor *tensors, int64_t count, double factor) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    if (count > 0) at::_foreach_mul_(unwrapList(tensors, count), factor);
  });
}
}
