// SPDX-License-Identifier: Apache-2.0

extension SamplingSettings {
  /// A completion's text up to the first stop string in it; all of it where there is none.
  public func textBeforeStop(_ text: String) -> String {
    let starts = stopStrings.compactMap { stop in
      stop.isEmpty ? nil : text.firstRange(of: stop)?.lowerBound
    }
    return starts.min().map { String(text[..<$0]) } ?? text
  }

  /// How much of a text may be shown while it grows: all but a stop string and what may become one.
  ///
  /// - Parameter text: the completion so far.
  /// - Returns: a beginning of `text`, never shorter for a longer text.
  public func textSafeToShow(_ text: String) -> Substring {
    let kept = textBeforeStop(text)
    guard kept == text else { return kept[...] }
    let characters = Array(kept)
    var held = 0
    for stop in stopStrings {
      let beginning = Array(stop)
      for length in stride(from: min(beginning.count - 1, characters.count), to: held, by: -1)
      where characters.suffix(length).elementsEqual(beginning.prefix(length)) {
        held = length
        break
      }
    }
    return kept.dropLast(held)
  }
}
