// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Feedback

@Suite("Simulated annotators")
struct AnnotatorTests {
  private func close(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(value - expected) < tolerance
  }

  private func pairs(_ count: Int, _ first: Double, _ second: Double) -> [CandidatePair] {
    (0..<count).map {
      CandidatePair(
        prompt: .plain("p\($0)"), first: Candidate(.plain("x"), utility: first),
        second: Candidate(.plain("y"), utility: second))
    }
  }

  private func preferences(_ annotations: [Annotation]) -> [Double?] {
    annotations.map {
      if case .comparison(let comparison) = $0.record.body { comparison.preference } else { -1 }
    }
  }

  private func share(_ annotations: [Annotation], of value: Double?) -> Double {
    Double(preferences(annotations).count { $0 == value }) / Double(annotations.count)
  }

  // Start and outputs as the specification of the test world prints them.
  @Test("the generator gives the published numbers")
  func generator() {
    var random = AnnotatorRandom(path: "7/ask/train/0")
    #expect(random.next() == 0x0307_49e5_caab_e355)
    #expect(random.next() == 0x0c91_446d_b226_7331)
    #expect(random.next() == 0xe48f_1142_8403_425f)
  }

  @Test("integers and normals have the range and spread they should")
  func draws() {
    var random = AnnotatorRandom(path: "x")
    var counts = [0, 0, 0]
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<30_000 {
      counts[random.integer(below: 3)] += 1
      let normal = random.normal()
      sum += normal
      squares += normal * normal
    }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
    #expect(abs(sum / 30_000) < 0.03)
    #expect(abs(squares / 30_000 - 1) < 0.04)
  }

