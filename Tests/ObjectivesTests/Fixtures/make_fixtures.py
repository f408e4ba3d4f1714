# SPDX-License-Identifier: Apache-2.0
"""Makes the reference numbers beside this script: objectives, advantages and penalties in float64.

    pip install torch==2.13.0 transformers==5.23.0 trl==1.16.0
    python make_fixtures.py

The numbers come from formulas.py. Gradients are autograd's and are checked here against central
differences. DPO and the reward-model loss are checked against TRL's own trainer code as well, and
trl_preference.json holds what that code gives for every pair loss it knows. Nothing is random.
"""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import trl
from trl import DPOTrainer, RewardTrainer

import formulas as f

HERE = Path(__file__).resolve().parent


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def plain(value):
    """Tensors, arrays and containers of them as JSON values."""
    if isinstance(value, torch.Tensor):
        return value.detach().tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def write(name, value):
    def render(node, indent):
        pad = " " * indent
        if isinstance(node, dict):
            inner = ",\n".join(f"{pad} {json.dumps(k)}: {render(v, indent + 1)}" for k, v in node.items())
            return "{\n" + inner + "\n" + pad + "}"
        if isinstance(node, list) and node and isinstance(node[0], dict):
            return "[\n" + ",\n".join(pad + " " + render(v, indent + 1) for v in node) + "\n" + pad + "]"
        return json.dumps(node)

    (HERE / name).write_text(render(plain(value), 0) + "\n", encoding="utf-8")


def gradients(function, *inputs):
    """The value of a scalar function and its gradients, checked by central differences."""
    inputs = [value.clone().requires_grad_() for value in inputs]
    value = function(*inputs)
    result = torch.autograd.grad(value, inputs)
    step = 1e-6
    for index, (given, gradient) in enumerate(zip(inputs, result)):
        numeric = torch.zeros_like(given)
        for position in range(given.numel()):
            shifted = []
            for sign in (1, -1):
                moved = [other.detach().clone() for other in inputs]
                moved[index].reshape(-1)[position] += sign * step
                shifted.append(function(*moved).item())
            numeric.reshape(-1)[position] = (shifted[0] - shifted[1]) / (2 * step)
        scale = max(1.0, abs(value.item()))
        torch.testing.assert_close(gradient, numeric, rtol=1e-6, atol=1e-7 * scale)
    return value.detach(), *result


# --- DPO -----------------------------------------------------------------------------------------

PAIRS = {  # sums over completion tokens, in nats
    "policy_chosen": [-12.0, -30.5, -7.25, -3.0, -41.125],
    "policy_rejected": [-14.0, -29.0, -7.25, -2.5, -60.0],
    "reference_chosen": [-13.0, -30.0, -7.0, -3.0, -40.0],
    "reference_rejected": [-13.5, -30.0, -7.5, -2.5, -44.0],
}


def dpo_case(inputs, beta, smoothing):
    values = {name: tensor(row) for name, row in inputs.items()}
    reference = (values["reference_chosen"], values["reference_rejected"])

    def mean_loss(chosen, rejected):
        return f.dpo(chosen, rejected, *reference, beta, smoothing).mean()

    loss, chosen, rejected = gradients(
        mean_loss, values["policy_chosen"], values["policy_rejected"])
    chosen_rewards = beta * (values["policy_chosen"] - reference[0])
    rejected_rewards = beta * (values["policy_rejected"] - reference[1])
    return {
        "beta": beta, "label_smoothing": smoothing,
        "per_pair": f.dpo(values["policy_chosen"], values["policy_rejected"], *reference, beta, smoothing),
        "loss": loss, "gradient_chosen": chosen, "gradient_rejected": rejected,
        "rewards/chosen": chosen_rewards.mean(), "rewards/rejected": rejected_rewards.mean(),
        "rewards/margins": (chosen_rewards - rejected_rewards).mean(),
        "rewards/accuracies": (chosen_rewards > rejected_rewards).double().mean(),
    }


def make_dpo():
    far = {  # log-ratios of several hundred nats: the loss must stay finite and exact
        "policy_chosen": [-900.0, -1.0], "policy_rejected": [-1.0, -900.0],
        "reference_chosen": [-1.0, -900.0], "reference_rejected": [-900.0, -1.0]}
    cases = [dpo_case(PAIRS, beta, smoothing)
             for beta, smoothing in [(0.1, 0.0), (0.1, 0.1), (0.5, 0.0), (0.5, 0.3), (2.0, 0.05)]]
    write("dpo.json", {
        "inputs": PAIRS, "cases": cases,
        "far_inputs": far, "far_cases": [dpo_case(far, 0.1, 0.0), dpo_case(far, 0.1, 0.1)]})


