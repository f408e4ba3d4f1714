// SPDX-License-Identifier: Apache-2.0
// The operations of neural networks.

ct_status ct_linear(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, ct_tensor *out);
ct_status ct_embedding(ct_tensor weight, ct_tensor ids, ct_tensor *out);
// The tanh approximation of gelu; the exact form is among the unary operations.
ct_status ct_gelu_tanh(ct_tensor a, ct_tensor *out);
// Computed in float32, returned in the input's type. `around_one` multiplies by 1 + weight, before the conversion.
ct_status ct_rms_norm(ct_tensor input, ct_tensor weight, double epsilon, bool around_one, ct_tensor *out);
ct_status ct_layer_norm(ct_tensor input, ct_tensor weight, ct_optional_tensor bias, double epsilon, ct_tensor *out);
// y = x cos + rotate_half(x) sin over the last axis of x [B, H, T, K]; cos and sin [T, K'] or [B, 1, T, K']. Where
// K' < K only the first K' numbers turn.
ct_status ct_rotary(ct_tensor x, ct_tensor cosine, ct_tensor sine, ct_tensor *out);
// silu(gate) * up, of one shape.
ct_status ct_silu_gate(ct_tensor gate, ct_tensor up, ct_tensor *out);
// Softmax attention, [B, H, T, K] each; fewer key heads than query heads are shared. `mask` is true where
// attention is allowed, or absent. `cap` other than 0 bounds the scores: s becomes cap tanh(s / cap).
ct_status ct_attention(ct_tensor query, ct_tensor key, ct_tensor value, ct_optional_tensor mask, bool causal,
                       double scale, double cap, ct_tensor *out);
// Attention of one new token a row, query [B, H, 1, K], over tokens `starts[b]` to `ends[b]` of row `rows[b]` of caches
// [R, H', C, K]. On the CPU, in float32 or bfloat16; no gradient.
ct_status ct_cached_attention(ct_tensor query, ct_tensor keys, ct_tensor values, const int64_t *rows,
                              const int64_t *starts, const int64_t *ends, double scale, double cap, ct_tensor *out);
// The same with everything around it: query [B, 1, H K], key and value [B, 1, H' K] as products leave them, queries and
// keys turned by cosine and sine [1, P] or [B, 1, 1, P], key and value written at `places[b]` of row `rows[b]`, and
// queries attending to the tokens from `starts[b]` to there. In the caches' type; gives [B, 1, H K].
ct_status ct_token_attention(ct_tensor query, ct_tensor key, ct_tensor value, ct_tensor cosine, ct_tensor sine,
                             ct_tensor keys, ct_tensor values, const int64_t *rows, const int64_t *starts,
                             const int64_t *places, double scale, double cap, ct_tensor *out);
// A matrix [out, in] in bfloat16 as the CPU's products read it, and back. `ct_can_pack` tells whether there is such a
// layout here.
bool ct_can_pack(void);
bool ct_is_packed(ct_tensor tensor);
ct_status ct_pack_matrix(ct_tensor weight, ct_tensor *out);
ct_status ct_unpack_matrix(ct_tensor packed, ct_tensor *out);
// x W^T + b in bfloat16 with W packed; no gradient. `residual`, of the output's shape, is added to the rounded product
// and gives its type.
ct_status ct_packed_linear(ct_tensor input, ct_tensor packed, ct_optional_tensor bias, ct_optional_tensor residual,
                           ct_tensor *out);
// Whether a packed matrix is in the layout for few rows, in which several products of one input can share a call.
bool ct_is_packed_for_tokens(ct_tensor tensor);
ct_status ct_packed_linears(ct_tensor input, const ct_tensor *matrices, const ct_optional_tensor *biases, int64_t count,
                            ct_tensor *outs);
// Log-probabilities of `targets` [N] under softmax(hidden [N, D] x weight^T [D, V] / temperature), in float32,
// `chunk` rows at a time: the [N, V] logits never exist at once, neither forwards nor backwards. `cap` other than 0
// bounds the logits first: l becomes cap tanh(l / cap). `entropy` [N] and
// `top1` [N] (1 where the target is the most likely token) are computed where asked for, else empty. Gradients flow
// through log-probabilities and entropy.
ct_status ct_target_log_probs(ct_tensor hidden, ct_tensor weight, ct_tensor targets, double temperature, double cap,
                              int64_t chunk, bool wants_entropy, bool wants_top1, ct_tensor *log_probs,
                              ct_tensor *entropy, ct_tensor *top1);
// Causal attention of segments of one row of tokens: query [1, H, N, K], key and value [1, H', N, K]. `layout` holds for
// each segment its first token, its count, a number of spans, and first token and count of each: its queries see the
// spans, in order, and then the segment itself up to their own place; of all those at most the last `window` (0: all).
// Every token stands in exactly one segment, segments in order of their tokens. `cap` as in ct_attention. The queries of
// all segments are given back as [1, H, N, K]; scores exist for a block of queries at a time, forwards and backwards.
ct_status ct_segment_attention(ct_tensor query, ct_tensor key, ct_tensor value, const int64_t *layout,
                               int64_t layout_count, double scale, double cap, int64_t window, ct_tensor *out);
