// SPDX-License-Identifier: Apache-2.0

/// One sort of person who writes demonstrations, by the faults that person makes.
public struct Writer: Sendable, Equatable {
  /// Name in records.
  public var name: String
  /// Share of all demonstrations that this writer writes; shares of a mix need not sum to 1.
  public var share: Double
  /// Probability that a text of this writer has no fault.
  public var faultless: Double
  /// How likely each degrader is when there is a fault, relative to the others.
  public var faults: [Fault]
  /// Probability that a text with a fault has a second one.
  public var second: Double

  /// A degrader and its weight.
  public struct Fault: Sendable, Equatable {
    /// Name of the degrader.
    public var kind: String
    /// Weight, 0 or more.
    public var weight: Double

    /// Gives a degrader a weight.
    public init(_ kind: String, _ weight: Double) {
      self.kind = kind
      self.weight = weight
    }
  }

  /// Describes a writer.
  public init(
    name: String, share: Double, faultless: Double, faults: [Fault], second: Double = 0
  ) {
    self.name = name
    self.share = share
    self.faultless = faultless
    self.faults = faults
    self.second = second
  }
}

/// The people who write the demonstrations of a task: some careful, some hasty, as people are.
///
/// A demonstration starts as one of the faultless drafts of its item; then the writer's faults
/// are planted one after the other. Where a fault finds nothing to spoil, another one is drawn.
public struct WriterMix: Sendable, Equatable {
  /// The writers.
  public var writers: [Writer]

  /// Gathers writers.
  public init(_ writers: [Writer]) {
    self.writers = writers
  }

  /// Everybody is careful.
  public static let faultless = WriterMix([
    Writer(name: "careful", share: 1, faultless: 1, faults: [])
  ])

  /// A careful writer for three texts in ten, a hasty one for the others; all faults alike.
  static func even(_ degraders: [Degrader]) -> WriterMix {
    let faults = degraders.map { Writer.Fault($0.name, 1) }
    return WriterMix([
      Writer(name: "careful", share: 0.3, faultless: 0.85, faults: faults),
      Writer(name: "hasty", share: 0.7, faultless: 0.15, faults: faults, second: 0.35),
    ])
  }
}

/// What somebody wrote in answer to a prompt.
public struct Demonstration: Sendable, Equatable {
  /// The text, with its leading space.
  public var completion: String
  /// Who wrote it.
  public var writer: String
  /// The faults that were planted, in order.
  public var faults: [String]
}

extension TextTask {
  /// A demonstration by one of some writers.
  ///
  /// - Parameters:
  ///   - item: an item of this task.
  ///   - mix: who writes, ``TextTask/writers`` by default.
  ///   - index: tells demonstrations of the same item apart, from 0.
  /// - Returns: the same text every time.
  /// - Throws: ``MillbrookError/unknownDegrader(_:task:known:)`` for a fault that is none of this
  ///   task's degraders.
  public func demonstration(
    _ item: TaskItem, mix: WriterMix? = nil, index: Int = 0
  ) throws(MillbrookError) -> Demonstration {
    let mix = mix ?? writers
    for fault in mix.writers.flatMap(\.faults) { try check(degrader: fault.kind) }
    var random = SplitMix64(text: "\(item.id)/demonstration/\(index)")
    let writer = mix.writers[random.weighted(mix.writers.map(\.share))]
    var result = Demonstration(
      completion: draft(item, using: &random), writer: writer.name, faults: [])
    guard !writer.faults.isEmpty, !random.chance(writer.faultless) else { return result }
    let faultCount = random.chance(writer.second) ? 2 : 1
    try plant(faultCount, writer.faults, into: &result, item, &random)
    return result
  }

  /// Plants faults one after the other, each drawn by its weight among those that find something
  /// to spoil.
  func plant(
    _ count: Int, _ faults: [Writer.Fault], into result: inout Demonstration, _ item: TaskItem,
    _ random: inout SplitMix64
  ) throws(MillbrookError) {
    for _ in 0..<count {
      var choices = faults.filter { $0.weight > 0 }
      while !choices.isEmpty {
        let kind = choices.remove(at: random.weighted(choices.map(\.weight))).kind
        guard let worse = try degrade(item, result.completion, kind: kind, using: &random) else {
          continue
        }
        result.completion = worse.text
        result.faults.append(kind)
        break
      }
    }
  }
}

extension SplitMix64 {
  /// A place in a list of weights, each as likely as its weight is large; the sum is above 0.
  mutating func weighted(_ weights: [Double]) -> Int {
    let total = weights.reduce(0, +)
    precondition(total > 0, "weighted: the weights \(weights) do not sum to more than 0")
    var rest = uniform() * total
    for (place, weight) in weights.enumerated() {
      if rest < weight { return place }
      rest -= weight
    }
    return weights.lastIndex { $0 > 0 } ?? 0
  }
}
