// SPDX-License-Identifier: Apache-2.0
// Process-wide facts and switches.

// The last error of the calling thread, one sentence without a C++ stack; valid until its next failing call.
const char *ct_last_error(void);
// libtorch's version, "2.13.0" for example.
const char *ct_version(void);
// Whether this build of libtorch has the device type and the machine the device.
bool ct_device_available(int device_type);
// Threads of the intra-operation pool of the calling thread.
int ct_thread_count(void);
// Threads that a kernel of the shim takes: as many, or 1 where libtorch's pool cannot be entered.
int ct_kernel_thread_count(void);
void ct_set_thread_count(int count);
// Tensor handles alive now, for leak tests.
int64_t ct_live_handles(void);
// Automatic mixed precision of the calling thread on a device: matrix products run in `dtype` while on.
ct_status ct_set_autocast(int device_type, bool enabled, int dtype);
bool ct_autocast_enabled(int device_type);
// The type of products while autocast is on, else -1.
int ct_autocast_dtype(int device_type);
// Waits until the device has finished what was asked of it; returns at once for the processor.
ct_status ct_synchronize(int device_type);
