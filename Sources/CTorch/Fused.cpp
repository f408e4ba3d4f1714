// SPDX-License-Identifier: Apache-2.0
// What stands between the matrix products of a block, each as one pass over memory, forward and backward: RMS norm,
// rotary positions, and the gate of a feed-forward layer. On the CPU in float32 and bfloat16; everything else takes
// libtorch's own operations, one after the other, which say what each kernel computes.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "Bridge.h"
#include "Parallel.h"
#include "RowKernels.h"

using namespace attune;
using namespace attune::kernels;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Calls `body` with the numbers' pointer type, which is one of the two that kernels are made for.
template <typename Body>
void withType(const at::Tensor &tensor, Body &&body) {
  if (tensor.scalar_type() == at::kFloat) {
    body(static_cast<float *>(nullptr));
  } else {
    body(static_cast<Narrow *>(nullptr));
  }
}

template <typename T>
T *data(const at::Tensor &tensor) {
  return static_cast<T *>(tensor.data_ptr());
}

bool hasKernel(const at::Tensor &x) {
  return x.device().is_cpu() && x.numel() > 0 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool wantsGradient(std::initializer_list<at::Tensor> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (auto &tensor : tensors) {
    if (tensor.requires_grad()) return true;
  }
  return false;
}

/// Rows that are worth a thread of their own: about 16,000 numbers.
int64_t grain(int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)); }

// --- RMS norm: y = g x / sqrt(mean x² + ε), or (1 + g) in place of g --------------------------------------------

template <typename T>
ATTUNE_INLINE void normRow(const T *x, const T *gain, int64_t width, float epsilon, bool aroundOne, T *y, float *scale) {
  float squares = 0;
  {
#pragma clang fp reassociate(on)
    for (int64_t i = 0; i < width; i++) squares += load(x, i) * load(x, i);
  }
  const float factor = 1.0f / std::sqrt(squares / float(width) + epsilon);
  *scale = factor;
  if (aroundOne) {
    for (int64_t i = 0; i < width; i++) store(y, i, load(x, i) * factor * (1.0f + load(gain, i)));
  } else {
    // Rounded before the gain, as Llama's own code does in bfloat16.
    for (int64_t i = 0; i < width; i++) store(y, i, rounded(x, load(x, i) * factor) * load(gain, i));
  }
}

ATTUNE_KERNEL void normRows(const float *x, const float *gain, int64_t rows, int64_t width, float epsilon, bool aroundOne,
                            float *y, float *scales) {
  for (int64_t r = 0; r < rows; r++) normRow(x + r * width, gain, width, epsilon, aroundOne, y + r * width, scales + r);
}
ATTUNE_KERNEL void normRows(const Narrow *x, const Narrow *gain, int64_t rows, int64_t width, float epsilon,
                            bool aroundOne, Narrow *y, float *scales) {
  for (int64_t r = 0; r < rows; r++) normRow(x + r * width, gain, width, epsilon, aroundOne, y + r * width, scales + r);
}

/// With n = x s and u = dy g: dx = s (u - n mean(u n)); dg += dy n.
template <typename T>
ATTUNE_INLINE void normRowBack(const T *dy, const T *x, const T *gain, float scale, int64_t width, bool aroundOne, T *dx,
                               float *dGain) {
  const float one = aroundOne ? 1.0f : 0.0f;
  float product = 0;
  {
#pragma clang fp reassociate(on)
    for (int64_t i = 0; i < width; i++) product += load(dy, i) * (one + load(gain, i)) * load(x, i);
  }
  const float shared = product * scale * scale / float(width);
  for (int64_t i = 0; i < width; i++) {
    const float value = load(x, i), upstream = load(dy, i);
    store(dx, i, scale * (upstream * (one + load(gain, i)) - value * shared));
    dGain[i] += upstream * value * scale;
  }
}

