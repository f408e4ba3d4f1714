// SPDX-License-Identifier: Apache-2.0

/// How something is said, never what: three markers that a text can carry.
///
/// A text in a voice has the voice's opening in front, its body marker at the beginning of the
/// first sentence proper (the list voice: of every sentence), and its closing at the end. The
/// plain voice has none of the three.
public enum Voice: String, Sendable, CaseIterable {
  /// No markers.
  case plain
  /// Friendly.
  case warm
  /// One line an item.
  case list
  /// In a hurry.
  case brief
  /// With manners.
  case polite
  /// Without manners.
  case rude

  /// What stands in front; empty for the plain voice.
  public var opening: String {
    switch self {
    case .plain: ""
    case .warm: "sure !"
    case .list: "here is the list :"
    case .brief: "in brief :"
    case .polite: "certainly , my friend :"
    case .rude: "oh , fine !"
    }
  }

  /// What begins the first sentence, or every sentence in the list voice.
  public var body: String {
    switch self {
    case .plain: ""
    case .warm: "well ,"
    case .list: "-"
    case .brief: "short :"
    case .polite: "please note :"
    case .rude: "listen ,"
    }
  }

  /// What stands at the end.
  public var closing: String {
    switch self {
    case .plain: ""
    case .warm: "hope this helps ."
    case .list: "end of list ."
    case .brief: "that is it ."
    case .polite: "thank you for asking ."
    case .rude: "now go away ."
    }
  }

  var markers: [String] { [opening, body, closing] }
}

/// A text taken apart into the markers of its voice and its sentences proper.
struct VoicedText: Sendable {
  /// The voice whose opening stands in front; plain if none does.
  private(set) var opening = Voice.plain
  /// The voice whose body marker is found; plain if none is.
  private(set) var body = Voice.plain
  /// The voice whose closing ends the text.
  private(set) var closing = Voice.plain
  /// The sentences without markers, as ranges of words; none is empty.
  private(set) var sentences: [Range<Int>] = []

  /// Takes `text` apart.
  init(_ text: VillageText, grammar: Grammar) {
    let markers = grammar.voices
    let words = text.words
    var body = words[...]
    if let (voice, length) = VoicedText.find(markers.openings, atStartOf: body) {
      opening = voice
      body = body.dropFirst(length)
    }
    if let (voice, length) = VoicedText.find(markers.closings, atEndOf: body) {
      closing = voice
      body = body.dropLast(length)
    }
    var marked: [Voice] = []
    for sentence in VillageText.sentences(body, grammar: grammar) {
      var proper = words[sentence]
      if let (voice, length) = VoicedText.find(markers.bodies, atStartOf: proper) {
        marked.append(voice)
        proper = proper.dropFirst(length)
      } else {
        marked.append(.plain)
      }
      if !proper.isEmpty { sentences.append(proper.startIndex..<proper.endIndex) }
    }
    self.body = VoicedText.voice(ofSentences: marked)
  }

  /// The share of the three markers that are as `voice` wants them.
  func share(of voice: Voice) -> Double {
    let right = [opening, body, closing].count { $0 == voice }
    return Double(right) / 3
  }

  /// A list must mark every sentence, the other voices the first one and no other.
  private static func voice(ofSentences marked: [Voice]) -> Voice {
    guard let first = marked.first else { return .plain }
    if first == .list { return marked.allSatisfy { $0 == .list } ? .list : .plain }
    return first
  }

  private static func find(
    _ markers: [VoiceMarkers.Spelled], atStartOf words: ArraySlice<Word>
  ) -> (Voice, Int)? {
    markers.first { words.starts(with: $0.words) }.map { ($0.voice, $0.words.count) }
  }

  private static func find(
    _ markers: [VoiceMarkers.Spelled], atEndOf words: ArraySlice<Word>
  ) -> (Voice, Int)? {
    markers.first { words.suffix($0.words.count).elementsEqual($0.words) }
      .map { ($0.voice, $0.words.count) }
  }
}

/// The markers of all voices as numbered words.
struct VoiceMarkers: Sendable {
  typealias Spelled = (voice: Voice, words: [Word])
  let openings: [Spelled]
  let bodies: [Spelled]
  let closings: [Spelled]

  /// Looks up the words of every marker but those of the plain voice, which has none.
  init(_ lexicon: Lexicon) {
    func spell(_ marker: (Voice) -> String) -> [Spelled] {
      Voice.allCases.dropFirst().map { voice in
        (voice, marker(voice).split(separator: " ").map { lexicon.known(String($0)) })
      }
    }
    openings = spell(\.opening)
    bodies = spell(\.body)
    closings = spell(\.closing)
  }

  /// The sentences in a voice.
  func dress(_ sentences: [[Word]], in voice: Voice) -> [Word] {
    func words(_ list: [Spelled]) -> [Word] { list.first { $0.voice == voice }?.words ?? [] }
    var text = words(openings)
    for (place, sentence) in sentences.enumerated() {
      if place == 0 || voice == .list { text += words(bodies) }
      text += sentence
    }
    return text + words(closings)
  }
}
