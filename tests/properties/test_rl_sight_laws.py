"""Nothing that is seen at the close of a candle is from after it, and all of it is finite."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arenas import resized, walks

from hydra_quant.rl.desk import Desk
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.observation import Observer
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.rollout import rollout
from hydra_quant.rl.spaces import Exposure


def _seen(arena, targets, last):
    seen, rows = [], iter(targets)

    def act(observation):
        seen.append(observation.copy())
        return next(rows)

    rollout(act, arena, 0, last)
    return np.array(seen)


def _another_future(arena, row):
    other = walks(rows=len(arena), seed=77, length=arena.length, reach=0.02, **resized())
    candles, features = arena.candles.copy(), arena.features.copy()
    candles[row + 1 :], features[row + 1 :] = other.candles[row + 1 :], np.nan
    return type(arena)(
        *(candles, features, arena.names, arena.pairs, arena.markets, arena.rules, arena.length)
    )


def _the_future_shows(row, seed, length):
    arena = walks(rows=40, length=length, reach=0.01, funding=1e-3, **resized())
    targets = np.random.default_rng(seed).uniform(-1, 1, (40, 2))
    other = _another_future(arena, row)
    mine, theirs = (_seen(each, targets, row + 1) for each in (arena, other))
    assert not np.array_equal(*(_seen(each, targets, row + 3) for each in (arena, other)))
    return not np.array_equal(mine, theirs)


@settings(max_examples=20)
@given(st.integers(3, 36), st.integers(0, 99), st.integers(1, 4))
def test_no_observation_tells_of_the_future(row, seed, length):
    assert not _the_future_shows(row, seed, length)


def test_an_observation_that_peeks_is_found(monkeypatch):
    observe = Observer.observe

    def peeking(self, desk, which=None, out=None):
        seen = observe(self, desk, which, out)
        seen[..., 0] = desk.arena.candles["close"][desk.row[:, None] + 1, desk.pair]
        return seen

    monkeypatch.setattr(Observer, "observe", peeking)
    assert _the_future_shows(20, 0, 1)


def test_a_desk_that_fills_at_the_close_already_seen_would_be_found(monkeypatch):
    advance = Desk.advance

    def peeking(self, targets, trades=None, fills=None):
        last = np.minimum(self.row + 2, len(self.arena) - 1)
        rising = self.arena.candles["close"][last, 0] > self.arena.candles["open"][last, 0]
        advance(self, np.where(rising[:, None], targets, -targets), trades, fills)

    monkeypatch.setattr(Desk, "advance", peeking)
    assert any(_the_future_shows(row, 0, 1) for row in range(5, 15))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(1, 3))
def test_every_observation_is_finite(seed, bad, length):
    arena = walks(rows=60, seed=seed % 7, length=length, reach=0.02, **resized(stoploss=-0.9))
    rng = np.random.default_rng(seed)
    arena.features[rng.random(arena.features.shape) < 0.03] = bad
    arena = type(arena)(
        *(arena.candles, arena.features, arena.names, arena.pairs),
        *(arena.markets, arena.rules, length),
    )
    env = Trading(arena, 5, space=Exposure(), reward=LogEquity(), leverage=10.0, seed=seed)
    assert np.isfinite(env.reset()).all()
    for _ in range(30):
        seen, reward, *_, info = env.step(rng.uniform(-1, 1, (5, 1)))
        assert np.isfinite(seen).all()
        assert np.isfinite(info["final_observation"]).all()
        assert np.isfinite(reward).all()
