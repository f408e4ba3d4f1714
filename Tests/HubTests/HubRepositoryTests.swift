// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Hub

@Suite("Names on the hub")
struct HubRepositoryTests {
  @Test("owner/name and a revision are read")
  func names() throws {
    let plain = try #require(HubRepository("meta-llama/Llama-3.2-1B"))
    #expect(plain.name == "meta-llama/Llama-3.2-1B")
    #expect(plain.revision == "main")
    #expect(plain.folderName == "models--meta-llama--Llama-3.2-1B")
    let pinned = try #require(HubRepository("a/b@refs/pr/1", kind: .dataset))
    #expect(pinned.revision == "refs/pr/1")
    #expect(pinned.folderName == "datasets--a--b")
    #expect(pinned.escapedRevision == "refs%2Fpr%2F1")
    #expect(pinned.description == "a/b@refs/pr/1")
    #expect(HubRepository("a/b", revision: "v1")?.revision == "v1")
    #expect(HubRepository("a/b@v2", revision: "v1")?.revision == "v2")
  }

  @Test(
    "what is no name is refused",
    arguments: [
      "", "name", "a/b/c", "/b", "a/", "./b", "../b", "a/..", "~/b", "a b/c", "a/b@", "a/b@../x",
      "a/b@/x", "a/b@x//y", "-a/b", "a/b-", "a--b/c", "a/b\\c", "ä/b",
    ])
  func refused(text: String) { #expect(HubRepository(text) == nil) }
}

@Suite("Settings from the environment")
struct HubSettingsTests {
  @Test("without variables, the places are those of the hub's own tools")
  func defaults() {
    let settings = HubSettings(environment: ["HOME": "/home/ada"])
    #expect(settings.endpoint == "https://huggingface.co")
    #expect(settings.rowsEndpoint == "https://datasets-server.huggingface.co")
    #expect(settings.cacheFolder.path == "/home/ada/.cache/huggingface/hub")
    #expect(settings.tokenFile.path == "/home/ada/.cache/huggingface/token")
    #expect(settings.token == nil)
    #expect(!settings.isOffline)
  }

  @Test("variables move places, and the nearer one wins")
  func variables() {
    let settings = HubSettings(
      environment: [
        "HOME": "/home/ada", "HF_HOME": "~/hf", "HF_HUB_CACHE": "/big/cache",
        "HF_ENDPOINT": "http://mirror:8080//", "HF_TOKEN": " hf_x\n", "HF_HUB_OFFLINE": "yes",
      ])
    #expect(settings.endpoint == "http://mirror:8080")
    #expect(settings.cacheFolder.path == "/big/cache")
    #expect(settings.assetsFolder.path == "/home/ada/hf/assets")
    #expect(settings.token == "hf_x")
    #expect(settings.isOffline)
    let cached = HubSettings(environment: ["HOME": "/home/ada", "XDG_CACHE_HOME": "/var/cache/ada"])
    #expect(cached.cacheFolder.path == "/var/cache/ada/huggingface/hub")
  }
}
