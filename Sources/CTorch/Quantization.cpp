// SPDX-License-Identifier: Apache-2.0
// Frozen matrices in 4 and 8 bits, and products with them that never keep the dense matrix.
#include <ATen/Dispatch.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bucketize.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "Bridge.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// Below this a block counts as zero; its reciprocal is still finite.
constexpr double smallest = 1e-38;

/// One scale for each of `count` values, each serving `block` of them.
at::Tensor spread(const at::Tensor &scales, int64_t block, int64_t count) {
  return scales.repeat_interleave(block).narrow(0, 0, count);
}

at::Tensor fromMap(const at::Tensor &codes, const at::Tensor &map, const at::Tensor &scales, int64_t block) {
  auto flat = codes.reshape(-1);
  return map.index_select(0, flat.to(at::kInt)).mul(spread(scales, block, flat.numel()));
}

/// What a frozen matrix is made of; gives the dense numbers when asked.
struct Frozen : public torch::CustomClassHolder {
  virtual at::Tensor dense(at::ScalarType type) const = 0;
};

struct NF4 final : public Frozen {
  at::Tensor packed, code, scales;
  std::optional<at::Tensor> nestedCode, nestedScales;
  double offset;
  int64_t block, nestedBlock, rows, columns;

  explicit NF4(const ct_nf4_matrix &matrix)
      : packed(unwrap(matrix.packed)), code(unwrap(matrix.code)), scales(unwrap(matrix.scales)),
        nestedCode(unwrapOptional(matrix.nested_code)), nestedScales(unwrapOptional(matrix.nested_scales)),
        offset(matrix.offset), block(matrix.block), nestedBlock(matrix.nested_block), rows(matrix.rows),
        columns(matrix.columns) {
    TORCH_CHECK(block > 0 && rows > 0 && columns > 0, "nf4: a matrix of ", rows, " x ", columns, " in blocks of ", block);
    const int64_t count = rows * columns;
    TORCH_CHECK(packed.scalar_type() == at::kByte && packed.numel() == (count + 1) / 2, "nf4: ", count,
                " weights need ", (count + 1) / 2, " bytes, got ", packed.numel());
    TORCH_CHECK(code.numel() == 16, "nf4: a code of ", code.numel(), " numbers, expected 16");
    TORCH_CHECK(scales.numel() == (count + block - 1) / block, "nf4: ", count, " weights in blocks of ", block,
                " need ", (count + block - 1) / block, " scales, got ", scales.numel());
    if (!nestedCode) return;
    TORCH_CHECK(nestedBlock > 0 && nestedScales && nestedCode->numel() == 256 &&
                    nestedScales->numel() == (scales.numel() + nestedBlock - 1) / nestedBlock,
                "nf4: the scales of the scales do not fit ", scales.numel(), " scales in blocks of ", nestedBlock);
  }

  at::Tensor plainScales() const {
    if (!nestedCode) return scales.reshape(-1);
    return fromMap(scales, *nestedCode, *nestedScales, nestedBlock).add(offset);
  }

  at::Tensor dense(at::ScalarType type) const override {
    at::NoGradGuard noGrad;
    return packed.device().is_cpu() ? onProcessor(type) : portable(type);
  }

  at::Tensor portable(at::ScalarType type) const {
    at::NoGradGuard noGrad;
    auto bytes = packed.reshape(-1);
    auto places = at::stack({bytes.bitwise_right_shift(4), bytes.bitwise_and(15)}, -1).reshape(-1);
    const int64_t count = rows * columns;
    auto values = code.index_select(0, places.narrow(0, 0, count).to(at::kInt));
    return values.mul(spread(plainScales(), block, count)).to(type).reshape({rows, columns});
  }

