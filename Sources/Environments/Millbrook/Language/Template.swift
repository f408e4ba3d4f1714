// SPDX-License-Identifier: Apache-2.0

/// A sentence with gaps, such as `{person} lives in {street} street .`
struct Template: Sendable {
  /// A word of the template: written out, or a gap.
  enum Part: Sendable, Hashable {
    case literal(Word)
    case gap(Slot)
  }

  /// The words in order; the last one ends the sentence.
  let parts: [Part]
  /// What the sentence states.
  let relations: [Relation]
  /// Whether the gap occurs.
  func has(_ slot: Slot) -> Bool {
    parts.contains(.gap(slot))
  }
}

/// Templates that say the same thing; the last quarter is held out for `test_new`.
struct TemplateList: Sendable {
  let templates: [Template]

  /// The templates of a split that `fits` accepts, or nil where there are none.
  func choose(
    _ split: Split, using random: inout SplitMix64, where fits: (Template) -> Bool = { _ in true }
  ) -> Template? {
    let fitting = split.templates(templates).filter(fits)
    return fitting.isEmpty ? nil : random.pick(fitting)
  }

  /// Any template of a split; every list has at least four templates, so every split has one.
  func any(_ split: Split, using random: inout SplitMix64) -> Template {
    random.pick(split.templates(templates))
  }
}
