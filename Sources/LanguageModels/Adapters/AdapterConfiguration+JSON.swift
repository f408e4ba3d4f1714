// SPDX-License-Identifier: Apache-2.0
import Foundation

extension AdapterConfiguration {
  /// The name of the file.
  static let fileName = "adapter_config.json"

  /// Settings of PEFT that change the numbers in ways not known here: anything but null, false or empty is refused.
  private static let unsupported: KeyValuePairs = [
    "lora_bias": "a bias of the update itself is not supported",
    "layer_replication": "replicated blocks are not supported",
    "target_parameters": "updates of bare parameters (mixtures of experts) are not supported",
    "trainable_token_indices": "single trained rows of the embedding are not supported",
    "alora_invocation_tokens": "updates that begin at an invocation token are not supported",
    "use_qalora": "QA-LoRA is not supported",
    "use_bdlora": "block-diagonal updates are not supported",
    "arrow_config": "routed adapters are not supported",
    "megatron_config": "adapters of Megatron layers are not supported",
    "kasa_config": "KaSA is not supported",
    "velora_config": "VeLoRA is not supported",
    "monteclora_config": "Monte-Carlo LoRA is not supported",
    "ensure_weight_tying": "an adapter that ties embedding and output layer is not supported",
  ]
  /// Ways of starting that change the base's own weights, which the adapter's file does not hold.
  private static let baseChangingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"]

  /// Reads `adapter_config.json` of a folder.
  ///
  /// - Throws: ``ModelFolderError``, ``AdapterError``.
  init(folder: URL) throws {
    let fields = try ConfigurationFields(file: folder.appending(path: Self.fileName))
    try Self.refuseUnsupported(fields)
    self.init()
    rank = try fields.positive("r", default: 8)
    alpha = try fields.number("lora_alpha") ?? 8
    dropout = try fields.number("lora_dropout") ?? 0
    targets = try fields.targets("target_modules") ?? .modules([])
    excluded = try fields.targets("exclude_modules")
    modulesToSave = try fields.names("modules_to_save") ?? []
    let bias = try fields.string("bias") ?? "none"
    guard let known = Bias(rawValue: bias) else {
      throw fields.error("bias", "'\(bias)' is unknown; known: none, all, lora_only")
    }
    self.bias = known
    rankPattern = try fields.pattern("rank_pattern") { $0 as? Int }
    alphaPattern = try fields.pattern("alpha_pattern") { $0 as? Double }
    usesRankStabilization = try fields.flag("use_rslora") ?? false
    usesDoRA = try fields.flag("use_dora") ?? false
    layers = try fields.integers("layers_to_transform")
    layersPattern = try fields.names("layers_pattern") ?? []
    fanInFanOut = try fields.flag("fan_in_fan_out") ?? false
    let task = try fields.string("task_type") ?? Task.language.rawValue
    guard let known = Task(rawValue: task) else {
      throw fields.error("task_type", "'\(task)' is unknown; known: CAUSAL_LM, SEQ_CLS")
    }
    self.task = known
    baseName = try fields.string("base_model_name_or_path")
    try validate()
  }

  private static func refuseUnsupported(_ fields: ConfigurationFields) throws {
    func refuse(_ field: String, _ found: Any, _ reason: String) -> AdapterError {
      .unsupported(path: fields.path, field: field, found: "\(found)", reason: reason)
    }
    let kind = try fields.string("peft_type") ?? "LORA"
    guard kind == "LORA" else {
      throw refuse("peft_type", kind, "only LORA (with rsLoRA and DoRA) is supported")
    }
    for (field, reason) in unsupported {
      guard let value = fields.values[field], !isNothing(value) else { continue }
      throw refuse(field, value, reason)
    }
    if let start = fields.values["init_lora_weights"] as? String,
      let known = baseChangingStarts.first(where: start.lowercased().hasPrefix)
    {
      throw refuse(
        "init_lora_weights", start,
        "\(known) changes the weights of the base; convert the adapter with PEFT's "
          + "save_pretrained(path_initial_model_for_weight_conversion=...)")
    }
  }

  private static func isNothing(_ value: Any) -> Bool {
    switch value {
    case is NSNull: true
    case let list as [Any]: list.isEmpty
    case let object as [String: Any]: object.isEmpty
    case let number as NSNumber: number == 0
    default: false
    }
  }

  /// The file's contents as PEFT reads them.
  func data() throws -> Data {
    let list: (Targets) -> Any = { targets in
      switch targets {
      case .modules(let names): names.sorted()
      case .pattern(let pattern): pattern
      case .allLinear: "all-linear"
      }
    }
    let values: [String: Any] = [
      "peft_type": "LORA", "task_type": task.rawValue, "r": rank,
      "lora_alpha": Self.plain(alpha), "lora_dropout": dropout, "target_modules": list(targets),
      "exclude_modules": excluded.map(list) ?? NSNull(),
      "modules_to_save": modulesToSave.isEmpty ? NSNull() : modulesToSave as Any,
      "bias": bias.rawValue, "rank_pattern": rankPattern,
      "alpha_pattern": alphaPattern.mapValues(Self.plain), "use_rslora": usesRankStabilization,
      "use_dora": usesDoRA, "layers_to_transform": layers ?? NSNull() as Any,
      "layers_pattern": layersPattern.count > 1
        ? layersPattern : layersPattern.first ?? NSNull() as Any,
      "fan_in_fan_out": fanInFanOut, "inference_mode": true, "init_lora_weights": true,
      "base_model_name_or_path": baseName ?? NSNull() as Any, "revision": NSNull(),
      "auto_mapping": NSNull(),
    ]
    return try ConfigurationJSON.data(values)
  }

  /// A whole number where it is one: PEFT's own files have no fraction there.
  private static func plain(_ number: Double) -> Any { Int(exactly: number) ?? number as Any }
}

extension ConfigurationFields {
  /// A name or a list of names.
  func names(_ field: String) throws -> [String]? {
    if let single = values[field] as? String { return [single] }
    guard let value = values[field], !(value is NSNull) else { return nil }
    guard let list = value as? [String] else {
      throw error(field, "expected a list of names, found \(value)")
    }
    return list
  }

  /// A list of names, `all-linear`, or a regular expression.
  func targets(_ field: String) throws -> AdapterConfiguration.Targets? {
    if let text = values[field] as? String {
      return text.lowercased() == "all-linear" ? .allLinear : .pattern(text)
    }
    return try names(field).map { .modules($0) }
  }

  /// An object of numbers by regular expression.
  func pattern<Value>(_ field: String, _ read: (Any) -> Value?) throws -> [String: Value] {
    guard let object = try object(field) else { return [:] }
    return try object.values.reduce(into: [:]) { found, entry in
      guard let value = read(entry.value) else {
        throw error(field, "'\(entry.key)': expected a number, found \(entry.value)")
      }
      found[entry.key] = value
    }
  }
}
