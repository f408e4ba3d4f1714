// SPDX-License-Identifier: Apache-2.0

extension Message {
  /// Who speaks: one of the roles below, or any other that a model's chat template knows, such as Llama 3's `ipython`.
  public struct Role: RawRepresentable, Sendable, Hashable {
    /// The name as rows and chat templates write it.
    public let rawValue: String

    /// A role by its exact name; `init(name:)` also catches slips.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Standing instructions.
    public static let system = Role(rawValue: "system")
    /// Standing instructions, as newer templates call them.
    public static let developer = Role(rawValue: "developer")
    /// The person.
    public static let user = Role(rawValue: "user")
    /// The model: the turns that are trained on.
    public static let assistant = Role(rawValue: "assistant")
    /// The result of a tool call.
    public static let tool = Role(rawValue: "tool")

    /// The roles with a name of their own here, in the order in which people list them.
    public static let common: [Role] = [.system, .developer, .user, .assistant, .tool]
  }
}

extension Message.Role {
  /// Why a name is no role.
  public struct NameError: Error, Hashable {
    /// A sentence about what was found and what was meant.
    public let reason: String
  }

  /// Names of other formats for the roles here.
  private static let otherNames: [String: Message.Role] = [
    "human": .user, "person": .user, "customer": .user, "gpt": .assistant, "bot": .assistant,
    "ai": .assistant, "model": .assistant, "chatgpt": .assistant,
  ]

  /// A role by the name in a row. An unknown name is left to the chat template, which may refuse it; a name that is
  /// plainly a slip is refused here, as the turn would not be trained on otherwise.
  ///
  /// - Throws: `NameError` for an empty name, one that differs from a common role by case, blanks or one letter
  ///   ("Assistant", "asistant"), and for another format's name of a common role ("human", "gpt").
  public init(name: String) throws(NameError) {
    self.init(rawValue: name)
    if Self.common.contains(self) { return }
    let plain = name.lowercased().filter { !$0.isWhitespace }
    let meant =
      Self.otherNames[plain]
      ?? Self.common.first { ColumnSuggestion.editDistance($0.rawValue, plain) <= 1 }
    guard !plain.isEmpty, meant == nil else {
      let known = Self.common.map(\.rawValue).joined(separator: ", ")
      let hint = meant.map { " (\($0.rawValue)?)" } ?? ""
      throw NameError(
        reason: "expected \(known), or another role of the chat template, found \"\(name)\"\(hint)")
    }
  }
}
