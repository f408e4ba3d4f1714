// SPDX-License-Identifier: Apache-2.0
// Making tensors, reading them, and their attributes.

// Copies `byte_count` bytes, row major, into a new tensor.
ct_status ct_from_bytes(const void *data, int64_t byte_count, const int64_t *shape, int64_t rank, int dtype,
                        int device_type, int device_index, ct_tensor *out);
// Wraps memory without a copy; `release(context)` runs when the last view of it is gone.
ct_status ct_from_memory(void *data, const int64_t *shape, int64_t rank, int dtype, void (*release)(void *),
                         void *context, ct_tensor *out);
ct_status ct_full(double value, const int64_t *shape, int64_t rank, int dtype, int device_type, int device_index,
                  ct_tensor *out);
ct_status ct_empty(const int64_t *shape, int64_t rank, int dtype, int device_type, int device_index,
                   ct_tensor *out);
ct_status ct_arange(int64_t start, int64_t end, int dtype, int device_type, int device_index, ct_tensor *out);
void ct_tensor_free(ct_tensor tensor);

int64_t ct_rank(ct_tensor tensor);
int64_t ct_size(ct_tensor tensor, int64_t axis);
int64_t ct_element_count(ct_tensor tensor);
int ct_dtype(ct_tensor tensor);
int ct_device_type(ct_tensor tensor);
int ct_device_index(ct_tensor tensor);

// The value of a one-element tensor.
ct_status ct_item(ct_tensor tensor, double *out);
// Copies all elements, row major, to host memory of exactly `byte_count` bytes.
ct_status ct_copy_to_host(ct_tensor tensor, void *out, int64_t byte_count);
ct_status ct_to_dtype(ct_tensor tensor, int dtype, ct_tensor *out);
ct_status ct_to_device(ct_tensor tensor, int device_type, int device_index, ct_tensor *out);
ct_status ct_contiguous(ct_tensor tensor, ct_tensor *out);
ct_status ct_clone(ct_tensor tensor, ct_tensor *out);
// destination[...] = source, without a gradient.
ct_status ct_copy_in_place(ct_tensor destination, ct_tensor source);
// destination += weight * (source - destination), without a gradient.
ct_status ct_lerp_in_place(ct_tensor destination, ct_tensor source, double weight);
// Another handle to the same tensor.
ct_status ct_alias(ct_tensor tensor, ct_tensor *out);
