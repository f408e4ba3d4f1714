// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The JSON that bitsandbytes keeps beside a matrix, as bytes in a tensor.
struct NF4State {
  let blockSize: Int
  let original: ElementType
  let shape: [Int]
  let nestedBlockSize: Int?
  let nestedOffset: Float?

  init(_ matrix: NF4Matrix) {
    blockSize = matrix.blockSize
    original = matrix.original
    shape = matrix.shape
    nestedBlockSize = matrix.nested?.blockSize
    nestedOffset = matrix.nested?.offset
  }

  /// Reads it; nil where it is not what it should be.
  init?(_ tensor: Tensor) {
    guard let object = try? JSONSerialization.jsonObject(with: Data(tensor.rawBytes())),
      let fields = object as? [String: Any], fields["quant_type"] as? String == "nf4",
      let block = fields["blocksize"] as? Int, block > 0, let sizes = fields["shape"] as? [Int],
      sizes.count == 2, sizes.allSatisfy({ $0 > 0 })
    else { return nil }
    blockSize = block
    shape = sizes
    let name = fields["dtype"] as? String
    original = ElementType.allCases.first { "\($0)" == name } ?? .float32
    nestedBlockSize = fields["nested_blocksize"] as? Int
    nestedOffset = (fields["nested_offset"] as? Double).map(Float.init)
  }

  /// The bytes as bitsandbytes writes them.
  var tensor: Tensor {
    var text =
      #"{"quant_type": "nf4", "blocksize": \#(blockSize), "dtype": "\#(original)", "shape": [\#(shape[0]), \#(shape[1])]"#
    if let nestedBlockSize, let nestedOffset {
      text +=
        #", "nested_blocksize": \#(nestedBlockSize), "nested_dtype": "float32", "nested_offset": \#(Double(nestedOffset))"#
    }
    return Tensor(Array((text + "}").utf8))
  }
}

extension NF4Matrix {
  /// Weight, scales, the two maps and the description, under bitsandbytes' suffixes.
  public func parts(named name: String) -> NamedTensors {
    var parts: NamedTensors = [
      (name, packed), (name + ".absmax", scales), (name + ".quant_map", code),
    ]
    if let nested {
      parts.append((name + ".nested_absmax", nested.scales))
      parts.append((name + ".nested_quant_map", nested.map))
    }
    return parts + [(name + QuantizedNames.nf4State, NF4State(self).tensor)]
  }

  /// Reads the matrix that a source keeps under `name`.
  ///
  /// - Throws: ``WeightsError`` where parts are missing, contradict each other, or are of another shape.
  init(reading name: String, from source: any TensorSource, shape: [Int], isShared: Bool) throws {
    func part(_ suffix: String, _ type: ElementType) throws -> Tensor {
      guard let tensor = try source.tensor(name + suffix) else {
        throw WeightsError.missing(names: [name + suffix])
      }
      guard tensor.elementType == type else {
        throw WeightsError.badQuantization(
          name: name + suffix, reason: "it holds \(tensor.elementType), expected \(type)")
      }
      // The memory of a file or of another model must not become part of this one, unless it is meant to.
      return isShared ? tensor : tensor.detached().copy()
    }
    let stateName = name + QuantizedNames.nf4State
    guard let bytes = try source.tensor(stateName), let state = NF4State(bytes) else {
      throw WeightsError.badQuantization(
        name: stateName, reason: "its JSON lacks quant_type nf4, blocksize or a shape of two sizes")
    }
    guard state.shape == shape else {
      throw WeightsError.shapeMismatch(name: name, stored: state.shape, configured: shape)
    }
    var nested: Nested?
    if let offset = state.nestedOffset, let size = state.nestedBlockSize, size > 0 {
      nested = Nested(
        scales: try part(".nested_absmax", .float32), map: try part(".nested_quant_map", .float32),
        offset: offset, blockSize: size)
    }
    let packed = try part("", .uint8)
    let scales = try part(".absmax", nested == nil ? .float32 : .uint8)
    let code = try part(".quant_map", .float32)
    let count = shape[0] * shape[1]
    let scaleCount = (count + state.blockSize - 1) / state.blockSize
    let nestedCount = nested.map { (scaleCount + $0.blockSize - 1) / $0.blockSize }
    guard packed.elementCount == (count + 1) / 2, scales.elementCount == scaleCount,
      code.elementCount == 16, nested?.scales.elementCount == nestedCount,
      nested == nil || nested?.map.elementCount == 256
    else {
      throw WeightsError.badQuantization(
        name: name, reason: "its parts do not hold \(count) weights in blocks of \(state.blockSize)"
      )
    }
    self.init(
      shape: shape, original: state.original, packed: packed, code: code, scales: scales,
      nested: nested, blockSize: state.blockSize)
  }
}
