// SPDX-License-Identifier: Apache-2.0
import CTorch

private typealias Unary = (ct_tensor?, UnsafeMutablePointer<ct_tensor?>?) -> ct_status
private typealias Binary = (ct_tensor?, ct_tensor?, UnsafeMutablePointer<ct_tensor?>?) -> ct_status
private typealias Scalar = (ct_tensor?, Double, UnsafeMutablePointer<ct_tensor?>?) -> ct_status

@inline(__always)
private func unary(_ name: StaticString, _ operation: Unary, _ a: Tensor) -> Tensor {
  produce("\(name) of \(a.shape)") { operation(a.pointer, $0) }
}

@inline(__always)
private func binary(_ name: StaticString, _ operation: Binary, _ a: Tensor, _ b: Tensor) -> Tensor {
  produce("\(name) of \(a.shape) and \(b.shape)") { operation(a.pointer, b.pointer, $0) }
}

@inline(__always)
private func scalar(_ name: StaticString, _ operation: Scalar, _ a: Tensor, _ b: Double) -> Tensor {
  produce("\(name) of \(a.shape) and \(b)") { operation(a.pointer, b, $0) }
}

// Element-wise operators broadcast as libtorch does. Only these combinations exist: longer lists of overloads make
// the type checker slow on mixed literals.
extension Tensor {
  /// Element-wise sum.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary("add", ct_add, a, b) }
  /// Element-wise sum.
  public static func + (a: Tensor, b: Double) -> Tensor { scalar("add", ct_add_scalar, a, b) }
  /// Element-wise sum.
  public static func + (a: Double, b: Tensor) -> Tensor { scalar("add", ct_add_scalar, b, a) }
  /// Element-wise difference.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary("subtract", ct_sub, a, b) }
  /// Element-wise difference.
  public static func - (a: Tensor, b: Double) -> Tensor { scalar("subtract", ct_add_scalar, a, -b) }
  /// Element-wise difference.
  public static func - (a: Double, b: Tensor) -> Tensor { scalar("subtract", ct_rsub_scalar, b, a) }
  /// Element-wise product.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary("multiply", ct_mul, a, b) }
  /// Element-wise product.
  public static func * (a: Tensor, b: Double) -> Tensor { scalar("multiply", ct_mul_scalar, a, b) }
  /// Element-wise product.
  public static func * (a: Double, b: Tensor) -> Tensor { scalar("multiply", ct_mul_scalar, b, a) }
  /// Element-wise quotient.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary("divide", ct_div, a, b) }
  /// Element-wise quotient.
  public static func / (a: Tensor, b: Double) -> Tensor { scalar("divide", ct_div_scalar, a, b) }
  /// Element-wise quotient.
  public static func / (a: Double, b: Tensor) -> Tensor { scalar("divide", ct_rdiv_scalar, b, a) }
  /// Negation.
  public static prefix func - (a: Tensor) -> Tensor { unary("negate", ct_neg, a) }

  // Comparisons give bool tensors.
  /// True where equal.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { binary("equal", ct_eq, a, b) }
  /// True where equal.
  public static func .== (a: Tensor, b: Double) -> Tensor { scalar("equal", ct_eq_scalar, a, b) }
  /// True where different.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { binary("not equal", ct_ne, a, b) }
  /// True where different.
  public static func .!= (a: Tensor, b: Double) -> Tensor {
    scalar("not equal", ct_ne_scalar, a, b)
  }
  /// True where less.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { binary("less", ct_lt, a, b) }
  /// True where less.
  public static func .< (a: Tensor, b: Double) -> Tensor { scalar("less", ct_lt_scalar, a, b) }
  /// True where at most.
  public static func .<= (a: Tensor, b: Double) -> Tensor { scalar("at most", ct_le_scalar, a, b) }
  /// True where greater.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { binary("greater", ct_gt, a, b) }
  /// True where greater.
  public static func .> (a: Tensor, b: Double) -> Tensor { scalar("greater", ct_gt_scalar, a, b) }
  /// True where at least.
  public static func .>= (a: Tensor, b: Double) -> Tensor { scalar("at least", ct_ge_scalar, a, b) }
  /// Element-wise and of bool tensors.
  public static func .&& (a: Tensor, b: Tensor) -> Tensor { binary("and", ct_logical_and, a, b) }
  /// Element-wise or of bool tensors.
  public static func .|| (a: Tensor, b: Tensor) -> Tensor { binary("or", ct_logical_or, a, b) }
}

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

