// SPDX-License-Identifier: Apache-2.0
// What every file of the shim shares: handles, and the guard that keeps C++ exceptions on this side.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <vector>

#include "include/CTorch.h"

namespace attune {

at::Tensor &unwrap(ct_tensor handle);
std::optional<at::Tensor> unwrapOptional(ct_optional_tensor handle);
std::vector<at::Tensor> unwrapList(const ct_tensor *handles, int64_t count);
ct_tensor wrap(at::Tensor tensor);
at::Generator &unwrap(ct_generator handle);
ct_generator wrap(at::Generator generator);

at::ScalarType scalarType(int dtype);
int dtypeCode(at::ScalarType type);
c10::Device device(int type, int index);
at::TensorOptions options(int dtype, int deviceType, int deviceIndex);

/// Records the exception being handled as the thread's last error and tells its status.
ct_status failure() noexcept;
void setError(const char *message);

/// Runs `body`, turning exceptions into a status.
template <typename Body>
ct_status guarded(Body &&body) noexcept {
  try {
    body();
    return CT_OK;
  } catch (...) {
    return failure();
  }
}

/// Runs `body`, which returns a tensor, and hands that to the caller.
template <typename Body>
ct_status produce(ct_tensor *out, Body &&body) noexcept {
  return guarded([&] { *out = wrap(body()); });
}

}  // namespace attune
