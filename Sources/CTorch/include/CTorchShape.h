// SPDX-License-Identifier: Apache-2.0
// Shapes, views, joining, choosing.

ct_status ct_reshape(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out);
ct_status ct_expand(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out);
ct_status ct_permute(ct_tensor a, const int64_t *axes, int64_t rank, ct_tensor *out);
ct_status ct_transpose(ct_tensor a, int64_t first, int64_t second, ct_tensor *out);
ct_status ct_unsqueeze(ct_tensor a, int64_t axis, ct_tensor *out);
ct_status ct_squeeze(ct_tensor a, int64_t axis, ct_tensor *out);
ct_status ct_narrow(ct_tensor a, int64_t axis, int64_t start, int64_t length, ct_tensor *out);
ct_status ct_select(ct_tensor a, int64_t axis, int64_t index, ct_tensor *out);
ct_status ct_index_select(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor *out);
ct_status ct_gather(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor *out);
// A copy of `a` with `source` written (or added) at `indices` along `axis`.
ct_status ct_scatter(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source, ct_tensor *out);
ct_status ct_scatter_add(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source, ct_tensor *out);
ct_status ct_scatter_in_place(ct_tensor a, int64_t axis, ct_tensor indices, ct_tensor source);
ct_status ct_cat(const ct_tensor *tensors, int64_t count, int64_t axis, ct_tensor *out);
ct_status ct_stack(const ct_tensor *tensors, int64_t count, int64_t axis, ct_tensor *out);
ct_status ct_repeat_interleave(ct_tensor a, int64_t repeats, int64_t axis, ct_tensor *out);
ct_status ct_tril(ct_tensor a, int64_t diagonal, ct_tensor *out);
