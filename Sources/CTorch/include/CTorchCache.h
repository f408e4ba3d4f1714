// SPDX-License-Identifier: Apache-2.0
// Keys and values kept between decoding steps.

// Writes source [B, H, T, K] into a cache [R, H, C, K] in place: the first counts[i] of its tokens go to row rows[i],
// from place starts[i] on. Without gradients.
ct_status ct_cache_write(ct_tensor cache, ct_tensor source, const int64_t *rows, const int64_t *starts,
                         const int64_t *counts, int64_t count);
// Copies the tokens from `first` up to `last` of one row of a cache [R, H, C, K] over those of another.
ct_status ct_cache_copy(ct_tensor cache, int64_t from, int64_t to, int64_t first, int64_t last);