# --- reward model --------------------------------------------------------------------------------

SCORES = {"chosen": [1.2, 0.3, -0.5], "rejected": [0.2, 0.8, -1.5], "margin": [1.0, 0.0, 0.5]}


def make_reward_model():
    chosen, rejected, margin = (tensor(SCORES[name]) for name in ("chosen", "rejected", "margin"))
    options = {
        "plain": {}, "margin": {"margin": True}, "smoothing": {"label_smoothing": 0.1},
        "center": {"center_coefficient": 0.01}, "l2": {"l2_coefficient": 0.001},
        "all": {"margin": True, "label_smoothing": 0.05, "center_coefficient": 0.02, "l2_coefficient": 0.003},
    }
    cases = []
    for name, option in options.items():
        def loss_of(c, r, option=option):
            return f.bradley_terry(
                c, r, margin if option.get("margin") else None, option.get("label_smoothing", 0.0),
                option.get("center_coefficient", 0.0), option.get("l2_coefficient", 0.0))

        loss, gradient_chosen, gradient_rejected = gradients(loss_of, chosen, rejected)
        cases.append({"name": name, "options": option, "loss": loss,
                      "gradient_chosen": gradient_chosen, "gradient_rejected": gradient_rejected})
    far = (tensor([500.0, -500.0]), tensor([-500.0, 500.0]))
    ranked = tensor([2.0, 1.0, 0.5, -1.0])
    k_wise, k_wise_gradient = gradients(f.k_wise, ranked)
    plackett_luce, plackett_luce_gradient = gradients(f.plackett_luce, ranked)
    write("reward_model.json", {
        "inputs": SCORES, "cases": cases,
        "metrics": {
            "accuracy": (chosen > rejected).double().mean(), "margin": (chosen - rejected).mean(),
            "mean_reward": torch.cat([chosen, rejected]).mean(),
            "min_reward": torch.cat([chosen, rejected]).min(),
            "max_reward": torch.cat([chosen, rejected]).max()},
        "far": {"chosen": far[0], "rejected": far[1], "loss": f.bradley_terry(*far)},
        "ranking": {
            "best_first": ranked, "k_wise": k_wise, "k_wise_gradient": k_wise_gradient,
            "plackett_luce": plackett_luce, "plackett_luce_gradient": plackett_luce_gradient}})


# --- KL ------------------------------------------------------------------------------------------


def make_kl():
    d = tensor([0.5, -0.3, 0.0, 1.2, -4.0, 6.0])
    estimators = {}
    for name in ("k1", "abs", "k2", "k3"):
        kept = d[d != 0] if name == "abs" else d  # |d| has no derivative at 0
        _, gradient = gradients(lambda x, name=name: f.kl_estimators(x)[name].sum(), kept)
        estimators[name] = {"values": f.kl_estimators(d)[name], "gradient_inputs": kept, "gradient": gradient}
    policy, reference = tensor([0.5, 0.3, 0.2]), tensor([0.4, 0.4, 0.2])
    ratio = policy.log() - reference.log()
    write("kl.json", {
        "log_ratio": d, "estimators": estimators,
        "categorical": {
            "policy": policy, "reference": reference, "full": (policy * ratio).sum(),
            "expected": {name: (policy * value).sum() for name, value in f.kl_estimators(ratio).items()}},
        "adaptive": [
            {"initial": initial, "target": target, "horizon": horizon, "episodes": episodes,
             "sequence_kl": measured,
             "coefficients": f.adaptive_coefficients(initial, target, horizon, episodes, measured)}
            for initial, target, horizon, episodes, measured in [
                (0.2, 6.0, 10000, 256, [12.0, 6.5, 1.0]),
                (0.05, 1.0, 1000, 64, [0.0, 0.9, 1.1, 40.0, 1.0])]]})


# --- rollouts: token rewards, advantages, whitening ----------------------------------------------

