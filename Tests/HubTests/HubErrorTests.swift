// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite("Errors of the hub")
struct HubErrorTests {
  let server: HubServer
  let home: ScratchFolder

  init() throws {
    server = try HubServer { folder in
      try Seeds.model(folder)
      let models = folder.appending(path: "models/tester")
      try models.write("gated/config.json", "{}")
      try models.write("gated/model.safetensors", Data([1]))
      try models.write("gated/.hub.json", #"{"gated": true}"#)
      try models.write("hidden/.hub.json", #"{"private": true}"#)
      try models.write("hidden/config.json", "{}")
      try models.write("moved/.hub.json", #"{"moved_to": "tester/small"}"#)
      try models.write("pickled/config.json", "{}")
      try models.write("pickled/pytorch_model.bin", "x")
      try models.write("empty/config.json", "{}")
      try models.write(
        "lying/model.safetensors.index.json", #"{"weight_map": {"a": "none.safetensors"}}"#)
      try folder.write("datasets/tester/rows/train.jsonl", "{}\n")
    }
    home = try ScratchFolder()
  }

  private func error(_ name: String, token: String? = nil) throws -> String {
    let hub = HubClient(HubSettings(server, cache: home, token: token))
    let error = #expect(throws: HubError.self) {
      try hub.snapshot(of: Seeds.repository(name), .model)
    }
    return error?.description ?? ""
  }

  @Test("a name that is not there is looked for among data sets, and says how to give a token")
  func notFound() throws {
    let text = try error("tester/none")
    #expect(text.contains("has no model 'tester/none'"))
    #expect(text.contains("HF_TOKEN="))
    #expect(try error("tester/none", token: "reader").contains("whether your token may see it"))
    #expect(try error("tester/rows").contains("there is a data set of that name: --dataset_name"))
  }

  @Test("a gated model says where to ask, and how to give a token")
  func gated() throws {
    let text = try error("tester/gated")
    #expect(text.contains("is gated: ask for access at https://127.0.0.1/tester/gated"))
    #expect(text.contains("HF_TOKEN="))
    #expect(try error("tester/gated", token: "stranger").contains("yours has no access"))
    let hub = HubClient(HubSettings(server, cache: home, token: "reader"))
    _ = try hub.snapshot(of: Seeds.repository("tester/gated"), .model)
  }

  @Test("a token that the hub does not know is named as the reason")
  func badToken() throws {
    #expect(
      try error("tester/small", token: "nonsense").contains("does not know your access token"))
    #expect(try error("tester/hidden").contains("or does not show it to you"))
  }

  @Test("a revision that is not there is told with those that are")
  func revision() throws {
    #expect(
      try error("tester/small@v9") == "model 'tester/small' has no revision 'v9'; there are main")
  }

  @Test("a model that moved is followed")
  func moved() throws {
    let hub = HubClient(HubSettings(server, cache: home))
    _ = try hub.snapshot(of: Seeds.repository("tester/moved"), .model)
  }

  @Test("pickled weights are refused with the reason and the way to convert")
  func pickled() throws {
    let text = try error("tester/pickled")
    #expect(text.contains("pytorch_model.bin only. Such a file may run any code"))
    #expect(text.contains("save_pretrained"))
    #expect(try error("tester/empty").contains("has no weights (model.safetensors)"))
    #expect(try error("tester/lying") == "model 'tester/lying' has no file 'none.safetensors'")
  }

  @Test("no connection is an error within seconds")
  func unreachable() throws {
    var settings = HubSettings(server, cache: home)
    // A port that was free a moment ago, and is not listened on.
    settings.endpoint = "http://127.0.0.1:1"
    settings.retryDelays = [0]
    #expect(throws: HubError.unreachable(host: "127.0.0.1", reason: "connection refused")) {
      try HubClient(settings).snapshot(of: Seeds.repository("tester/small"), .model)
    }
  }

  @Test("a server that is no hub is told apart")
  func noHub() throws {
    var settings = HubSettings(server, cache: home)
    settings.endpoint = server.rows
    let error = #expect(throws: HubError.self) {
      try HubClient(settings).snapshot(of: Seeds.repository("tester/small"), .model)
    }
    #expect(error?.description.contains("has no model 'tester/small'") == true)
  }

  @Test("names from the hub cannot leave the cache")
  func paths() {
    for path in ["../x", "a/../../x", "/etc/passwd", "a//b", "", "a\\b", "."] {
      #expect(!HubCache.isSafe(path))
    }
    for tag in ["", "../x", "a/b", ".hidden", "a b"] { #expect(!HubCache.isSafeTag(tag)) }
    #expect(HubCache.isSafe("a/b.json") && HubCache.isSafeTag("ce013625"))
  }

  @Test("over TLS, a certificate that is not trusted is the reason, and a file can name it")
  func certificates() throws {
    let certificate = TestPython.fixture("HubTests/Fixtures/certificate.pem")
    let server = try HubServer(certificate: certificate, seed: Seeds.model)
    #expect(server.endpoint.hasPrefix("https://"))
    var settings = HubSettings(server, cache: home)
    settings.certificateFile = certificate.path
    let folder = try HubClient(settings).snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(
      try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    settings.certificateFile = nil
    let error = #expect(throws: HubError.self) { try HubClient(settings).accountName() }
    #expect(error?.description.contains("its certificate is not trusted here") == true)
  }

  @Test("requests go through a proxy where one is named")
  func proxy() throws {
    // The test server takes connections as a proxy does, and answers in place of every host.
    let settings = HubSettings(
      environment: [
        "HF_HOME": home.url.path, "HF_ENDPOINT": "http://hub.invalid",
        "HTTP_PROXY": server.endpoint,
      ])
    #expect(try HubClient(settings).information(Seeds.repository("tester/small")).paths.count == 6)
    #expect(try server.log().map(\.method) == ["CONNECT", "GET"])
    #expect(try server.log().first?.path == "hub.invalid:80")
    let direct = HubSettings(
      environment: [
        "HTTPS_PROXY": "proxy:3128", "NO_PROXY": "localhost, .example.org",
        "HF_ENDPOINT": "https://hub.example.org",
      ])
    #expect(direct.proxy == nil)
    #expect(HubSettings(environment: ["https_proxy": "proxy:3128"]).proxy == "proxy:3128")
  }
}
