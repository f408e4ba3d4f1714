// SPDX-License-Identifier: Apache-2.0

/// Tensors with their checkpoint names, in the order in which the model made them.
public typealias NamedTensors = [(name: String, tensor: Tensor)]

/// Something tensors can be read from by name: a checkpoint, another model, a dictionary in a test.
public protocol TensorSource {
  /// The shape stored under a name; nil where there is none.
  func shape(of name: String) -> [Int]?
  /// The tensor stored under a name, in its stored type; nil where there is none.
  func tensor(_ name: String) throws -> Tensor?
  /// Every name stored.
  var names: [String] { get }
}

/// How a parameter begins where no checkpoint gives it.
public enum Initialization: Sendable, Equatable {
  /// Normal draws around zero.
  case normal(deviation: Double)
  /// Zeros.
  case zeros
  /// Ones.
  case ones
}

/// What was wrong with a checkpoint when a model was built from it.
public enum WeightsError: Error, Equatable, CustomStringConvertible {
  /// Names the model needs and the checkpoint lacks.
  case missing(names: [String])
  /// A tensor whose stored shape is not what the configuration says.
  case shapeMismatch(name: String, stored: [Int], configured: [Int])
  /// Names in the checkpoint that the model has no place for.
  case unexpected(names: [String])

  /// The error or value in words.
  public var description: String {
    switch self {
    case .missing(let names):
      "the checkpoint lacks \(WeightsError.list(names)); is it the architecture config.json names?"
    case .shapeMismatch(let name, let stored, let configured):
      "\(name): the file has shape \(stored), config.json makes it \(configured); the two do not belong together"
    case .unexpected(let names):
      "the checkpoint holds \(WeightsError.list(names)), which this architecture has no place for"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) like them" : shown
  }
}

/// Collects the parameters of a model while its layers are made, drawing them or reading them from a checkpoint.
///
/// Layers ask for tensors by name through a ``Scope``, so the code that builds a model *is* its checkpoint map.
/// Problems are collected and thrown once by ``finish(ignoring:)``.
public final class ParameterStore {
  /// The parameters made so far, in order.
  public private(set) var parameters: NamedTensors = []

  private let source: (any TensorSource)?
  private let generator: Generator?
  private let elementType: ElementType
  private let device: Device
  private var problems: [any Error] = []
  private var missing: [String] = []
  private var used: Set<String> = []
  private var optionalPrefixes: [String] = []

  /// Draws every parameter anew.
  public init(generator: Generator, elementType: ElementType = .float32, device: Device = .cpu) {
    source = nil
    self.generator = generator
    self.elementType = elementType
    self.device = device
  }

  /// Reads parameters from `source`; those named in a later call of ``allowMissing(_:)`` may be drawn instead.
  public init(
    reading source: any TensorSource, generator: Generator? = nil,
    elementType: ElementType = .float32, device: Device = .cpu
  ) {
    self.source = source
    self.generator = generator
    self.elementType = elementType
    self.device = device
  }

  /// Lets parameters below a prefix be drawn when the source lacks them: a fresh head on a pretrained trunk.
  public func allowMissing(_ prefix: String) { optionalPrefixes.append(prefix) }

  /// The root scope.
  public var root: Scope { Scope(path: "", store: self) }

  fileprivate func parameter(_ name: String, _ shape: [Int], _ initialization: Initialization)
    -> Tensor
  {
    let tensor = read(name, shape) ?? draw(name, shape, initialization)
    parameters.append((name, tensor))
    return tensor
  }

  private func read(_ name: String, _ shape: [Int]) -> Tensor? {
    guard let source else { return nil }
    do {
      guard let stored = source.shape(of: name) else {
        if optionalPrefixes.contains(where: name.hasPrefix) { return nil }
        missing.append(name)
        return placeholder(shape)
      }
      used.insert(name)
      guard stored == shape else {
        throw WeightsError.shapeMismatch(name: name, stored: stored, configured: shape)
      }
      guard let tensor = try source.tensor(name) else { return placeholder(shape) }
      // Neither the memory nor the history of a file or another model may become part of a parameter.
      let plain = tensor.detached()
      let placed = plain.to(device).to(elementType)
      return placed.handle === plain.handle ? placed.copy() : placed
    } catch {
      problems.append(error)
      return placeholder(shape)
    }
  }

  /// What stands for a parameter that could not be read until ``finish(ignoring:)`` throws: no memory, however large
  /// the configuration says the tensor is.
  private func placeholder(_ shape: [Int]) -> Tensor {
    .zeros(shape.map { _ in 0 }, elementType: elementType, device: device)
  }

  private func draw(_ name: String, _ shape: [Int], _ initialization: Initialization) -> Tensor {
    switch initialization {
    case .zeros: return .zeros(shape, elementType: elementType, device: device)
    case .ones: return .ones(shape, elementType: elementType, device: device)
    case .normal(let deviation):
      guard let generator else { return .zeros(shape, elementType: elementType, device: device) }
      return generator.normal(deviation: deviation, shape: shape).to(device).to(elementType)
    }
  }

  /// Ends the building of a model.
  ///
  /// - Parameter ignoring: decides which left-over names of the source are harmless.
  /// - Throws: the first reading problem, or ``WeightsError``.
  public func finish(ignoring: (String) -> Bool = { _ in false }) throws {
    if let problem = problems.first { throw problem }
    guard missing.isEmpty else { throw WeightsError.missing(names: missing) }
    guard let source else { return }
    let left = source.names.filter { !used.contains($0) && !ignoring($0) }.sorted()
    guard left.isEmpty else { throw WeightsError.unexpected(names: left) }
  }
}

/// A place in the tree of parameter names.
public struct Scope {
  /// The names from the root, joined by dots.
  public let path: String
  fileprivate let store: ParameterStore

  /// A place below this one.
  public static func / (scope: Scope, name: String) -> Scope {
    Scope(path: scope.path.isEmpty ? name : "\(scope.path).\(name)", store: scope.store)
  }

  /// The parameters made here and below so far, in order.
  public var parameters: NamedTensors {
    path.isEmpty ? store.parameters : store.parameters.filter { $0.name.hasPrefix("\(path).") }
  }

  /// The parameter `name` here, read or drawn.
  public func parameter(_ name: String, _ shape: [Int], _ initialization: Initialization) -> Tensor
  {
    store.parameter((self / name).path, shape, initialization)
  }
}

/// Tensors by name in memory; copies a model, or feeds one in a test.
public struct TensorDictionary: TensorSource {
  private let tensors: [String: Tensor]

  /// Wraps named tensors; a later one of equal name wins.
  public init(_ tensors: NamedTensors) {
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
  }

  /// Every name.
  public var names: [String] { Array(tensors.keys) }
  /// The shape under a name; nil where there is none.
  public func shape(of name: String) -> [Int]? { tensors[name]?.shape }
  /// The tensor under a name; nil where there is none.
  public func tensor(_ name: String) -> Tensor? { tensors[name] }
}
