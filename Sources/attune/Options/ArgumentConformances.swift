// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Objectives
public import Torch
public import Training

// Choices of the library that are written as words on the command line.

extension LearningRateSchedule.Kind: ExpressibleByArgument {}
extension OptimizationSettings.Algorithm: ExpressibleByArgument {}
extension SaveStrategy: ExpressibleByArgument {}
extension EvalStrategy: ExpressibleByArgument {}
extension Packing: ExpressibleByArgument {}
extension KLEstimator: ExpressibleByArgument {}
extension PPOSettings.Whitening: ExpressibleByArgument {}
extension TokenRewards.ScorePosition: ExpressibleByArgument {}
extension ScoreProcessing.Scaling: ExpressibleByArgument {}
extension GroupAdvantage.Scale: ExpressibleByArgument {}
extension ListLabels: ExpressibleByArgument {}
