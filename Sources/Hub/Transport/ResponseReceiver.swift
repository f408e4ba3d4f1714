// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Takes the answer to one request: into memory, or, where it is a file's content, into a ``FileSink``.
final class ResponseReceiver: HTTPClientResponseDelegate {
  typealias Response = HTTPAnswer

  /// Most bytes that an answer in memory may have.
  static let memoryLimit = 64 << 20

  private struct State {
    var answer = HTTPAnswer(status: 0, headers: HTTPHeaders())
    var goesToSink = false
  }

  private let state = Mutex(State())
  private let sink: FileSink?

  init(sink: FileSink?) { self.sink = sink }

  func didReceiveHead(task: HTTPClient.Task<HTTPAnswer>, _ head: HTTPResponseHead)
    -> EventLoopFuture<Void>
  {
    settle(task) {
      let status = Int(head.status.code)
      let takesFile = try sink.map {
        try $0.begin(status, range: head.headers.first(name: "Content-Range"))
      }
      state.withLock {
        $0.answer = HTTPAnswer(status: status, headers: head.headers)
        $0.goesToSink = takesFile ?? false
      }
    }
  }

  func didReceiveBodyPart(task: HTTPClient.Task<HTTPAnswer>, _ buffer: ByteBuffer)
    -> EventLoopFuture<Void>
  {
    settle(task) {
      if state.withLock({ $0.goesToSink }) {
        try buffer.withUnsafeReadableBytes { try sink?.append($0) }
        return
      }
      try state.withLock {
        $0.answer.body.append(contentsOf: buffer.readableBytesView)
        guard $0.answer.body.count <= Self.memoryLimit else {
          throw HubError.malformed(what: "an answer of more than \(Self.memoryLimit >> 20) MiB")
        }
      }
    }
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPAnswer>) throws -> HTTPAnswer {
    state.withLock { $0.answer }
  }

  private func settle(_ task: HTTPClient.Task<HTTPAnswer>, _ body: () throws -> Void)
    -> EventLoopFuture<Void>
  {
    do {
      try body()
      return task.eventLoop.makeSucceededVoidFuture()
    } catch {
      return task.eventLoop.makeFailedFuture(error)
    }
  }
}
