// SPDX-License-Identifier: Apache-2.0
// Choosing next tokens.

// Which entries of each row [B, V] to keep: in descending order of `keys`, those before which the probabilities sum to
// less than `mass`, and at least `minimum`. Of equal keys the one further right comes first; `keep_ties` keeps all that
// equal the last one kept. Entries of probability 0 are never kept. Gives bool [B, V].
ct_status ct_keep_mass(ct_tensor keys, ct_tensor probabilities, double mass, int64_t minimum, bool keep_ties,
                       ct_tensor *out);
// One index a row of `probabilities` [B, V]: the first whose cumulative sum, in float64, is above uniforms[row] times
// the row's sum. Gives int64 [B, 1].
ct_status ct_draw(ct_tensor probabilities, const double *uniforms, int64_t count, ct_tensor *out);
