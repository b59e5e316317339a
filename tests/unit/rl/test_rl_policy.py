"""A trained agent answers as stable-baselines3 would, and refuses what does not fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.store import Refused, open_bundle, write_bundle
from hydra_quant.rl import learners, spaces, state
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy

NAMES, LENGTH = ("alpha", "beta", "gamma"), 2
SIZE = LENGTH * len(NAMES) + len(STATE)
CASES = {
    "ppo exposure": ("ppo", spaces.Exposure()),
    "ppo discrete": ("ppo", spaces.Discrete()),
    "ppo weights": ("ppo", spaces.Weights(2)),
    "ppo discrete of two pairs": ("ppo", spaces.Discrete(2)),
    "sac exposure": ("sac", spaces.Exposure()),
    "td3 exposure": ("td3", spaces.Exposure()),
}


def observed(rows: int, pairs: int = 1, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(3.0, 2.0, size=(rows, SIZE * pairs))
    return drawn.astype(np.float32)


def normaliser(pairs: int) -> Normaliser:
    found = Normaliser(SIZE * pairs)
    found.update(observed(100, pairs, seed=1))
    return found


def made(case: str):
    algo, space = CASES[case]
    options = AgentOptions(hidden=(16, 8), steps=64, n_steps=64).whole(algo)
    size = SIZE * space.n_pairs
    with torch.random.fork_rng():
        model = learners.build(algo, options, space, size, 1, "cpu")
        for weight in model.policy.parameters():  # far from 0, so that actions differ
            torch.nn.init.normal_(weight, std=0.5)
    policy = Policy(
        algo,
        state.policy_weights(model),
        normaliser(space.n_pairs),
        NAMES,
        LENGTH,
        space,
        options.activation,
    )
    return model, policy


@pytest.fixture
def policy() -> Policy:
    return made("ppo exposure")[1]


@pytest.mark.parametrize("case", CASES)
def test_acts_as_stable_baselines3_predicts(case: str) -> None:
    model, policy = made(case)
    seen = observed(200, policy.space.n_pairs)
    wanted = model.predict(policy.normaliser.apply(seen), deterministic=True)[0]
    found = policy.act(seen)
    assert found.shape == (200, *policy.space.shape)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert len(np.unique(np.round(wanted, 3))) > 2  # not one answer to everything


@pytest.mark.parametrize("case", CASES)
def test_a_batch_is_answered_as_its_rows_are(case: str) -> None:
    policy = made(case)[1]
    seen = observed(20, policy.space.n_pairs)
    one_by_one = np.concatenate([policy.act(row[None]) for row in seen])
    np.testing.assert_allclose(policy.act(seen), one_by_one, atol=1e-6)


@pytest.mark.parametrize("case", ["ppo exposure", "ppo discrete", "sac exposure"])
def test_explores_with_the_chance_of_stable_baselines3(case: str) -> None:
    model, policy = made(case)
    seen = np.repeat(observed(1), 4000, axis=0)
    chance = torch.Generator().manual_seed(1)
    found = policy.act(seen, deterministic=False, generator=chance)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        wanted = model.predict(policy.normaliser.apply(seen), deterministic=False)[0]
    for share in (0.1, 0.5, 0.9):
        assert (
            abs(
                np.mean(found <= np.quantile(wanted, share))
                - np.mean(wanted <= np.quantile(wanted, share))
            )
            < 0.05
        )
    assert len(np.unique(found)) > 1


def test_targets_lie_within_the_space_and_pairs_are_decided_together() -> None:
    policy = made("ppo weights")[1]
    seen = observed(2)  # two pairs of one wallet
    decided = policy.decide(seen)
    assert decided.shape == (2,)
    np.testing.assert_array_equal(decided, policy.targets(seen.reshape(1, -1))[0])
    assert np.abs(decided).max() <= 1.0


def test_each_pair_is_decided_alone_where_the_policy_knows_one(policy: Policy) -> None:
    seen = observed(3)
    np.testing.assert_array_equal(policy.decide(seen), policy.targets(seen)[:, 0])


@pytest.mark.parametrize("case", CASES)
def test_is_the_same_after_a_reload(case: str, tmp_path: Path) -> None:
    policy = made(case)[1]
    policy.save(tmp_path / "deeper" / "it.policy")
    again = Policy.load(
        tmp_path / "deeper" / "it.policy", names=NAMES, length=LENGTH, sha256=policy.sha256
    )
    seen = observed(9, policy.space.n_pairs)
    np.testing.assert_array_equal(again.act(seen), policy.act(seen))
    assert (again.sha256, again.kind, again.record) == (policy.sha256, policy.kind, policy.record)


def test_the_hash_tells_weights_and_normaliser(policy: Policy) -> None:
    other = replace(policy, weights={**policy.weights, "log_std": torch.ones(1)})
    assert other.sha256 != policy.sha256
    moved = Normaliser.from_arrays(policy.normaliser.to_arrays())
    moved.update(observed(1))
    assert replace(policy, normaliser=moved).sha256 != policy.sha256


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"names": ("alpha", "beta", "delta")}, "other features .gamma is missing"),
        ({"names": ("beta", "alpha", "gamma")}, "another order"),
        ({"length": 3}, "looks at 2 candles, not 3"),
        ({"sha256": "0" * 64}, "not 000000000000 as wanted"),
    ],
)
def test_refuses_what_it_was_not_trained_for(
    policy: Policy, tmp_path: Path, wanted: dict, said: str
) -> None:
    policy.save(tmp_path / "it.policy")
    with pytest.raises(Refused, match=said) as refusal:
        Policy.load(tmp_path / "it.policy", **wanted)
    assert "\n" not in str(refusal.value)


def changed(path: Path, policy: Policy, tensors: dict | None = None, **about: object) -> None:
    """Store the policy with something else in it, whole otherwise."""
    from safetensors.torch import save

    policy.save(path)
    told, payload = open_bundle(path)
    payload = payload if tensors is None else save(tensors)
    write_bundle(path, payload, canonical({**told, **about}))


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"file": "trained network"}, "is no policy"),
        ({"format": 99}, "of format 99, not 1"),
        ({"state": ["position"]}, "another state of the wallet"),
        ({"space": {"kind": "lottery", "n_pairs": 1}}, "no known space"),
        ({"kind": "dream"}, "not 'dream'"),
        ({"kind": "sac"}, "no weights of a sac"),
        ({"activation": "sine"}, "tanh or relu"),
        ({"length": 3}, "an observation has 14 numbers, its network takes 11"),
        ({"space": {"kind": "exposure", "n_pairs": 2}}, "does not fit together"),
        ({"space": {"kind": "discrete", "n_pairs": 1}}, "gives 1 numbers"),
    ],
)
def test_refuses_a_file_that_says_something_else(
    policy: Policy, tmp_path: Path, about: dict, said: str
) -> None:
    changed(tmp_path / "it.policy", policy, **about)
    with pytest.raises(Refused, match=said):
        Policy.load(tmp_path / "it.policy")


def test_refuses_a_file_without_normaliser(policy: Policy, tmp_path: Path) -> None:
    kept = {k: v for k, v in policy.tensors().items() if k.startswith("weights.")}
    changed(tmp_path / "it.policy", policy, kept)
    with pytest.raises(Refused, match="has no normaliser"):
        Policy.load(tmp_path / "it.policy")
    damaged = {**policy.tensors(), "normaliser.mean": torch.full((SIZE,), torch.nan).double()}
    changed(tmp_path / "it.policy", policy, damaged)
    with pytest.raises(Refused, match="no usable normaliser"):
        Policy.load(tmp_path / "it.policy")


def test_refuses_a_damaged_file(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "it.policy"
    with pytest.raises(Refused, match="no such file"):
        Policy.load(path)
    policy.save(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(Refused, match="damaged"):
        Policy.load(path)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (1, "observation 4: feature 'beta', 1 candles back, is nan"),
        (5, "observation 4: feature 'gamma', 0 candles back, is nan"),
        (8, "observation 4: state 'equity' is nan"),
    ],
)
def test_names_what_is_no_number(policy: Policy, column: int, said: str) -> None:
    seen = observed(6)
    seen[4, column] = np.nan
    with pytest.raises(ValueError, match=said):
        policy.act(seen)


def test_wants_observations_of_its_size(policy: Policy) -> None:
    with pytest.raises(ValueError, match=r"not \(n, 11\)"):
        policy.act(observed(2)[:, 1:])


def test_the_record_is_plain_json(policy: Policy, tmp_path: Path) -> None:
    told = replace(policy, record={"steps": 5, "history": [{"reward": None}]})
    told.save(tmp_path / "it.policy")
    again = Policy.load(tmp_path / "it.policy").record
    assert json.loads(json.dumps(again)) == told.record
