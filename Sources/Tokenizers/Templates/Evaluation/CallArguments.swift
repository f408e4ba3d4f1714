// SPDX-License-Identifier: Apache-2.0

/// The values that a call, a filter or a test gets.
struct CallArguments {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// Sorts the arguments by parameter; nil stands for one that is not given.
  ///
  /// - Throws: ``TemplateFailure`` for an argument too many, unknown or given twice.
  func bound(_ callee: String, _ parameters: [String], required: Int = 0) throws -> [TemplateValue?]
  {
    guard positional.count <= parameters.count else {
      throw TemplateFailure(
        "\(callee) takes at most \(parameters.count) arguments, \(positional.count) are given")
    }
    var values: [TemplateValue?] = positional
    values += [TemplateValue?](repeating: nil, count: parameters.count - positional.count)
    for (name, value) in named {
      guard let place = parameters.firstIndex(of: name) else {
        throw TemplateFailure("\(callee) has no argument called '\(name)'")
      }
      guard values[place] == nil else {
        throw TemplateFailure("\(callee) gets '\(name)' twice")
      }
      values[place] = value
    }
    for place in 0..<required where values[place] == nil {
      throw TemplateFailure("\(callee) needs '\(parameters[place])'")
    }
    return values
  }

  /// Takes a named argument out.
  mutating func take(_ name: String) -> TemplateValue? {
    named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
  }
}

extension TemplateValue? {
  /// The whole number of an argument, or its default.
  func whole(_ name: String, default standard: Int) throws -> Int {
    guard let value = self else { return standard }
    guard let number = value.wholeNumber else {
      if case .undefined(let undefined) = value { throw undefined.failure }
      throw TemplateFailure("'\(name)' must be a whole number, not \(value.typeName)")
    }
    return number
  }

  /// The text of an argument, or its default.
  func text(_ name: String, default standard: String) throws -> String {
    guard let value = self else { return standard }
    return try value.requiredText(name)
  }
}

extension TemplateValue {
  /// The text of a value that must be text.
  func requiredText(_ name: String) throws -> String {
    guard let text else {
      if case .undefined(let undefined) = self { throw undefined.failure }
      throw TemplateFailure("'\(name)' must be text, not \(typeName)")
    }
    return text
  }
}
