"""Markets of blocks of candles that were."""

import numpy as np
import pytest
from support.arenas import walks

from hydra_quant.ledger.candles import ABSENT
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.bootstrap import bootstrapped
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.spaces import Discrete
from hydra_quant.rl.starts import Mixed


def _arena(**options):
    return walks(rows=200, pairs=3, length=2, reach=0.01, funding=1e-3, **options)


def _taken_from(arena, other):
    """Which row each row is, told by its features."""
    same = (arena.features[:, None, 0] == other.features[None, :, 0]).all(axis=2)
    assert (same.sum(axis=0) == 1).all()
    return same.argmax(axis=0)


def test_candles_move_as_they_did_in_blocks_and_pairs_together():
    arena = _arena()
    other = bootstrapped(arena, np.random.default_rng(1), 20)
    rows = _taken_from(arena, other)
    assert (np.diff(rows.reshape(10, 20), axis=1) == 1).all()
    assert (rows > 0).all()
    np.testing.assert_array_equal(other.features, arena.features[rows])
    close, then = other.candles["close"], arena.candles["close"]
    np.testing.assert_allclose(
        close[1:] / close[:-1], then[rows[1:]] / then[rows[1:] - 1], rtol=3e-4
    )
    for name in ("open", "high", "low"):
        np.testing.assert_allclose(
            other.candles[name] / close, (arena.candles[name] / then)[rows], rtol=3e-4
        )
    whole = other.candles
    assert (whole["high"] >= np.maximum(whole["open"], whole["close"])).all()
    assert (whole["low"] <= np.minimum(whole["open"], whole["close"])).all()
    np.testing.assert_allclose(close * 100, np.rint(close * 100), atol=1e-9)
    np.testing.assert_array_equal(whole["minute"], arena.candles["minute"])
    np.testing.assert_array_equal(whole["funding_due"], arena.candles["funding_due"])


def test_funding_is_paid_as_it_was_at_the_new_price():
    arena = _arena()
    other = bootstrapped(arena, np.random.default_rng(1), 20)
    rows = _taken_from(arena, other)
    for found, then in zip(other.candles.T, arena.candles.T, strict=True):
        paid = np.diff(found["funding_to"])
        was = then["funding_to"][rows[1:]] - then["funding_to"][rows[1:] - 1]
        wanted = was / then["close"][rows[1:]] * found["close"][1:]
        np.testing.assert_allclose(paid, wanted, rtol=1e-3, atol=1e-9)
    assert np.abs(paid).max() > 0.0


def test_candles_that_a_pair_lacks_are_not_drawn():
    arena = _arena()
    candles = arena.candles.copy()
    candles["minute"][:60, 1] = ABSENT
    candles["close"][:60, 1] = 0.0
    arena = Arena(
        *(candles, arena.features, arena.names, arena.pairs, arena.markets, arena.rules, 2)
    )
    other = bootstrapped(arena, np.random.default_rng(1), 20)
    assert _taken_from(arena, other).min() > 60
    assert (other.candles["minute"] == other.candles["minute"][:, :1]).all()
    assert other.ready[1:].all()


def test_an_agent_can_learn_in_both():
    arena = _arena()
    other = bootstrapped(arena, np.random.default_rng(3), 24)
    env = Trading(Mixed([(1, arena), (1, other)]), 6, space=Discrete(), reward=LogEquity())
    assert np.isfinite(env.reset()).all()
    _, reward, *_ = env.step(np.ones(6, dtype=int))
    _, reward, *_ = env.step(np.ones(6, dtype=int))
    assert (reward != 0.0).sum() >= 5


@pytest.mark.parametrize("block", [0, 200, 500])
def test_a_block_that_does_not_fit_is_refused(block):
    with pytest.raises(ValueError, match=f"block is {block}"):
        bootstrapped(_arena(), np.random.default_rng(0), block)
