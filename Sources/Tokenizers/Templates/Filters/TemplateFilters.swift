// SPDX-License-Identifier: Apache-2.0

/// The filters behind `|`, by name.
enum TemplateFilters {
  typealias Filter =
    @Sendable (TemplateValue, CallArguments, TemplateEvaluator) throws -> TemplateValue

  static let table: [String: Filter] = [textFilters, numberFilters, listFilters, pickingFilters]
    .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  /// Filters that Jinja has and templates for chats have no use for.
  private static let leftOut: Set<String> = [
    "filesizeformat", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr",
  ]

  static func unknown(_ name: String) -> TemplateFailure {
    TemplateFailure(
      leftOut.contains(name)
        ? "the filter '\(name)' is not supported" : "there is no filter called '\(name)'")
  }
}

/// The tests behind `is`, by name.
enum TemplateTests {
  typealias Test = @Sendable (TemplateValue, CallArguments, TemplateEvaluator) throws -> Bool

  static let table: [String: Test] = [kindTests, numberTests, comparingTests]
    .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  static func unknown(_ name: String) -> TemplateFailure {
    TemplateFailure("there is no test called '\(name)'")
  }
}