ATTUNE_KERNEL void normRowsBack(const float *dy, const float *x, const float *gain, const float *scales, int64_t rows,
                                int64_t width, bool aroundOne, float *dx, float *dGain) {
  for (int64_t r = 0; r < rows; r++)
    normRowBack(dy + r * width, x + r * width, gain, scales[r], width, aroundOne, dx + r * width, dGain);
}
ATTUNE_KERNEL void normRowsBack(const Narrow *dy, const Narrow *x, const Narrow *gain, const float *scales, int64_t rows,
                                int64_t width, bool aroundOne, Narrow *dx, float *dGain) {
  for (int64_t r = 0; r < rows; r++)
    normRowBack(dy + r * width, x + r * width, gain, scales[r], width, aroundOne, dx + r * width, dGain);
}

/// y and the rows' scales 1 / sqrt(mean x² + ε); `x` and `gain` contiguous and of one type.
std::pair<at::Tensor, at::Tensor> normed(const at::Tensor &x, const at::Tensor &gain, double epsilon, bool aroundOne) {
  const int64_t width = x.size(-1), rows = x.numel() / width;
  auto y = at::empty_like(x, at::MemoryFormat::Contiguous);
  auto scales = at::empty({rows}, x.options().dtype(at::kFloat));
  withType(x, [&](auto *kind) {
    using T = std::remove_pointer_t<decltype(kind)>;
    parallelFor(0, rows, grain(width), [&](int64_t begin, int64_t end) {
      normRows(data<T>(x) + begin * width, data<T>(gain), end - begin, width, float(epsilon), aroundOne,
               data<T>(y) + begin * width, data<float>(scales) + begin);
    });
  });
  return {y, scales};
}

struct RMSNorm : public torch::autograd::Function<RMSNorm> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &gain, double epsilon,
                            bool aroundOne) {
    auto [y, scales] = normed(x, gain, epsilon, aroundOne);
    context->save_for_backward({x, gain, scales});
    context->saved_data["aroundOne"] = aroundOne;
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto &x = saved[0], &gain = saved[1], &scales = saved[2];
    const bool aroundOne = context->saved_data["aroundOne"].toBool();
    const auto dy = gradients[0].contiguous();
    const int64_t width = x.size(-1), rows = x.numel() / width;
    auto dx = at::empty_like(x, at::MemoryFormat::Contiguous);
    // A sum of its own for each of a fixed number of parts, so that the order of additions is fixed too.
    const int64_t parts = std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows / grain(width)));
    auto sums = at::zeros({parts, width}, x.options().dtype(at::kFloat));
    withType(x, [&](auto *kind) {
      using T = std::remove_pointer_t<decltype(kind)>;
      parallelFor(0, parts, 1, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; part++) {
          const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
          normRowsBack(data<T>(dy) + begin * width, data<T>(x) + begin * width, data<T>(gain),
                       data<float>(scales) + begin, end - begin, width, aroundOne, data<T>(dx) + begin * width,
                       data<float>(sums) + part * width);
        }
      });
    });
    return {dx, sums.sum(0).to(gain.scalar_type()), at::Tensor(), at::Tensor()};
  }
};

// --- Rotary positions: y₁ = x₁ c₁ - x₂ s₁, y₂ = x₂ c₂ + x₁ s₂ -----------------------------------------------------

/// All heads of one token, `step` numbers apart.
ATTUNE_KERNEL void rotateToken(const float *x, int64_t step, const float *c, const float *s, int64_t heads, int64_t half,
                               int64_t width, float *y, int64_t yStep, bool isBack) {
  for (int64_t h = 0; h < heads; h++) rotateHead(x + h * step, c, s, half, width, y + h * yStep, isBack);
}
ATTUNE_KERNEL void rotateToken(const Narrow *x, int64_t step, const float *c, const float *s, int64_t heads, int64_t half,
                               int64_t width, Narrow *y, int64_t yStep, bool isBack) {
  for (int64_t h = 0; h < heads; h++) rotateHead(x + h * step, c, s, half, width, y + h * yStep, isBack);
}

