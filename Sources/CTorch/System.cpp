// SPDX-License-Identifier: Apache-2.0
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/detail/MPSHooksInterface.h>
#include <torch/csrc/api/include/torch/version.h>

#include "Bridge.h"
#include "Parallel.h"

using namespace attune;

extern "C" {

const char *ct_version(void) { return TORCH_VERSION; }

bool ct_device_available(int device_type) {
  try {
    switch (device_type) {
      case CT_CUDA: return at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
      case CT_MPS: return at::hasMPS();
      default: return device_type == CT_CPU;
    }
  } catch (...) {
    return false;
  }
}

int ct_thread_count(void) { return at::get_num_threads(); }
int ct_kernel_thread_count(void) { return int(threads::available()); }
void ct_set_thread_count(int count) { at::set_num_threads(count); }

ct_status ct_set_autocast(int device_type, bool enabled, int dtype) {
  return guarded([&] {
    auto type = device(device_type, 0).type();
    if (enabled) at::autocast::set_autocast_dtype(type, scalarType(dtype));
    at::autocast::set_autocast_enabled(type, enabled);
    // Casts of weights are remembered while autocast is on; an optimizer step in between would make them stale.
    at::autocast::clear_cache();
  });
}

bool ct_autocast_enabled(int device_type) {
  return at::autocast::is_autocast_enabled(device(device_type, 0).type());
}

int ct_autocast_dtype(int device_type) {
  auto type = device(device_type, 0).type();
  return at::autocast::is_autocast_enabled(type) ? dtypeCode(at::autocast::get_autocast_dtype(type)) : -1;
}

ct_status ct_synchronize(int device_type) {
  return guarded([&] {
    if (device_type == CT_CUDA) at::detail::getCUDAHooks().deviceSynchronize(0);
    if (device_type == CT_MPS) at::detail::getMPSHooks().deviceSynchronize();
  });
}
}
