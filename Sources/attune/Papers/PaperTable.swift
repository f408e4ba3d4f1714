// SPDX-License-Identifier: Apache-2.0

/// Every paper of the index: the one place that says what is covered.
enum PaperTable {
  /// All entries, by number.
  static let entries = first + second

  /// The page of the documentation.
  static func markdown(_ papers: [Paper]) -> [String] {
    let columns = ["no.", "name", "title", "arXiv", "kind", "status", "command", "measured"]
    let counts = Paper.Status.allCases.map { status in
      "\(papers.count { $0.status == status }) \(status.words)"
    }
    return [
      "# Paper index", "",
      "The systems of the field that this project covers or means to cover, one row each, from the table in",
      "`Sources/attune/Papers`. This page is the output of `attune papers --format markdown`; `attune papers",
      "search WORDS` finds a paper by title, kind, arXiv id or command. \"Implemented\" means that the method",
      "runs and its formulas are tested; \"reproduced\", that an experiment shows its claim; \"measured\" is what was",
      "measured here, not what the paper reports.", "",
      "\(papers.count) papers: \(counts.joined(separator: ", ")).", "",
      "| \(columns.joined(separator: " | ")) |",
      "| \(columns.map { _ in "---" }.joined(separator: " | ")) |",
    ] + papers.map(\.row)
  }

