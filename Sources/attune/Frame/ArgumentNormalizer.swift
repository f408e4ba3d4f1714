// SPDX-License-Identifier: Apache-2.0

/// Brings a command's arguments into one form before they are parsed: every option with a value
/// becomes `--name=value` under its declared name.
///
/// Accepted besides that form are dashes for underscores, a value as the next argument even where
/// it begins with a dash (`--max_steps -1`), a bare switch (`--bf16`), `yes`, `no`, `1`, `0`, `on`
/// and `off` for switches, and commas between the elements of a list (`\,` for a comma in one).
struct ArgumentNormalizer {
  let catalogue: OptionCatalogue
  /// The command as the user typed it, for messages: `data check`.
  let commandName: String

  /// Arguments after normalisation.
  struct Result {
    /// Values by option name, in the order given.
    var values: [String: [String]] = [:]
    /// Options in the order in which they first appeared.
    var order: [String] = []
    /// Flags, positional arguments and whatever ArgumentParser handles itself.
    var others: [String] = []

    mutating func add(_ value: String, to name: String, isList: Bool) {
      if values[name] == nil { order.append(name) }
      // Without a list, the last one counts, as with every command.
      if isList { values[name, default: []].append(value) } else { values[name] = [value] }
    }

    /// The arguments for ArgumentParser.
    var arguments: [String] {
      order.flatMap { name in (values[name] ?? []).map { "--\(name)=\($0)" } } + others
    }
  }

  /// Names that ArgumentParser understands in every command.
  private static let builtIn: Set = [
    "help", "help-hidden", "version", "generate-completion-script", "experimental-dump-help",
  ]

  /// Normalises the arguments that follow the command's name.
  ///
  /// - Throws: ``UsageError`` for an unknown option, or a switch with a value that is none.
  func normalize(_ arguments: [String]) throws(UsageError) -> Result {
    var result = Result()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument != "--" else {
        result.others += [argument] + rest
        break
      }
      guard argument.hasPrefix("--") else {
        result.others.append(argument)
        continue
      }
      let (written, attached) = Self.split(argument)
      if Self.builtIn.contains(written) {
        result.others.append(argument)
        continue
      }
      guard let option = catalogue[written] else { throw unknown(written) }
      guard !option.isFlag else {
        result.others.append(attached.map { "--\(option.name)=\($0)" } ?? "--\(option.name)")
        continue
      }
      guard let value = attached ?? Self.takeValue(of: option, from: &rest) else {
        throw UsageError("option '--\(option.name)' needs a value: \(option.expectation)")
      }
      try add(value, to: option, in: &result)
    }
    return result
  }

  private func add(_ value: String, to option: OptionCatalogue.Entry, in result: inout Result)
    throws(UsageError)
  {
    guard option.isSwitch else {
      for element in option.isCommaList ? Self.elements(of: value) : [value] {
        result.add(element, to: option.name, isList: option.isList)
      }
      return
    }
    guard let state = Self.truth(of: value) else {
      throw UsageError("--\(option.name): expected true or false, found \"\(value)\"")
    }
    result.add(state ? "true" : "false", to: option.name, isList: false)
  }

  private func unknown(_ name: String) -> UsageError {
    let names = catalogue.entries.map(\.name)
    let hint = Suggestion.phrase(for: name, among: names, prefix: "--")
    return UsageError(
      hint.isEmpty
        ? "unknown option '--\(name)'; 'attune \(commandName) --help' lists the options"
        : "unknown option '--\(name)'\(hint)")
  }

  /// The value that follows a bare option name; `true` for an option that may be bare.
  private static func takeValue(
    of option: OptionCatalogue.Entry, from rest: inout ArraySlice<String>
  ) -> String? {
    guard let next = rest.first, !next.hasPrefix("--") else {
      return option.mayBeBare ? "true" : nil
    }
    // `--json pairs.jsonl`: the file belongs to the command, not to the switch.
    if option.isSwitch, truth(of: next) == nil { return "true" }
    return rest.popFirst()
  }

  private static func split(_ argument: String) -> (name: String, value: String?) {
    let body = argument.dropFirst(2)
    guard let equals = body.firstIndex(of: "=") else { return (String(body), nil) }
    return (String(body[..<equals]), String(body[body.index(after: equals)...]))
  }

  /// What a word says about a switch; nil for other words.
  static func truth(of word: String) -> Bool? {
    switch word.lowercased() {
    case "true", "yes", "1", "on": true
    case "false", "no", "0", "off": false
    default: nil
    }
  }

  /// The elements of a comma list; `\,` is a comma inside an element.
  static func elements(of list: String) -> [String] {
    var elements = [""]
    var isEscaped = false
    for character in list {
      switch (character, isEscaped) {
      case ("\\", false): isEscaped = true
      case (",", false): elements.append("")
      case (",", true):
        elements[elements.count - 1].append(character)
        isEscaped = false
      default:
        if isEscaped { elements[elements.count - 1].append("\\") }
        elements[elements.count - 1].append(character)
        isEscaped = false
      }
    }
    if isEscaped { elements[elements.count - 1].append("\\") }
    return elements.filter { !$0.isEmpty }
  }
}