ROLLOUT = {
    "log_probs": [[-1, -0.5, -2, -0.3], [-0.7, -1.2, -0.1, -0.4]],
    "reference": [[-1.1, -0.7, -1.5, -0.3], [-0.9, -1, -0.4, -0.6]],
    "lengths": [3, 4], "scores": [1.5, -0.5], "beta": 0.1,
    "values": [[0.2, 0.1, 0.3, 0.4], [0, 0.5, -0.2, 0.1]],
}


def rollout_case(position, gamma, lam):
    log_probs, reference, values = (tensor(ROLLOUT[name]) for name in ("log_probs", "reference", "values"))
    lengths, width = ROLLOUT["lengths"], log_probs.shape[1]
    rewards = f.token_rewards(log_probs, reference, lengths, ROLLOUT["scores"], ROLLOUT["beta"], position)
    policy_mask = f.length_mask(lengths, width)
    kept = [min(length + 1, width) for length in lengths] if position == "afterLast" else lengths
    value_mask = f.length_mask(kept, width)
    advantages, returns = f.gae(rewards, values, gamma, lam, value_mask)
    return {
        "score_position": position, "gamma": gamma, "gae_lambda": lam, "rewards": rewards,
        "policy_mask": policy_mask, "value_mask": value_mask, "advantages": advantages,
        "returns": returns, "whitened": f.whiten(advantages, policy_mask)}


def make_rollouts():
    rewards, values = tensor([[0.1, -0.2, 0.0, 1.0]]), tensor([[0.5, 0.4, 0.3, 0.2]])
    everything = torch.ones(1, 4, dtype=torch.float64)
    gae = []
    for gamma, lam in [(1.0, 0.95), (0.99, 0.9), (1.0, 1.0), (1.0, 0.0), (0.9, 0.5)]:
        advantages, returns = f.gae(rewards, values, gamma, lam, everything)
        gae.append({"gamma": gamma, "gae_lambda": lam, "advantages": advantages[0], "returns": returns[0]})
    x, mask = tensor([[1, 2, 3, 9], [4, 0, 9, 9]]), tensor([[1, 1, 1, 0], [1, 1, 0, 0]])
    # The two rows of x are whitened one by one and as one batch.
    whitening = [
        {"shift_mean": shift, "unbiased": unbiased,
         "rows_alone": torch.cat([f.whiten(x[i:i + 1], mask[i:i + 1], shift, unbiased) for i in (0, 1)]),
         "batch": f.whiten(x, mask, shift, unbiased)}
        for shift in (True, False) for unbiased in (False, True)]
    write("rollouts.json", {
        "inputs": ROLLOUT,
        "cases": [rollout_case(position, gamma, lam) for position in ("lastToken", "afterLast")
                  for gamma, lam in [(1.0, 0.95), (0.9, 0.7)]],
        "gae": {"rewards": rewards[0], "values": values[0], "cases": gae},
        "whitening": {"x": x, "mask": mask, "cases": whitening}})


# --- PPO -----------------------------------------------------------------------------------------

POLICY = {
    "log_probs": [[-1.0, -0.5, -2.0, -0.3], [-0.7, -1.2, -0.1, -9.0]],
    "old_log_probs": [[-1.1, -0.1, -2.3, -0.3], [-2.5, -1.1, -0.4, -1.0]],
    "advantages": [[1.0, -0.5, -1.0, 2.0], [-1.0, 0.7, 0.4, 5.0]],
    "mask": [[1, 1, 1, 1], [1, 1, 1, 0]],
}
VALUES = {
    "values": [[0.9, 0.1, -0.4, 0.35], [1.5, -0.2, 0.05, 7.0]],
    "old_values": [[0.5, 0.2, 0.0, 0.3], [1.45, 0.4, 0.0, 0.0]],
    "returns": [[1.0, 0.5, -0.1, 0.2], [0.2, 0.6, -0.4, 3.0]],
    "mask": [[1, 1, 1, 1], [1, 1, 1, 0]],
}


def policy_case(epsilon, dual_clip):
    log_probs, old, advantages, mask = (tensor(POLICY[name]) for name in POLICY)
    loss, gradient = gradients(
        lambda x: f.masked_mean(f.ppo_policy_tokens(x, old, advantages, epsilon, dual_clip), mask), log_probs)
    difference = log_probs - old
    ratio = difference.exp()
    clipped = -advantages * ratio < -advantages * ratio.clamp(1 - epsilon, 1 + epsilon)
    return {
        "clip_range": epsilon, "dual_clip": dual_clip,
        "tokens": f.ppo_policy_tokens(log_probs, old, advantages, epsilon, dual_clip) * mask,
        "loss": loss, "gradient": gradient,
        "ratio_mean": f.masked_mean(ratio, mask),
        "approximate_kl": 0.5 * f.masked_mean(difference**2, mask),
        "clip_fraction": f.masked_mean(clipped.double(), mask)}


