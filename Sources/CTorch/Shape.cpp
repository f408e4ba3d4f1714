// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "Bridge.h"

using namespace attune;

namespace {
at::IntArrayRef list(const int64_t *values, int64_t count) { return at::IntArrayRef(values, static_cast<size_t>(count)); }
}  // namespace

extern "C" {

ct_status ct_reshape(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).reshape(list(shape, rank)); });
}
ct_status ct_expand(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).expand(list(shape, rank)); });
}
ct_status ct_permute(ct_tensor a, const int64_t *axes, int64_t rank, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).permute(list(axes, rank)); });
}
ct_status ct_transpose(ct_tensor a, int64_t first, int64_t second, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).transpose(first, second); });
}
ct_status ct_unsqueeze(ct_tensor a, int64_t axis, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).unsqueeze(axis); });
}
ct_status ct_squeeze(ct_tensor a, int64_t axis, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).squeeze(axis); });
}
ct_status ct_narrow(ct_tensor a, int64_t axis, int64_t start, int64_t length, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).narrow(axis, start, length); });
}
ct_status ct_select(ct_tensor a, int64_t axis, int64_t index, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).select(axis, index); });
}
ct_status ct_index_select(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).index_select(axis, unwrap(indices)); });
}
ct_status ct_gather(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).gather(axis, unwrap(indices)); });
}
ct_status ct_scatter(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).scatter(axis, unwrap(indices), unwrap(source)); });
}
ct_status ct_scatter_add(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).scatter_add(axis, unwrap(indices), unwrap(source)); });
}
ct_status ct_scatter_in_place(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    unwrap(a).scatter_(axis, unwrap(indices), unwrap(source));
  });
}
ct_status ct_cat(const ct_tensor *tensors, int64_t count, int64_t axis, ct_tensor *out) {
  return produce(out, [&] { return at::cat(unwrapList(tensors, count), axis); });
}
ct_status ct_stack(const ct_tensor *tensors, int64_t count, int64_t axis, ct_tensor *out) {
  return produce(out, [&] { return at::stack(unwrapList(tensors, count), axis); });
}
ct_status ct_repeat_interleave(ct_tensor a, int64_t repeats, int64_t axis, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).repeat_interleave(repeats, axis); });
}
ct_status ct_tril(ct_tensor a, int64_t diagonal, ct_tensor *out) {
  return produce(out, [&] { return unwrap(a).tril(diagonal); });
}
}
