// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Where the hub is, where its files are kept, and who asks: what the environment says.
///
/// The variables are those of the hub's own tools, so a machine set up for them needs nothing more:
/// `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_ASSETS_CACHE`, `HF_TOKEN`, `HF_TOKEN_PATH`,
/// `HF_HUB_OFFLINE`, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, and `HF_ROWS_ENDPOINT` for the service
/// that reads rows of data sets.
public struct HubSettings: Sendable {
  /// Address of the hub, without a slash at its end.
  public var endpoint: String
  /// Address of the rows service, without a slash at its end.
  public var rowsEndpoint: String
  /// Folder of the cache that the hub's tools share, as `models--owner--name/…`.
  public var cacheFolder: URL
  /// Folder for what is derived from data sets.
  public var assetsFolder: URL
  /// The access token; nil asks as nobody in particular.
  public var token: String?
  /// The file a token is read from where `HF_TOKEN` is not set; named in messages.
  public var tokenFile: URL
  /// Whether only the cache is used.
  public var isOffline: Bool
  /// Address of a proxy that all requests go through; nil for none.
  public var proxy: String?
  /// A file of certificates that are trusted in place of the system's; nil for the system's.
  public var certificateFile: String?
  /// Seconds to wait before each further attempt; as many attempts follow the first.
  public var retryDelays: [Double] = [1, 2, 4, 8, 16]
  /// Seconds until a connection counts as refused.
  public var connectSeconds: Int64 = 10
  /// Seconds without a byte until a connection counts as broken.
  public var idleSeconds: Int64 = 30
  /// Files downloaded at the same time.
  public var workerCount = 4
  /// What the program calls itself.
  public var userAgent = "attune"

  /// Settings from environment variables.
  ///
  /// - Parameter environment: the variables; by default those of this process.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    let home = URL(filePath: environment["HOME"] ?? NSHomeDirectory())
    func folder(_ text: String) -> URL {
      guard text == "~" || text.hasPrefix("~/") else { return URL(filePath: text) }
      return home.appending(path: String(text.dropFirst(2)))
    }
    let cache = value("XDG_CACHE_HOME").map(folder) ?? home.appending(path: ".cache")
    let hubHome = value("HF_HOME").map(folder) ?? cache.appending(path: "huggingface")
    cacheFolder =
      value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE").map(folder) ?? hubHome.appending(path: "hub")
    assetsFolder = value("HF_ASSETS_CACHE").map(folder) ?? hubHome.appending(path: "assets")
    tokenFile = value("HF_TOKEN_PATH").map(folder) ?? hubHome.appending(path: "token")
    token =
      Self.token(value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
      ?? Self.token(try? String(contentsOf: tokenFile, encoding: .utf8))
    endpoint = Self.address(value("HF_ENDPOINT") ?? "https://huggingface.co")
    rowsEndpoint = Self.address(
      value("HF_ROWS_ENDPOINT") ?? "https://datasets-server.huggingface.co")
    certificateFile = value("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    let offline = value("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") ?? ""
    isOffline = ["1", "ON", "YES", "TRUE"].contains(offline.uppercased())
    let isPlain = endpoint.hasPrefix("http:")
    proxy =
      (isPlain ? value("HTTP_PROXY", "http_proxy") : value("HTTPS_PROXY", "https_proxy"))
      ?? value("ALL_PROXY", "all_proxy")
    if let direct = value("NO_PROXY", "no_proxy"), Self.names(direct, host: host) { proxy = nil }
  }

  /// The host in messages: `huggingface.co`.
  var host: String { URL(string: endpoint)?.host() ?? endpoint }

  private static func address(_ text: String) -> String {
    var text = text
    while text.hasSuffix("/") { text.removeLast() }
    return text
  }

  /// Whether a list such as `localhost,.example.org` names a host.
  private static func names(_ list: String, host: String) -> Bool {
    list.split { $0 == "," || $0.isWhitespace }.contains { name in
      let name = name.hasPrefix(".") ? name.dropFirst() : name
      return name == "*" || host == name || host.hasSuffix("." + name)
    }
  }

  /// Blanks and line ends are none of a token's characters.
  private static func token(_ text: String?) -> String? {
    let text = text?.filter { !$0.isWhitespace } ?? ""
    return text.isEmpty ? nil : text
  }
}
