// SPDX-License-Identifier: Apache-2.0

/// Counts what rendering has used up, and stops it at the limit.
final class TemplateBudget {
  let limits: ChatTemplate.Limits
  private var stepCount = 0
  private var byteCount = 0

  init(_ limits: ChatTemplate.Limits) {
    self.limits = limits
  }

  /// Counts one step: a statement, an expression, a round of a loop, a comparison.
  func step() throws {
    stepCount += 1
    guard stepCount <= limits.steps else {
      throw TemplateFailure("more than \(limits.steps) steps; does a loop never end?", kind: .limit)
    }
  }

  /// Counts bytes of text read or written, 16 for an item of a list.
  func touch(_ count: Int) throws {
    guard count <= limits.workBytes - byteCount else {
      throw TemplateFailure(
        "more than \(limits.workBytes) bytes of text and lists worked through", kind: .limit)
    }
    byteCount += count
  }

  /// Counts the bytes of a new text, which may not be larger than ``ChatTemplate/Limits/textBytes``.
  func make(_ count: Int) throws {
    guard count <= limits.textBytes else {
      throw TemplateFailure("a text of more than \(limits.textBytes) bytes", kind: .limit)
    }
    try touch(count)
  }

  /// Counts bytes that are added to a text of a size.
  func grow(_ size: Int, by count: Int) throws {
    guard count <= limits.textBytes - size else {
      throw TemplateFailure("a text of more than \(limits.textBytes) bytes", kind: .limit)
    }
    try touch(count)
  }

  /// Counts the items of a new list.
  func make(items count: Int) throws {
    guard count <= limits.textBytes / 16 else {
      throw TemplateFailure("a list of more than \(limits.textBytes / 16) items", kind: .limit)
    }
    try touch(count * 16)
  }

  /// The product of a size and a count of repeats, as a size that may be made.
  func make(_ size: Int, times count: Int) throws {
    let (product, overflows) = size.multipliedReportingOverflow(by: max(0, count))
    try make(overflows ? Int.max : product)
  }
}
