// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What goes wrong between this machine and the hub, in the user's words.
public enum HubError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A text that cannot name a repository.
  case badName(String)
  /// The hub has no such repository, or does not show it to who asks.
  case notFound(HubRepository, host: String, hint: String)
  /// The repository has no such revision.
  case noRevision(HubRepository, known: [String])
  /// The repository has no such file.
  case noFile(HubRepository, path: String)
  /// The repository is there, and access must be granted first.
  case gated(HubRepository, host: String, hasToken: Bool, tokenFile: String)
  /// The hub does not know the token.
  case badToken(host: String, tokenFile: String)
  /// The token may not do this.
  case forbidden(action: String, host: String, hasToken: Bool, tokenFile: String)
  /// The network may not be used, and the cache lacks something.
  case offline(HubRepository, missing: String, cache: URL)
  /// No connection.
  case unreachable(host: String, reason: String)
  /// The hub asks for patience, beyond the attempts made.
  case rateLimited(host: String)
  /// An answer that means none of the above.
  case refused(what: String, status: Int, message: String)
  /// A transfer that broke again and again.
  case broken(file: String, received: Int64, size: Int64?, reason: String)
  /// A file that arrived with other content than the hub names.
  case corrupt(file: String, expected: String, found: String)
  /// A name, checksum or list from the hub that no hub would send.
  case malformed(what: String)
  /// Too little space.
  case diskFull(path: String, needed: Int64?, free: Int64?)
  /// A local file that cannot be read or written.
  case localFile(path: String, reason: String)
  /// A model whose weights are pickled only, or not there at all.
  case noWeights(HubRepository, found: [String])
  /// A repository without a tokenizer.
  case noTokenizer(HubRepository)
  /// A data set without this configuration; `known` are those it has.
  case noConfiguration(HubRepository, configuration: String, known: [String])
  /// A data set whose configurations must be chosen from.
  case ambiguousConfiguration(HubRepository, known: [String])
  /// A data set without this split; `known` are those it has.
  case noSplit(HubRepository, split: String, known: [String])
  /// A data set that neither this program nor the rows service reads.
  case unreadableData(HubRepository, found: String, reason: String)
  /// A README whose settings of a data set make no sense.
  case badCard(HubRepository, problem: String)
  /// A push while the network is switched off.
  case offlinePush
  /// Nothing in a folder can be pushed.
  case nothingToPush(path: String)
  /// The user interrupted; what was received is kept.
  case cancelled

  /// One sentence: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .badName(let text):
      "'\(text)' is no name on the hub; names are owner/name, such as meta-llama/Llama-3.2-1B"
    case .notFound(let repository, let host, let hint):
      "\(host) has no \(repository.kind.words) '\(repository.name)', or does not show it to you"
        + (hint.isEmpty ? "" : "; \(hint)")
    case .noRevision(let repository, let known):
      "\(repository.kind.words) '\(repository.name)' has no revision '\(repository.revision)'"
        + (known.isEmpty ? "" : "; there are \(Self.list(known))")
    case .noFile(let repository, let path):
      "\(repository.kind.words) '\(repository)' has no file '\(path)'"
    case .gated(let repository, let host, let hasToken, let tokenFile):
      "\(repository.kind.words) '\(repository.name)' is gated: ask for access at "
        + "https://\(host)\(repository.pagePath), then "
        + (hasToken
          ? "use a token of that account; yours has no access" : Self.tokenAdvice(tokenFile))
    case .badToken(let host, let tokenFile):
      "\(host) does not know your access token (HF_TOKEN, or the file \(tokenFile)); make a new one at "
        + "https://\(host)/settings/tokens, or remove the old one to ask without"
    case .forbidden(let action, let host, let hasToken, let tokenFile):
      "\(host) does not let you \(action): "
        + (hasToken
          ? "your token has no right to write there; make one at https://\(host)/settings/tokens"
          : "no access token; " + Self.tokenAdvice(tokenFile))
    case .offline(let repository, let missing, let cache):
      "\(repository.kind.words) '\(repository)': \(missing) is not in the cache \(cache.path), and "
        + "the network is switched off (--offline or HF_HUB_OFFLINE); run once without it"
    case .unreachable(let host, let reason):
      "no connection to \(host) (\(reason)); a folder on this machine needs none, and HF_ENDPOINT "
        + "names a mirror"
    case .rateLimited(let host):
      "\(host) answers that there are too many requests; wait some minutes, or give an access token, "
        + "which raises the limit"
    case .refused(let what, let status, let message):
      "\(what): the hub answers with status \(status)" + (message.isEmpty ? "" : ": \(message)")
    case .broken(let file, let received, let size, let reason):
      "\(file): the connection broke again and again (\(reason)) after \(Self.size(received))"
        + (size.map { " of \(Self.size($0))" } ?? "")
        + "; what has arrived is kept, run again to go on"
    case .corrupt(let file, let expected, let found):
      "\(file): what arrived is not what the hub names (checksum \(found) instead of \(expected)), twice; "
        + "something between here and the hub changes files"
    case .malformed(let what): "the hub's answer makes no sense: \(what)"
    case .diskFull(let path, let needed, let free):
      "no space left for \(path)"
        + (needed.map { ": \(Self.size($0)) are needed" } ?? "")
        + (free.map { ", \(Self.size($0)) are free" } ?? "")
        + "; make room, or let HF_HUB_CACHE name a folder on another disk"
    case .localFile(let path, let reason): "\(path): \(reason)"
    case .noWeights(let repository, let found): Self.noWeights(repository, found)
    case .noTokenizer(let repository):
      "model '\(repository)' has no tokenizer (tokenizer.json); name another repository or folder"
    case .noConfiguration(let repository, let configuration, let known):
      "data set '\(repository)' has no configuration '\(configuration)'; "
        + "--dataset_config takes \(Self.list(known))"
    case .ambiguousConfiguration(let repository, let known):
      "data set '\(repository)' has several configurations; choose with --dataset_config: "
        + Self.list(known)
    case .noSplit(let repository, let split, let known):
      "data set '\(repository)' has no split '\(split)'; there are \(Self.list(known))"
    case .unreadableData(let repository, let found, let reason):
      "data set '\(repository)' cannot be read: \(found), and \(reason). Read directly are JSON Lines, "
        + "JSON, CSV and TSV, also with .gz; write it as JSON Lines and give --dataset_path"
    case .badCard(let repository, let problem):
      "README.md of data set '\(repository)': \(problem)"
    case .offlinePush:
      "pushing needs the network, which is switched off (--offline or HF_HUB_OFFLINE)"
    case .nothingToPush(let path):
      "\(path): there is nothing to push; name a file, or a folder with files"
    case .cancelled: "stopped; what has arrived is kept, and the same command goes on from there"
    }
  }

  private static func noWeights(_ repository: HubRepository, _ found: [String]) -> String {
    guard !found.isEmpty else {
      return "model '\(repository)' has no weights (model.safetensors) at its root"
    }
    return
      "model '\(repository)' has its weights in \(list(found)) only. Such a file may run any code when "
      + "it is opened, so it is not read. Convert it once, in Python: "
      + "AutoModelForCausalLM.from_pretrained('\(repository.name)').save_pretrained('folder')"
  }

  static func tokenAdvice(_ file: String) -> String {
    "give an access token: HF_TOKEN=hf_..., or in the file \(file)"
  }

  /// The first names of a list, and how many more there are.
  static func list(_ names: [String]) -> String {
    guard !names.isEmpty else { return "none" }
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }

  /// Bytes as people read them: `1.5 GB`.
  public static func size(_ bytes: Int64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return unit == 0
      ? "\(bytes) byte\(bytes == 1 ? "" : "s")" : String(format: "%.1f %@", value, units[unit])
  }
}
