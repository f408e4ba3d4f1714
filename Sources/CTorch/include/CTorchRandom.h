// SPDX-License-Identifier: Apache-2.0
// Explicit generators; nothing here touches libtorch's global one.

ct_status ct_generator_new(uint64_t seed, int device_type, int device_index, ct_generator *out);
void ct_generator_free(ct_generator generator);
// The generator's whole state as a byte tensor, and back.
ct_status ct_generator_state(ct_generator generator, ct_tensor *out);
ct_status ct_generator_restore(ct_generator generator, ct_tensor state);
ct_status ct_normal(double mean, double deviation, const int64_t *shape, int64_t rank, int dtype,
                    ct_generator generator, ct_tensor *out);
ct_status ct_uniform(double low, double high, const int64_t *shape, int64_t rank, int dtype,
                     ct_generator generator, ct_tensor *out);
// 1 with the probability given by each element of `probabilities`, else 0.
ct_status ct_bernoulli(ct_tensor probabilities, ct_generator generator, ct_tensor *out);
