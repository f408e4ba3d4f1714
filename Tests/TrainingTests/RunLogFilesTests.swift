// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Training

@Suite("Run log files")
struct RunLogFilesTests {
  // Python: datetime.fromtimestamp(1800000000, timezone.utc) = 2027-01-15 08:00:00
  @Test("run.json is valid JSON with one member a line")
  func runInfo() throws {
    try withRunFolder { folder in
      var info = RunInfo(
        name: "a \"b\"", version: "0.1.0", seed: 42, device: "cpu", libtorchVersion: "2.13.0",
        host: "box",
        started: Date(timeIntervalSince1970: 1_800_000_000),
        commandLine: ["attune", "dpo", "--run_name", "a \"b\""], gitCommit: "abc123")
      let run = folder.appendingPathComponent("new/run")
      try info.write(to: run)
      info.finished = Date(timeIntervalSince1970: 1_800_000_090)
      info.wallSeconds = 90.5
      try info.write(to: run)
      let text = try run.text("run.json")
      #expect(
        text == #"""
          {
            "run_name": "a \"b\"",
            "version": "0.1.0",
            "seed": 42,
            "device": "cpu",
            "libtorch_version": "2.13.0",
            "host": "box",
            "started": "2027-01-15T08:00:00Z",
            "finished": "2027-01-15T08:01:30Z",
            "wall_seconds": 90.5,
            "command_line": ["attune", "dpo", "--run_name", "a \"b\""],
            "git_commit": "abc123"
          }

          """#)
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
    }
  }

  @Test("a model card has front matter without a licence, tables, and both commands")
  func modelCard() throws {
    try withRunFolder { folder in
      let card = ModelCard(
        name: "tiny-dpo", baseModel: "org/base", datasets: ["pairs.jsonl", "org/pairs"],
        hubBase: "org/base", hubDatasets: ["org/pairs"], method: "DPO",
        methodReference: "arXiv:2305.18290",
        hyperparameters: [("beta", "0.1"), ("loss_type", "a|b")],
        metrics: [("eval_loss", 0.512345)], usage: "attune chat .", evaluation: "attune eval .",
        tags: ["dpo"], version: "0.1.0")
      try card.write(to: folder)
      #expect(
        try folder.text("README.md") == """
          ---
          # license: name one that the base model and the data allow
          base_model: "org/base"
          datasets:
            - "org/pairs"
          library_name: attune
          pipeline_tag: text-generation
          tags:
            - "attune"
            - "dpo"
          ---

          # tiny-dpo

          `org/base` trained further with DPO (arXiv:2305.18290) on `pairs.jsonl`, `org/pairs`, by attune 0.1.0.

          ## Training

          | setting | value |
          |---|---|
          | `beta` | 0.1 |
          | `loss_type` | a\\|b |

          ## Results

          | metric | value |
          |---|---|
          | `eval_loss` | 0.5123 |

          ## Use

          ```sh
          attune chat .
          ```

          ## Evaluate

          ```sh
          attune eval .
          ```

          ## Licence

          To be named by the model's owner, here and in the front matter of this file.

          """)
    }
  }

  @Test("folders and files have no name that the hub would accept in front matter")
  func localNames() {
    let card = ModelCard(
      name: "local", baseModel: "sft", datasets: ["data/pairs.jsonl"], method: "DPO",
      hyperparameters: [], metrics: [], usage: "a", evaluation: "b", version: "1")
    #expect(card.markdown.contains("`sft` trained further with DPO on `data/pairs.jsonl`"))
    for part in ["base_model", "datasets:"] { #expect(!card.markdown.contains(part)) }
  }

  @Test("a card without base model, data and numbers leaves their parts out")
  func bareCard() {
    let card = ModelCard(
      name: "scratch", method: "SFT", hyperparameters: [], metrics: [], usage: "a",
      evaluation: "b", version: "1")
    #expect(card.markdown.contains("A model trained from scratch with SFT, by attune 1."))
    for part in ["base_model", "datasets", "## Training", "## Results"] {
      #expect(!card.markdown.contains(part))
    }
  }
}
