// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A seeded source of random tensors; libtorch's global generator is never used.
public final class Generator {
  private let pointer: ct_generator
  /// The device whose tensors it fills.
  public let device: Device

  /// Creates a generator; equal seeds give equal draws on one kind of device.
  public init(seed: UInt64, device: Device = .cpu) {
    var result: ct_generator?
    check(
      ct_generator_new(seed, device.kind.rawValue, Int32(device.index), &result), "generator")
    guard let result else { fatalError("generator: libtorch gave none") }
    pointer = result
    self.device = device
  }

  deinit { ct_generator_free(pointer) }

  /// The whole state, for checkpoints: uint8 `[n]`.
  public var state: Tensor {
    get { produce("generator state") { ct_generator_state(pointer, $0) } }
    set { check(ct_generator_restore(pointer, newValue.pointer), "generator state") }
  }

  /// Independent normal draws.
  public func normal(
    mean: Double = 0, deviation: Double = 1, shape: [Int], elementType: ElementType = .float32
  ) -> Tensor {
    let sizes = shape.map(Int64.init)
    return produce("normal \(shape)") {
      ct_normal(mean, deviation, sizes, Int64(sizes.count), elementType.rawValue, pointer, $0)
    }
  }

  /// Independent uniform draws from `[low, high)`.
  public func uniform(
    _ low: Double = 0, _ high: Double = 1, shape: [Int], elementType: ElementType = .float32
  ) -> Tensor {
    let sizes = shape.map(Int64.init)
    return produce("uniform \(shape)") {
      ct_uniform(low, high, sizes, Int64(sizes.count), elementType.rawValue, pointer, $0)
    }
  }

  /// 1 with each element's probability, else 0.
  public func bernoulli(_ probabilities: Tensor) -> Tensor {
    produce("bernoulli") { ct_bernoulli(probabilities.pointer, pointer, $0) }
  }
}

/// A small counter-based random number generator for shuffles and per-row sampling: SplitMix64.
///
/// Its whole state is one number, so a checkpoint holds it in a line; equal seeds give equal draws everywhere.
public struct SplitMix: RandomNumberGenerator, Sendable, Equatable {
  /// The state; the next draw depends on nothing else.
  public var state: UInt64

  /// Starts from a seed.
  public init(seed: UInt64) { state = seed }

  /// Starts from several numbers mixed together, such as (seed, step, row).
  public init(_ parts: UInt64...) {
    var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
    for part in parts {
      var inner = SplitMix(seed: mixed ^ part)
      mixed = inner.next()
    }
    state = mixed
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in `[0, 1)` with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
