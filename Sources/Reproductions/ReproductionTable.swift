// SPDX-License-Identifier: Apache-2.0
import Feedback

/// Every reproduction there is: the one place where a name becomes an experiment.
public enum ReproductionTable {
  /// The reproductions in the order of the list.
  public static let all: [any Reproduction] = [
    OnlineIPOReproduction(), FDPGReproduction(), CPLReproduction(), RAFTReproduction(),
    MODPOReproduction(), SELMReproduction(), LiPOReproduction(), AlignDistilReproduction(),
  ]

  /// The reproduction of this name.
  ///
  /// - Throws: ``ReproductionError/unknown(_:known:)``.
  public static func named(_ name: String) throws -> any Reproduction {
    guard let found = all.first(where: { $0.name == name }) else {
      throw ReproductionError.unknown(name, known: all.map(\.name))
    }
    return found
  }
}

/// What can go wrong around an experiment; a claim that does not hold is a result, not an error.
public enum ReproductionError: Error, Equatable, CustomStringConvertible {
  /// There is no reproduction of this name.
  case unknown(String, known: [String])
  /// The reproduction has no such mistake.
  case unknownBreakage(String, reproduction: String, known: [String])
  /// A file of the run folder could not be written.
  case cannotWrite(path: String, reason: String)

  /// One sentence in the user's words.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no reproduction '\(name)'; known: \(known.joined(separator: ", "))"
    case .unknownBreakage(let name, let reproduction, let known):
      "\(reproduction) has no mistake '\(name)' to be broken by; known: \(known.joined(separator: ", "))"
    case .cannotWrite(let path, let reason):
      "\(path): cannot be written (\(reason)); choose another --output_dir"
    }
  }
}

extension Reproduction {
  /// The mistake of this name.
  ///
  /// - Throws: ``ReproductionError/unknownBreakage(_:reproduction:known:)``.
  public func breakage(named name: String) throws -> Breakage {
    guard let found = breakages.first(where: { $0.name == name }) else {
      throw ReproductionError.unknownBreakage(
        name, reproduction: self.name, known: breakages.map(\.name))
    }
    return found
  }
}
