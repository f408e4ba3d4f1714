// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A grid with walls around it, in which each of four moves is certain: a decision process that can be solved exactly.
///
/// Cells count row by row from the top left; moves are up, down, left and right; a move into the wall stays. A move
/// earns the step reward plus what the cell it enters holds. The goal is absorbing: nothing is earned from there on.
public struct GridWorld: Sendable, Equatable {
  /// Moves a cell has.
  public static let actionCount = 4

  /// Rows and columns of the square grid.
  public let size: Int
  /// The absorbing cell.
  public let goal: Int
  /// Earned by every move that does not start in the goal.
  public let stepReward: Double
  /// Earned besides on entering a cell, `[S]`.
  public let cellRewards: [Double]
  /// Discount γ in (0, 1).
  public let discount: Double
  /// Where each move leads, `[S][A]`.
  public let successors: [[Int]]

  /// Creates a grid.
  ///
  /// - Parameters:
  ///   - size: rows, and columns.
  ///   - goal: the absorbing cell, in 0 ..< size².
  ///   - goalReward: earned besides on entering the goal.
  ///   - lava: cells with a penalty.
  ///   - lavaReward: earned besides on entering one of them.
  ///   - stepReward: earned by every move.
  ///   - discount: γ in (0, 1).
  public init(
    size: Int, goal: Int, goalReward: Double, lava: [Int], lavaReward: Double, stepReward: Double,
    discount: Double
  ) {
    precondition(
      size > 1 && (0..<size * size).contains(goal) && discount > 0 && discount < 1,
      "GridWorld: needs a size above 1, a goal on the grid and a discount in (0, 1)")
    self.size = size
    self.goal = goal
    self.stepReward = stepReward
    self.discount = discount
    var rewards = [Double](repeating: 0, count: size * size)
    for cell in lava { rewards[cell] = lavaReward }
    rewards[goal] = goalReward
    cellRewards = rewards
    successors = (0..<size * size).map { cell in
      guard cell != goal else { return [Int](repeating: goal, count: Self.actionCount) }
      let (row, column) = cell.quotientAndRemainder(dividingBy: size)
      return [(-1, 0), (1, 0), (0, -1), (0, 1)].map { down, right in
        let newRow = min(max(row + down, 0), size - 1)
        let newColumn = min(max(column + right, 0), size - 1)
        return newRow * size + newColumn
      }
    }
  }

  /// Five by five, the goal at the bottom right worth 1, three cells of lava worth −0.5, steps worth −0.05, γ = 0.95.
  public static let lava = GridWorld(
    size: 5, goal: 24, goalReward: 1, lava: [7, 11, 12], lavaReward: -0.5, stepReward: -0.05,
    discount: 0.95)

  /// Number of cells.
  public var stateCount: Int { size * size }

  /// Cells an episode may start in: all but the goal.
  public var starts: [Int] { (0..<stateCount).filter { $0 != goal } }

  /// What a move earns.
  public func reward(_ state: Int, _ action: Int) -> Double {
    state == goal ? 0 : stepReward + cellRewards[successors[state][action]]
  }

  /// V of each cell under a policy `[S][A]`, `[S]`, by repeated backups until nothing moves by more than 1e-13.
  public func values(of policy: [[Double]]) -> [Double] {
    solve { actionValues, state in Simplex.mean(actionValues, under: policy[state]) }
  }

  /// Mean discounted return from the ``starts``, all equally likely.
  public func expectedReturn(of policy: [[Double]]) -> Double {
    let values = values(of: policy)
    return starts.reduce(0) { $0 + values[$1] } / Double(starts.count)
  }

  /// The policy that maximises reward plus α times entropy, with its advantages.
  ///
  ///     V(s) = α log Σ_a exp(Q(s, a) / α)        A = Q − V        π = exp(A / α)
  ///
  /// The goal is worth 0, and its policy is uniform: A/α is a normalised log-probability there too. With 0 in its
  /// place, segments that reach the goal would be explained by no policy.
  ///
  /// - Parameters:
  ///   - temperature: α above 0.
  ///   - rewards: what moves earn, `[S][A]`; nil takes the grid's own.
  /// - Returns: values, advantages and policy.
  public func softOptimum(temperature: Double, rewards: [[Double]]? = nil) -> SoftOptimum {
    let earned = rewards ?? rewardTable
    let values = solve(rewards: earned) { actionValues, _ in
      temperature * Simplex.logSumExp(actionValues.map { $0 / temperature })
    }
    let advantages = (0..<stateCount).map { state in
      guard state != goal else {
        return [Double](
          repeating: -temperature * log(Double(Self.actionCount)), count: Self.actionCount)
      }
      return (0..<Self.actionCount).map { action in
        earned[state][action] + discount * values[successors[state][action]] - values[state]
      }
    }
    return SoftOptimum(
      values: values, advantages: advantages,
      policy: advantages.map { row in row.map { exp($0 / temperature) } })
  }

  /// What every move earns, `[S][A]`.
  public var rewardTable: [[Double]] {
    (0..<stateCount).map { state in (0..<Self.actionCount).map { reward(state, $0) } }
  }

  /// A walk of `length` moves.
  public func segment(
    from start: Int, length: Int, policy: [OutcomeSampler], _ random: inout SplitMix64
  ) -> GridSegment {
    var segment = GridSegment(states: [], actions: [])
    var state = start
    for _ in 0..<length {
      let action = policy[state].draw(&random)
      segment.states.append(state)
      segment.actions.append(action)
      state = successors[state][action]
    }
    return segment
  }

  private func solve(
    rewards: [[Double]]? = nil, _ backup: ([Double], Int) -> Double
  ) -> [Double] {
    let earned = rewards ?? rewardTable
    var values = [Double](repeating: 0, count: stateCount)
    for _ in 0..<100_000 {
      var change = 0.0
      for state in starts {
        let actionValues = (0..<Self.actionCount).map {
          earned[state][$0] + discount * values[successors[state][$0]]
        }
        let value = backup(actionValues, state)
        change = max(change, abs(value - values[state]))
        values[state] = value
      }
      if change < 1e-13 { break }
    }
    return values
  }
}

/// The solution of a grid under an entropy bonus.
public struct SoftOptimum: Sendable, Equatable {
  /// V, `[S]`.
  public let values: [Double]
  /// A = Q − V, `[S][A]`, never above 0.
  public let advantages: [[Double]]
  /// π = exp(A/α), `[S][A]`.
  public let policy: [[Double]]
}

/// A piece of a walk through a grid.
public struct GridSegment: Sendable, Equatable {
  /// The cells the moves start in, `[T]`.
  public var states: [Int]
  /// The moves, `[T]`.
  public var actions: [Int]

  /// Joins cells and moves of one walk.
  public init(states: [Int], actions: [Int]) {
    self.states = states
    self.actions = actions
  }

  /// Σ_t γ^t x(s_t, a_t), the first move counting fully.
  public func discountedSum(_ table: [[Double]], discount: Double) -> Double {
    var weight = 1.0
    var sum = 0.0
    for (state, action) in zip(states, actions) {
      sum += weight * table[state][action]
      weight *= discount
    }
    return sum
  }
}
