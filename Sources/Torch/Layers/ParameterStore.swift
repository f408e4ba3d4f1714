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
  /// A matrix in few bits whose parts do not fit each other, or in a format that is not read.
  case badQuantization(name: String, reason: String)

  /// The error or value in words.
  public var description: String {
    switch self {
    case .missing(let names):
      "the checkpoint lacks \(WeightsError.list(names)); is it the architecture config.json names?"
    case .shapeMismatch(let name, let stored, let configured):
      "\(name): the file has shape \(stored), config.json makes it \(configured); the two do not belong together"
    case .unexpected(let names):
      "the checkpoint holds \(WeightsError.list(names)), which this architecture has no place for"
    case .badQuantization(let name, let reason): "\(name): not a quantised matrix: \(reason)"
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
/// Linear layers also ask for an adapter's update of their place, so a model built a second time over the same
/// tensors (``init(sharing:updates:)``) is the first one with an adapter. Problems are collected and thrown once by
/// ``finish(ignoring:)``.
public final class ParameterStore {
  /// The parameters made so far, in order.
  public private(set) var parameters: NamedTensors = []

  /// Gives the update of the linear layer at a path; nil leaves the layer as it is.
  package typealias Updates = (_ path: String, _ matrix: MatrixStorage) throws -> LowRankUpdate?

  private let source: (any TensorSource)?
  private let generator: Generator?
  private let elementType: ElementType
  private let device: Device
  private let quantization: Quantization?
  private let packsMatrices: Bool
  private let updates: Updates?
  /// Whether the model is built over the source's own tensors.
  private let sharesTensors: Bool
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
    quantization = nil
    packsMatrices = false
    updates = nil
    sharesTensors = false
  }

  /// Reads parameters from `source`; those named in a later call of ``allowMissing(_:)`` may be drawn instead.
  ///
  /// - Parameters:
  ///   - source: where the tensors are.
  ///   - generator: draws what may be missing.
  ///   - elementType: type of the parameters in memory.
  ///   - device: where they shall live.
  ///   - quantization: how the matrices of linear layers are kept; nil keeps them as the source has them.
  ///   - packsMatrices: keeps bfloat16 matrices packed for decoding where the device can, see ``PackedMatrix``; such a
  ///     model cannot be trained or saved.
  public init(
    reading source: any TensorSource, generator: Generator? = nil,
    elementType: ElementType = .float32, device: Device = .cpu, quantization: Quantization? = nil,
    packsMatrices: Bool = false
  ) {
    self.source = source
    self.generator = generator
    self.elementType = elementType
    self.device = device
    self.quantization = quantization
    self.packsMatrices = packsMatrices && PackedMatrix.fits(elementType, on: device)
    updates = nil
    sharesTensors = false
  }

  /// Builds a model over the tensors of another one, without a copy, with an adapter.
  package init(sharing source: any TensorSource, updates: @escaping Updates) {
    self.source = source
    generator = nil
    elementType = .float32
    device = .cpu
    quantization = nil
    packsMatrices = false
    self.updates = updates
    sharesTensors = true
  }

  /// Builds a model over the tensors of another one, with copies of its matrices packed for decoding.
  package init(packing source: any TensorSource) {
    self.source = source
    generator = nil
    elementType = .float32
    device = .cpu
    quantization = nil
    packsMatrices = true
    updates = nil
    sharesTensors = true
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
      if sharesTensors { return tensor }
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

  /// The matrix of a linear layer: read in few bits where the source keeps it so, or put into few bits now.
  fileprivate func matrix(
    _ scope: Scope, _ name: String, from input: Int, to output: Int,
    _ initialization: Initialization, isTransposed: Bool
  ) -> MatrixStorage {
    let name = (scope / name).path
    do {
      if let found = try quantized(name, [output, input]) {
        parameters += found.parts(named: name)
        return .quantized(found, isTransposed: isTransposed)
      }
    } catch {
      problems.append(error)
      return .dense(placeholder([output, input]))
    }
    let shape = isTransposed ? [input, output] : [output, input]
    let made = read(name, shape) ?? draw(name, shape, initialization)
    if quantization != nil || packsMatrices, Quantization.applies(to: scope.path),
      made.elementCount > 0
    {
      let plain = isTransposed ? made.transposed(0, 1).contiguous() : made
      let found: any QuantizedMatrix = quantization?.matrix(plain) ?? PackedMatrix(plain)
      parameters += found.parts(named: name)
      return .quantized(found, isTransposed: isTransposed)
    }
    parameters.append((name, made))
    return .dense(made, isTransposed: isTransposed)
  }

  private func quantized(_ name: String, _ shape: [Int]) throws -> (any QuantizedMatrix)? {
    guard let source, source.shape(of: name) != nil else { return nil }
    if sharesTensors, let packed = try source.tensor(name), packed.isPacked {
      let found = PackedMatrix(packed: packed)
      guard found.shape == shape else {
        throw WeightsError.shapeMismatch(name: name, stored: found.shape, configured: shape)
      }
      used.insert(name)
      return found
    }
    if source.shape(of: name + QuantizedNames.fp4State) != nil {
      throw WeightsError.badQuantization(
        name: name, reason: "it is in FP4, which is not read; quantise the model in NF4 instead")
    }
    let found: any QuantizedMatrix
    if source.shape(of: name + QuantizedNames.nf4State) != nil {
      found = try NF4Matrix(reading: name, from: source, shape: shape, isShared: sharesTensors)
    } else if source.shape(of: Int8Matrix.neighbour(of: name, QuantizedNames.int8Scale)) != nil,
      let codes = try source.tensor(name), codes.elementType == .int8
    {
      guard codes.shape == shape else {
        throw WeightsError.shapeMismatch(name: name, stored: codes.shape, configured: shape)
      }
      found = try Int8Matrix(reading: name, codes: codes, from: source, isShared: sharesTensors)
    } else {
      return nil
    }
    used.formUnion(found.parts(named: name).map(\.name))
    return sharesTensors ? found : found.to(device)
  }

  fileprivate func update(_ path: String, _ matrix: MatrixStorage) -> LowRankUpdate? {
    guard let updates else { return nil }
    do {
      return try updates(path, matrix)
    } catch {
      problems.append(error)
      return nil
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

  /// The matrix `name` of a linear layer here, in as few bits as the store keeps such matrices.
  func matrix(
    _ name: String, from input: Int, to output: Int, _ initialization: Initialization,
    isTransposed: Bool
  ) -> MatrixStorage {
    store.matrix(
      self, name, from: input, to: output, initialization, isTransposed: isTransposed)
  }

  /// What the store's adapter adds to the linear layer here.
  func update(of matrix: MatrixStorage) -> LowRankUpdate? { store.update(path, matrix) }
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
