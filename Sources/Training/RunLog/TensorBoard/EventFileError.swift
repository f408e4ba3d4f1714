// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What can go wrong while TensorBoard event files are written.
public enum EventFileError: Error, Equatable, CustomStringConvertible {
  /// No event file could be made in `directory`.
  case cannotCreate(directory: String, reason: String)
  /// The event file at `path` took no more bytes; it ends with its last whole record.
  case cannotWrite(path: String, reason: String)
  /// `count` of the `valueCount` numbers for a histogram are NaN or infinite; nothing was written.
  case notFinite(tag: String, step: Int, count: Int, valueCount: Int)

  /// One sentence on what failed and why, one on what to do.
  public var description: String {
    switch self {
    case .cannotCreate(let directory, let reason):
      """
      \(directory): cannot create a TensorBoard event file in this folder: \(reason). \
      Choose another folder or make this one writable.
      """
    case .cannotWrite(let path, let reason):
      """
      \(path): cannot write TensorBoard events: \(reason). What the file already holds stays \
      readable; free space or restore access, the waiting events are written with the next ones.
      """
    case .notFinite(let tag, let step, let count, let valueCount):
      """
      histogram '\(tag)' at step \(step): \(count) of \(valueCount) values are NaN or infinite. \
      Nothing was written; look for the first step where this happened, training diverged there.
      """
    }
  }
}

extension EventFileError {
  /// The operating system's own words for a Foundation error: "No space left on device".
  ///
  /// Foundation's outer error says "error 512" for many causes; the POSIX error inside is exact.
  static func reason(_ error: any Error) -> String {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? any Error
    let cause = (inner ?? error) as NSError
    return cause.localizedFailureReason ?? cause.localizedDescription
  }
}
