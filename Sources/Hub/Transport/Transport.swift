// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests, follows redirections, and tries again what fails for a while only.
///
/// Calls block the thread they are made on; the work is done by the network's own threads. The access
/// token goes to the hub and its rows service alone, whatever a redirection says.
final class Transport: Sendable {
  private let client: HTTPClient
  private let settings: HubSettings
  private let observer: any HubObserver
  private let isCancelled: @Sendable () -> Bool

  init(
    _ settings: HubSettings, observer: any HubObserver, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.settings = settings
    self.observer = observer
    self.isCancelled = isCancelled
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout = .init(
      connect: .seconds(settings.connectSeconds), read: .seconds(settings.idleSeconds),
      write: .seconds(settings.idleSeconds))
    configuration.connectionPool.retryConnectionEstablishment = false
    if let file = settings.certificateFile {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(file)
      configuration.tlsConfiguration = tls
    }
    configuration.proxy = settings.proxy.flatMap(Self.proxy)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// A proxy from `http://user:password@host:port`, or `host:port`.
  private static func proxy(_ address: String) -> HTTPClient.Configuration.Proxy? {
    let text = address.contains("://") ? address : "http://" + address
    guard let url = URL(string: text), let host = url.host() else { return nil }
    let port = url.port ?? 80
    if url.scheme?.lowercased().hasPrefix("socks") == true {
      return .socksServer(host: host, port: url.port ?? 1080)
    }
    guard let user = url.user(percentEncoded: false) else { return .server(host: host, port: port) }
    let password = url.password(percentEncoded: false) ?? ""
    return .server(
      host: host, port: port, authorization: .basic(username: user, password: password))
  }

  deinit {
    // Nothing waits for the connections to close, and no failure to close them matters.
    client.shutdown { _ in }
  }

  /// The answer to a call.
  ///
  /// - Parameters:
  ///   - call: what to ask.
  ///   - sink: a file that takes the content of a successful answer, from where it ends.
  /// - Returns: any answer that further attempts would not change.
  /// - Throws: ``HubError/unreachable(host:reason:)``, ``HubError/rateLimited(host:)``,
  ///   ``HubError/cancelled``, and errors of the file.
  func send(_ call: HTTPCall, into sink: FileSink? = nil) throws -> HTTPAnswer {
    var attempt = 0
    while true {
      let countBefore = sink?.count ?? 0
      let problem: Problem
      do {
        let answer = try follow(call, sink)
        guard let found = Problem(answer) else { return answer }
        problem = found
      } catch let error as HubError {
        throw error
      } catch {
        problem = Problem(reason: Self.words(for: error), answer: nil, seconds: nil)
      }
      try checkCancellation()
      if let sink, sink.count > countBefore { attempt = 0 }
      // A call that must not happen twice is repeated only where the hub says that it did nothing.
      let mayRepeat = call.isRepeatable || problem.answer?.status == 429
      guard mayRepeat, attempt < settings.retryDelays.count else {
        return try giveUp(call, problem)
      }
      let seconds = max(settings.retryDelays[attempt], min(problem.seconds ?? 0, 120))
      attempt += 1
      if seconds >= 1 {
        observer.note("\(host(call.address)): \(problem.reason); trying again in \(Int(seconds)) s")
      }
      try pause(seconds)
    }
  }

  /// Something that may be over in a moment.
  fileprivate struct Problem {
    var reason: String
    var answer: HTTPAnswer?
    /// How long the hub asks to wait.
    var seconds: Double?
  }

  private func giveUp(_ call: HTTPCall, _ problem: Problem) throws -> HTTPAnswer {
    guard let answer = problem.answer else {
      throw HubError.unreachable(host: host(call.address), reason: problem.reason)
    }
    guard answer.status != 429 else { throw HubError.rateLimited(host: host(call.address)) }
    return answer
  }

  private func host(_ address: String) -> String { URL(string: address)?.host() ?? address }

  // MARK: One attempt

  private func follow(_ call: HTTPCall, _ sink: FileSink?) throws -> HTTPAnswer {
    var address = call.address
    for _ in 0..<8 {
      let answer = try exchange(call, address, sink)
      guard [301, 302, 303, 307, 308].contains(answer.status),
        let location = answer[header: "Location"],
        let next = URL(string: location, relativeTo: URL(string: address))?.absoluteString
      else { return answer }
      if call.stopsAtOtherHost, Self.origin(next) != Self.origin(address) { return answer }
      address = next
    }
    throw HubError.malformed(what: "\(call.address) is redirected again and again")
  }

  private func exchange(_ call: HTTPCall, _ address: String, _ sink: FileSink?) throws -> HTTPAnswer
  {
    try checkCancellation()
    var headers = HTTPHeaders([
      ("User-Agent", settings.userAgent), ("Accept-Encoding", "identity"),
    ])
    if let token = settings.token, isTrusted(address) {
      headers.add(name: "Authorization", value: "Bearer \(token)")
    }
    if case .data(_, let type) = call.content { headers.add(name: "Content-Type", value: type) }
    if let sink, sink.count > 0 { headers.add(name: "Range", value: "bytes=\(sink.count)-") }
    let request: HTTPClient.Request
    do {
      request = try HTTPClient.Request(
        url: address, method: call.method, headers: headers, body: call.body)
    } catch {
      throw HubError.malformed(what: "'\(address)' is no address")
    }
    return try wait(for: client.execute(request: request, delegate: ResponseReceiver(sink: sink)))
  }

  /// The result of a task, unless the user interrupts.
  private func wait(for task: HTTPClient.Task<HTTPAnswer>) throws -> HTTPAnswer {
    let outcome = Outcome()
    task.futureResult.whenComplete { outcome.set($0) }
    while outcome.ready.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
      // A cancelled task completes, so the loop ends too.
      if isCancelled() { task.cancel() }
    }
    try checkCancellation()
    return try outcome.value().get()
  }