/// x `[B, H, T, K]` with contiguous heads; cosine and sine broadcast to `[B, 1, T, P]`, float32.
at::Tensor rotated(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine, bool isBack) {
  const int64_t batch = x.size(0), heads = x.size(1), tokens = x.size(2), width = x.size(3), part = cosine.size(-1);
  const auto c = cosine.expand({batch, 1, tokens, part}), s = sine.expand({batch, 1, tokens, part});
  // In memory as the product before it leaves them: tokens outside, heads inside.
  auto y = at::empty_strided({batch, heads, tokens, width}, {tokens * heads * width, width, heads * width, 1}, x.options());
  withType(x, [&](auto *kind) {
    using T = std::remove_pointer_t<decltype(kind)>;
    parallelFor(0, batch * tokens, grain(heads * width), [&](int64_t begin, int64_t end) {
      for (int64_t place = begin; place < end; place++) {
        const int64_t b = place / tokens, t = place % tokens;
        rotateToken(data<T>(x) + b * x.stride(0) + t * x.stride(2), x.stride(1),
                    data<float>(c) + b * c.stride(0) + t * c.stride(2), data<float>(s) + b * s.stride(0) + t * s.stride(2),
                    heads, part / 2, width, data<T>(y) + b * y.stride(0) + t * y.stride(2), y.stride(1), isBack);
      }
    });
  });
  return y;
}

at::Tensor withContiguousHeads(const at::Tensor &x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

struct Rotary : public torch::autograd::Function<Rotary> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &cosine,
                            const at::Tensor &sine) {
    context->save_for_backward({cosine, sine});
    return rotated(x, cosine, sine, false);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    return {rotated(withContiguousHeads(gradients[0]), saved[0], saved[1], true), at::Tensor(), at::Tensor()};
  }
};

// --- Gate: y = silu(a) b ------------------------------------------------------------------------------------------

template <typename T>
ATTUNE_INLINE void gateRow(const T *a, const T *b, int64_t width, T *y) {
  for (int64_t i = 0; i < width; i++) {
    const float gate = load(a, i);
    store(y, i, rounded(a, gate / (1.0f + exponential(-gate))) * load(b, i));
  }
}

ATTUNE_KERNEL void gateRows(const float *a, int64_t aStep, const float *b, int64_t bStep, int64_t rows, int64_t width,
                            float *y) {
  for (int64_t r = 0; r < rows; r++) gateRow(a + r * aStep, b + r * bStep, width, y + r * width);
}
ATTUNE_KERNEL void gateRows(const Narrow *a, int64_t aStep, const Narrow *b, int64_t bStep, int64_t rows, int64_t width,
                            Narrow *y) {
  for (int64_t r = 0; r < rows; r++) gateRow(a + r * aStep, b + r * bStep, width, y + r * width);
}

/// With σ the logistic function of a: da = dy b σ (1 + a (1 - σ)), db = dy a σ.
template <typename T>
ATTUNE_INLINE void gateRowBack(const T *dy, const T *a, const T *b, int64_t width, T *da, T *db) {
  for (int64_t i = 0; i < width; i++) {
    const float gate = load(a, i), upstream = load(dy, i);
    const float share = 1.0f / (1.0f + exponential(-gate));
    store(da, i, upstream * load(b, i) * share * (1.0f + gate * (1.0f - share)));
    store(db, i, upstream * gate * share);
  }
}

ATTUNE_KERNEL void gateRowsBack(const float *dy, const float *a, int64_t aStep, const float *b, int64_t bStep,
                                int64_t rows, int64_t width, float *da, float *db) {
  for (int64_t r = 0; r < rows; r++)
    gateRowBack(dy + r * width, a + r * aStep, b + r * bStep, width, da + r * width, db + r * width);
}
ATTUNE_KERNEL void gateRowsBack(const Narrow *dy, const Narrow *a, int64_t aStep, const Narrow *b, int64_t bStep,
                                int64_t rows, int64_t width, Narrow *da, Narrow *db) {
  for (int64_t r = 0; r < rows; r++)
    gateRowBack(dy + r * width, a + r * aStep, b + r * bStep, width, da + r * width, db + r * width);
}

/// As `[rows, width]` with contiguous rows; a part of wider rows stays where it is.
at::Tensor asRows(const at::Tensor &x) {
  auto rows = x.reshape({-1, x.size(-1)});
  return rows.stride(-1) == 1 ? rows : rows.contiguous();
}