def value_case(epsilon):
    values, old, returns, mask = (tensor(VALUES[name]) for name in VALUES)
    loss, gradient = gradients(
        lambda x: 0.5 * f.masked_mean(f.value_tokens(x, old, returns, epsilon), mask), values)
    case = {"clip_range_value": epsilon, "loss": loss, "gradient": gradient,
            "tokens": f.value_tokens(values, old, returns, epsilon) * mask}
    if epsilon is not None:
        worse = f.value_tokens(values, old, returns, epsilon) > f.value_tokens(values, old, returns)
        case["clip_fraction"] = f.masked_mean(worse.double(), mask)
    return case


def make_ppo():
    logits = tensor([[[2.0, 1.0, 0.5, -1.0], [0.0, 0.0, 0.0, 0.0]], [[30.0, -30.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0]]])
    mask = tensor([[1, 1], [1, 0]])
    entropy, entropy_gradient = gradients(lambda x: f.masked_mean(f.entropies(x), mask), logits)
    returns, values = tensor(VALUES["returns"]), tensor(VALUES["values"])
    kept = tensor(VALUES["mask"]) == 1
    residual = (returns - values)[kept].var(correction=0)
    write("ppo.json", {
        "policy_inputs": POLICY,
        "policy_cases": [policy_case(*case) for case in [(0.2, None), (0.2, 3.0), (0.05, 2.0)]],
        "value_inputs": VALUES,
        "value_cases": [value_case(epsilon) for epsilon in (0.2, 0.04, None)],
        "explained_variance": 1 - residual / returns[kept].var(correction=0),
        "entropy": {"logits": logits, "mask": mask, "tokens": f.entropies(logits),
                    "mean": entropy, "gradient": entropy_gradient}})


# --- TRL's own trainer code ----------------------------------------------------------------------

TOKENS = {  # per-token log-probabilities of four pairs
    "policy_chosen": [[-0.5, -1.2, -0.3], [-0.9, -0.4], [-0.2, -0.7, -1.1, -0.6], [-2.0, -1.5, -0.1]],
    "reference_chosen": [[-0.9, -1.9, -0.7], [-0.8, -0.2], [-0.5, -1.4, -1.3, -0.7], [-2.6, -3.1, -0.9]],
    "policy_rejected": [[-0.8, -0.6, -1.5, -0.4], [-1.0, -0.4, -0.3], [-0.6, -0.9], [-1.1, -0.7, -0.9, -1.6, -0.2]],
    "reference_rejected": [[-0.6, -0.9, -1.1, -0.3], [-1.1, -0.8, -0.6], [-0.8, -1.1], [-0.4, -0.5, -0.8, -1.3, -0.1]],
}
ACCELERATOR = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)


def padded(rows, width):
    return tensor([row + [0.0] * (width - len(row)) for row in rows])


def trl_dpo(log_probs, lengths, reference_chosen, reference_rejected, **settings):
    """The loss of DPOTrainer._compute_loss on given per-token log-probs [2B, T]."""
    width = log_probs.shape[1] + 1  # one prompt token in front
    mask = torch.tensor([[0] + [1] * n + [0] * (width - 1 - n) for n in lengths])
    outputs = SimpleNamespace(
        log_probs=log_probs, entropy=torch.zeros_like(log_probs),
        mean_logits=torch.zeros_like(log_probs), is_top1=torch.zeros_like(log_probs, dtype=torch.bool))
    trainer = SimpleNamespace(**({
        "model": SimpleNamespace(training=True), "accelerator": ACCELERATOR, "aux_loss_enabled": False,
        "ld_alpha": None, "precompute_ref_logps": True, "f_divergence_type": "reverse_kl",
        "f_alpha_divergence_coef": 0.5, "loss_types": ["sigmoid"], "loss_weights": [1.0], "beta": 0.1,
        "label_smoothing": 0.0, "use_weighting": False, "_metrics": {"train": defaultdict(list)},
        "_total_train_tokens": 0, "_tp_size": 1, "args": SimpleNamespace(discopop_tau=0.05),
    } | settings))
    inputs = {
        "input_ids": torch.ones_like(mask), "attention_mask": torch.ones_like(mask), "completion_mask": mask,
        "ref_chosen_logps": reference_chosen, "ref_rejected_logps": reference_rejected}
    return DPOTrainer._compute_loss(trainer, lambda **_: outputs, inputs, False)


