// SPDX-License-Identifier: Apache-2.0
#include "Bridge.h"

#include <atomic>
#include <new>
#include <string>

struct ct_tensor_handle {
  at::Tensor tensor;
};
struct ct_generator_handle {
  at::Generator generator;
};

namespace {
std::atomic<int64_t> liveHandles{0};
thread_local std::string lastError;

/// libtorch puts the sentence first and details of its own source after it.
std::string firstLine(const char *text) {
  std::string message(text);
  auto end = message.find('\n');
  if (end != std::string::npos) message.resize(end);
  auto raised = message.find(" (Exception raised from");
  if (raised != std::string::npos) message.resize(raised);
  return message;
}
}  // namespace

namespace attune {

at::Tensor &unwrap(ct_tensor handle) { return handle->tensor; }

std::optional<at::Tensor> unwrapOptional(ct_optional_tensor handle) {
  if (handle == nullptr) return std::nullopt;
  return handle->tensor;
}

std::vector<at::Tensor> unwrapList(const ct_tensor *handles, int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int64_t i = 0; i < count; ++i) tensors.push_back(handles[i]->tensor);
  return tensors;
}

ct_tensor wrap(at::Tensor tensor) {
  liveHandles.fetch_add(1, std::memory_order_relaxed);
  return new ct_tensor_handle{std::move(tensor)};
}

at::Generator &unwrap(ct_generator handle) { return handle->generator; }

ct_generator wrap(at::Generator generator) { return new ct_generator_handle{std::move(generator)}; }

at::ScalarType scalarType(int dtype) {
  switch (dtype) {
    case CT_FLOAT32: return at::kFloat;
    case CT_FLOAT64: return at::kDouble;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT16: return at::kHalf;
    case CT_INT64: return at::kLong;
    case CT_INT32: return at::kInt;
    case CT_INT16: return at::kShort;
    case CT_INT8: return at::kChar;
    case CT_UINT8: return at::kByte;
    case CT_BOOL: return at::kBool;
    default: TORCH_CHECK(false, "unknown element type code ", dtype);
  }
}

int dtypeCode(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return CT_FLOAT32;
    case at::kDouble: return CT_FLOAT64;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kHalf: return CT_FLOAT16;
    case at::kLong: return CT_INT64;
    case at::kInt: return CT_INT32;
    case at::kShort: return CT_INT16;
    case at::kChar: return CT_INT8;
    case at::kByte: return CT_UINT8;
    case at::kBool: return CT_BOOL;
    default: return -1;
  }
}

c10::Device device(int type, int index) {
  switch (type) {
    case CT_CUDA: return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    case CT_MPS: return c10::Device(c10::kMPS, static_cast<c10::DeviceIndex>(index));
    default: return c10::Device(c10::kCPU);
  }
}

at::TensorOptions options(int dtype, int deviceType, int deviceIndex) {
  return at::TensorOptions().dtype(scalarType(dtype)).device(device(deviceType, deviceIndex));
}

void setError(const char *message) { lastError = message; }

ct_status failure() noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) {
    lastError = firstLine(error.what_without_backtrace());
    return CT_OUT_OF_MEMORY;
  } catch (const c10::Error &error) {
    lastError = firstLine(error.what_without_backtrace());
    bool outOfMemory = lastError.find("DefaultCPUAllocator") != std::string::npos;
    return outOfMemory ? CT_OUT_OF_MEMORY : CT_ERROR;
  } catch (const std::bad_alloc &) {
    lastError = "the machine has no memory left";
    return CT_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    lastError = firstLine(error.what());
    return CT_ERROR;
  } catch (...) {
    lastError = "an unknown native error";
    return CT_ERROR;
  }
}

}  // namespace attune

extern "C" {

const char *ct_last_error(void) { return lastError.c_str(); }
void ct_set_error(const char *message) { attune::setError(message); }
int64_t ct_live_handles(void) { return liveHandles.load(std::memory_order_relaxed); }

void ct_tensor_free(ct_tensor tensor) {
  if (tensor == nullptr) return;
  liveHandles.fetch_sub(1, std::memory_order_relaxed);
  delete tensor;
}

void ct_generator_free(ct_generator generator) { delete generator; }

}
