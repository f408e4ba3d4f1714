// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command `attune`.
@main
struct Attune: ParsableCommand {
  /// The version of the program.
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "attune",
    abstract: "Reinforcement learning from human feedback, from data to aligned model.",
    discussion: """
      Results go to standard output, progress to standard error. Exit status: 0 done, 1 failed, \
      2 usage or settings, 3 data, 4 model or tokenizer, 5 out of memory, 130 interrupted twice.

      Option names take dashes for underscores, switches may stand bare (--json), lists are comma \
      lists or repeated options. Settings may stand in a YAML file: --config run.yaml.

        attune world write --kind comparisons --count 500 --output pairs.jsonl.gz
        attune data check pairs.jsonl.gz
      """,
    version: version,
    subcommands: [
      QuickstartCommand.self,
      PretrainCommand.self,
      SFTCommand.self,
      RewardCommand.self,
      DPOCommand.self,
      KTOCommand.self,
      LiPOCommand.self,
      PPOCommand.self,
      GRPOCommand.self,
      RLOOCommand.self,
      ReinforceCommand.self,
      MergeCommand.self,
      GenerateCommand.self,
      ChatCommand.self,
      ServeCommand.self,
      ScoreCommand.self,
      EvaluateCommand.self,
      PushCommand.self,
      ObjectivesCommand.self,
      PapersCommand.self,
      ReproduceCommand.self,
      WorldCommand.self,
      DataCommand.self,
      TokenizeCommand.self,
      EnvironmentCommand.self,
    ])

  static func main() { Launcher.main() }
}
