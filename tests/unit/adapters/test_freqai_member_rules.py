"""Rules as members: the very votes of HydraStrategy, from prices that a grid does not hold."""

import numpy as np
import pytest
from freqtrade.exceptions import OperationalException
from support.grids import after, grid_from, market, reads_ahead, rows_of

from hydra_quant.adapters.freqai.member import Terms
from hydra_quant.adapters.freqai.member_prices import closes, prices_of
from hydra_quant.adapters.freqai.member_rules import MomentumMember, rule
from hydra_quant.adapters.strategy.columns import add_votes
from hydra_quant.models.store import Refused
from hydra_quant.settings import Vote

N = 420
FRAMES = market(N)
GRID = grid_from(FRAMES)
SHORT = {"channels": [5, 10]}


def everywhere(grid):
    return np.argwhere(np.ones(grid.panel.values.shape[:2]))


def told(member, grid=GRID):
    model = member.fit(grid, rows_of(grid, FRAMES, 0, 50), None, Terms(7))
    return member.tell(model, grid, everywhere(grid)).reshape(grid.panel.values.shape[:2])


def test_prices_come_back_up_to_a_unit():
    prices = prices_of(GRID)
    assert prices.known[30:].all()
    assert not prices.known[0].any()  # no return yet
    for at, frame in enumerate(FRAMES.values()):
        unit = frame["close"].to_numpy()[50] / prices.close[50, at]
        for name, found in prices._asdict().items():
            wanted = frame[name].to_numpy()
            known = np.isfinite(found[:, at])
            np.testing.assert_allclose(unit * found[known, at], wanted[known], rtol=3e-7)
    known = prices.known
    for price in prices[:2]:
        assert (prices.low[known] <= price[known]).all()
        assert (price[known] <= prices.high[known]).all()


def test_a_hole_stays_a_hole():
    frames = market(60)
    frames["A"].loc[40, ["open", "high", "low", "close"]] = np.nan
    grid = grid_from(frames)
    found = closes(grid)
    assert np.isnan(found[40:42, 0]).all()  # the candle, and the return over it
    assert np.isfinite(found[42:, 0]).all()
    assert np.isfinite(found[1:, 1]).all()
    votes = told(rule("mean_reversion", {"window": 5}, "m"), grid)
    assert np.isnan(votes[40:46, 0]).all()
    assert np.isfinite(votes[46:, 0]).all()


@pytest.mark.parametrize("name", ["momentum", "mean_reversion"])
def test_a_rule_says_what_the_strategy_says(name):
    member = rule(name, {}, "m")
    found = told(member)
    for at, frame in enumerate(FRAMES.values()):
        votes = add_votes(frame, horizon=3, settings=Vote(), with_model=False)
        wanted = (1.0 + votes[f"hydra_{name}"].to_numpy()) / 2.0
        warm = slice(member.reach + 30, None)  # the features that tell prices warm up too
        assert np.isfinite(found[warm]).all()
        assert np.ptp(found[warm, at]) > 0.3
        np.testing.assert_allclose(found[warm, at], wanted[warm], atol=1e-4)
        assert np.isnan(found[: member.reach, at]).all()


class Peeking(MomentumMember):
    def votes(self, prices, pair):
        found = super().votes(prices, pair)
        return np.append(found[1:], np.nan)


@pytest.mark.parametrize("name", ["momentum", "mean_reversion"])
def test_a_rule_reads_nothing_after_its_candle(name):
    member = rule(name, SHORT if name == "momentum" else {}, "m")
    assert not reads_ahead(lambda grid, at: member.tell(None, grid, at), GRID, [60, 200])


def test_a_rule_that_peeked_would_be_caught():
    member = Peeking("momentum", SHORT)
    assert reads_ahead(lambda grid, at: member.tell(None, grid, at), GRID, [60])


def test_a_rule_learns_nothing_and_comes_back_as_it_was():
    member = rule("momentum", SHORT, "m")
    rows = rows_of(GRID, FRAMES, 50, 90)
    model = member.fit(GRID, rows, None, Terms(7))
    assert model == member.fit(after(GRID, 10), rows.take(slice(0, 9)), rows, Terms(8))
    about, payload = member.pack(model)
    assert (about["parameters"], payload) == (SHORT, b"")
    assert member.unpack(about, payload) == model
    for wrong in (
        ({**about, "format": 0}, b""),
        ({**about, "parameters": {"channels": [5, 11]}}, b""),
        ({**about, "rule": "mean_reversion"}, b""),
        (about, b"more"),
    ):
        with pytest.raises(Refused, match="the saved momentum is"):
            member.unpack(*wrong)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("momentum", {"window": 20}, "parameters.momentum: 'window' is not among channels"),
        ("momentum", {"channels": []}, "channels is []: a list of numbers of candles"),
        ("momentum", {"channels": [50, 1]}, "channels is [50, 1]: a list"),
        ("momentum", {"channels": 50}, "channels is 50: a list"),
        ("mean_reversion", {"window": 2.5}, "window is 2.5: a number of candles from 2 to 1000"),
        ("mean_reversion", {"window": True}, "window is True: a number of candles"),
        ("mean_reversion", {"full_vote_sigmas": 0}, "full_vote_sigmas is 0: a number above 0"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(name, given, said):
    with pytest.raises(OperationalException) as caught:
        rule(name, given, f"freqai.model_training_parameters.{name}")
    assert said in str(caught.value)