  private final class Outcome: Sendable {
    let ready = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<HTTPAnswer, any Error>>(
      .failure(HTTPClientError.cancelled))

    func set(_ value: Result<HTTPAnswer, any Error>) {
      result.withLock { $0 = value }
      ready.signal()
    }

    func value() -> Result<HTTPAnswer, any Error> { result.withLock { $0 } }
  }

  private func isTrusted(_ address: String) -> Bool {
    let origin = Self.origin(address)
    return origin == Self.origin(settings.endpoint) || origin == Self.origin(settings.rowsEndpoint)
  }

  /// Scheme, host and port.
  private static func origin(_ address: String) -> [String] {
    guard let url = URL(string: address), let scheme = url.scheme?.lowercased() else {
      return [address]
    }
    let port = url.port ?? (scheme == "https" ? 443 : 80)
    return [scheme, url.host()?.lowercased() ?? "", "\(port)"]
  }

  // MARK: Waiting

  /// - Throws: ``HubError/cancelled`` once the user has interrupted.
  func checkCancellation() throws {
    if isCancelled() { throw HubError.cancelled }
  }

  private func pause(_ seconds: Double) throws {
    let end = Date().addingTimeInterval(seconds)
    while end.timeIntervalSinceNow > 0 {
      try checkCancellation()
      Thread.sleep(forTimeInterval: min(0.2, max(0, end.timeIntervalSinceNow)))
    }
  }
}

extension Transport.Problem {
  /// The problem that an answer is; nil for an answer that stays the same.
  fileprivate init?(_ answer: HTTPAnswer) {
    switch answer.status {
    case 408, 429, 500, 502, 503, 504:
      reason =
        answer.status == 429 ? "too many requests" : "the hub answers with status \(answer.status)"
      self.answer = answer
      seconds = answer[header: "Retry-After"].flatMap(Double.init) ?? Self.reset(answer)
    default: return nil
    }
  }

  /// The time until a limit is lifted, from a header such as `RateLimit: "api";r=0;t=55`.
  private static func reset(_ answer: HTTPAnswer) -> Double? {
    guard answer.status == 429, let limit = answer[header: "RateLimit"] else { return nil }
    return limit.split(separator: ";").lazy.map { $0.trimmingCharacters(in: .whitespaces) }
      .first { $0.hasPrefix("t=") }.flatMap { Double($0.dropFirst(2)) }
  }
}

extension Transport {
  /// Why a connection failed, in words.
  fileprivate static func words(for error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      guard let failure = error.connectionErrors.first else {
        return "the name is not known; is there a network?"
      }
      return words(for: failure.error)
    case let error as IOError: return String(cString: strerror(error.errnoCode)).lowercased()
    case ChannelError.connectTimeout: return "no answer"
    case let error as HTTPClientError:
      switch error {
      case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded: return "no answer"
      case .remoteConnectionClosed, .uncleanShutdown: return "the connection was closed"
      default: return error.shortDescription.lowercased()
      }
    case is NIOSSLError, is BoringSSLError:
      return "its certificate is not trusted here; SSL_CERT_FILE names one that is"
    case is HTTPParserError: return "the connection was closed"
    default: return String(describing: error)
    }
  }
}
