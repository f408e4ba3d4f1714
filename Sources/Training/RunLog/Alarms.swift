// SPDX-License-Identifier: Apache-2.0

/// Watches a run's numbers for the known ways of training nothing, or the wrong thing.
///
///     var alarms = Alarms()
///     for alarm in alarms.observe([("loss", 0.3), ("grad_norm", .nan)], step: 7) {
///       print(alarm.text)  // step 7: grad_norm is NaN; …
///     }
///
/// A pure value: it reads metrics by their standard names and knows nothing of files or clocks. A metric
/// that a method does not log cannot alarm. Each alarm fires once in an `Alarms`' life. "In a row" counts
/// logged steps, and means are over the logged steps of a ``Bounds/window``.
public struct Alarms {
  /// What fired.
  public struct Alarm: Equatable, Sendable {
    /// Which of the alarms: `not_finite`, `loss_stays_ln2`, `chosen_falls`, `kl`, `entropy_collapse`,
    /// `value_head`, `all_cut`, `no_reward_spread` or `no_gradient`.
    public let id: String
    /// What was seen at which step, what it likely means, and what to do.
    public let text: String
  }

  /// When alarms fire.
  public struct Bounds: Equatable, Sendable {
    /// Step from which a DPO loss that never left ln 2 counts as stuck.
    public var stuckLossStep = 10
    /// Distance from ln 2 within which a loss counts as equal, in nats: rounding of float32 means.
    public var stuckLossTolerance = 1e-6
    /// Fall of `logps/chosen` as a share of its first mean at which growing margins are suspicious.
    public var chosenFall = 0.25
    /// The least such fall, in nats a sequence.
    public var chosenFallNats = 10.0
    /// Largest KL against the reference as a mean per token, in nats.
    public var tokenKL = 1.0
    /// Largest KL against the reference as a sum per completion, in nats.
    public var sequenceKL = 50.0
    /// Logged steps in a row above a KL bound.
    public var klCount = 3
    /// Share of the first mean entropy below which it has collapsed.
    public var entropyShare = 0.1
    /// Logged steps in a row with `value/explained_variance` of 0 or less.
    public var unexplainedCount = 20
    /// Logged steps in a row with all completions cut, all reward spreads zero, or no gradient.
    public var repeatCount = 3
    /// Logged steps in a mean.
    public var window = 10

    /// The bounds above.
    public init() {}
  }

  /// When alarms fire; KL bounds depend on the task.
  public var bounds: Bounds

  private var fired: Set<String> = []
  private var streaks: [String: Int] = [:]
  private var traces: [String: MetricTrace] = [:]
  private var lossLeftLn2 = false

  /// Starts watching.
  public init(bounds: Bounds = Bounds()) { self.bounds = bounds }

  /// Takes the training metrics of one logged step.
  ///
  /// - Parameters:
  ///   - metrics: Numbers by their standard names.
  ///   - step: The optimizer step, from 1, growing from call to call.
  /// - Returns: The alarms that fire now and never did before.
  public mutating func observe(
    _ metrics: [(name: String, value: Double)], step: Int
  ) -> [Alarm] {
    let values = Dictionary(metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let findings = [
      ("not_finite", notFinite(metrics)),
      ("loss_stays_ln2", stuckLoss(values, step: step)),
      ("chosen_falls", fallingChosen(values)),
      ("kl", highKL(values)),
      ("entropy_collapse", collapsedEntropy(values)),
      ("value_head", uselessValues(values)),
      ("all_cut", cutCompletions(values)),
      ("no_reward_spread", equalRewards(values)),
      ("no_gradient", zeroGradient(values)),
    ]
    return findings.compactMap { id, finding in
      guard let finding, fired.insert(id).inserted else { return nil }
      return Alarm(id: id, text: "step \(step): \(finding)")
    }
  }

  /// Whether `condition` held for `count` logged steps in a row; a step without the metric (nil) does
  /// not count.
  mutating func holds(_ condition: Bool?, _ id: String, count: Int) -> Bool {
    guard let condition else { return false }
    let streak = condition ? streaks[id, default: 0] + 1 : 0
    streaks[id] = streak
    return streak >= count
  }

  /// The means of the first and of the newest window of a metric, once these do not overlap; a value
  /// that is missing or not finite does not count.
  mutating func means(_ name: String, _ value: Double?) -> (first: Double, newest: Double)? {
    guard let value, value.isFinite else { return nil }
    traces[name, default: MetricTrace(window: bounds.window)].append(value)
    return traces[name]?.means
  }

  /// Whether every DPO loss so far was ln 2, that of this step included.
  mutating func neverLeftLn2(_ loss: Double) -> Bool {
    let ln2 = 0.6931471805599453
    // NaN has left it too.
    if !(abs(loss - ln2) <= bounds.stuckLossTolerance) { lossLeftLn2 = true }
    return !lossLeftLn2
  }
}
