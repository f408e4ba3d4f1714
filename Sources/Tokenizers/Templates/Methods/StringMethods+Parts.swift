// SPDX-License-Identifier: Apache-2.0

/// Methods that look for parts of a text or cut it.
extension StringMethods {
  static let partMethods: [String: Method] = [
    "split": { receiver, arguments in try receiver.split(arguments, fromEnd: false) },
    "rsplit": { receiver, arguments in try receiver.split(arguments, fromEnd: true) },
    "splitlines": { receiver, arguments in
      let keeps = try arguments.bound("splitlines", ["keepends"])[0]?.isTrue ?? false
      return try receiver.list(PythonText.lines(receiver.text, keepsEnds: keeps))
    },
    "partition": { receiver, arguments in try receiver.partition(arguments, fromEnd: false) },
    "rpartition": { receiver, arguments in try receiver.partition(arguments, fromEnd: true) },
    "join": { receiver, arguments in try receiver.join(arguments) },
    "replace": { receiver, arguments in
      let values = try arguments.bound("replace", ["old", "new", "count"], required: 2)
      return receiver.receiver.withText(
        try PythonText.replacing(
          receiver.text, values[0].text("old", default: ""), values[1].text("new", default: ""),
          values[2].whole("count", default: -1), receiver.budget))
    },
    "removeprefix": { receiver, arguments in
      let part = try receiver.part("removeprefix", arguments)
      let text = receiver.text.utf8Bytes
      let rest = text.starts(with: part) ? text.dropFirst(part.count) : text[...]
      return receiver.receiver.withText(String(decoding: rest, as: UTF8.self))
    },
    "removesuffix": { receiver, arguments in
      let part = try receiver.part("removesuffix", arguments)
      let text = receiver.text.utf8Bytes
      let rest =
        text.reversed().starts(with: part.reversed()) ? text.dropLast(part.count) : text[...]
      return receiver.receiver.withText(String(decoding: rest, as: UTF8.self))
    },
    "startswith": { receiver, arguments in
      try receiver.begins("startswith", arguments) { $0.starts(with: $1) }
    },
    "endswith": { receiver, arguments in
      try receiver.begins("endswith", arguments) { $0.reversed().starts(with: $1.reversed()) }
    },
    "find": { receiver, arguments in
      .integer(try receiver.place("find", arguments, fromEnd: false) ?? -1)
    },
    "rfind": { receiver, arguments in
      .integer(try receiver.place("rfind", arguments, fromEnd: true) ?? -1)
    },
    "index": { receiver, arguments in
      .integer(try receiver.found(receiver.place("index", arguments, fromEnd: false)))
    },
    "rindex": { receiver, arguments in
      .integer(try receiver.found(receiver.place("rindex", arguments, fromEnd: true)))
    },
    "count": { receiver, arguments in .integer(try receiver.count(arguments)) },
  ]

  private func list(_ parts: [String]) throws -> TemplateValue {
    try budget.make(items: parts.count)
    return .list(try TemplateList(parts.map { receiver.withText($0) }))
  }

  private func part(_ name: String, _ arguments: CallArguments) throws -> [UInt8] {
    try arguments.bound(name, ["part"], required: 1)[0].text("part", default: "").utf8Bytes
  }

  // MARK: Cutting

  private func split(_ arguments: CallArguments, fromEnd: Bool) throws -> TemplateValue {
    let values = try arguments.bound("split", ["sep", "maxsplit"])
    let limit = try values[1].whole("maxsplit", default: -1)
    switch values[0] {
    case nil, .some(.none): return try list(words(limit, fromEnd: fromEnd))
    case let separator?:
      let part = try separator.requiredText("sep")
      guard !part.isEmpty else {
        throw TemplateFailure("split needs a separator that is not empty")
      }
      return try list(parts(part, limit, fromEnd: fromEnd))
    }
  }

  /// Runs of what is not white space; past the limit the rest stays in one piece.
  private func words(_ limit: Int, fromEnd: Bool) -> [String] {
    let scalars = fromEnd ? text.unicodeScalars.reversed() : Array(text.unicodeScalars)
    var words: [String] = []
    var at = 0
    func add(_ range: Range<Int>) {
      words.append(
        String(scalars: fromEnd ? Array(scalars[range].reversed()) : Array(scalars[range])))
    }
    while true {
      while at < scalars.count, scalars[at].isPythonSpace { at += 1 }
      guard at < scalars.count else { break }
      if limit >= 0, words.count == limit {
        add(at..<scalars.count)
        break
      }
      let start = at
      while at < scalars.count, !scalars[at].isPythonSpace { at += 1 }
      add(start..<at)
    }
    return fromEnd ? words.reversed() : words
  }

