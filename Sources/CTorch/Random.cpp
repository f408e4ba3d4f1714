// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/detail/MPSHooksInterface.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/empty.h>

#include <mutex>

#include "Bridge.h"

using namespace attune;

namespace {
at::Tensor room(const int64_t *shape, int64_t rank, int dtype, at::Generator &generator) {
  auto options = at::TensorOptions().dtype(scalarType(dtype)).device(generator.device());
  return at::empty(at::IntArrayRef(shape, static_cast<size_t>(rank)), options);
}
}  // namespace

extern "C" {

ct_status ct_generator_new(uint64_t seed, int device_type, int device_index, ct_generator *out) {
  return guarded([&] {
    at::Generator generator;
    switch (device_type) {
      case CT_CUDA:
        generator = at::detail::getCUDAHooks().getNewGenerator(static_cast<c10::DeviceIndex>(device_index));
        break;
      case CT_MPS:
        generator = at::detail::getMPSHooks().getNewGenerator(static_cast<c10::DeviceIndex>(device_index));
        break;
      default: generator = at::detail::createCPUGenerator();
    }
    generator.set_current_seed(seed);
    *out = wrap(generator);
  });
}

ct_status ct_generator_state(ct_generator generator, ct_tensor *out) {
  return produce(out, [&] {
    std::lock_guard<std::mutex> lock(unwrap(generator).mutex());
    return unwrap(generator).get_state();
  });
}

ct_status ct_generator_restore(ct_generator generator, ct_tensor state) {
  return guarded([&] {
    std::lock_guard<std::mutex> lock(unwrap(generator).mutex());
    unwrap(generator).set_state(unwrap(state));
  });
}

ct_status ct_normal(double mean, double deviation, const int64_t *shape, int64_t rank, int dtype,
                    ct_generator generator, ct_tensor *out) {
  return produce(out, [&] {
    return room(shape, rank, dtype, unwrap(generator)).normal_(mean, deviation, unwrap(generator));
  });
}

ct_status ct_uniform(double low, double high, const int64_t *shape, int64_t rank, int dtype,
                     ct_generator generator, ct_tensor *out) {
  return produce(out, [&] {
    return room(shape, rank, dtype, unwrap(generator)).uniform_(low, high, unwrap(generator));
  });
}

ct_status ct_bernoulli(ct_tensor probabilities, ct_generator generator, ct_tensor *out) {
  return produce(out, [&] { return at::bernoulli(unwrap(probabilities), unwrap(generator)); });
}
}
