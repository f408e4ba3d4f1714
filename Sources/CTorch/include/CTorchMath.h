// SPDX-License-Identifier: Apache-2.0
// Element-wise operations, reductions and products. One line of a table an operation where signatures agree.

#define CT_UNARY_OPERATIONS(X)                                                                                   \
  X(neg) X(exp) X(log) X(expm1) X(log1p) X(sqrt) X(rsqrt) X(abs) X(sin) X(cos) X(tanh) X(sigmoid) X(relu)          \
  X(log_sigmoid) X(softplus) X(silu) X(gelu) X(sign) X(floor) X(round) X(isfinite) X(isnan) X(logical_not)         \
  X(square) X(reciprocal)
#define CT_BINARY_OPERATIONS(X)                                                                                  \
  X(add) X(sub) X(mul) X(div) X(pow) X(maximum) X(minimum) X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(logical_and)      \
  X(logical_or) X(matmul)
#define CT_SCALAR_OPERATIONS(X)                                                                                  \
  X(add_scalar) X(mul_scalar) X(div_scalar) X(pow_scalar) X(rsub_scalar) X(rdiv_scalar) X(eq_scalar)               \
  X(ne_scalar) X(lt_scalar) X(le_scalar) X(gt_scalar) X(ge_scalar) X(clamp_min) X(clamp_max)
// Over all elements.
#define CT_TOTAL_REDUCTIONS(X) X(sum) X(mean) X(max) X(min) X(any) X(all)
// Over one axis.
#define CT_AXIS_REDUCTIONS(X) X(sum) X(mean) X(amax) X(amin) X(argmax) X(argmin) X(logsumexp) X(any) X(all)
// Along one axis, the shape kept.
#define CT_AXIS_OPERATIONS(X) X(softmax) X(log_softmax) X(cumsum) X(flip)

#define CT_DECLARE(name) ct_status ct_##name(ct_tensor a, ct_tensor *out);
CT_UNARY_OPERATIONS(CT_DECLARE)
#undef CT_DECLARE
#define CT_DECLARE(name) ct_status ct_##name(ct_tensor a, ct_tensor b, ct_tensor *out);
CT_BINARY_OPERATIONS(CT_DECLARE)
#undef CT_DECLARE
#define CT_DECLARE(name) ct_status ct_##name(ct_tensor a, double b, ct_tensor *out);
CT_SCALAR_OPERATIONS(CT_DECLARE)
#undef CT_DECLARE
#define CT_DECLARE(name) ct_status ct_##name##_all(ct_tensor a, ct_tensor *out);
CT_TOTAL_REDUCTIONS(CT_DECLARE)
#undef CT_DECLARE
#define CT_DECLARE(name) ct_status ct_##name##_axis(ct_tensor a, int64_t axis, bool keep, ct_tensor *out);
CT_AXIS_REDUCTIONS(CT_DECLARE)
#undef CT_DECLARE
#define CT_DECLARE(name) ct_status ct_##name##_along(ct_tensor a, int64_t axis, ct_tensor *out);
CT_AXIS_OPERATIONS(CT_DECLARE)
#undef CT_DECLARE

ct_status ct_where(ct_tensor condition, ct_tensor a, ct_tensor b, ct_tensor *out);
ct_status ct_masked_fill(ct_tensor a, ct_tensor mask, double value, ct_tensor *out);
// Variance over one axis (`axis` >= the rank: over all elements); correction 0 population, 1 sample.
ct_status ct_variance(ct_tensor a, int64_t axis, bool keep, double correction, ct_tensor *out);
// The k largest along the last axis, in descending order.
ct_status ct_topk(ct_tensor a, int64_t k, ct_tensor *values, ct_tensor *indices);
// Stable sort along an axis.
ct_status ct_sort(ct_tensor a, int64_t axis, bool descending, ct_tensor *values, ct_tensor *indices);
