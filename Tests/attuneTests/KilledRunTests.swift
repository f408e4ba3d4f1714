// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

/// Runs of the built program that SIGKILL ends between two checkpoints.
@Suite(
  "A run killed in the middle goes on to the same bits",
  .enabled(if: Executable.path != nil, "the program attune was not built"))
struct KilledRunTests {
  enum Method: String, CaseIterable, Sendable { case pretrain, sft, reward, dpo, ppo, grpo }

  private static let stepCount = 120

  /// The command line of a method, without its output folder.
  private func command(_ method: Method, _ folder: TemporaryFolder) throws -> String {
    let model = try TinyPolicy.write(in: folder)
    let pairs = try folder.write(
      (0..<24).map { index in
        """
        {"prompt": "q \(index)", "chosen": " yes \(index * 7 % 5)", "rejected": " no \(index % 3)"}
        """
      }.joined(separator: "\n"), "pairs.jsonl")
    let shared = """
      "$attune" \(method.rawValue) --max_steps \(Self.stepCount) --save_steps 40 \
      --logging_steps 1 --learning_rate 0.003 --threads 1 --quiet true
      """
    let trained = "\(shared) --model_name_or_path '\(model)' --dataset_path '\(pairs)'"
    switch method {
    case .pretrain:
      return """
        \(shared) --digest_documents 300 --notice_documents 0 --tale_documents 0 \
        --book_sentences 200 --tokenizer_texts 100 --vocab_size 300 --hidden_size 16 \
        --intermediate_size 32 --num_hidden_layers 1 --num_attention_heads 2 --max_length 64 \
        --per_device_train_batch_size 2
        """
    case .sft: return "\(trained) --columns completion=chosen --per_device_train_batch_size 4"
    case .reward: return "\(trained) --per_device_train_batch_size 4"
    case .dpo: return "\(trained) --per_device_train_batch_size 4"
    case .grpo:
      let words = try folder.write("a\ne\n", "words.txt")
      return """
        \(trained) --reward_funcs 'count:\(words)' --per_device_train_batch_size 8 --num_generations 4 \
        --max_completion_length 4 --beta 0.04 --num_iterations 2
        """
    case .ppo:
      let words = try folder.write("a\ne\n", "words.txt")
      return """
        \(trained) --reward_funcs 'count:\(words)' --rollout_batch_size 8 --max_completion_length 4 \
        --num_mini_batches 1 --num_ppo_epochs 1
        """
    }
  }

  /// What does not depend on the clock or the machine, by step.
  private func metrics(_ folder: TemporaryFolder, _ name: String) throws -> [[String: Double]] {
    try folder.text("\(name)/metrics.jsonl").split(separator: "\n").map { line in
      let object = try #require(try JSONValue(parsing: String(line)).object)
      var numbers: [String: Double] = [:]
      for member in object {
        let isTimed = ["timing/", "memory/", "train_"].contains { member.key.hasPrefix($0) }
        guard !isTimed, !["step_time", "tokens_per_second", "eps"].contains(member.key) else {
          continue
        }
        numbers[member.key] = member.value.double
      }
      return numbers
    }
  }

  @Test("by SIGKILL, resumed by --resume_from_checkpoint true", arguments: Method.allCases)
  func killed(method: Method) throws {
    let folder = try TemporaryFolder()
    let command = try command(method, folder)
    let (whole, broken) = (folder.path("whole"), folder.path("broken"))

    let first = try Executable.shell("\(command) --output_dir '\(whole)'")
    #expect(first.status == 0, "\(first.errors)")

    // The shell waits for the first complete checkpoint, kills, and gives the program's own status.
    let second = try Executable.shell(
      """
      \(command) --output_dir '\(broken)' & program=$!
      until [ -e '\(broken)/checkpoint-40/trainer_state.json' ]; do
        kill -0 $program || exit 99
        sleep 0.005
      done
      kill -9 $program
      wait $program
      """)
    #expect(second.status == 128 + 9, "\(second.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(broken)/model.safetensors"))
    let written = try metrics(folder, "broken").count
    #expect((40..<Self.stepCount).contains(written))

    let third = try Executable.shell(
      "\(command) --output_dir '\(broken)' --resume_from_checkpoint true")
    #expect(third.status == 0, "\(third.errors)")
    for file in ["model.safetensors", "checkpoint-120/optimizer.safetensors"] {
      let expected = try Data(contentsOf: URL(filePath: "\(whole)/\(file)"))
      #expect(try Data(contentsOf: URL(filePath: "\(broken)/\(file)")) == expected, "\(file)")
    }
    #expect(try metrics(folder, "broken") == metrics(folder, "whole"))
  }
}