def trl_reward(chosen, rejected, margin=None, center=None):
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True), accelerator=ACCELERATOR, _metrics={"train": defaultdict(list)},
        _total_train_tokens=0, _tp_size=1, args=SimpleNamespace(center_rewards_coefficient=center))
    outputs = SimpleNamespace(logits=torch.cat([chosen, rejected])[:, None])

    class Model:  # `margin` is passed through to the model, whose real forward ignores it
        def __call__(self, **_):
            return outputs

    inputs = {"attention_mask": torch.ones(2 * len(chosen), 1)}
    if margin is not None:
        inputs["margin"] = margin
    return RewardTrainer.compute_loss(trainer, Model(), inputs)


def check_against_trl():
    reference = [tensor(PAIRS[name]) for name in ("reference_chosen", "reference_rejected")]
    sums = torch.cat([tensor(PAIRS["policy_chosen"]), tensor(PAIRS["policy_rejected"])])[:, None]
    for beta in (0.1, 0.5):
        theirs = trl_dpo(sums, [1] * len(sums), *reference, beta=beta)
        ours = f.dpo(*[tensor(PAIRS[name]) for name in ("policy_chosen", "policy_rejected")], *reference, beta, 0)
        torch.testing.assert_close(ours.mean(), theirs, rtol=1e-12, atol=1e-12)
    chosen, rejected, margin = (tensor(SCORES[name]) for name in ("chosen", "rejected", "margin"))
    for use_margin, center in [(False, None), (True, None), (False, 0.01), (True, 0.02)]:
        given = margin if use_margin else None
        torch.testing.assert_close(
            f.bradley_terry(chosen, rejected, given, center=center or 0.0),
            trl_reward(chosen, rejected, given, center), rtol=1e-12, atol=1e-12)


def make_trl_preference():
    """Loss and gradient of every pair loss of TRL's DPO trainer, beta 0.5, on TOKENS."""
    lengths = [len(row) for name in ("policy_chosen", "policy_rejected") for row in TOKENS[name]]
    width = max(lengths)
    log_probs = torch.cat([padded(TOKENS["policy_chosen"], width), padded(TOKENS["policy_rejected"], width)])
    reference = [tensor([sum(row) for row in TOKENS[name]]) for name in ("reference_chosen", "reference_rejected")]
    mask = f.length_mask(lengths, width)
    settings = {name: {"loss_types": [name]} for name in (
        "sigmoid", "hinge", "ipo", "nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero",
        "apo_down", "discopop", "sft", "sigmoid_norm")}
    settings |= {
        "robust": {"loss_types": ["robust"], "label_smoothing": 0.1},
        "exo_pair": {"loss_types": ["exo_pair"], "label_smoothing": 1e-3},
        "aot smoothed": {"loss_types": ["aot"], "label_smoothing": 0.1},
        "forward_kl": {"f_divergence_type": "forward_kl"},
        "js_divergence": {"f_divergence_type": "js_divergence"},
        "mpo": {"loss_types": ["sigmoid", "bco_pair", "sft"], "loss_weights": [0.8, 0.2, 1.0]},
    }
    cases = []
    for name, setting in settings.items():
        loss, gradient = gradients(
            lambda x, setting=setting: trl_dpo(x * mask, lengths, *reference, beta=0.5, **setting), log_probs)
        cases.append({
            "name": name, "label_smoothing": setting.get("label_smoothing", 0.0), "loss": loss,
            "gradient_chosen": gradient[:4], "gradient_rejected": gradient[4:]})
    write("trl_preference.json", {
        "trl": trl.__version__, "beta": 0.5, "tokens": TOKENS,
        "note": "gradients are with respect to each policy token, padded with zeros to 5 columns",
        "cases": cases})


def main():
    torch.set_num_threads(1)
    check_against_trl()
    make_dpo()
    make_reward_model()
    make_kl()
    make_rollouts()
    make_ppo()
    make_trl_preference()


if __name__ == "__main__":
    main()
