// SPDX-License-Identifier: Apache-2.0

extension Tale {
  /// Judges a tale; takes time in proportion to its length.
  public func score(_ item: TaskItem, _ completion: String) -> TaskScore {
    let truth = truth(of: item)
    let text = VillageText(completion, grammar: grammar)
    let voiced = VoicedText(text, grammar: grammar)
    let tone = Tone(text.words, grammar)
    let present = Set(text.words)
    let missing = truth.required.filter { !present.contains($0) }
    let coherent = coherentSentences(text.words, voiced.sentences, truth)
    let sentiment = tone.sentiment
    let required =
      truth.required.isEmpty
      ? 1 : 1 - Double(missing.count) / Double(truth.required.count)
    let coherence =
      coherent.isEmpty ? 0 : Double(coherent.count { $0 }) / Double(coherent.count)
    let freshness = Tale.freshness(text.words)
    let values = [sentiment, required, coherence, freshness, voiced.share(of: truth.voice)]
    let spans = zip(voiced.sentences, coherent).filter { !$1 }.map { sentence, _ in
      let span = text.span(sentence)
      return TaskScore.Span(start: span.lowerBound, end: span.upperBound, kind: "incoherent")
    }
    return TaskScore(
      aspects: zip(aspects, values).map { TaskScore.Aspect(name: $0, value: $1) },
      utility: 0.4 * sentiment + 0.3 * coherence + 0.2 * required + 0.1 * freshness,
      cost: nil, spans: spans,
      missing: missing.map { word in
        TaskScore.Missing(kind: grammar.lexicon.spelling(word), passage: 0, sentence: 0)
      },
      notes: [
        MetaField("words", Double(text.words.count)),
        MetaField("mood", tone.mood?.rawValue ?? "none"),
        MetaField("cheer", Double(tone.cheer)),
      ])
  }

  /// For each sentence, whether it can be read and is tied to the one before.
  func coherentSentences(
    _ words: [Word], _ sentences: [Range<Int>], _ truth: TaleTruth
  ) -> [Bool] {
    var before: Set<Word> = [truth.hero, truth.scene]
    return sentences.map { sentence in
      let names = self.names(words[sentence])
      defer { before = names }
      return !before.isDisjoint(with: names) && grammar.read(words[sentence]) != nil
    }
  }

  /// People and places among some words.
  func names(_ words: some Sequence<Word>) -> Set<Word> {
    Set(words.filter { !grammar.lexicon.classes($0).isDisjoint(with: [.person, .place]) })
  }

  /// The share of neighbouring pairs of words that are different ones; 0 if there is no pair.
  static func freshness(_ words: [Word]) -> Double {
    guard words.count > 1 else { return 0 }
    let pairs = zip(words, words.dropFirst()).map { first, second in
      UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
    }
    return Double(Set(pairs).count) / Double(pairs.count)
  }
}

/// The mood words of a text.
struct Tone {
  /// Positive words, repetitions included.
  private(set) var cheer = 0
  /// Different positive words.
  private(set) var positive: Set<Word> = []
  /// Different negative words.
  private(set) var negative: Set<Word> = []
  private var counts: [Mood: Int] = [:]

  init(_ words: [Word], _ grammar: Grammar) {
    for word in words {
      guard let mood = grammar.mood(of: word) else { continue }
      counts[mood, default: 0] += 1
      if mood.isPositive {
        cheer += 1
        positive.insert(word)
      } else {
        negative.insert(word)
      }
    }
  }

  /// From 0, all negative, to 1, all positive; 0.5 without mood words.
  var sentiment: Double {
    let (p, n) = (Double(positive.count), Double(negative.count))
    return (1 + (p - n) / max(1, p + n)) / 2
  }

  /// The mood with most words, nil where there are none or the most is reached twice.
  var mood: Mood? {
    let most = counts.values.max() ?? 0
    let leading = Mood.allCases.filter { most > 0 && counts[$0] == most }
    return leading.count == 1 ? leading[0] : nil
  }
}
