// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

#include "Bridge.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// The closure of a checkpointed block, freed with the last graph node that may run it again.
struct Block : public torch::CustomClassHolder {
  ct_block body;
  void *context;
  void (*release)(void *);
  bool autocast;
  at::ScalarType autocastType;

  Block(ct_block body, void *context, void (*release)(void *))
      : body(body), context(context), release(release),
        autocast(at::autocast::is_autocast_enabled(at::kCPU)),
        autocastType(at::autocast::get_autocast_dtype(at::kCPU)) {}
  ~Block() override { release(context); }

  at::Tensor run(const variable_list &inputs) {
    std::vector<ct_tensor> handles;
    handles.reserve(inputs.size());
    for (auto &input : inputs) handles.push_back(wrap(input));
    ct_tensor output = nullptr;
    auto status = body(context, handles.data(), static_cast<int64_t>(handles.size()), &output);
    for (auto handle : handles) ct_tensor_free(handle);
    TORCH_CHECK(status == CT_OK && output != nullptr, ct_last_error());
    auto result = unwrap(output);
    ct_tensor_free(output);
    return result;
  }
};

struct Checkpoint : public torch::autograd::Function<Checkpoint> {
  static at::Tensor forward(AutogradContext *context, c10::intrusive_ptr<Block> block, at::TensorList tensors) {
    variable_list inputs(tensors.begin(), tensors.end());
    context->saved_data["block"] = c10::IValue::make_capsule(block);
    context->save_for_backward(inputs);
    at::NoGradGuard noGrad;
    return block->run(inputs);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto block = c10::static_intrusive_pointer_cast<Block>(context->saved_data["block"].toCapsule());
    variable_list inputs;
    for (auto &saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach());
      if (saved.requires_grad()) inputs.back().set_requires_grad(true);
    }
    at::Tensor output;
    {
      at::AutoGradMode grad(true);
      bool wasOn = at::autocast::is_autocast_enabled(at::kCPU);
      at::autocast::set_autocast_enabled(at::kCPU, block->autocast);
      if (block->autocast) at::autocast::set_autocast_dtype(at::kCPU, block->autocastType);
      output = block->run(inputs);
      at::autocast::set_autocast_enabled(at::kCPU, wasOn);
    }
    torch::autograd::backward({output}, {gradients[0]});
    variable_list result;
    result.push_back(at::Tensor());  // the block itself
    for (auto &input : inputs) result.push_back(input.grad());
    return result;
  }
};

}  // namespace

extern "C" {

bool ct_grad_enabled(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }
bool ct_requires_grad(ct_tensor tensor) { return unwrap(tensor).requires_grad(); }

ct_status ct_set_requires_grad(ct_tensor tensor, bool value) {
  return guarded([&] { unwrap(tensor).set_requires_grad(value); });
}

ct_status ct_detach(ct_tensor tensor, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor).detach(); });
}

ct_status ct_backward(ct_tensor root) {
  return guarded([&] {
    auto &tensor = unwrap(root);
    torch::autograd::backward({tensor.numel() == 1 ? tensor : tensor.sum()}, {});
  });
}

ct_status ct_grad(ct_tensor tensor, ct_optional_tensor *out) {
  return guarded([&] {
    auto gradient = unwrap(tensor).grad();
    *out = gradient.defined() ? wrap(gradient) : nullptr;
  });
}

ct_status ct_set_grad(ct_tensor tensor, ct_optional_tensor gradient) {
  return guarded([&] { unwrap(tensor).mutable_grad() = unwrapOptional(gradient).value_or(at::Tensor()); });
}

ct_status ct_checkpoint(const ct_tensor *inputs, int64_t count, ct_block block, void *context,
                        void (*release)(void *), ct_tensor *out) {
  return guarded([&] {
    auto holder = c10::make_intrusive<Block>(block, context, release);
    auto tensors = unwrapList(inputs, count);
    // Only a TensorList counts as variables here; gradients do not flow through a vector.
    *out = wrap(Checkpoint::apply(holder, at::TensorList(tensors)));
  });
}
}
