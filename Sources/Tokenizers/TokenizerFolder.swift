// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of a tokenizer in a model folder.
struct TokenizerFolder {
  let url: URL

  /// The contents of a file as text; nil where there is no such file.
  func text(_ name: String) throws -> String? {
    try data(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A JSON file; nil where there is no such file.
  func json(_ name: String) throws -> JSONField? {
    try data(name).map { try Self.parse($0, file: url.appending(path: name).path) }
  }

  /// Parses the contents of a JSON file.
  static func parse(_ data: Data, file: String) throws -> JSONField {
    JSONField(try JSONReader.parse(Array(data), file: file), file: file)
  }

  func create() throws {
    try attempt(url) {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let place = url.appending(path: name)
    try attempt(place) { try Data(bytes).write(to: place, options: .atomic) }
  }

  func remove(_ name: String) throws {
    let place = url.appending(path: name)
    try attempt(place) { try FileManager.default.removeItem(at: place) }
  }

  // MARK: Chat templates

  private static let templateFile = "chat_template.jinja"
  private static let templateFolder = "additional_chat_templates"

  /// The templates that stand in files of their own: the default one, then others by name.
  func templates() throws -> [NamedTemplate] {
    let first = try text(Self.templateFile).map {
      NamedTemplate(name: ChatTemplate.defaultName, text: $0)
    }
    let others = try otherTemplateNames().compactMap { name in
      try text("\(Self.templateFolder)/\(name).jinja").map { NamedTemplate(name: name, text: $0) }
    }
    return [first].compactMap(\.self) + others
  }

  /// Brings files of templates that are there up to date, since they win over the configuration.
  func update(_ templates: [NamedTemplate]) throws {
    let hasOthers = try !otherTemplateNames().isEmpty
    guard try text(Self.templateFile) != nil || hasOthers else { return }
    let main = templates.first { $0.name == ChatTemplate.defaultName }
    try update(Self.templateFile, main)
    let others = templates.filter { $0.name != ChatTemplate.defaultName }
    for name in try otherTemplateNames() where !others.contains(where: { $0.name == name }) {
      try remove("\(Self.templateFolder)/\(name).jinja")
    }
    guard !others.isEmpty else { return }
    let folder = url.appending(path: Self.templateFolder)
    try attempt(folder) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    for template in others where Self.isFileName(template.name) {
      try update("\(Self.templateFolder)/\(template.name).jinja", template)
    }
  }

  private func update(_ name: String, _ template: NamedTemplate?) throws {
    if let template {
      try write(Array(template.text.utf8), to: name)
    } else if FileManager.default.fileExists(atPath: url.appending(path: name).path) {
      try remove(name)
    }
  }

  private func otherTemplateNames() throws -> [String] {
    let folder = url.appending(path: Self.templateFolder)
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    return try attempt(folder) {
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".jinja") }.map { String($0.dropLast(6)) }.sorted()
    }
  }

  /// Whether a template's name can be a file's; it comes from a file and may hold anything.
  private static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".")
      && name.allSatisfy {
        $0.isLetter || $0.isNumber || "._- ".contains($0)
      }
  }

  private func data(_ name: String) throws -> Data? {
    let place = url.appending(path: name)
    guard FileManager.default.fileExists(atPath: place.path) else { return nil }
    return try attempt(place) { try Data(contentsOf: place) }
  }

  private func attempt<Result>(_ place: URL, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw TokenizerError.fileFailure(path: place.path, reason: error.localizedDescription)
    }
  }
}
