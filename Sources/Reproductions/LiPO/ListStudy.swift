// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback

/// All methods trained on lists of all seeds.
struct ListStudy {
  /// By method, one reading a seed.
  private(set) var readings: [ListMethod: [ClassReading]] = [:]
  /// The same on few lists.
  private(set) var scarce: [ListMethod: [ClassReading]] = [:]
  private(set) var beginnings: [ClassReading] = []
  /// Readings on the way of the first seed.
  private(set) var courses: [ListMethod: [ClassReading]] = [:]

  static let main =
    [ListMethod(.firstPair)] + ListMethod.listwise
    + [.pointMSE, .pointSigmoid, .infoNCA, .withoutDiscount, .withoutGain, .inverted]
    .map(ListMethod.init)
  static let widths = [2, 4, 8].map(ListMethod.lambda(width:))
  static let rates: [ListMethod] = [1e-4, 1e-3].flatMap { rate in
    [ListMethod.Kind.pairLogistic, .lambda].map { ListMethod.at(rate, $0) }
  }
  static let few = [ListMethod.Kind.firstPair, .pairLogistic, .listMLE, .lambda]
    .map(ListMethod.init)

  init(run: ReproductionRun) throws {
    for (index, seed) in run.seeds.enumerated() {
      run.progress("lipo: seed \(seed), imitation and lists")
      let reference = try ClassWriter.demonstrator(seed: seed)
      let lists = AnswerLists(
        count: LiPOReproduction.listCount, width: LiPOReproduction.drawnWidth, from: reference,
        seed: seed)
      try studyFew(lists.first(LiPOReproduction.fewListCount), reference, seed, run)
      guard index < LiPOReproduction.mainSeedCount else { continue }
      beginnings.append(ClassReading(reference, reference: reference, seed: seed))
      // Width and rate are side questions: one seed answers them.
      let others = index == 0 ? Self.widths + Self.rates : []
      for method in Self.main + others {
        run.progress("lipo: seed \(seed), \(method.name), \(method.width) a list")
        let reading = try study(method, lists, reference, seed, run)
        readings[method, default: []].append(reading)
      }
    }
  }

  private mutating func studyFew(
    _ lists: AnswerLists, _ reference: ClassWriter, _ seed: UInt64, _ run: ReproductionRun
  ) throws {
    for method in Self.few {
      run.progress("lipo: seed \(seed), \(method.name), \(lists.answers.count) lists")
      let policy = try method.train(from: reference, on: lists, seed: seed, run: run)
      let reading = ClassReading(policy, reference: reference, seed: seed)
      scarce[method, default: []].append(reading)
      Self.record(method, seed, lists, LiPOReproduction.stepCount, reading, run)
    }
  }

  private mutating func study(
    _ method: ListMethod, _ lists: AnswerLists, _ reference: ClassWriter, _ seed: UInt64,
    _ run: ReproductionRun
  ) throws -> ClassReading {
    var course: [ClassReading] = []
    let isShown = courses[method] == nil && Self.main.contains(method)
    let policy = try method.train(from: reference, on: lists, seed: seed, run: run) { step, now in
      guard isShown else { return }
      let reading = ClassReading(now, reference: reference, seed: seed, count: 256)
      course.append(reading)
      Self.record(method, seed, lists, step, reading, run)
    }
    if isShown { courses[method] = course }
    let reading = ClassReading(policy, reference: reference, seed: seed)
    Self.record(method, seed, lists, LiPOReproduction.stepCount, reading, run)
    return reading
  }

  private static func record(
    _ method: ListMethod, _ seed: UInt64, _ lists: AnswerLists, _ step: Int,
    _ reading: ClassReading, _ run: ReproductionRun
  ) {
    run.record([
      "method": .string(method.name), "width": .integer(method.width),
      "learning_rate": .number(method.learningRate), "lists": .integer(lists.answers.count),
      "seed": .integer(Int(truncatingIfNeeded: seed)), "step": .integer(step),
      "reward": .number(reading.reward), "kl": .number(reading.kl),
      "length": .number(reading.length),
    ])
  }
}

extension ListStudy {
  private static let columns: [ResultTable.Column] = [
    .init("method"), .init("reward"), .init("KL to SFT", unit: "nats"),
    .init("length", format: .decimals(2)),
  ]

  private static func row(_ name: String, _ runs: [ClassReading]) -> [ResultTable.Cell] {
    [.text(name), runs.rewardCell, .number(runs.meanKL), .number(runs.meanLength)]
  }

  /// Every method on all lists, on few, by width and by rate.
  var tables: [ResultTable] {
    [
      ResultTable(
        title:
          "\(LiPOReproduction.listCount) lists of \(LiPOReproduction.listWidth) (mean over seeds, lowest, highest)",
        columns: Self.columns,
        rows: [Self.row("SFT", beginnings)]
          + Self.main.map { Self.row($0.name, readings[$0] ?? []) }),
      ResultTable(
        title: "LiPO-λ by answers a list (first seed)", columns: Self.columns,
        rows: (Self.widths.dropLast() + [ListMethod(.lambda)] + Self.widths.suffix(1)).map {
          Self.row("K = \($0.width)", Array((readings[$0] ?? []).prefix(1)))
        }),
      ResultTable(
        title: "By learning rate, for a look at equal KL (first seed)", columns: Self.columns,
        rows: [ListMethod.Kind.pairLogistic, .lambda].flatMap { kind in
          [1e-4, LiPOReproduction.learningRate, 1e-3].map { rate in
            let method = ListMethod.at(rate, kind)
            return Self.row("\(method.name), \(rate)", Array((readings[method] ?? []).prefix(1)))
          }
        }),
      ResultTable(
        title:
          "\(LiPOReproduction.fewListCount) lists of \(LiPOReproduction.listWidth) (mean over seeds, lowest, highest)",
        columns: Self.columns, rows: Self.few.map { Self.row($0.name, scarce[$0] ?? []) }),
    ]
  }

  /// Reward against distance on the way, first seed.
  var chart: ScatterChart {
    ScatterChart(
      title: "Reward against distance from SFT while training", subtitle: "first seed",
      xAxis: Axis("KL(π‖SFT)", unit: "nats"), yAxis: Axis("mean reward"),
      series: Self.main.dropLast().prefix(8).map { method in
        .init(
          name: method.name, points: (courses[method] ?? []).map { .init($0.kl, $0.reward) },
          isConnected: true)
      })
  }
}
