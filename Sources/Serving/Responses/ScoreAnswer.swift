// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The answer to `POST /v1/score`.
struct ScoreAnswer: Encodable {
  struct Score: Encodable {
    var index: Int
    var object = "score"
    /// Of a model with one output.
    var score: Float?
    /// Of a classifier with several, in the order of `labels`.
    var scores: [Float]?
  }

  var id: String
  var object = "list"
  var created: Int
  var model: String
  var data: [Score]
  var labels: [String]?
  var usage: Usage

  init(_ scores: [[Double]], labels: [String], tokenCount: Int, _ head: AnswerHead) {
    id = "score-\(head.id)"
    created = head.created
    model = head.model
    self.labels = labels.count > 1 ? labels : nil
    data = scores.enumerated().map { index, values in
      labels.count > 1
        ? Score(index: index, scores: values.map { Float($0) })
        : Score(index: index, score: values.first.map { Float($0) })
    }
    usage = Usage(promptTokens: tokenCount, completionTokens: nil)
  }
}

/// The answer to `GET /v1/models`.
struct ModelList: Encodable {
  struct Model: Encodable {
    var id: String
    var object = "model"
    var created: Int
    var ownedBy = "attune"
    /// Most tokens of prompt and completion.
    var maxModelLength: Int?

    private enum CodingKeys: String, CodingKey {
      case id, object, created
      case ownedBy = "owned_by"
      case maxModelLength = "max_model_len"
    }

    init(_ served: ServedModel) {
      id = served.name
      created = Int(served.created.timeIntervalSince1970)
      maxModelLength = served.maximumLength
    }
  }

  var object = "list"
  var data: [Model]
}
