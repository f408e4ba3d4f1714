// SPDX-License-Identifier: Apache-2.0

/// The names of one level: the template, a round of a loop, a macro's body, a block.
///
/// Reading looks outwards, setting stays on the level: what is set inside a loop or a macro is gone
/// behind it. `if` opens no level.
final class TemplateScope: TemplateHolder {
  private var values: [String: TemplateValue] = [:]
  let parent: TemplateScope?
  /// Whether the evaluator empties this when rendering is over.
  var isKept = false

  init(parent: TemplateScope?) {
    self.parent = parent
  }

  func value(_ name: String) -> TemplateValue? {
    var scope: TemplateScope? = self
    while let level = scope {
      if let value = level.values[name] { return value }
      scope = level.parent
    }
    return nil
  }

  func set(_ name: String, _ value: TemplateValue) {
    values[name] = value
  }

  /// Forgets everything, so that nothing holds itself when rendering is over.
  func clear() { values = [:] }
}

/// A text being written: the template's, a macro's, a block's.
struct TemplateOutput {
  private(set) var text = ""
  /// Scalars written so far.
  private(set) var scalarCount = 0

  mutating func append(_ piece: String, _ budget: TemplateBudget) throws {
    try budget.grow(text.utf8.count, by: piece.utf8.count)
    text += piece
    scalarCount += piece.unicodeScalars.count
  }
}
