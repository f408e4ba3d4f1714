// SPDX-License-Identifier: Apache-2.0
// Gradients.

bool ct_grad_enabled(void);
void ct_set_grad_enabled(bool enabled);
bool ct_requires_grad(ct_tensor tensor);
ct_status ct_set_requires_grad(ct_tensor tensor, bool value);
ct_status ct_detach(ct_tensor tensor, ct_tensor *out);
// Adds d(sum of root)/d(leaf) to every leaf that asks for a gradient.
ct_status ct_backward(ct_tensor root);
// The accumulated gradient, or null where there is none yet.
ct_status ct_grad(ct_tensor tensor, ct_optional_tensor *out);
ct_status ct_set_grad(ct_tensor tensor, ct_optional_tensor gradient);

// Runs `block` now without keeping its intermediate results and runs it again when gradients are wanted.
// `block` receives borrowed inputs and returns one tensor, owned by the callee's caller; `release` ends `context`.
typedef ct_status (*ct_block)(void *context, const ct_tensor *inputs, int64_t count, ct_tensor *output);
ct_status ct_checkpoint(const ct_tensor *inputs, int64_t count, ct_block block, void *context,
                        void (*release)(void *), ct_tensor *out);
// Lets Swift hand a message to the thread's error slot from within a block.
void ct_set_error(const char *message);