  // 6 * (0.8 - 0.5 + 0.01 * (12 - 20)) + 0.3 = 1.62; 1 / (1 + exp(-1.62)) = 0.834795;
  // 0.9 * 0.834795 + 0.1 * 0.165205 = 0.767836
  @Test("length bias, position bias and mistakes enter as stated")
  func choice() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.lengthBias = 0.01
    annotator.positionBias = 0.3
    let terms = ChoiceTerms(valueDifference: 0.3, wordDifference: -8, isFirstShownFirst: true)
    let chances = annotator.probabilities(terms)
    #expect(close(chances.logit, 1.62))
    #expect(close(chances.first, 0.834795))
    #expect(close(chances.withMistakes(0.1).first, 0.767836))
    let second = ChoiceTerms(valueDifference: 0.3, wordDifference: -8, isFirstShownFirst: false)
    #expect(close(annotator.probabilities(second).logit, 1.02))
  }

  // sigmoid(.5 - ln 1.5) = .523616, sigmoid(-.5 - ln 1.5) = .287929
  @Test("Rao-Kupper ties")
  func raoKupper() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.beta = 1
    annotator.ties = .raoKupper(1.5)
    let chances = annotator.probabilities(ChoiceTerms(valueDifference: 0.5))
    #expect(close(chances.first, 0.523616))
    #expect(close(chances.second, 0.287929))
    #expect(close(chances.tie, 0.188455))
  }

  // sums 1.3 and 1.2; with myopia .9: .934 and 1.083
  @Test(
    "returns and myopic returns",
    arguments: [
      (SimulatedAnnotator.View.partialReturn(discount: 1), 0.524979),
      (.myopicReturn(myopia: 0.9), 0.462819),
    ])
  func returns(view: SimulatedAnnotator.View, expected: Double) {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.beta = 1
    annotator.view = view
    let first = Candidate(.plain("a"), utility: 0, rewards: [1, 0.5, 0, -0.2])
    let second = Candidate(.plain("b"), utility: 0, rewards: [0, 0.3, 0.6, 0.3])
    #expect(close(annotator.crowdPreference(first, second), expected))
  }

  @Test("discount counts from the start, regret from the best policy")
  func otherViews() {
    var annotator = SimulatedAnnotator(seed: 1)
    let group = annotator.groups[0]
    let candidate = Candidate(
      .plain("a"), utility: 9, belief: 0.25, outcome: -1, fullOutcome: -2, wrongOutcomes: [5],
      rewards: [1, 10, 100], optimalityGaps: [0.5, 0, 0.25])
    func seen(_ view: SimulatedAnnotator.View, error: Double = 0.9) -> Double {
      annotator.view = view
      return annotator.seenValue(of: candidate, for: group, draw: (error, 0.5))
    }
    #expect(seen(.value) == 9)
    #expect(seen(.partialReturn(discount: 0.5)) == 1 + 5 + 25)
    #expect(seen(.myopicReturn(myopia: 0.5)) == 0.25 + 5 + 100)
    #expect(seen(.regret) == -0.75)
    #expect(seen(.foresight) == 0.25)
    #expect(seen(.hindsight(.own, error: 0.2)) == -1)
    #expect(seen(.hindsight(.all, error: 0.2)) == -2)
    #expect(seen(.hindsight(.own, error: 0.2), error: 0.1) == 5)
  }

  // Mean over groups of sigmoid(4 * d): d = 1/3, -1, 2/3 -> .581470; against spooky 2/3... -> .645010
  @Test("three groups of equal size prefer in a circle")
  func cyclicCrowd() {
    let moods = ["merry", "calm", "sad", "spooky"]
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.beta = 4
    annotator.groups = [[3, 2, 0, 1], [0, 3, 2, 1], [2, 0, 3, 1]].enumerated().map {
      index, values in
      SimulatedAnnotator.Group(
        "g\(index)",
        weights: zip(moods, values).map { AspectScore($0, Double($1) / 3) })
    }
    let candidates = moods.map { mood in
      Candidate(
        .plain(mood), utility: 0, aspects: moods.map { AspectScore($0, $0 == mood ? 1 : 0) })
    }
    for (first, second) in [(0, 1), (1, 2), (2, 0)] {
      #expect(close(annotator.crowdPreference(candidates[first], candidates[second]), 0.581470))
    }
    for first in 0..<3 {
      #expect(close(annotator.crowdPreference(candidates[first], candidates[3]), 0.645010))
    }
  }

  @Test("drawn choices have the stated frequency, soft labels the stated value")
  func frequencies() {
    var annotator = SimulatedAnnotator(seed: 3)
    annotator.beta = 2
    let judged = annotator.compare(pairs(8000, 0.5, 0))
    // sigmoid(1) = .731059; .9 * .731059 + .1 * .268941 = .684847
    #expect(close(share(judged, of: 1), 0.684847, 0.02))
    #expect(judged.count { $0.truth.isFlipped } > 650)
    annotator.givesSoftLabels = true
    let soft = annotator.compare(pairs(3, 0.5, 0))
    #expect(preferences(soft).allSatisfy { close($0 ?? -1, 0.684847) })
  }

  @Test("at infinite beta the better always wins and equal values tie")
  func infinite() {
    var annotator = SimulatedAnnotator(seed: 3)
    annotator.beta = .infinity
    annotator.mistake = 0
    #expect(share(annotator.compare(pairs(50, 0.1, 0.2)), of: 0) == 1)
    #expect(share(annotator.compare(pairs(50, 0.2, 0.2)), of: 0.5) == 1)
  }

  @Test("threshold ties, skips and habits happen as often as stated")
  func otherSteps() {
    var tying = SimulatedAnnotator(seed: 5)
    tying.ties = .threshold(0.2)
    #expect(share(tying.compare(pairs(50, 0.5, 0.4)), of: 0.5) == 1)
    #expect(share(tying.compare(pairs(50, 0.5, 0.1)), of: 0.5) == 0)

    var skipping = SimulatedAnnotator(seed: 5)
    skipping.skipRate = 0.3
    #expect(close(share(skipping.compare(pairs(4000, 0.5, 0)), of: nil), 0.3, 0.03))
    skipping.skipBelow = 0.5
    #expect(share(skipping.compare(pairs(50, 0.5, 0)), of: nil) == 1)

    var hasty = SimulatedAnnotator(seed: 5)
    hasty.takesFirst = 1
    for annotation in hasty.compare(pairs(50, 0, 1)) {
      let shown = annotation.record.extras["shown_first"]?.integer
      #expect(preferences([annotation]) == [shown == 0 ? 1 : 0])
      #expect(annotation.truth.tookFirst)
    }
  }

  @Test("drift wears beta down towards the end")
  func drift() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.drift = 0.5
    #expect(annotator.probabilities(ChoiceTerms(valueDifference: 1, progress: 0)).logit == 6)
    #expect(annotator.probabilities(ChoiceTerms(valueDifference: 1, progress: 0.5)).logit == 4.5)
  }

  @Test("myopia does not enter into threshold ties")
  func myopicTies() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.view = .myopicReturn(myopia: 0.1)
    annotator.ties = .threshold(0.5)
    let early = Candidate(.plain("a"), utility: 0, rewards: [1, 0, 0])
    let late = Candidate(.plain("b"), utility: 0, rewards: [0, 0, 1])
    #expect(annotator.crowdPreference(early, late) == 0.5)
    annotator.ties = nil
    #expect(annotator.crowdPreference(early, late) < 0.01)
  }

  @Test("unreliable and adversarial workers err as often as stated")
  func workers() {
    var annotator = SimulatedAnnotator(seed: 2)
    annotator.beta = .infinity
    annotator.reliability = 0.75
    #expect(close(share(annotator.compare(pairs(4000, 1, 0)), of: 0), 0.25, 0.03))
    annotator.reliability = nil
    annotator.mistake = 0
    annotator.adversarialShare = 0.5
    let judged = annotator.compare(pairs(4000, 1, 0))
    #expect(close(share(judged, of: 0), 0.4, 0.03))
    #expect(judged.allSatisfy { !$0.truth.isFlipped || $0.truth.isAdversarial })
  }

  @Test("persons keep their taste for 2 to 8 comparisons; the record does not tell it")
  func persons() {
    var annotator = SimulatedAnnotator(seed: 4, name: "w")
    annotator.groups = [
      .init("left", weights: [AspectScore("x", 1)]),
      .init("right", weights: [AspectScore("x", -1)]),
    ]
    annotator.comparisonsPerPerson = 2...8
    annotator.beta = .infinity
    annotator.mistake = 0
    let study = (0..<400).map {
      CandidatePair(
        prompt: .plain("\($0)"),
        first: Candidate(.plain("a"), utility: 0, aspects: [AspectScore("x", 1)]),
        second: Candidate(.plain("b"), utility: 0, aspects: [AspectScore("x", 0)]))
    }
    let judged = annotator.compare(study)
    let people = Dictionary(grouping: judged) { $0.record.annotator ?? "" }
    #expect(people.count > 60)
    for (name, annotations) in people where name != judged.last?.record.annotator {
      #expect((2...8).contains(annotations.count))
      #expect(Set(annotations.map(\.truth.group)).count == 1)
    }
    #expect(judged.allSatisfy { $0.record.json.keys.contains("group") == false })
    for annotation in judged {
      #expect(preferences([annotation]) == [annotation.truth.group == "left" ? 1 : 0])
    }
    let left = people.values.count { $0[0].truth.group == "left" }
    #expect(abs(Double(left) / Double(people.count) - 0.5) < 0.2)
  }

  @Test("an item is the same alone and in a study, and one setting moves no other draw")
  func reproducible() {
    var annotator = SimulatedAnnotator(seed: 9, study: "s")
    annotator.positionBias = 0.3
    let study = pairs(20, 0.3, 0.2)
    let together = annotator.compare(study)
    let alone = annotator.compare(study[13], index: 13, count: 20)
    #expect(preferences([alone]) == preferences([together[13]]))
    #expect(alone.truth == together[13].truth)
    var biased = annotator
    biased.lengthBias = 0.5
    biased.skipRate = 0.9
    let shown = together.map { $0.record.extras["shown_first"] }
    #expect(biased.compare(study).map { $0.record.extras["shown_first"] } == shown)
    var other = annotator
    other.study = "t"
    #expect(other.compare(study).map { $0.record.extras["shown_first"] } != shown)
  }

  @Test("strength is the quartile of the difference; ties have none")
  func strength() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.beta = .infinity
    annotator.startTime = 1000
    let study =
      [0.4, 0.1, 0.2, 0.3, 0.8, 0.7, 0.6, 0.5].flatMap { pairs(1, $0, 0) } + pairs(1, 0, 0)
    let judged = annotator.compare(study)
    #expect(
      judged.map { $0.record.extras["strength"]?.integer } == [2, 1, 1, 2, 4, 4, 3, 3, nil])
    #expect(judged[8].record.extras["time"] == 1480)
    #expect(judged[0].record.annotator == "annotator")
  }

  // e^3.2/(e^3.2+e^2+e^.4) * e^2/(e^2+e^.4) = .610878
  @Test("Plackett-Luce has the stated probability, and draws follow it")
  func plackettLuce() {
    var annotator = SimulatedAnnotator(seed: 6)
    annotator.beta = 4
    #expect(close(annotator.plackettLuceProbability(of: [0.8, 0.5, 0.1]), 0.610878))
    let candidates = [0.5, 0.8, 0.1].map { Candidate(.plain("\($0)"), utility: $0) }
    let hits = (0..<6000).count {
      let body = annotator.rank(prompt: .plain("p"), candidates, index: $0).record.body
      if case .ranking(let ranking) = body { return ranking.ranks == [2, 1, 3] }
      return false
    }
    #expect(close(Double(hits) / 6000, 0.610878, 0.02))
  }

  @Test("lexicographic order looks at the first aspect first; neighbours swap as stated")
  func lexicographic() {
    var annotator = SimulatedAnnotator(seed: 6)
    annotator.rankingRule = .lexicographic(["a", "b"], swap: 0)
    let candidates = [(1.0, 0.0), (1, 1), (2, -5)].map { a, b in
      Candidate(
        .plain("\(a) \(b)"), utility: 0, aspects: [AspectScore("b", b), AspectScore("a", a)])
    }
    func ranks(_ index: Int) -> [Int] {
      let body = annotator.rank(prompt: .plain("p"), candidates, index: index).record.body
      if case .ranking(let ranking) = body { return ranking.ranks }
      return []
    }
    #expect(ranks(0) == [3, 2, 1])
    annotator.rankingRule = .lexicographic(["a", "b"], swap: 0.1)
    let kept = (0..<4000).count { ranks($0) == [3, 2, 1] }
    #expect(close(Double(kept) / 4000, 0.81, 0.025))
  }

  @Test("ratings are rounded, kept in range, and noisy as stated")
  func ratings() {
    var annotator = SimulatedAnnotator(seed: 8)
    annotator.ratingRule = .rounded(1...5, noise: 0)
    let candidate = Candidate(
      .plain("c"), utility: 0.5, aspects: [AspectScore("good", 0.8), AspectScore("short", 2)])
    let body = annotator.rate(prompt: .plain("p"), candidate, index: 0).record.body
    #expect(
      body
        == .scored(
          prompt: .plain("p"), completion: .plain("c"),
          scores: .aspects([AspectScore("good", 4), AspectScore("short", 5)])))

    // P(level <= 2) = sigmoid(t_2 - beta v) = sigmoid(1 - 2 * .5) = .5
    annotator.beta = 2
    annotator.ratingRule = .ordinal(thresholds: [-1, 1])
    let plain = Candidate(.plain("c"), utility: 0.5)
    let low = (0..<4000).count {
      annotator.rate(prompt: .plain("p"), plain, index: $0).record.body
        != .scored(prompt: .plain("p"), completion: .plain("c"), scores: .single(3))
    }
    #expect(close(Double(low) / 4000, 0.5, 0.03))
  }

  // u = 1.5 / 2 = .75; tanh(.75) / .75 = .846865
  @Test("response times follow the drift-diffusion model")
  func responseTime() {
    var annotator = SimulatedAnnotator(seed: 1)
    annotator.beta = 3
    #expect(close(annotator.meanResponseTime(valueDifference: -0.5, threshold: 1), 0.846865))
    #expect(annotator.meanResponseTime(valueDifference: 0, threshold: 2) == 4)
  }

  @Test("pair selection plants the shares that are asked for")
  func selection() {
    var random = AnnotatorRandom(path: "pairs")
    var world = AnnotatorRandom(path: "world")
    let planted = PairSelection(nearTies: 0.5, longerIsBetter: 0.8)
    var tally = (near: 0, longer: 0, met: 0)
    for _ in 0..<2000 {
      let candidates = (0..<8).map { _ in
        Candidate(
          .plain("x"), utility: Double(world.integer(below: 60)) / 50,
          wordCount: 5 + world.integer(below: 20))
      }
      let choice = planted.pair(from: candidates, using: &random)
      #expect(choice.first != choice.second)
      guard choice.isAsWanted else { continue }
      let (a, b) = (candidates[choice.first], candidates[choice.second])
      tally.met += 1
      if abs(a.utility - b.utility) < 0.05 { tally.near += 1 }
      if (a.utility - b.utility) * Double(a.wordCount - b.wordCount) > 0 { tally.longer += 1 }
    }
    #expect(tally.met > 1500)
    #expect(close(Double(tally.longer) / Double(tally.met), 0.8, 0.04))
    #expect(close(Double(tally.near) / Double(tally.met), 0.45, 0.08))
  }

  @Test("records of a study are written and read as the stored form")
  func stored() throws {
    let folder = try TemporaryFolder()
    let judged = SimulatedAnnotator(seed: 1).compare(pairs(30, 0.4, 0.1))
    let file = "\(folder.path)/study.jsonl.gz"
    try JSONLinesWriter.write(judged.map(\.record), to: file)
    let data = try Dataset.load([DatasetSource(file)], accepting: [.comparison], method: "reward")
    let read = data.records.map { record in
      var record = record
      record.provenance = nil
      return record
    }
    #expect(read == judged.map(\.record))
  }
}