extension Tensor {
  /// Element-wise power.
  public func power(_ exponent: Double) -> Tensor { scalar("power", ct_pow_scalar, self, exponent) }
  /// Elements below `bound` become `bound`; its gradient there is zero.
  public func clamped(min bound: Double) -> Tensor { scalar("clamp", ct_clamp_min, self, bound) }
  /// Elements above `bound` become `bound`; its gradient there is zero.
  public func clamped(max bound: Double) -> Tensor { scalar("clamp", ct_clamp_max, self, bound) }
  /// Elements held within `[low, high]`.
  public func clamped(_ low: Double, _ high: Double) -> Tensor {
    clamped(min: low).clamped(max: high)
  }
  /// `value` where `mask` is true.
  public func filled(where mask: Tensor, with value: Double) -> Tensor {
    produce("fill \(shape) where \(mask.shape)") {
      ct_masked_fill(pointer, mask.pointer, value, $0)
    }
  }
  /// Matrix product over the last two axes, batched over the others.
  public func matmul(_ other: Tensor) -> Tensor { binary("matmul", ct_matmul, self, other) }
}

/// e to the x.
public func exp(_ x: Tensor) -> Tensor { unary("exp", ct_exp, x) }
/// e to the x, minus one, exact near zero.
public func expm1(_ x: Tensor) -> Tensor { unary("expm1", ct_expm1, x) }
/// Natural logarithm.
public func log(_ x: Tensor) -> Tensor { unary("log", ct_log, x) }
/// log(1 + x), exact near zero.
public func log1p(_ x: Tensor) -> Tensor { unary("log1p", ct_log1p, x) }
/// Square root.
public func sqrt(_ x: Tensor) -> Tensor { unary("sqrt", ct_sqrt, x) }
/// One over the square root.
public func rsqrt(_ x: Tensor) -> Tensor { unary("rsqrt", ct_rsqrt, x) }
/// x times x.
public func square(_ x: Tensor) -> Tensor { unary("square", ct_square, x) }
/// Absolute value.
public func abs(_ x: Tensor) -> Tensor { unary("abs", ct_abs, x) }
/// Sign: -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { unary("sign", ct_sign, x) }
/// Sine of radians.
public func sin(_ x: Tensor) -> Tensor { unary("sin", ct_sin, x) }
/// Cosine of radians.
public func cos(_ x: Tensor) -> Tensor { unary("cos", ct_cos, x) }
/// Hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { unary("tanh", ct_tanh, x) }
/// 1 / (1 + e^-x).
public func sigmoid(_ x: Tensor) -> Tensor { unary("sigmoid", ct_sigmoid, x) }
/// log(1 / (1 + e^-x)) without overflow.
public func logSigmoid(_ x: Tensor) -> Tensor { unary("log sigmoid", ct_log_sigmoid, x) }
/// log(1 + e^x) without overflow.
public func softplus(_ x: Tensor) -> Tensor { -logSigmoid(-x) }
/// max(x, 0).
public func relu(_ x: Tensor) -> Tensor { unary("relu", ct_relu, x) }
/// x times sigmoid(x).
public func silu(_ x: Tensor) -> Tensor { unary("silu", ct_silu, x) }
/// x times the normal distribution function, exact form.
public func gelu(_ x: Tensor) -> Tensor { unary("gelu", ct_gelu, x) }
/// x times the normal distribution function, approximated with tanh.
public func geluTanh(_ x: Tensor) -> Tensor { unary("gelu", ct_gelu_tanh, x) }
/// Element-wise larger of two.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { binary("maximum", ct_maximum, a, b) }
/// Element-wise smaller of two.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { binary("minimum", ct_minimum, a, b) }
/// True where an element is neither infinite nor not-a-number.
public func isFinite(_ x: Tensor) -> Tensor { unary("is finite", ct_isfinite, x) }
/// Boolean negation.
public func not(_ x: Tensor) -> Tensor { unary("not", ct_logical_not, x) }
/// `a` where `condition` is true, else `b`; the other branch gets no gradient.
public func select(where condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  produce("where of \(condition.shape), \(a.shape), \(b.shape)") {
    ct_where(condition.pointer, a.pointer, b.pointer, $0)
  }
}
