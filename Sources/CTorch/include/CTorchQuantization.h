// SPDX-License-Identifier: Apache-2.0
// Frozen matrices in 4 and 8 bits. Everything but one loop for the processor is made of tensor operations, so other
// devices run the same code.

// A matrix of `rows` x `columns` in NF4: `packed` holds two 4-bit places in `code` (16 numbers) a byte, the first in
// the high half; each run of `block` weights, row major, is multiplied by its scale. `scales` are float32, or bytes
// that are places in `nested_code` (256 numbers), each run of `nested_block` of them multiplied by a number of
// `nested_scales`, to which `offset` is added.
typedef struct {
  ct_tensor packed;
  ct_tensor code;
  ct_tensor scales;
  ct_optional_tensor nested_code;
  ct_optional_tensor nested_scales;
  double offset;
  int64_t block;
  int64_t nested_block;
  int64_t rows;
  int64_t columns;
} ct_nf4_matrix;

// The nearest of `code` for each weight divided by the largest magnitude of its block; the lower of two equally near.
ct_status ct_nf4_quantize(ct_tensor weight, ct_tensor code, int64_t block, ct_tensor *packed, ct_tensor *scales);
// The numbers a matrix stands for, [rows, columns]. `portable` takes the path of other devices on the processor too.
ct_status ct_nf4_dequantize(ct_nf4_matrix matrix, int dtype, bool portable, ct_tensor *out);
// input x matrix^T + bias without keeping the dense matrix for the backward pass, which computes it again.
ct_status ct_nf4_linear(ct_tensor input, ct_nf4_matrix matrix, ct_optional_tensor bias, ct_tensor *out);

// float32 values as places in an ascending map of 256 numbers from -1 to 1, relative to the largest of each block.
ct_status ct_map_quantize(ct_tensor values, ct_tensor map, int64_t block, ct_tensor *codes, ct_tensor *scales);
ct_status ct_map_dequantize(ct_tensor codes, ct_tensor map, ct_tensor scales, int64_t block, ct_tensor *out);

// Each row as whole numbers from -127 to 127; `scales` are the rows' largest magnitudes.
ct_status ct_int8_quantize(ct_tensor weight, ct_tensor *codes, ct_tensor *scales);
ct_status ct_int8_dequantize(ct_tensor codes, ct_tensor scales, int dtype, ct_tensor *out);
ct_status ct_int8_linear(ct_tensor input, ct_tensor codes, ct_tensor scales, ct_optional_tensor bias, ct_tensor *out);
