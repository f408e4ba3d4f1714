// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The seeds of the dropout masks of one forward pass.
final class DropoutStream: Sendable {
  private let random: Mutex<SplitMix>

  init(_ random: SplitMix) { self.random = Mutex(random) }

  /// The stream of the forward pass that is running; nil where nothing is dropped.
  @TaskLocal static var current: DropoutStream?

  /// Where it stands.
  var state: SplitMix { random.withLock { $0 } }

  func next() -> UInt64 { random.withLock { $0.next() } }
}

/// Runs a forward pass with dropout; outside of this nothing is ever dropped.
///
/// The masks depend on the seed and on the order of the layers alone, and a block that is computed again in the
/// backward pass (``checkpointed(_:_:)``) drops what it dropped the first time.
///
/// - Parameters:
///   - seed: one for each forward pass, such as a mix of the run's seed, step and microbatch; nil drops nothing.
///   - body: what to run.
/// - Returns: what `body` returns.
public func withDropout<Result>(
  seed: SplitMix?, _ body: () throws -> Result
) rethrows -> Result {
  try DropoutStream.$current.withValue(seed.map(DropoutStream.init), operation: body)
}

/// Zero in a share of places, the rest divided by 1 - share; `x` itself outside of ``withDropout(seed:_:)``.
func dropped(_ x: Tensor, share: Double) -> Tensor {
  guard share > 0, let stream = DropoutStream.current else { return x }
  let generator = Generator(seed: stream.next(), device: x.device)
  let kept = withoutGrad {
    generator.bernoulli(.full(1 - share, shape: x.shape, device: x.device)) / (1 - share)
  }
  return x * kept.to(x.elementType)
}
