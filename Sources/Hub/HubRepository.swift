// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A repository of the hub at one revision: `owner/name`, or `owner/name@revision`.
public struct HubRepository: Sendable, Hashable, CustomStringConvertible {
  /// What a repository holds.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Weights, tokenizer and configuration.
    case model
    /// Rows.
    case dataset

    /// The kind in messages.
    public var words: String { self == .model ? "model" : "data set" }
  }

  /// What it holds.
  public var kind: Kind
  /// `owner/name`.
  public var name: String
  /// A branch, a tag or a commit.
  public var revision: String

  /// Reads a name; nil where the text cannot be one: other than one slash, other characters than
  /// letters, digits, dots, dashes and underscores, or a part that begins or ends with a dot or dash.
  ///
  /// - Parameters:
  ///   - text: `owner/name`, or with `@` and a revision.
  ///   - kind: what the repository is to hold.
  ///   - revision: the revision where the text names none; nil for `main`.
  public init?(_ text: String, kind: Kind = .model, revision: String? = nil) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let names = name.split(separator: "/", omittingEmptySubsequences: false)
    guard names.count == 2, names.allSatisfy(Self.isName), name.count <= 96 else { return nil }
    let wanted = parts.count == 2 ? String(parts[1]) : revision ?? "main"
    guard Self.isRevision(wanted) else { return nil }
    self.kind = kind
    self.name = name
    self.revision = wanted
  }

  /// The name, with the revision where that is not `main`.
  public var description: String { revision == "main" ? name : "\(name)@\(revision)" }

  /// The folder in the cache: `models--owner--name`.
  var folderName: String {
    ([kind.rawValue + "s"] + name.split(separator: "/").map(String.init)).joined(separator: "--")
  }

  /// The path of the repository's own interface: `/api/models/owner/name`.
  var interfacePath: String { "/api/\(kind.rawValue)s/\(name)" }

  /// The path of files and pages: `/owner/name`, `/datasets/owner/name`.
  var pagePath: String { kind == .model ? "/\(name)" : "/\(kind.rawValue)s/\(name)" }

  /// The revision as one component of an address.
  var escapedRevision: String { Self.escaped(revision) }

  /// Text as one component of an address.
  static func escaped(_ text: String) -> String {
    let plain = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
  }

  /// Whether a revision is a whole commit.
  static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40 && text.utf8.allSatisfy(isHexDigit)
  }

  static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.first, let last = text.last, !".-".contains(first), !".-".contains(last),
      !text.contains("--"), !text.contains("..")
    else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      default: false
      }
    }
  }

  /// Revisions become parts of file names, so they must not climb.
  private static func isRevision(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("/") && !text.hasSuffix("/")
      && text.split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x5C && $0 != 0x7F }
  }
}