  at::Tensor onProcessor(at::ScalarType type) const {
    auto result = at::empty({rows, columns}, packed.options().dtype(type));
    auto bytes = packed.contiguous(), factors = plainScales().contiguous(), table = code.contiguous();
    const auto *from = bytes.const_data_ptr<uint8_t>();
    const auto *scale = factors.const_data_ptr<float>();
    const auto *values = table.const_data_ptr<float>();
    const int64_t count = rows * columns;
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, type, "nf4", [&] {
      auto *to = result.mutable_data_ptr<scalar_t>();
      for (int64_t start = 0, index = 0; start < count; start += block, ++index) {
        float scaled[16];
        for (int place = 0; place < 16; ++place) scaled[place] = values[place] * scale[index];
        const int64_t end = std::min(count, start + block);
        int64_t i = start;
        // A block of odd size may begin in the middle of a byte.
        if (i % 2 == 1) { to[i] = static_cast<scalar_t>(scaled[from[i / 2] & 15]); ++i; }
        for (; i + 1 < end; i += 2) {
          const uint8_t pair = from[i / 2];
          to[i] = static_cast<scalar_t>(scaled[pair >> 4]);
          to[i + 1] = static_cast<scalar_t>(scaled[pair & 15]);
        }
        if (i < end) to[i] = static_cast<scalar_t>(scaled[from[i / 2] >> 4]);
      }
    });
    return result;
  }
};

struct Int8 final : public Frozen {
  at::Tensor codes, scales;

  Int8(at::Tensor codes, at::Tensor scales) : codes(std::move(codes)), scales(std::move(scales)) {
    TORCH_CHECK(this->codes.dim() == 2 && this->codes.scalar_type() == at::kChar, "int8: expected a matrix of int8, got ",
                this->codes.sizes());
    TORCH_CHECK(this->scales.numel() == this->codes.size(0), "int8: ", this->codes.size(0), " rows but ",
                this->scales.numel(), " scales");
  }

  at::Tensor dense(at::ScalarType type) const override {
    at::NoGradGuard noGrad;
    auto factors = scales.reshape({-1, 1}).to(at::kFloat).mul(1.0 / 127.0);
    return codes.to(at::kFloat).mul_(factors).to(type);
  }
};

/// x Wᵀ with W dense only while it is needed, in both directions. W gets no gradient.
struct FrozenProduct : public torch::autograd::Function<FrozenProduct> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &input, c10::intrusive_ptr<Frozen> frozen) {
    // Autocast's type where that is on: the backward pass runs outside of its region and must do the same.
    auto device = input.device().type();
    bool casts = at::autocast::is_autocast_enabled(device) && input.scalar_type() != at::kDouble;
    auto type = casts ? at::autocast::get_autocast_dtype(device) : input.scalar_type();
    context->saved_data["matrix"] = c10::IValue::make_capsule(frozen);
    context->saved_data["product"] = static_cast<int64_t>(type);
    context->saved_data["input"] = static_cast<int64_t>(input.scalar_type());
    return at::linear(input.to(type), frozen->dense(type));
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto frozen = c10::static_intrusive_pointer_cast<Frozen>(context->saved_data["matrix"].toCapsule());
    auto product = static_cast<at::ScalarType>(context->saved_data["product"].toInt());
    auto type = static_cast<at::ScalarType>(context->saved_data["input"].toInt());
    return {gradients[0].to(product).matmul(frozen->dense(product)).to(type), at::Tensor()};
  }
};

at::Tensor frozenLinear(const at::Tensor &input, c10::intrusive_ptr<Frozen> frozen, ct_optional_tensor bias) {
  auto result = FrozenProduct::apply(input, std::move(frozen));
  auto shift = unwrapOptional(bias);
  return shift ? result.add(shift->to(result.scalar_type())) : result;
}

/// Values of the last, shorter block divided by its scale; whole blocks are multiplied by the reciprocal. The two
/// round differently, and files of other programs agree bit for bit only if this does the same.
std::pair<at::Tensor, at::Tensor> scaledBlocks(const at::Tensor &flat, int64_t block) {
  const int64_t rest = flat.numel() % block, whole = flat.numel() - rest;
  auto blocks = flat.narrow(0, 0, whole).reshape({-1, block});
  auto scales = whole > 0 ? blocks.abs().amax(-1) : at::empty({0}, flat.options());
  auto factors = scales.clamp_min(smallest).reciprocal().unsqueeze(1);
  auto scaled = blocks.mul(factors).clamp(-1, 1).reshape(-1);
  if (rest == 0) return {scaled, scales};
  auto tail = flat.narrow(0, whole, rest);
  auto scale = tail.abs().max().clamp_min(smallest).reshape(1);
  return {at::cat({scaled, tail.div(scale).clamp(-1, 1)}), at::cat({scales, scale})};
}

}  // namespace