at::Tensor gated(const at::Tensor &gate, const at::Tensor &up) {
  const auto a = asRows(gate), b = asRows(up);
  const int64_t rows = a.size(0), width = a.size(1);
  auto y = at::empty(gate.sizes(), gate.options());
  withType(gate, [&](auto *kind) {
    using T = std::remove_pointer_t<decltype(kind)>;
    parallelFor(0, rows, grain(width), [&](int64_t begin, int64_t end) {
      gateRows(data<T>(a) + begin * a.stride(0), a.stride(0), data<T>(b) + begin * b.stride(0), b.stride(0), end - begin,
               width, data<T>(y) + begin * width);
    });
  });
  return y;
}

struct Gate : public torch::autograd::Function<Gate> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &gate, const at::Tensor &up) {
    context->save_for_backward({gate, up});
    return gated(gate, up);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    const auto a = asRows(saved[0]), b = asRows(saved[1]);
    const auto dy = gradients[0].contiguous();
    const int64_t rows = a.size(0), width = a.size(1);
    auto da = at::empty(saved[0].sizes(), dy.options()), db = at::empty(saved[1].sizes(), dy.options());
    withType(dy, [&](auto *kind) {
      using T = std::remove_pointer_t<decltype(kind)>;
      parallelFor(0, rows, grain(width), [&](int64_t begin, int64_t end) {
        gateRowsBack(data<T>(dy) + begin * width, data<T>(a) + begin * a.stride(0), a.stride(0),
                     data<T>(b) + begin * b.stride(0), b.stride(0), end - begin, width, data<T>(da) + begin * width,
                     data<T>(db) + begin * width);
      });
    });
    return {da, db};
  }
};

}  // namespace

extern "C" {

ct_status ct_rms_norm(ct_tensor input, ct_tensor weight, double epsilon, bool around_one, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    auto &x = unwrap(input);
    auto &gain = unwrap(weight);
    if (hasKernel(x) && gain.scalar_type() == x.scalar_type() && gain.is_contiguous() && gain.numel() == x.size(-1)) {
      auto rows = x.contiguous();
      if (wantsGradient({x, gain})) return RMSNorm::apply(rows, gain, epsilon, around_one);
      return normed(rows, gain, epsilon, around_one).first;
    }
    auto wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
    auto scale = wide.square().mean(-1, /*keepdim=*/true).add(epsilon).rsqrt();
    if (around_one) return wide.mul(scale).mul(gain.to(wide.scalar_type()).add(1)).to(x.scalar_type());
    return wide.mul(scale).to(x.scalar_type()).mul(gain);
  });
}

ct_status ct_rotary(ct_tensor x, ct_tensor cosine, ct_tensor sine, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    auto &input = unwrap(x);
    auto &factors = unwrap(cosine);
    auto &shares = unwrap(sine);
    const int64_t width = input.size(-1), part = factors.size(-1), half = part / 2;
    if (hasKernel(input) && input.dim() == 4 && factors.scalar_type() == at::kFloat &&
        shares.scalar_type() == at::kFloat && factors.stride(-1) == 1 && shares.stride(-1) == 1) {
      auto heads = withContiguousHeads(input);
      if (wantsGradient({input})) return Rotary::apply(heads, factors, shares);
      return rotated(heads, factors, shares, false);
    }
    auto first = input.narrow(-1, 0, half);
    auto second = input.narrow(-1, half, half);
    auto turned = at::cat({second.neg(), first}, -1).mul(shares);
    auto rotated = input.narrow(-1, 0, part).mul(factors).add(turned).to(input.scalar_type());
    return part == width ? rotated : at::cat({rotated, input.narrow(-1, part, width - part)}, -1);
  });
}

ct_status ct_silu_gate(ct_tensor gate, ct_tensor up, ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    auto &a = unwrap(gate);
    auto &b = unwrap(up);
    if (hasKernel(a) && b.scalar_type() == a.scalar_type() && a.sizes() == b.sizes()) {
      if (wantsGradient({a, b})) return Gate::apply(a, b);
      return gated(a, b);
    }
    return at::silu(a).mul(b);
  });
}
}
