// SPDX-License-Identifier: Apache-2.0
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOHTTP1

/// Turns whatever was thrown into the API's own kind of error.
struct ErrorAnswers<Context: RequestContext>: RouterMiddleware {
  let maximumBodySize: Int

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as ServingError {
      return try .error(error)
    } catch let error as any HTTPResponseError {
      switch error.status {
      case .notFound: return try .error(.unknownPath(request.method.rawValue, request.uri.path))
      case .contentTooLarge: return try .error(.tooLarge(limit: maximumBodySize))
      default:
        return try .error(ServingError(error.status.code, "\(error.status.reasonPhrase)"))
      }
    } catch let error as HTTPParserError {
      // No HTTP any more: the connection's own code answers and closes.
      throw error
    } catch let error as CancellationError {
      // The client has gone: nobody reads what is answered.
      throw error
    } catch {
      return try .error(.failed("\(error)"))
    }
  }
}

/// Lets in who knows the key.
struct Authentication<Context: RequestContext>: RouterMiddleware {
  /// Only its digest is kept: digests are compared in constant time, whatever the lengths of keys.
  private let digest: SHA256Digest

  init(key: String) { digest = SHA256.hash(data: Data(key.utf8)) }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let given = request.headers[.authorization] ?? ""
    let prefix = "Bearer "
    guard given.lowercased().hasPrefix(prefix.lowercased()),
      SHA256.hash(data: Data(given.dropFirst(prefix.count).utf8)) == digest
    else { throw ServingError.unauthorized }
    return try await next(request, context)
  }
}
