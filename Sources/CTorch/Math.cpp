// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/gelu.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>

#include "Bridge.h"

using namespace attune;

namespace {
#define METHOD(name) \
  at::Tensor name(const at::Tensor &a) { return a.name(); }
METHOD(neg) METHOD(exp) METHOD(log) METHOD(expm1) METHOD(log1p) METHOD(sqrt) METHOD(rsqrt) METHOD(abs) METHOD(sin)
METHOD(cos) METHOD(tanh) METHOD(sigmoid) METHOD(relu) METHOD(sign) METHOD(floor) METHOD(round) METHOD(isfinite)
METHOD(isnan) METHOD(logical_not) METHOD(square) METHOD(reciprocal)
#undef METHOD

at::Tensor add_scalar(const at::Tensor &a, double b) { return a.add(b); }
at::Tensor mul_scalar(const at::Tensor &a, double b) { return a.mul(b); }
at::Tensor div_scalar(const at::Tensor &a, double b) { return a.div(b); }
at::Tensor pow_scalar(const at::Tensor &a, double b) { return a.pow(b); }
at::Tensor rsub_scalar(const at::Tensor &a, double b) { return at::rsub(a, b); }
at::Tensor rdiv_scalar(const at::Tensor &a, double b) { return a.reciprocal().mul(b); }
at::Tensor eq_scalar(const at::Tensor &a, double b) { return a.eq(b); }
at::Tensor ne_scalar(const at::Tensor &a, double b) { return a.ne(b); }
at::Tensor lt_scalar(const at::Tensor &a, double b) { return a.lt(b); }
at::Tensor le_scalar(const at::Tensor &a, double b) { return a.le(b); }
at::Tensor gt_scalar(const at::Tensor &a, double b) { return a.gt(b); }
at::Tensor ge_scalar(const at::Tensor &a, double b) { return a.ge(b); }
at::Tensor clamp_min(const at::Tensor &a, double b) { return a.clamp_min(b); }
at::Tensor clamp_max(const at::Tensor &a, double b) { return a.clamp_max(b); }

at::Tensor sum_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.sum(axis, keep); }
at::Tensor mean_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.mean(axis, keep); }
at::Tensor amax_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.amax(axis, keep); }
at::Tensor amin_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.amin(axis, keep); }
at::Tensor argmax_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.argmax(axis, keep); }
at::Tensor argmin_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.argmin(axis, keep); }
at::Tensor logsumexp_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.logsumexp(axis, keep); }
at::Tensor any_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.any(axis, keep); }
at::Tensor all_axis(const at::Tensor &a, int64_t axis, bool keep) { return a.all(axis, keep); }

at::Tensor softmax_along(const at::Tensor &a, int64_t axis) { return a.softmax(axis); }
at::Tensor log_softmax_along(const at::Tensor &a, int64_t axis) { return a.log_softmax(axis); }
at::Tensor cumsum_along(const at::Tensor &a, int64_t axis) { return a.cumsum(axis); }
at::Tensor flip_along(const at::Tensor &a, int64_t axis) { return a.flip(axis); }
}  // namespace

extern "C" {

#define DEFINE(name) \
  ct_status ct_##name(ct_tensor a, ct_tensor *out) { return produce(out, [&] { return name(unwrap(a)); }); }
CT_UNARY_OPERATIONS(DEFINE)
#undef DEFINE

#define DEFINE(name)                                              \
  ct_status ct_##name(ct_tensor a, ct_tensor b, ct_tensor *out) { \
    return produce(out, [&] { return unwrap(a).name(unwrap(b)); }); \
  }
CT_BINARY_OPERATIONS(DEFINE)
#undef DEFINE

#define DEFINE(name)                                           \
  ct_status ct_##name(ct_tensor a, double b, ct_tensor *out) { \
    return produce(out, [&] { return name(unwrap(a), b); });   \
  }
CT_SCALAR_OPERATIONS(DEFINE)
#undef DEFINE

#define DEFINE(name) \
  ct_status ct_##name##_all(ct_tensor a, ct_tensor *out) { return produce(out, [&] { return unwrap(a).name(); }); }
CT_TOTAL_REDUCTIONS(DEFINE)
#undef DEFINE

#define DEFINE(name)                                                                 \
  ct_status ct_##name##_axis(ct_tensor a, int64_t axis, bool keep, ct_tensor *out) { \
    return produce(out, [&] { return name##_axis(unwrap(a), axis, keep); });         \
  }
CT_AXIS_REDUCTIONS(DEFINE)
#undef DEFINE

#define DEFINE(name)                                                       \
  ct_status ct_##name##_along(ct_tensor a, int64_t axis, ct_tensor *out) { \
    return produce(out, [&] { return name##_along(unwrap(a), axis); });    \
  }
CT_AXIS_OPERATIONS(DEFINE)
#undef DEFINE

ct_status ct_where(ct_tensor condition, ct_tensor a, ct_tensor b, ct_tensor *out) {
  return produce(out, [&] { return at::where(unwrap(condition), unwrap(a), unwrap(b)); });
}

ct_status ct_masked_fill(ct_tensor a, ct_tensor mask, double value, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).masked_fill(unwrap(mask), value); });
}

ct_status ct_variance(ct_tensor a, int64_t axis, bool keep, double correction, ct_tensor *out) {
  return produce(out, [&] {
    auto &tensor = unwrap(a);
    at::OptionalIntArrayRef axes = at::OptionalIntArrayRef(axis);
    if (axis >= tensor.dim()) return tensor.var(at::OptionalIntArrayRef(), at::Scalar(correction), keep);
    return tensor.var(axes, at::Scalar(correction), keep);
  });
}

ct_status ct_topk(ct_tensor a, int64_t k, ct_tensor *values, ct_tensor *indices) {
  return guarded([&] {
    auto [best, where] = unwrap(a).topk(k);
    *values = wrap(best);
    *indices = wrap(where);
  });
}

ct_status ct_sort(ct_tensor a, int64_t axis, bool descending, ct_tensor *values, ct_tensor *indices) {
  return guarded([&] {
    auto [ordered, where] = unwrap(a).sort(/*stable=*/true, axis, descending);
    *values = wrap(ordered);
    *indices = wrap(where);
  });
}
}
