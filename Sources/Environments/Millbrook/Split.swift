// SPDX-License-Identifier: Apache-2.0

/// A part of a task's items.
public enum Split: String, Sendable, CaseIterable {
  /// For training.
  case train
  /// For choosing settings.
  case dev
  /// For reporting: new draws from the words and templates of training.
  case test
  /// For reporting: only words and templates that no other split contains.
  case testNew = "test_new"
}

extension Split {
  /// The part of an entity list that this split may use: the first five sixths, or the rest.
  func entities<Element>(_ list: [Element]) -> ArraySlice<Element> {
    part(of: list, heldOutShare: 6)
  }

  /// The part of a template list that this split may use: the first three quarters, or the rest.
  func templates<Element>(_ list: [Element]) -> ArraySlice<Element> {
    part(of: list, heldOutShare: 4)
  }

  private func part<Element>(of list: [Element], heldOutShare: Int) -> ArraySlice<Element> {
    let boundary = list.count - list.count / heldOutShare
    return self == .testNew ? list[boundary...] : list[..<boundary]
  }
}
