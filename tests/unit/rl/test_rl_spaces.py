"""Actions and the targets that they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.rl.spaces import Discrete, Exposure, Weights


def test_discrete_actions_are_flat_long_short_and_hold():
    found = Discrete().targets(np.array([0, 1, 2, 3]))
    np.testing.assert_array_equal(found, [[0.0], [1.0], [-1.0], [np.nan]])
    both = Discrete(2).targets(np.array([[1, 3], [0, 2]], dtype=np.int32))
    np.testing.assert_array_equal(both, [[1.0, np.nan], [0.0, -1.0]])


def test_exposure_is_the_target():
    actions = np.array([[-1.0, 0.25]], dtype=np.float32)
    found = Exposure(2).targets(actions)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, actions)


def test_weights_are_shares_of_all_the_money():
    found = Weights(2).targets(np.array([[0.5, -0.25], [1.0, 1.0], [1.0, 0.0]]))
    np.testing.assert_allclose(found, [[1.0, -0.5], [1.0, 1.0], [1.0, 0.0]])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6))
def test_weights_never_ask_for_more_than_all_the_money(weights):
    n = len(weights)
    found = Weights(n).targets(np.array([weights]))[0]
    assert np.abs(found).max() <= 1.0
    assert np.abs(found).sum() / n <= 1.0 + 1e-12
    assert (np.sign(found) * np.sign(weights) >= 0).all()


@pytest.mark.parametrize(
    ("space", "actions", "said"),
    [
        (Discrete(), np.array([1, 4]), r"action \[1\] is 4: a whole number from 0 to 3"),
        (Discrete(), np.array([-1]), r"action \[0\] is -1"),
        (Discrete(2), np.array([[0, 1], [3, 9]]), r"action \[1, 1\] is 9"),
        (Discrete(), np.array([1.0]), "actions are float64: whole numbers"),
        (Discrete(), np.array([True]), "actions are bool: whole numbers"),
        (Discrete(), np.array([[1]]), r"have the shape \(1, 1\)"),
        (Exposure(), np.array([[0.5], [np.nan]]), r"action \[1, 0\] is nan: a number from -1"),
        (Exposure(), np.array([[1.0000001]]), r"action \[0, 0\] is 1.0000001"),
        (Exposure(), np.array([[-np.inf]]), r"action \[0, 0\] is -inf"),
        (Exposure(), np.array([0.5]), r"have the shape \(1,\)"),
        (Exposure(), np.array([["0.5"]]), "actions are <U3: numbers"),
        (Weights(2), np.array([[0.1, -1.5]]), r"action \[0, 1\] is -1.5"),
        (Weights(2), np.array(0.1), r"have the shape \(\)"),
    ],
)
def test_an_action_outside_the_space_is_named(space, actions, said):
    with pytest.raises(ValueError, match=said):
        space.targets(actions)
