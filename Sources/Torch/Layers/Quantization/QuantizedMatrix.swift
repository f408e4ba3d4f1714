// SPDX-License-Identifier: Apache-2.0

/// A frozen matrix kept otherwise than as plain numbers: in fewer bits, dense only for the moment of a product, or laid
/// out for the processor.
public protocol QuantizedMatrix {
  /// `[out, in]`.
  var shape: [Int] { get }
  /// What lies in memory and in files, for a matrix called `name`, such as `model.layers.0.mlp.up_proj.weight`.
  func parts(named name: String) -> NamedTensors
  /// The numbers it stands for, `[out, in]`, computed anew at each call.
  func dense(_ elementType: ElementType) -> Tensor
  /// x Wᵀ + b; the gradient reaches `x` and `bias` only, and the dense matrix is not kept for it.
  func product(_ x: Tensor, bias: Tensor?) -> Tensor
  /// Where it is.
  var device: Device { get }
  /// The same on another device.
  func to(_ device: Device) -> any QuantizedMatrix
}

extension QuantizedMatrix {
  /// Bytes held in memory.
  public var byteCount: Int { parts(named: "weight").byteCount }
}

/// How the linear layers of a frozen model are kept in memory.
public enum Quantization: String, Sendable, CaseIterable {
  /// ``NF4Matrix`` with its scales quantised once more: 4.13 bits a weight.
  case nf4
  /// ``Int8Matrix``: 8 bits a weight.
  case int8

  /// Output layers, which stay as they are: they are read far more precisely than they could be kept, and by more than
  /// products.
  private static let exempt: Set<String> = ["lm_head", "embed_out", "score"]

  /// Whether the linear layer at a path may be kept otherwise than plain.
  static func applies(to path: String) -> Bool {
    !exempt.contains(path.split(separator: ".").last.map(String.init) ?? path)
  }

  func matrix(_ dense: Tensor) -> any QuantizedMatrix {
    switch self {
    case .nf4: NF4Matrix(dense)
    case .int8: Int8Matrix(dense)
    }
  }
}

/// The matrix of a linear layer as it lies in memory; transposed ones are `[in, out]` in their checkpoint.
public enum MatrixStorage {
  /// All numbers, in their own type, laid out as in the checkpoint.
  case dense(Tensor, isTransposed: Bool = false)
  /// Fewer bits or another layout, frozen, always `[out, in]`.
  case quantized(any QuantizedMatrix, isTransposed: Bool = false)

  /// `[out, in]`.
  public var shape: [Int] {
    switch self {
    case .dense(let tensor, let isTransposed):
      isTransposed ? tensor.shape.reversed() : tensor.shape
    case .quantized(let matrix, _): matrix.shape
    }
  }

  /// The type of the numbers; float32 for those in few bits.
  public var elementType: ElementType {
    switch self {
    case .dense(let tensor, _): tensor.elementType
    case .quantized: .float32
    }
  }

  /// Where it is.
  public var device: Device {
    switch self {
    case .dense(let tensor, _): tensor.device
    case .quantized(let matrix, _): matrix.device
    }
  }

  /// Whether the checkpoint has it as `[in, out]`.
  public var isTransposed: Bool {
    switch self {
    case .dense(_, let isTransposed), .quantized(_, let isTransposed): isTransposed
    }
  }

  /// The numbers, `[out, in]`: those in memory, or computed from fewer bits in float32.
  public var numbers: Tensor {
    switch self {
    case .dense(let tensor, let isTransposed):
      isTransposed ? tensor.transposed(0, 1) : tensor
    case .quantized(let matrix, _): matrix.dense(.float32)
    }
  }

  /// x Wᵀ + b: `[..., in]` to `[..., out]`.
  public func product(_ x: Tensor, bias: Tensor?) -> Tensor {
    switch self {
    case .dense(_, _): linear(x, numbers, bias)
    case .quantized(let matrix, _): matrix.product(x, bias: bias)
    }
  }

  /// A matrix `[out, in]` as the checkpoint would have it in this one's place.
  package func laidOut(_ matrix: Tensor) -> Tensor {
    isTransposed ? matrix.transposed(0, 1).contiguous() : matrix
  }
}

/// Names under which files keep quantised matrices: those of bitsandbytes.
package enum QuantizedNames {
  /// Suffix of the JSON that describes an NF4 matrix.
  static let nf4State = ".quant_state.bitsandbytes__nf4"
  /// Suffix of the same for a format that is not read.
  static let fp4State = ".quant_state.bitsandbytes__fp4"
  /// What NF4 adds to the name of its matrix.
  static let nf4Suffixes = [
    ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", nf4State,
  ]
  /// What int8 puts in the place of `weight`.
  static let int8Scale = "SCB"
  static let int8Format = "weight_format"

  /// Whether a parameter is a part of a quantised matrix: never trained, never converted.
  package static func isPart(_ name: String, _ tensor: Tensor) -> Bool {
    !tensor.elementType.isFloatingPoint || isDescription(name)
  }

  /// Names of a quantised matrix's parts that hold no weights.
  package static func isDescription(_ name: String) -> Bool {
    nf4Suffixes.contains(where: name.hasSuffix) || name.hasSuffix(".\(int8Scale)")
      || name.hasSuffix(".\(int8Format)")
  }
}

extension Sequence<(name: String, tensor: Tensor)> {
  /// Count of weights; a matrix of 4-bit weights counts each of them, and its scales not at all.
  public var weightCount: Int {
    var byName: [String: Int] = [:]
    var packed: [(name: String, count: Int)] = []
    for (name, tensor) in self {
      if name.hasSuffix(QuantizedNames.nf4State) {
        let matrix = String(name.dropLast(QuantizedNames.nf4State.count))
        let shape = NF4State(tensor)?.shape ?? []
        packed.append((matrix, shape.reduce(1, *)))
      } else if !QuantizedNames.isDescription(name) {
        byName[name] =
          tensor.isPacked ? PackedMatrix(packed: tensor).shape.reduce(1, *) : tensor.elementCount
      }
    }
    for (name, count) in packed { byName[name] = count }
    return byName.values.reduce(0, +)
  }

  /// Bytes of all of them together.
  public var byteCount: Int {
    reduce(0) { $0 + $1.tensor.elementCount * $1.tensor.elementType.byteCount }
  }

  /// How matrices are kept; nil where all are dense.
  package var quantization: Quantization? {
    for (name, _) in self {
      if name.hasSuffix(QuantizedNames.nf4State) { return .nf4 }
      if name.hasSuffix(".\(QuantizedNames.int8Scale)") { return .int8 }
    }
    return nil
  }
}
