// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Evaluation
import Feedback
import Foundation
import Hub
import LanguageModels
import Objectives
import Reproductions
import Tokenizers
import Torch
import Training

/// What the program's exit status says.
enum ExitStatus {
  /// All done.
  static let done: Int32 = 0
  /// Something failed that has no status of its own.
  static let failed: Int32 = 1
  /// The command line or a setting makes no sense.
  static let usage: Int32 = 2
  /// The data is broken.
  static let data: Int32 = 3
  /// A model or tokenizer is broken, or not of a known format.
  static let model: Int32 = 4
  /// The machine has too little memory.
  static let outOfMemory: Int32 = 5
}

/// The exit status that tells what kind of failure `error` is. The one place that decides this.
func exitCode(for error: any Error) -> Int32 {
  switch error {
  case let code as ExitCode: code.rawValue
  case let error as ObjectiveError: error.isAboutData ? ExitStatus.data : ExitStatus.usage
  case is UsageError, is ValidationError, is MillbrookError, FeedbackError.option:
    ExitStatus.usage
  case ReproductionError.unknown, ReproductionError.unknownBreakage: ExitStatus.usage
  case TrainingError.badSetting, TrainingError.cannotResume: ExitStatus.usage
  case FeedbackError.output, FeedbackError.scorer: ExitStatus.failed
  case is FeedbackError, is LossFileError: ExitStatus.data
  case TrainingError.noRows: ExitStatus.data
  case EvaluationError.notConverged: ExitStatus.failed
  case is EvaluationError: ExitStatus.data
  case AdapterError.noTarget, AdapterError.unknownModule: ExitStatus.usage
  case is ModelFolderError, is AdapterError, is WeightsError, is SafetensorsError,
    is TokenizerError,
    is TemplateError:
    ExitStatus.model
  case let error as HubError: error.exitStatus
  case let error as HubNameError: error.error.exitStatus
  case TensorError.outOfMemory: ExitStatus.outOfMemory
  default: ExitStatus.failed
  }
}

/// What a person is told about `error`, without a prefix.
func message(for error: any Error) -> String {
  switch error {
  case let error as ValidationError: error.message
  case let error as any LocalizedError: error.errorDescription ?? error.localizedDescription
  // Foundation's own errors describe themselves for programmers only.
  case is CocoaError, is POSIXError, is URLError: error.localizedDescription
  default: type(of: error) is NSError.Type ? error.localizedDescription : String(describing: error)
  }
}

extension TensorFailureHandler {
  /// Puts one sentence on standard error and ends the program with the status for the failure.
  static let commandLine = TensorFailureHandler { error in
    Output.current.fail(message(for: error))
    exit(exitCode(for: error))
  }
}
