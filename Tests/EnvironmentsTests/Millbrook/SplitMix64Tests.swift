// SPDX-License-Identifier: Apache-2.0

import Environments
import Testing

@Suite("SplitMix64")
struct SplitMix64Tests {
  // Published check of the village: `7/ask/train/0` and its first outputs.
  @Test("starts at the FNV-1a hash of the text and gives the published numbers")
  func check() {
    var random = SplitMix64(text: "7/ask/train/0")
    #expect(random.state == 0x8da0_4e02_ef69_a782)
    let outputs = (0..<3).map { _ in random.next() }
    #expect(outputs == [0x0307_49e5_caab_e355, 0x0c91_446d_b226_7331, 0xe48f_1142_8403_425f])
  }

  // Python 3, independent of this code:
  //   M = (1 << 64) - 1; s = 0xcbf29ce484222325
  //   for b in b"7/ask/train/0": s = ((s ^ b) * 0x100000001b3) & M
  //   def nxt():
  //     global s; s = (s + 0x9e3779b97f4a7c15) & M; z = s
  //     z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & M; z = ((z ^ z >> 27) * 0x94d049bb133111eb) & M
  //     return z ^ z >> 31
  //   [(nxt() >> 32) * 1000 >> 32 for _ in range(6)]
  //   [(nxt() >> 11) * 2.0**-53 for _ in range(3)]
  //   [sum((nxt() >> 11) * 2.0**-53 for _ in range(12)) - 6 for _ in range(3)]
  // each list from a fresh start.
  @Test("draws integers, uniform and normal numbers as Python does")
  func draws() {
    let start = SplitMix64(text: "7/ask/train/0")
    var random = start
    let integers = (0..<6).map { _ in random.int(below: 1000) }
    #expect(integers == [11, 49, 892, 392, 300, 989])
    random = start
    let uniforms = (0..<3).map { _ in random.uniform() }
    #expect(uniforms == [0.011829966165052053, 0.049091603070474, 0.892808035601786])
    random = start
    let normals = (0..<3).map { _ in random.normal() }
    #expect(normals == [0.759062538585062, 0.9695575761535995, -0.8867133395543689])
  }

  @Test("a chance of 0 never and of 1 always comes true, at one draw each")
  func chance() {
    var random = SplitMix64(state: 1)
    var twin = random
    for _ in 0..<1000 {
      let never = random.chance(0)
      let always = random.chance(1)
      #expect(!never && always)
      _ = twin.next()
      _ = twin.next()
    }
    #expect(random == twin)
  }
}
