// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>

#include <cstring>

#include "Bridge.h"

using namespace attune;

namespace {
at::IntArrayRef sizes(const int64_t *shape, int64_t rank) { return at::IntArrayRef(shape, static_cast<size_t>(rank)); }
}  // namespace

extern "C" {

ct_status ct_from_bytes(const void *data, int64_t byte_count, const int64_t *shape, int64_t rank, int dtype,
                        int device_type, int device_index, ct_tensor *out) {
  return produce(out, [&] {
    auto tensor = at::empty(sizes(shape, rank), options(dtype, CT_CPU, 0));
    TORCH_CHECK(static_cast<int64_t>(tensor.nbytes()) == byte_count, "from bytes: shape ", tensor.sizes(), " needs ",
                tensor.nbytes(), " bytes, got ", byte_count);
    if (byte_count > 0) std::memcpy(tensor.mutable_data_ptr(), data, static_cast<size_t>(byte_count));
    return device_type == CT_CPU ? tensor : tensor.to(device(device_type, device_index));
  });
}

ct_status ct_from_memory(void *data, const int64_t *shape, int64_t rank, int dtype, void (*release)(void *),
                         void *context, ct_tensor *out) {
  return produce(out, [&] {
    return at::from_blob(data, sizes(shape, rank), [=](void *) { release(context); }, options(dtype, CT_CPU, 0));
  });
}

ct_status ct_full(double value, const int64_t *shape, int64_t rank, int dtype, int device_type, int device_index,
                  ct_tensor *out) {
  return produce(out,
                 [&] { return at::full(sizes(shape, rank), value, options(dtype, device_type, device_index)); });
}

ct_status ct_empty(const int64_t *shape, int64_t rank, int dtype, int device_type, int device_index,
                   ct_tensor *out) {
  return produce(out, [&] { return at::empty(sizes(shape, rank), options(dtype, device_type, device_index)); });
}

ct_status ct_arange(int64_t start, int64_t end, int dtype, int device_type, int device_index, ct_tensor *out) {
  return produce(out, [&] { return at::arange(start, end, options(dtype, device_type, device_index)); });
}

int64_t ct_rank(ct_tensor tensor) { return unwrap(tensor).dim(); }
int64_t ct_size(ct_tensor tensor, int64_t axis) { return unwrap(tensor).sizes()[static_cast<size_t>(axis)]; }
int64_t ct_element_count(ct_tensor tensor) { return unwrap(tensor).numel(); }
int ct_dtype(ct_tensor tensor) { return dtypeCode(unwrap(tensor).scalar_type()); }

int ct_device_type(ct_tensor tensor) {
  auto type = unwrap(tensor).device().type();
  return type == c10::kCUDA ? CT_CUDA : type == c10::kMPS ? CT_MPS : CT_CPU;
}

int ct_device_index(ct_tensor tensor) {
  auto index = unwrap(tensor).device().index();
  return index < 0 ? 0 : index;
}

ct_status ct_item(ct_tensor tensor, double *out) {
  return guarded([&] { *out = unwrap(tensor).item().toDouble(); });
}

ct_status ct_copy_to_host(ct_tensor tensor, void *out, int64_t byte_count) {
  return guarded([&] {
    auto host = unwrap(tensor).detach().to(c10::kCPU).contiguous();
    TORCH_CHECK(static_cast<int64_t>(host.nbytes()) == byte_count, "copy to host: the tensor holds ", host.nbytes(),
                " bytes, the buffer ", byte_count);
    if (byte_count > 0) std::memcpy(out, host.const_data_ptr(), static_cast<size_t>(byte_count));
  });
}

ct_status ct_to_dtype(ct_tensor tensor, int dtype, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor).to(scalarType(dtype)); });
}

ct_status ct_to_device(ct_tensor tensor, int device_type, int device_index, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor).to(device(device_type, device_index)); });
}

ct_status ct_contiguous(ct_tensor tensor, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor).contiguous(); });
}

ct_status ct_clone(ct_tensor tensor, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor).clone(); });
}

ct_status ct_copy_in_place(ct_tensor destination, ct_tensor source) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    unwrap(destination).copy_(unwrap(source));
  });
}

ct_status ct_lerp_in_place(ct_tensor destination, ct_tensor source, double weight) {
  return guarded([&] {
    at::NoGradGuard noGrad;
    unwrap(destination).lerp_(unwrap(source).to(unwrap(destination).scalar_type()), weight);
  });
}

ct_status ct_alias(ct_tensor tensor, ct_tensor *out) {
  return produce(out, [&] { return unwrap(tensor); });
}
}