extern "C" {

ct_status ct_nf4_quantize(ct_tensor weight, ct_tensor code, int64_t block, ct_tensor *packed, ct_tensor *scales) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto &values = unwrap(code);
    auto [scaled, factors] = scaledBlocks(unwrap(weight).reshape(-1).to(at::kFloat), block);
    auto bounds = values.narrow(0, 0, 15).add(values.narrow(0, 1, 15)).div(2);
    if (scaled.numel() % 2 == 1) scaled = at::constant_pad_nd(scaled, {0, 1});
    auto places = at::bucketize(scaled, bounds, /*out_int32=*/true).to(at::kByte).reshape({-1, 2});
    auto high = places.select(1, 0).bitwise_left_shift(4);
    *packed = wrap(high.bitwise_or(places.select(1, 1)).unsqueeze(1));
    *scales = wrap(factors);
  });
}

ct_status ct_nf4_dequantize(ct_nf4_matrix matrix, int dtype, bool portable, ct_tensor *out) {
  return produce(out, [&] {
    NF4 parts(matrix);
    return portable ? parts.portable(scalarType(dtype)) : parts.dense(scalarType(dtype));
  });
}

ct_status ct_nf4_linear(ct_tensor input, ct_nf4_matrix matrix, ct_optional_tensor bias, ct_tensor *out) {
  return produce(out, [&] { return frozenLinear(unwrap(input), c10::make_intrusive<NF4>(matrix), bias); });
}

ct_status ct_map_quantize(ct_tensor values, ct_tensor map, int64_t block, ct_tensor *codes, ct_tensor *scales) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto flat = unwrap(values).reshape(-1).to(at::kFloat);
    auto &places = unwrap(map);
    const int64_t count = flat.numel(), blocks = (count + block - 1) / block;
    auto padded = at::constant_pad_nd(flat, {0, blocks * block - count}).reshape({blocks, block});
    auto factors = padded.abs().amax(-1);
    auto scaled = flat.div(spread(factors.clamp_min(smallest), block, count));
    // The place at or below each value, then the one above where that is nearer.
    auto below = at::searchsorted(places, scaled, false, /*right=*/true).sub(1).clamp(0, places.numel() - 2);
    auto toBelow = scaled.sub(places.index_select(0, below)).abs();
    auto toAbove = scaled.sub(places.index_select(0, below.add(1))).abs();
    *codes = wrap(below.add(toAbove.lt(toBelow).to(at::kLong)).to(at::kByte));
    *scales = wrap(factors);
  });
}

ct_status ct_map_dequantize(ct_tensor codes, ct_tensor map, ct_tensor scales, int64_t block, ct_tensor *out) {
  return produce(out, [&] {
    at::NoGradGuard noGrad;
    return fromMap(unwrap(codes), unwrap(map), unwrap(scales), block);
  });
}

ct_status ct_int8_quantize(ct_tensor weight, ct_tensor *codes, ct_tensor *scales) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    auto rows = unwrap(weight).to(at::kFloat);
    auto factors = rows.abs().amax(1);
    *codes = wrap(rows.mul(factors.clamp_min(smallest).reciprocal().mul(127.0).unsqueeze(1)).round().to(at::kChar));
    *scales = wrap(factors);
  });
}

ct_status ct_int8_dequantize(ct_tensor codes, ct_tensor scales, int dtype, ct_tensor *out) {
  return produce(out, [&] { return Int8(unwrap(codes), unwrap(scales)).dense(scalarType(dtype)); });
}

ct_status ct_int8_linear(ct_tensor input, ct_tensor codes, ct_tensor scales, ct_optional_tensor bias,
                         ct_tensor *out) {
  return produce(out, [&] {
    return frozenLinear(unwrap(input), c10::make_intrusive<Int8>(unwrap(codes), unwrap(scales)), bias);
  });
}
}
