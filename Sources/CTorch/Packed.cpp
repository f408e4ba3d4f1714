// SPDX-License-Identifier: Apache-2.0
// Frozen matrices in bfloat16, laid out once as the CPU reads them: a product of few rows then need not lay them out anew.
// Two layouts: ours where the processor has bfloat16 dot products but no matrix unit, else oneDNN's.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "Bridge.h"
#include "TokenProducts.h"

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

/// Rows `[rows, in]` in bfloat16, contiguous.
at::Tensor asRows(const at::Tensor &x) {
  return x.to(at::kBFloat16).contiguous().view({-1, x.size(-1)});
}

/// An empty tensor like `x` with another last size, and the same as rows.
std::pair<at::Tensor, at::Tensor> room(const at::Tensor &x, int64_t width, at::ScalarType type) {
  auto sizes = x.sizes().vec();
  sizes.back() = width;
  auto made = at::empty(sizes, x.options().dtype(type));
  return {made, made.view({-1, width})};
}

at::Tensor libraryProduct(const at::Tensor &x, const at::Tensor &matrix, std::optional<at::Tensor> bias) {
  static const c10::List<std::optional<at::Scalar>> none;
  if (bias) bias = bias->to(at::kBFloat16);
  return product()->call(x.to(at::kBFloat16), matrix, bias, "none", none, "");
}

}  // namespace

extern "C" {

bool ct_can_pack(void) {
  try {
    return products::isAvailable() || (at::hasMKLDNN() && reorder() && product());
  } catch (...) {
    return false;
  }
}

bool ct_is_packed(ct_tensor tensor) { return unwrap(tensor).is_mkldnn() || products::isLaidOut(unwrap(tensor)); }

bool ct_is_packed_for_tokens(ct_tensor tensor) { return products::isLaidOut(unwrap(tensor)); }

ct_status ct_pack_matrix(ct_tensor weight, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    auto &matrix = unwrap(weight);
    if (products::isAvailable() && matrix.dim() == 2 && matrix.size(1) % 2 == 0) return products::laidOut(matrix.detach());
    TORCH_CHECK(reorder() && product(), "packed matrices: not in this libtorch");
    return reorder()->call(matrix.detach().contiguous(), std::nullopt);
  });
}

ct_status ct_unpack_matrix(ct_tensor packed, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    auto &matrix = unwrap(packed);
    return products::isLaidOut(matrix) ? products::plain(matrix) : matrix.to_dense();
  });
}

ct_status ct_packed_linear(ct_tensor input, ct_tensor packed, ct_optional_tensor bias, ct_optional_tensor residual,
                           ct_tensor *out) {
  return produce(out, [&]() -> at::Tensor {
    at::NoGradGuard noGrad;
    auto &x = unwrap(input);
    auto &matrix = unwrap(packed);
    const auto added = unwrapOptional(bias), kept = unwrapOptional(residual);
    if (!products::isLaidOut(matrix)) {
      auto product = libraryProduct(x, matrix, added);
      return kept ? kept->add(product) : product;
    }
    const auto type = kept ? kept->scalar_type() : at::kBFloat16;
    auto [made, rows] = room(x, matrix.size(0), type);
    TORCH_CHECK(!kept || (kept->sizes() == made.sizes() && (type == at::kFloat || type == at::kBFloat16)),
                "product: a residual of shape ", kept ? kept->sizes() : made.sizes(), " for an output of ", made.sizes());
    products::Product work{matrix, added.value_or(at::Tensor()), rows, {}};
    if (kept) work.residual = kept->contiguous().view({-1, matrix.size(0)});
    products::multiply(asRows(x), {work});
    return made;
  });
}

ct_status ct_packed_linears(ct_tensor input, const ct_tensor *matrices, const ct_optional_tensor *biases, int64_t count,
                            ct_tensor *outs) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    const auto rows = asRows(unwrap(input));
    std::vector<products::Product> works;
    std::vector<at::Tensor> made;
    for (int64_t i = 0; i < count; i++) {
      auto &matrix = unwrap(matrices[i]);
      TORCH_CHECK(products::isLaidOut(matrix), "products of one input: not laid out for them");
      auto [whole, part] = room(unwrap(input), matrix.size(0), at::kBFloat16);
      works.push_back({matrix, unwrapOptional(biases[i]).value_or(at::Tensor()), part, {}});
      made.push_back(whole);
    }
    products::multiply(rows, works);
    for (int64_t i = 0; i < count; i++) outs[i] = wrap(made[i]);
  });
}
}
