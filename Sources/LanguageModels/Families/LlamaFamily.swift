// SPDX-License-Identifier: Apache-2.0

/// What sets a family of Llama's layout apart: five sets of values for the one checkpoint map in `Llama.swift`.
public struct LlamaFamily: Sendable, Equatable {
  /// Which biases the attention has.
  enum AttentionBias { case asConfigured, queryKeyValue, none }
  /// Which layers have a window.
  enum Windows { case none, everyLayer, byLayer }

  /// `model_type` in `config.json`.
  public let modelType: String
  let attentionBias: AttentionBias
  let windows: Windows
  /// Queries and keys are normalised head by head.
  var hasHeadNorms = false
  /// q, k and v are stored as one matrix, gate and up as another.
  var isStacked = false
  /// Fields of `config.json` where a file lacks them.
  let defaults: [String: any Sendable]

  /// Families are told apart by their `model_type`.
  public static func == (a: LlamaFamily, b: LlamaFamily) -> Bool { a.modelType == b.modelType }

  private static let common: [String: any Sendable] = [
    "hidden_act": "silu", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "initializer_range": 0.02, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
  ]

  private static func defaults(_ own: [String: any Sendable]) -> [String: any Sendable] {
    common.merging(own) { $1 }
  }

  /// Llama 2 and 3. Touvron et al. 2023, arXiv:2307.09288; Grattafiori et al. 2024, arXiv:2407.21783.
  public static let llama = LlamaFamily(
    modelType: "llama", attentionBias: .asConfigured, windows: .none,
    defaults: defaults([
      "vocab_size": 32000, "intermediate_size": 11008, "max_position_embeddings": 2048,
    ]))

  /// Mistral: a window on every layer where the file names one. Jiang et al. 2023, arXiv:2310.06825.
  public static let mistral = LlamaFamily(
    modelType: "mistral", attentionBias: .none, windows: .everyLayer,
    defaults: defaults([
      "vocab_size": 32000, "intermediate_size": 14336, "max_position_embeddings": 131_072,
      "num_key_value_heads": 8, "sliding_window": 4096,
    ]))

  /// Qwen2 and Qwen2.5: biases on q, k and v; windows from a layer on. Yang et al. 2024, arXiv:2407.10671.
  public static let qwen2 = LlamaFamily(
    modelType: "qwen2", attentionBias: .queryKeyValue, windows: .byLayer,
    defaults: defaults([
      "vocab_size": 151_936, "intermediate_size": 22016, "max_position_embeddings": 32768,
      "num_key_value_heads": 32, "sliding_window": 4096, "max_window_layers": 28,
    ]))

  /// Qwen3: no biases, norms of single heads, a head width of its own. Yang et al. 2025, arXiv:2505.09388.
  public static let qwen3 = LlamaFamily(
    modelType: "qwen3", attentionBias: .asConfigured, windows: .byLayer, hasHeadNorms: true,
    defaults: defaults([
      "vocab_size": 151_936, "intermediate_size": 22016, "max_position_embeddings": 32768,
      "num_key_value_heads": 32, "head_dim": 128, "sliding_window": 4096, "max_window_layers": 28,
    ]))

  /// Phi-3 and Phi-4: matrices stacked, rotary positions stretched by longrope. Abdin et al. 2024, arXiv:2404.14219.
  public static let phi3 = LlamaFamily(
    modelType: "phi3", attentionBias: .none, windows: .everyLayer, isStacked: true,
    defaults: defaults([
      "vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192,
      "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
      "rms_norm_eps": 1e-5,
    ]))
}