  private func parts(_ separator: String, _ limit: Int, fromEnd: Bool) -> [String] {
    var places = self.places(of: separator.utf8Bytes, fromEnd: fromEnd)
    if limit >= 0 { places = Array(places.prefix(limit)) }
    if fromEnd { places.reverse() }
    let bytes = text.utf8Bytes
    var parts: [String] = []
    var start = 0
    for place in places {
      parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
      start = place + separator.utf8.count
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  /// Where a part stands, in bytes, without overlaps; the last first from the end.
  private func places(of part: [UInt8], fromEnd: Bool) -> [Int] {
    let bytes = fromEnd ? text.utf8Bytes.reversed() : text.utf8Bytes
    let part = fromEnd ? part.reversed() : part
    var places: [Int] = []
    var start = 0
    while let found = bytes.firstIndex(of: part, from: start) {
      places.append(fromEnd ? bytes.count - found - part.count : found)
      start = found + part.count
    }
    return places
  }

  private func partition(_ arguments: CallArguments, fromEnd: Bool) throws -> TemplateValue {
    let separator = try arguments.bound("partition", ["sep"], required: 1)[0].text(
      "sep", default: "")
    guard !separator.isEmpty else {
      throw TemplateFailure("partition needs a separator that is not empty")
    }
    let bytes = text.utf8Bytes
    func piece(_ bytes: ArraySlice<UInt8>) -> TemplateValue {
      receiver.withText(String(decoding: bytes, as: UTF8.self))
    }
    guard let place = places(of: separator.utf8Bytes, fromEnd: fromEnd).first else {
      let empty = receiver.withText("")
      return .tuple(
        try TemplateList(fromEnd ? [empty, empty, receiver] : [receiver, empty, empty]))
    }
    return .tuple(
      try TemplateList([
        piece(bytes[..<place]), receiver.withText(separator),
        piece(bytes[(place + separator.utf8.count)...]),
      ]))
  }

  private func join(_ arguments: CallArguments) throws -> TemplateValue {
    let values = try arguments.bound("join", ["iterable"], required: 1)
    var output = TemplateOutput()
    let items = try (values[0] ?? .none).makeIterator()
    var isFirst = true
    while let item = try items.next() {
      try budget.step()
      if !isFirst { try output.append(text, budget) }
      isFirst = false
      try output.append(item.requiredText("each item of join"), budget)
    }
    return receiver.withText(output.text)
  }

  // MARK: Finding

  /// Whether a part, or one of a tuple of parts, stands at an end of the text or of a piece of it.
  private func begins(
    _ name: String, _ arguments: CallArguments, _ test: ([UInt8], [UInt8]) -> Bool
  ) throws -> TemplateValue {
    let values = try arguments.bound(name, ["part", "start", "end"], required: 1)
    guard let (piece, _) = try piece(values[1], values[2]) else { return .bool(false) }
    let bytes = piece.utf8Bytes
    if case .tuple(let parts)? = values[0] {
      for part in parts.items where test(bytes, try part.requiredText("part").utf8Bytes) {
        return .bool(true)
      }
      return .bool(false)
    }
    return .bool(test(bytes, try values[0].text("part", default: "").utf8Bytes))
  }

  /// The piece between two bounds, and the place of its first scalar; nil where the start lies
  /// behind the end.
  private func piece(
    _ start: TemplateValue?, _ end: TemplateValue?
  ) throws -> (text: String, start: Int)? {
    func isNone(_ value: TemplateValue?) -> Bool {
      switch value {
      case nil, .some(.none): true
      default: false
      }
    }
    if isNone(start), isNone(end) { return (text, 0) }
    let scalars = Array(text.unicodeScalars)
    func bound(_ value: TemplateValue?, _ standard: Int) throws -> Int {
      if isNone(value) { return standard }
      let number = try value.whole("start or end", default: standard)
      return number < 0 ? max(0, number + scalars.count) : number
    }
    let first = try bound(start, 0)
    let last = min(try bound(end, scalars.count), scalars.count)
    guard first <= last else { return nil }
    return (String(scalars: scalars[first..<last]), first)
  }

  private func place(
    _ name: String, _ arguments: CallArguments, fromEnd: Bool
  ) throws -> Int? {
    let values = try arguments.bound(name, ["sub", "start", "end"], required: 1)
    let part = try values[0].text("sub", default: "").utf8Bytes
    guard let (piece, start) = try piece(values[1], values[2]) else { return nil }
    var bytes = piece.utf8Bytes
    if part.isEmpty { return fromEnd ? start + piece.unicodeScalars.count : start }
    let found: Int?
    if fromEnd {
      bytes.reverse()
      found = bytes.firstIndex(of: part.reversed(), from: 0).map { bytes.count - $0 - part.count }
    } else {
      found = bytes.firstIndex(of: part, from: 0)
    }
    // Scalars before the place: every byte but those that go on with one.
    return found.map { start + piece.utf8.prefix($0).count { $0 & 0xC0 != 0x80 } }
  }

  private func found(_ place: Int?) throws -> Int {
    guard let place else { throw TemplateFailure("the text does not hold what is looked for") }
    return place
  }

  private func count(_ arguments: CallArguments) throws -> Int {
    let values = try arguments.bound("count", ["sub", "start", "end"], required: 1)
    let part = try values[0].text("sub", default: "").utf8Bytes
    guard let (piece, _) = try piece(values[1], values[2]) else { return 0 }
    if part.isEmpty { return piece.unicodeScalars.count + 1 }
    return StringMethods(.string(piece), evaluator).places(of: part, fromEnd: false).count
  }
}
