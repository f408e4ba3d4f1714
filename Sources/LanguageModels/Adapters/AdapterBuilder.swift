// SPDX-License-Identifier: Apache-2.0
import Torch

/// Where an adapter's numbers come from.
enum AdapterOrigin {
  /// Drawn: A uniform within 1/√in, B zero, magnitudes those of the base, whole modules the base's.
  case fresh(Generator)
  /// Read from a file, or from another adapter.
  case stored(any TensorSource, path: String)
}

/// Makes an adapter's tensors while the model over the base's tensors is built.
final class AdapterBuilder {
  private let configuration: AdapterConfiguration
  private let matcher: ModuleMatcher
  let names: AdapterNames
  private let origin: AdapterOrigin
  private(set) var updates: [String: LowRankUpdate] = [:]
  private(set) var parameters: NamedTensors = []
  private(set) var matrices: [(path: String, matrix: MatrixStorage)] = []
  private var used: Set<String> = []

  init(
    _ configuration: AdapterConfiguration, _ origin: AdapterOrigin, _ names: AdapterNames
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.origin = origin
    self.names = names
    matcher = try ModuleMatcher(configuration)
  }

  // MARK: Updates

  /// The update of the linear layer at a path; nil where the adapter leaves it alone.
  func update(_ path: String, _ matrix: MatrixStorage) throws -> LowRankUpdate? {
    matrices.append((path, matrix))
    let module = names.module(path)
    guard try matcher.matches(module) else { return nil }
    let (rank, alpha) = try matcher.size(module)
    let shape = matrix.shape
    let (output, input) = (shape[0], shape[1])
    // Small matrices are kept wide: a step of the optimizer would be lost in fewer bits.
    let type: ElementType = matrix.elementType == .float64 ? .float64 : .float32
    let bound = 1 / Double(input).squareRoot()
    let down = try tensor(names.down(path), [rank, input], type, matrix.device) {
      $0.uniform(-bound, bound, shape: [rank, input], elementType: type)
    }
    let up = try tensor(names.up(path), [output, rank], type, matrix.device) { _ in
      .zeros([output, rank], elementType: type)
    }
    var magnitude: Tensor?
    if configuration.usesDoRA {
      magnitude = try tensor(names.magnitude(path), [output], type, matrix.device) { _ in
        withoutGrad { rowNorms(matrix.numbers.to(type)) }
      }
    }
    let update = LowRankUpdate(
      down: down, up: up, magnitude: magnitude,
      scale: configuration.scale(rank: rank, alpha: alpha), dropout: configuration.dropout)
    updates[path] = update
    return update
  }

  /// Whether a parameter of the base was replaced by one of the adapter.
  func isUsed(_ name: String) -> Bool {
    let key = names.whole(name, isAdapted: false)
    return parameters.contains { $0.name == key }
  }

  /// Whether the linear layer at a path has an update, before it is made.
  func adapts(_ path: String) throws -> Bool { try matcher.matches(names.module(path)) }

  /// A parameter of the base, trained as a whole under its own name.
  func whole(_ name: String, _ base: Tensor, isAdapted: Bool) throws -> Tensor {
    let key = names.whole(name, isAdapted: isAdapted)
    // Files of older versions keep a bias under its plain name also where its layer has an update.
    let older = names.whole(name, isAdapted: false)
    if case .stored(let source, _) = origin, source.shape(of: key) == nil, key != older,
      source.shape(of: older) != nil
    {
      return try tensor(older, base.shape, base.elementType, base.device, savedAs: key) { _ in base
      }
    }
    return try tensor(key, base.shape, base.elementType, base.device) { _ in
      base.detached().copy()
    }
  }

  /// A parameter of the base that the file holds beside what its configuration names, as files do whose embedding or
  /// output layer has an update; nil where there is none, or it is the base's own.
  func extra(_ name: String, _ base: Tensor, isAdapted: Bool) throws -> Tensor? {
    guard case .stored(let source, let path) = origin else { return nil }
    let keys = [false, isAdapted].map { names.whole(name, isAdapted: $0) }
    guard let key = keys.first(where: { source.shape(of: $0) != nil }) else { return nil }
    let found = try stored(key, base.shape, source, path).to(base.device).to(base.elementType)
    guard (found .!= base).any().item != 0 else { return nil }
    parameters.append((key, found))
    return found
  }

  private func tensor(
    _ name: String, _ shape: [Int], _ type: ElementType, _ device: Device,
    savedAs key: String? = nil, fresh: (Generator) -> Tensor
  ) throws -> Tensor {
    let made: Tensor
    switch origin {
    case .fresh(let generator): made = fresh(generator).to(device)
    case .stored(let source, let path):
      made = try stored(name, shape, source, path).to(device).to(type)
    }
    parameters.append((key ?? name, made))
    return made
  }

  private func stored(
    _ name: String, _ shape: [Int], _ source: any TensorSource, _ path: String
  ) throws -> Tensor {
    // Some versions of PEFT kept the magnitudes as the weight of a module.
    let found = [name, "\(name).weight"].first { source.shape(of: $0) != nil } ?? name
    guard let stored = source.shape(of: found), let tensor = try source.tensor(found) else {
      throw AdapterError.missing(path: path, names: [name])
    }
    guard stored == shape else {
      throw AdapterError.shapeMismatch(path: path, name: found, stored: stored, wanted: shape)
    }
    used.insert(found)
    return tensor.detached().copy()
  }

  // MARK: The end

  /// The adapter, once the model was built.
  ///
  /// - Parameter ignoring: names in the file that somebody else reads.
  /// - Returns: the adapter.
  /// - Throws: ``AdapterError`` where nothing was adapted or something was left over.
  func finish(ignoring: Set<String>) throws -> Adapter {
    let paths = matrices.map { names.module($0.path) }
    guard !updates.isEmpty else {
      throw AdapterError.noTarget(
        targets: configuration.targets.description, modules: Self.kinds(paths))
    }
    switch origin {
    case .fresh:
      if let name = matcher.unknownTargets(paths).first {
        throw AdapterError.unknownModule(
          field: "target_modules", name: name, modules: Self.kinds(paths))
      }
    case .stored(let source, let path):
      let left = source.names.filter { !used.contains($0) && !ignoring.contains($0) }.sorted()
      guard left.isEmpty else { throw AdapterError.unexpected(path: path, names: left) }
    }
    var configuration = configuration
    configuration.fanInFanOut = matrices.contains { path, matrix in
      matrix.isTransposed && updates[path] != nil
    }
    return Adapter(configuration: configuration, parameters: parameters, updates: updates)
  }

  /// The last parts of paths, each once: what users write.
  static func kinds(_ paths: [String]) -> [String] { Array(Set(paths.map(lastName(of:)))).sorted() }
}
