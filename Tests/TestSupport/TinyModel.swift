// SPDX-License-Identifier: Apache-2.0
public import Foundation
import Torch

/// A small random Llama with a tokenizer of one token a letter, as a model folder made in code.
///
/// The vocabulary has 59 tokens: `<pad>` 0, `</s>` 1, then `a`-`z`, `A`-`Z`, space, newline, `.`, `:` and `!`.
public struct TinyModel {
  /// D.
  public var width = 16
  /// L.
  public var layerCount = 2
  /// Seed of the weights.
  public var seed: UInt64 = 7
  /// Deviation of the weights.
  public var deviation = 0.1

  /// A model of the default shape.
  public init() {}

  /// Count of tokens.
  public static let vocabularyCount = 59
  /// The id of `</s>`.
  public static let endID = 1

  /// The id of a letter.
  public static func id(of letter: Character) -> Int? {
    letters.firstIndex(of: letter).map { $0 + 2 }
  }

  private static let letters = Array(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n.:!")

  /// Writes weights, configuration and tokenizer.
  public func write(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(configuration, "config.json", folder)
    try write(Self.tokenizer, "tokenizer.json", folder)
    try write(
      [
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "</s>",
      ], "tokenizer_config.json", folder)
    try SafetensorsWriter.write(weights, to: folder.appending(path: "model.safetensors"))
  }

  private func write(_ object: [String: Any], _ name: String, _ folder: URL) throws {
    try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
      .write(to: folder.appending(path: name))
  }

  private var configuration: [String: Any] {
    [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
      "vocab_size": Self.vocabularyCount, "hidden_size": width, "intermediate_size": 2 * width,
      "num_hidden_layers": layerCount, "num_attention_heads": 2, "num_key_value_heads": 1,
      "head_dim": width / 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
      "rope_theta": 10000.0, "tie_word_embeddings": true, "attention_bias": false,
      "mlp_bias": false, "initializer_range": 0.1, "torch_dtype": "float32", "eos_token_id": 1,
      "pad_token_id": 0,
    ]
  }

  private var weights: NamedTensors {
    let generator = Generator(seed: seed)
    func random(_ shape: Int...) -> Tensor { generator.normal(deviation: deviation, shape: shape) }
    var tensors: NamedTensors = [
      ("model.embed_tokens.weight", random(Self.vocabularyCount, width)),
      ("model.norm.weight", .ones([width])),
    ]
    for layer in 0..<layerCount {
      let name = "model.layers.\(layer)"
      tensors += [
        ("\(name).input_layernorm.weight", .ones([width])),
        ("\(name).post_attention_layernorm.weight", .ones([width])),
        ("\(name).self_attn.q_proj.weight", random(width, width)),
        ("\(name).self_attn.k_proj.weight", random(width / 2, width)),
        ("\(name).self_attn.v_proj.weight", random(width / 2, width)),
        ("\(name).self_attn.o_proj.weight", random(width, width)),
        ("\(name).mlp.gate_proj.weight", random(2 * width, width)),
        ("\(name).mlp.up_proj.weight", random(2 * width, width)),
        ("\(name).mlp.down_proj.weight", random(width, 2 * width)),
      ]
    }
    return tensors
  }

  private static var tokenizer: [String: Any] {
    // Byte-level BPE writes a space as Ġ and a newline as Ċ.
    let symbols = letters.map { $0 == " " ? "Ġ" : $0 == "\n" ? "Ċ" : String($0) }
    var vocabulary = ["<pad>": 0, "</s>": 1]
    for (index, symbol) in symbols.enumerated() { vocabulary[symbol] = index + 2 }
    let added = ["<pad>", "</s>"].enumerated().map { id, content -> [String: Any] in
      [
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
      ]
    }
    let byteLevel: [String: Any] = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
    ]
    return [
      "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "normalizer": NSNull(),
      "added_tokens": added, "pre_tokenizer": byteLevel, "decoder": byteLevel,
      "post_processor": NSNull(),
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "fuse_unk": false,
        "byte_fallback": false, "vocab": vocabulary, "merges": [String](),
      ],
    ]
  }
}
