// SPDX-License-Identifier: Apache-2.0

/// The exact two-sided sign test: could a fair coin have split the decided items like this?
///
///     p = min(1, 2 P(X ≤ min(wins, losses))),  X ~ Binomial(wins + losses, ½)
///
/// Ties carry no sign and are left out before the call.
///
/// - Parameters:
///   - wins: items decided one way, 0 or more.
///   - losses: items decided the other way, 0 or more.
/// - Returns: the p-value in (0, 1]; 1 where nothing was decided.
public func signTest(wins: Int, losses: Int) -> Double {
  precondition(wins >= 0 && losses >= 0, "signTest: negative count (\(wins), \(losses))")
  return min(1, 2 * SpecialFunctions.fairBinomialCDF(min(wins, losses), of: wins + losses))
}
