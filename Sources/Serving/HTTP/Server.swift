// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A server that listens until it is told to stop.
public struct Server: Sendable {
  /// What it answers.
  public var routes: ServingRoutes
  /// The address it listens at.
  public var host: String
  /// The port; 0 lets the system choose.
  public var port: Int
  /// How long requests may go on once the server is told to stop.
  public var grace: Duration
  /// Most connections at once.
  public static let mostConnections = 2048

  /// Creates a server.
  public init(
    _ routes: ServingRoutes, host: String = "127.0.0.1", port: Int = 8000,
    grace: Duration = .seconds(30)
  ) {
    self.routes = routes
    self.host = host
    self.port = port
    self.grace = grace
  }

  /// Serves, with the computing on the calling thread.
  ///
  /// - Parameters:
  ///   - compute: works off the queue until it is closed; runs on this thread.
  ///   - onStart: called with the port once clients can connect.
  /// - Throws: where the address cannot be listened at.
  public func run(
    computing compute: () -> Void, onStart: @escaping @Sendable (_ port: Int) -> Void
  ) throws {
    let (failure, done) = (Failure(), DispatchSemaphore(value: 0))
    Task.detached {
      do {
        try await listen(onStart)
      } catch {
        failure.error.withLock { $0 = error }
      }
      routes.backend.close()
      done.signal()
    }
    compute()
    done.wait()
    if let error = failure.error.withLock({ $0 }) { throw error }
  }

  private final class Failure: Sendable {
    let error = Mutex<(any Error)?>(nil)
  }

  /// Listens until SIGINT or SIGTERM; what is on its way may end within ``grace``, or until the second signal.
  private func listen(_ onStart: @escaping @Sendable (Int) -> Void) async throws {
    var logger = Logger(label: "attune.serve")
    logger.logLevel = .critical
    let application = Application(
      router: routes.router(), server: .http1(configuration: .init(idleTimeout: .seconds(75))),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
      onServerRunning: { channel in onStart(channel.localAddress?.port ?? port) }, logger: logger)
    let group = ServiceGroup(
      configuration: .init(services: [application], gracefulShutdownSignals: [], logger: logger))
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let watch = Task {
      var isFirst = true
      for await _ in signals {
        if isFirst {
          await stop(group)
        } else {
          routes.backend.abort()
        }
        isFirst = false
      }
    }
    defer { watch.cancel() }
    try await group.run()
  }

  /// Lets no more work in, and gives what is there its time.
  private func stop(_ group: ServiceGroup) async {
    routes.backend.stop()
    await group.triggerGracefulShutdown()
    Task {
      try await Task.sleep(for: grace)
      routes.backend.abort()
    }
  }
}

extension ServingRoutes.Backend {
  func stop() {
    switch self {
    case .languageModel(let queue): queue.stop()
    case .rewardModel(let queue, _): queue.stop()
    }
  }

  func abort() {
    switch self {
    case .languageModel(let queue): queue.abort()
    case .rewardModel(let queue, _): queue.abort()
    }
  }

  func close() {
    switch self {
    case .languageModel(let queue): queue.close()
    case .rewardModel(let queue, _): queue.close()
    }
  }
}
