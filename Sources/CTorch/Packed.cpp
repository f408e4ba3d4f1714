// SPDX-License-Identifier: Apache-2.0
// Frozen matrices in bfloat16, laid out once as the CPU's matrix unit reads them: a product of few rows then need not
// lay them out anew.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>

#include "Bridge.h"

using namespace attune;

namespace {

using Reorder = at::Tensor(const at::Tensor &, std::optional<int64_t>);
using Product = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, c10::string_view,
                           c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

const c10::TypedOperatorHandle<Reorder> *reorder() {
  static const auto found = [] {
    auto handle = c10::Dispatcher::singleton().findSchema({"mkldnn::_reorder_linear_weight", ""});
    return handle ? std::optional(handle->typed<Reorder>()) : std::nullopt;
  }();
  return found ? &*found : nullptr;
}

const c10::TypedOperatorHandle<Product> *product() {
  static const auto found = [] {
    auto handle = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    return handle ? std::optional(handle->typed<Product>()) : std::nullopt;
  }();
  return found ? &*found : nullptr;
}

}  // namespace

extern "C" {

bool ct_can_pack(void) {
  try {
    return at::hasMKLDNN() && reorder() && product();
  } catch (...) {
    return false;
  }
}

bool ct_is_packed(ct_tensor tensor) { return unwrap(tensor).is_mkldnn(); }

ct_status ct_pack_matrix(ct_tensor weight, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    TORCH_CHECK(reorder(), "packed matrices: not in this libtorch");
    return reorder()->call(unwrap(weight).detach().contiguous(), std::nullopt);
  });
}

ct_status ct_unpack_matrix(ct_tensor packed, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    return unwrap(packed).to_dense();
  });
}

ct_status ct_packed_linear(ct_tensor input, ct_tensor packed, ct_optional_tensor bias, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    static const c10::List<std::optional<at::Scalar>> none;
    auto added = unwrapOptional(bias);
    if (added) added = added->to(at::kBFloat16);
    return product()->call(unwrap(input).to(at::kBFloat16), unwrap(packed), added, "none", none, "");
  });
}
}