  private static let first: [Paper] = [
    Paper(
      1, "attack-survey",
      "Survey of Vulnerabilities in Large Language Models Revealed by Adversarial Attacks",
      ["2310.10844"], "survey; red-team harness"),
    Paper(
      2, "pedagogical", "Pedagogical Alignment of Large Language Models", ["2402.05000"],
      "construction of pairs; DPO, IPO and KTO compared", .partly,
      command: "attune dpo, attune kto",
      note: "the three losses train; the tutor's records and the comparison are missing"),
    Paper(
      3, "qdhf",
      "Quality Diversity through Human Feedback: Towards Open-Ended Diversity-Driven Optimization",
      ["2310.12103"], "quality diversity with learned measures"),
    Paper(
      4, "urial",
      "The Unlocking Spell on Base LLMs: Rethinking Alignment via In-Context Learning",
      ["2312.01552"], "analysis of token shift; prompting; rubric judge"),
    Paper(
      5, "learning-to-summarize", "Learning to summarize from human feedback", ["2009.01325"],
      "pipeline: SFT, reward model, PPO", .partly, command: "attune quickstart",
      note:
        "the pipeline runs on the village's summaries; the study of over-optimisation is missing",
      measured:
        "three seeds: PPO wins against SFT on 70 to 76 % of prompts by gold score (Docs/quickstart.md)"
    ),
    Paper(
      6, "lipo", "LiPO: Listwise Preference Optimization through Learning-to-Rank", ["2402.01878"],
      "losses on ranked lists", .implemented, command: "attune lipo, attune reproduce lipo",
      note: "its eight losses train on ranked or scored lists",
      measured:
        "3 of 4 held: with 64 lists 1.78 against 1.48 of DPO on two answers each; λ's ranking test does not hold"
    ),
    Paper(
      7, "jailbreaks-over-time",
      "JailbreaksOverTime: Detecting Jailbreak Attacks Under Distribution Shift", ["2504.19440"],
      "detector and monitor over time"),
    Paper(
      8, "selm",
      "Self-Exploring Language Models: Active Preference Elicitation for Online Alignment",
      ["2405.19332"], "optimistic online DPO", .partly,
      command: "attune reproduce selm, attune dpo --loss_type selm",
      note:
        "a bandit with tables and a small language model; on rows of one's own, sampling and ranking between rounds are left to the user",
      measured:
        "not held, 10 of 11: a small language model asks about 2 % more answers than iterative DPO, not 20 %; a table about 94 % more"
    ),
    Paper(
      9, "rm-r1", "RM-R1: Reward Modeling as Reasoning", ["2505.02387"], "reasoning judge"),
    Paper(
      10, "modpo",
      "Beyond One-Preference-Fits-All Alignment: Multi-Objective Direct Preference Optimization",
      ["2310.03708"], "multi-objective pairs", .partly,
      command: "attune reproduce modpo, attune dpo --loss_type modpo",
      note: "exact experiment; the fronts of a language model over weights are missing",
      measured: "held, 5 of 5: within 2e-16 of the closed form at weights 0.2, 0.5 and 0.8"),
    Paper(
      11, "hc-rlhf",
      "Reinforcement Learning from Human Feedback with High-Confidence Safety Constraints",
      ["2506.08266"], "constrained RLHF with a safety test"),
    Paper(
      12, "ma-rlhf",
      "MA-RLHF: Reinforcement Learning from Human Feedback with Macro Actions", ["2410.02743"],
      "PPO over macro actions"),
    Paper(
      13, "safe-rlhf-v",
      "Safe RLHF-V: Safe Reinforcement Learning from Multi-modal Human Feedback",
      ["2503.17682", "2310.12773"], "Lagrangian PPO with a cost model; guard"),
    Paper(
      14, "nash-md", "Nash Learning from Human Feedback", ["2312.00886"],
      "game: mirror descent against a mixture"),
    Paper(
      15, "online-ipo",
      "Human Alignment of Large Language Models through Online Preference Optimisation",
      ["2403.08635"], "game: online IPO, IPO-MD", .partly,
      command: "attune reproduce online_ipo",
      note:
        "exact experiment; offline, attune dpo --loss_type ipo_sum; a language model that samples its own pairs is missing",
      measured: "held, 6 of 6"),
    Paper(
      16, "zhongjing",
      "Zhongjing: Enhancing the Chinese Medical Capabilities of Large Language Model through Expert Feedback "
        + "and Real-world Multi-turn Dialogue",
      ["2308.03549"], "pipeline for medical dialogue"),
    Paper(
      17, "realhf",
      "ReaL: Efficient RLHF Training of Large Language Models with Parameter Reallocation",
      ["2406.14088"], "planner and reallocation across workers"),
    Paper(
      18, "rationales", "Data-Centric Human Preference Optimization with Rationales",
      ["2407.14477"],
      "pairs with a rationale"),
    Paper(
      19, "f-dpg", "Aligning Language Models with Preferences through f-divergence Minimization",
      ["2302.08215"], "policy gradient towards a distribution", .partly,
      command: "attune reproduce fdpg",
      note: "exact experiment with six divergences; a language model is missing",
      measured: "held, 6 of 6"
    ),
    Paper(
      20, "safety-subspaces", "Safety Subspaces are Not Distinct: A Fine-Tuning Case Study",
      ["2505.14185"], "analysis of weights and activations"),
    Paper(
      21, "cgpo", "The Perfect Blend: Redefining RLHF with Mixture of Judges", ["2409.20370"],
      "constrained optimisation with several judges"),
    Paper(
      22, "model-surgery",
      "Model Surgery: Modulating LLM's Behavior Via Simple Parameter Editing", ["2407.08770"],
      "behaviour probe and editing of weights"),
    Paper(
      23, "deal", "DeAL: Decoding-time Alignment for Large Language Models", ["2402.06147"],
      "look-ahead decoding"),
    Paper(
      24, "bai",
      "Balanced Actor Initialization: Stable RLHF Training of Distillation-Based Reasoning Models",
      ["2509.00309"], "merging before RL"),
  ]

