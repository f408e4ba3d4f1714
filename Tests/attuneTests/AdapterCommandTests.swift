// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Testing
import Tokenizers
import Torch

@testable import attune

@Suite("Adapters on the command line")
struct AdapterCommandTests {
  private let folder: TemporaryFolder
  private let base: String
  private let demonstrations: String
  private let pairs: String

  init() throws {
    folder = try TemporaryFolder()
    base = try TinyPolicy.write(in: folder)
    demonstrations = try folder.write(
      #"{"prompt": "ab", "completion": " cd"}"# + "\n" + #"{"prompt": "ba", "completion": " dc"}"#
        + "\n", "demonstrations.jsonl")
    pairs = try folder.write(
      #"{"prompt": "ab", "chosen": " cd", "rejected": " xy"}"# + "\n"
        + #"{"prompt": "ba", "chosen": " dc", "rejected": " yx"}"# + "\n", "pairs.jsonl")
  }

  private func train(
    _ method: String, _ name: String, from start: String? = nil, _ more: [String] = []
  ) throws -> CommandResult {
    try attune(
      [
        method, "--model_name_or_path", start ?? base, "--dataset_path",
        method == "sft" ? demonstrations : pairs, "--output_dir", folder.path(name), "--max_steps",
        "3", "--learning_rate", "0.05", "--quiet",
      ] + more)
  }

  private func rows(_ arguments: [String]) throws -> [JSONObject] {
    let result = try attune(arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try result.rows
  }

  private func logProbs(_ model: String, _ more: [String] = []) throws -> [Double] {
    try rows(["score", demonstrations, "--model_name_or_path", model] + more)
      .flatMap { $0["log_probs"]?.doubles ?? [] }
  }

  @Test("an adapter is trained, scored, sampled and merged")
  func language() throws {
    let trained = try train("sft", "run", ["--use_peft", "--lora_r", "2", "--use_dora"])
    #expect(trained.status == 0, "\(trained.errors)")
    let run = folder.path("run")
    let names = try FileManager.default.contentsOfDirectory(atPath: run)
    #expect(names.contains("adapter_config.json") && !names.contains("model.safetensors"))
    let found = try logProbs(run)
    #expect(!found.isEmpty)
    #expect(try !areClose(found, logProbs(base), within: 1e-3))

    let generated = try attune(
      "generate", "--model_name_or_path", run, "--prompt", "ab", "--max_new_tokens", "4",
      "--temperature", "0", "--json")
    #expect(generated.status == 0, "\(generated.errors)")
    #expect(try generated.rows[0]["ids"]?.integers.isEmpty == false)

    let merged = folder.path("merged")
    let merging = try attune("merge", "--model_name_or_path", run, "--output_dir", merged)
    #expect(merging.status == 0, "\(merging.errors)")
    #expect(merging.output.contains("parameters in float32"))
    #expect(try ModelFolder(URL(filePath: merged)).adapter == nil)
    #expect(areClose(try logProbs(merged), found, within: 1e-5))
    #expect(try ModelFolder(URL(filePath: merged)).tokenizer().vocabularyCount > 0)
  }

  @Test("a reward model's adapter is trained, scored and merged")
  func reward() throws {
    let trained = try train(
      "reward", "run", ["--use_peft", "--lora_target_modules", "q_proj,v_proj"])
    #expect(trained.status == 0, "\(trained.errors)")
    func scores(_ model: String) throws -> [Double] {
      try rows(["score", pairs, "--model_name_or_path", model])
        .compactMap { $0["chosen_score"]?.double }
    }
    let found = try scores(folder.path("run"))
    #expect(found.count == 2)
    let merging = try attune(
      "merge", "--model_name_or_path", folder.path("run"), "--output_dir", folder.path("merged"))
    #expect(merging.status == 0, "\(merging.errors)")
    #expect(areClose(try scores(folder.path("merged")), found, within: 1e-5))
    let evaluated = try attune(
      "evaluate", "--model_name_or_path", folder.path("run"), "--dataset_path", pairs)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
  }

  @Test("an adapter goes on being trained, and serves as reference", arguments: [false, true])
  func continued(inFewBits: Bool) throws {
    let bits = inFewBits ? ["--load_in_4bit"] : []
    #expect(try train("sft", "sft", ["--use_peft"] + bits).status == 0)
    let dpo = try train(
      "dpo", "dpo", from: folder.path("sft"),
      ["--use_peft", "--ref_model", folder.path("sft")] + bits)
    #expect(dpo.status == 0, "\(dpo.errors)")
    #expect(dpo.errors.isEmpty)
    let evaluated = try attune(
      "evaluate", "--model_name_or_path", "a=\(folder.path("sft")),b=\(folder.path("dpo"))",
      "--ref_model", base, "--dataset_path", demonstrations, "--max_new_tokens", "4")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
  }

  @Test("models in few bits are read, scored and sampled", arguments: ["4", "8"])
  func fewBits(bits: String) throws {
    let exact = try logProbs(base)
    let rough = try logProbs(base, ["--load_in_\(bits)bit"])
    #expect(rough != exact)
    #expect(areClose(rough, exact, within: bits == "8" ? 0.1 : 1.5))
    let generated = try attune(
      "generate", "--model_name_or_path", base, "--prompt", "ab", "--max_new_tokens", "4",
      "--load_in_\(bits)bit")
    #expect(generated.status == 0, "\(generated.errors)")
  }

  @Test("settings that make no sense are refused with what would")
  func refused() throws {
    let cases: [([String], Int32, String)] = [
      (["--use_peft", "--lora_r", "0"], 2, "--lora_r: expected at least 1, found 0"),
      (["--use_peft", "--lora_alpha", "-1"], 2, "--lora_alpha: expected a number above 0"),
      (["--use_peft", "--lora_dropout", "1"], 2, "--lora_dropout: expected 0 to below 1"),
      (["--load_in_4bit", "--load_in_8bit"], 2, "give one of them"),
      (["--load_in_4bit"], 2, "use_peft as well"),
      (["--use_peft", "--lora_target_modules", "qproj"], 2, "there are down_proj, gate_proj"),
      (
        ["--use_peft", "--lora_target_modules", "q_proj,vproj"], 2,
        "target_modules: the model has no module 'vproj'"
      ),
      (["--use_peft", "--lora_modules_to_save", "embed"], 2, "modules_to_save: the model has no"),
      (["--use_peft", "--lora_target_modules", "(q"], 4, "it is no regular expression"),
    ]
    for (arguments, status, sentence) in cases {
      let result = try train("sft", "run-\(UUID().uuidString)", arguments)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(sentence), "\(arguments): \(result.errors)")
    }
  }

  @Test("merge refuses whole models, and to overwrite what it reads")
  func refusedMerges() throws {
    #expect(try train("sft", "run", ["--use_peft"]).status == 0)
    func merge(_ adapter: String, _ output: String, _ more: [String] = []) throws -> CommandResult {
      try attune(["merge", "--model_name_or_path", adapter, "--output_dir", output] + more)
    }
    let whole = try merge(base, folder.path("out"))
    #expect(whole.status == 2 && whole.errors.contains("nothing to merge"))
    let over = try merge(folder.path("run"), base)
    #expect(over.status == 2 && over.errors.contains("the base is there"))
    let itself = try merge(folder.path("run"), folder.path("run"))
    #expect(itself.status == 2 && itself.errors.contains("the adapter is there"))
    let size = try merge(folder.path("run"), folder.path("out"), ["--max_shard_size", "many"])
    #expect(size.status == 2 && size.errors.contains("--max_shard_size"))
    let missing = try merge(
      folder.path("run"), folder.path("out"),
      ["--base_model_name_or_path", folder.path("nowhere")])
    #expect(missing.status == 4)
    #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
  }

  @Test("a merged model is cut into shards and stored in the type asked for")
  func shards() throws {
    #expect(try train("sft", "run", ["--use_peft"]).status == 0)
    let result = try attune(
      "merge", "--model_name_or_path", folder.path("run"), "--output_dir", folder.path("out"),
      "--max_shard_size", "4KB", "--save_dtype", "bfloat16")
    #expect(result.status == 0, "\(result.errors)")
    let opened = try ModelFolder(URL(filePath: folder.path("out")))
    #expect(opened.configuration.storedType == .bfloat16)
    #expect(
      FileManager.default.fileExists(
        atPath: folder.path("out/model.safetensors.index.json")))
    #expect(
      areClose(
        try logProbs(folder.path("out")), try logProbs(folder.path("run")), within: 0.1))
  }
}
