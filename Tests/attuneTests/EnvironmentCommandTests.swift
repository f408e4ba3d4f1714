// SPDX-License-Identifier: Apache-2.0

import Feedback
import Testing

@testable import attune

@Suite("attune env")
struct EnvironmentCommandTests {
  @Test("the object names versions, devices and speeds")
  func json() throws {
    let result = try attune("env", "--json")
    #expect(result.status == 0)
    let facts = try JSONValue(parsing: result.output)
    #expect(facts["version"]?.string == Attune.version)
    #expect(facts["libtorch"]?.string?.contains(".") == true)
    #expect(facts["devices"]?.array?.first == "cpu")
    #expect((facts["threads"]?.integer ?? 0) >= 1)
    #expect((facts["memory_mib"]?.integer ?? 0) > 100)
    #expect((facts["gflops"]?["float32"]?.double ?? 0) > 0)
    #expect((facts["gflops"]?["bfloat16"]?.double ?? 0) > 0)
  }

  @Test("bfloat16 is called fast only where it is clearly faster")
  func verdict() {
    func facts(_ single: Double, _ half: Double) -> MachineFacts {
      MachineFacts(
        devices: [], threadCount: 1, processorCount: 1, processorFeatures: [], memoryMiB: 1,
        cacheFolder: "", float32Speed: single, bfloat16Speed: half)
    }
    #expect(facts(100, 300).isBFloat16Fast)
    #expect(!facts(100, 110).isBFloat16Fast)
    #expect(!facts(100, 8).isBFloat16Fast)
  }
}
