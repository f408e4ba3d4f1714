// SPDX-License-Identifier: Apache-2.0

/// Where a record came from.
public struct Provenance: Sendable, Hashable, CustomStringConvertible {
  /// Path of the file, as it was given.
  public var file: String
  /// Line on which the row begins, from 1.
  public var line: Int

  /// A place in a file.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `pairs.jsonl:17`
  public var description: String { "\(file):\(line)" }
}

/// One row of feedback: what it says, who said it, and every column that nobody asked for.
public struct Record: Sendable, Hashable {
  /// What the row says.
  public var body: RecordBody
  /// Weight of the row in the loss, at least 0; nil counts as 1. Column `weight`.
  public var weight: Double?
  /// Strength of the preference, inside the sigmoid of margin losses. Column `margin`.
  public var margin: Double?
  /// Pseudonym of whoever judged. Column `annotator`.
  public var annotator: String?
  /// Which collection the row belongs to. Column `source`.
  public var source: String?
  /// System prompt to put before the conversation. Column `system`.
  public var system: String?
  /// Schemas of the tools a template may offer. Column `tools`.
  public var tools: [JSONValue]?
  /// Arguments for the chat template, this row only. Column `chat_template_kwargs`.
  public var chatTemplateArguments: JSONObject?
  /// Every other column under its own name; reward functions receive them.
  public var extras: JSONObject
  /// File and line; nil for records made in memory.
  public var provenance: Provenance?

  /// A record; only the body is needed.
  public init(
    _ body: RecordBody, weight: Double? = nil, margin: Double? = nil, annotator: String? = nil,
    source: String? = nil, system: String? = nil, tools: [JSONValue]? = nil,
    chatTemplateArguments: JSONObject? = nil, extras: JSONObject = JSONObject(),
    provenance: Provenance? = nil
  ) {
    self.body = body
    self.weight = weight
    self.margin = margin
    self.annotator = annotator
    self.source = source
    self.system = system
    self.tools = tools
    self.chatTemplateArguments = chatTemplateArguments
    self.extras = extras
    self.provenance = provenance
  }

  /// The type of the row.
  public var type: RowType { body.type }
}
