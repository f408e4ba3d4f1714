// SPDX-License-Identifier: Apache-2.0
// Optimizer kernels: whole lists of parameters a call, in place, without a gradient.

// One fused AdamW step with the gradients stored in `parameters`; `first` and `second` are the moment estimates,
// `steps` one-element float32 tensors. Parameters without a gradient are passed over.
ct_status ct_adamw_step(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first,
                        const ct_tensor *second, const ct_tensor *steps, int64_t count, double learning_rate,
                        double beta1, double beta2, double epsilon, double weight_decay);
// The same step in the older form lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon).
ct_status ct_adamw_epsilon_hat_step(ct_tensor parameter, ct_tensor gradient, ct_tensor first, ct_tensor second,
                                    int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                                    double weight_decay);
// One SGD step; `momentum` buffers may be null when `momentum_factor` is 0.
ct_status ct_sgd_step(const ct_tensor *parameters, const ct_tensor *gradients, const ct_optional_tensor *momentum,
                      int64_t count, double learning_rate, double momentum_factor, double weight_decay);
// The 2-norm over all gradients together, in float32; zero when there are none.
ct_status ct_gradient_norm(const ct_tensor *gradients, int64_t count, double *out);
ct_status ct_scale_in_place(const ct_tensor *tensors, int64_t count, double factor);