  private static let second: [Paper] = [
    Paper(
      25, "cot-impact", "On the Impact of Fine-Tuning on Chain-of-Thought Reasoning",
      ["2411.15382"], "evaluation of faithfulness"),
    Paper(
      26, "carebot", "CareBot: A Pioneering Full-Process Open-Source Medical Language Model",
      ["2412.15236"], "pipeline: two-stage pretraining, filters, DPO"),
    Paper(
      27, "aligndistil",
      "AlignDistil: Token-Level Language Model Alignment as Adaptive Policy Distillation",
      ["2503.02832"], "distillation from DPO and reverse DPO", .partly,
      command: "attune reproduce aligndistil",
      note: "the loss and a small language model; a command for models of one's own is missing",
      measured:
        "3 of 5 held: DPO's reward in 10 of its 150 steps, but no gain of 0.2 over DPO at the end"
    ),
    Paper(
      28, "hippocrates",
      "Hippocrates: An Open-Source Framework for Advancing Large Language Models in Healthcare",
      ["2404.16621"], "pipeline and evaluation harness"),
    Paper(
      29, "alpamayo-r1",
      "Alpamayo-R1: Bridging Reasoning and Action Prediction for Generalizable Autonomous Driving in the Long Tail",
      ["2511.00088"], "reasoning with an action expert"),
    Paper(
      30, "humansense",
      "HumanSense: From Multimodal Perception to Empathetic Context-Aware Responses through Reasoning MLLMs",
      ["2508.10576"], "staged multi-modal RL"),
    Paper(
      31, "dress",
      "DRESS: Instructing Large Vision-Language Models to Align and Interact with Humans via Natural Language "
        + "Feedback",
      ["2311.10081"], "fine-tuning conditioned on critiques"),
    Paper(
      32, "rlhf-survey", "A Survey of Reinforcement Learning from Human Feedback", ["2312.14925"],
      "survey; coverage of kinds of feedback"),
    Paper(
      33, "cpl", "Contrastive Preference Learning: Learning from Human Feedback without RL",
      ["2310.13639"], "contrastive loss on segments", .partly, command: "attune reproduce cpl",
      note: "the grid world; continuous control is missing", measured: "held, 6 of 6"),
    Paper(
      34, "rlhs", "RLHS: Mitigating Misalignment in RLHF with Hindsight Simulation",
      ["2501.08617"], "labels with hindsight"),
    Paper(
      35, "rluf", "Reinforcement Learning from User Feedback", ["2505.14946"],
      "reward model of reactions"),
    Paper(
      36, "heron",
      "Deep Reinforcement Learning from Hierarchical Weak Preference Feedback", ["2309.02632"],
      "pairs from ranked signals"),
    Paper(
      37, "secrets-2", "Secrets of RLHF in Large Language Models Part II: Reward Modeling",
      ["2401.06080"], "data and losses of reward models"),
    Paper(
      38, "vpl",
      "Personalizing Reinforcement Learning from Human Feedback with Variational Preference Learning",
      ["2408.10075"], "reward model with a latent for each user"),
    Paper(
      39, "regret-preference",
      "Models of human preference for learning reward functions", ["2206.02231"],
      "regret in place of summed reward"),
    Paper(
      40, "icpl", "Few-shot In-Context Preference Learning Using Large Language Models",
      ["2410.17233"], "reward code written in context"),
    Paper(
      41, "rl-perspective",
      "Reinforcement Learning in the Era of LLMs: What is Essential? What is needed? An RL Perspective on RLHF, "
        + "Prompting, and Beyond",
      ["2310.06147", "2309.06553"], "position; imitation and inverse RL for prompts"),
    Paper(
      42, "fine-grained-rlhf",
      "Fine-Grained Human Feedback Gives Better Rewards for Language Model Training",
      ["2306.01693"], "dense rewards of several kinds"),
    Paper(
      43, "nash-mp", "Accelerating Nash Learning from Human Feedback via Mirror Prox",
      ["2505.19731"], "game: mirror prox"),
    Paper(
      44, "domain-reward",
      "Leveraging Domain Knowledge for Efficient Reward Modelling in RLHF: A Case-Study in E-Commerce Opinion "
        + "Summarization",
      ["2402.15473"], "reward model over named features"),
    Paper(
      45, "inpo",
      "Iterative Nash Policy Optimization: Aligning LLMs with General Preferences via No-Regret Learning",
      ["2407.00617"], "game: iterated loss on pairs"),
    Paper(
      46, "alignment-ceiling",
      "The Alignment Ceiling: Objective Mismatch in Reinforcement Learning from Human Feedback",
      ["2311.00168", "2210.10760"], "position; measures of over-optimisation", .partly,
      note: "best-of-n estimates and their KL are in the library Evaluation; the study is missing"),
    Paper(
      47, "raft", "RAFT: Reward rAnked FineTuning for Generative Foundation Model Alignment",
      ["2304.06767"], "best of K, then fine-tuning", .partly, command: "attune reproduce raft",
      note: "exact experiment and the library's loop; a command for language models is missing",
      measured: "held, 6 of 6"),
  ]
}
