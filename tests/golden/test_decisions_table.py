"""One table that a trader can read: candles in, votes, reason, side and first stop out.

The two rules with windows short enough to check by hand: momentum is the position of the close in
the last 2 and 4 candles' range (+1 top, -1 bottom, averaged), mean reversion is minus the close's
distance from its 3-candle mean in deviations (full at 2, so at most 0.71 with three candles),
the joint vote weighs momentum three times. ATR is the mean true range of 2 candles, the stop 2 of
them away. A shock is a return beyond 4 deviations of the 3 before it. Entries need a vote of 0.45
and a usual move (the ATR) of 1 %.
"""

import numpy as np
import pytest

from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import decide
from hydra_quant.risk.stops import first_stop
from hydra_quant.risk.volatility import horizon_atr, shock_sigmas
from hydra_quant.settings import Gates, Vote
from hydra_quant.signals.mean_reversion import mean_reversion
from hydra_quant.signals.momentum import momentum
from hydra_quant.signals.soft_vote import soft_vote

NAN = float("nan")

# open, high, low, close | momentum, mean reversion, vote | reason | side | first stop
TABLE = """
    100  101   99  100  |    -      -      -    | WARMING_UP       |  0 |    -
    100  102  100  101  |    -      -      -    | WARMING_UP       |  0 |    -
    101  103  100  102  |    -    -0.61    -    | WARMING_UP       |  0 |    -
    102  103  101  101  |  -0.17   0.35  -0.04  | WARMING_UP       |  0 |    -
    101  104  101  104  |   1.00  -0.67   0.58  | ENTER            |  1 |   99
    104  107  104  107  |   1.00  -0.61   0.60  | ENTER            |  1 |  101
    107  110  106  109  |   0.72  -0.57   0.40  | SOURCES_DISAGREE |  0 |    -
    109  109  103  104  |  -0.52   0.65  -0.23  | SOURCES_DISAGREE |  0 |    -
    104  105   98   99  |  -0.83   0.61  -0.47  | ENTER            | -1 |  112
     99   99   84   85  |  -0.91   0.68  -0.51  | SHOCK_CANDLE     |  0 |    -
     85   94   84   92  |  -0.15   0.00  -0.11  | NO_SIGNAL        |  0 |    -
     92   93   91   92  |   0.18  -0.35   0.05  | NO_SIGNAL        |  0 |    -
"""


def read(table):
    rows = [
        [NAN if cell == "-" else cell for cell in line.replace("|", " ").split()]
        for line in table.strip().splitlines()
    ]
    return list(zip(*rows, strict=True))


def number(column):
    return np.array(column, dtype=float)


def decide_table(open_, high, low, close):
    votes = {
        "momentum": momentum(high, low, close, (2, 4)),
        "mean_reversion": mean_reversion(close, 3),
    }
    joint = soft_vote(votes, {"momentum": 0.75, "mean_reversion": 0.25}, speak_above=0.5)
    warming = np.isnan(votes["momentum"]) | np.isnan(votes["mean_reversion"])
    joint = joint._replace(total=np.where(warming, np.nan, joint.total))
    atr = horizon_atr(high, low, close, horizon=1, blocks=2)
    decision = decide(
        joint,
        trusted=None,
        shock=shock_sigmas(close, 3),
        usual_move=atr / close,
        can_short=True,
        settings=Vote(enter_above=0.45),
        gates=Gates(max_shock_sigmas=4.0, round_trip_cost=0.01, min_move_costs=1.0),
    )
    stops = [
        first_stop(price, range_, side < 0, 2.0) if side else NAN
        for price, range_, side in zip(close, atr, decision.side, strict=True)
    ]
    return votes, joint.total, decision, stops


def test_the_table():
    o, h, low, c, trend, revert, vote, reason, side, stop = read(TABLE)
    votes, total, decision, stops = decide_table(*map(number, (o, h, low, c)))
    np.testing.assert_allclose(votes["momentum"], number(trend), atol=0.006)
    np.testing.assert_allclose(votes["mean_reversion"], number(revert), atol=0.006)
    np.testing.assert_allclose(total, number(vote), atol=0.006)
    assert [Reason(int(r)).name for r in decision.reason] == list(reason)
    assert decision.side.tolist() == [int(s) for s in side]
    np.testing.assert_allclose(stops, number(stop), atol=0.51)


@pytest.mark.parametrize("row", [4, 5, 8])
def test_an_entry_that_closes_at_the_other_end_of_its_candle_is_another(row):
    o, h, low, c, *_, side, _ = read(TABLE)
    close = number(c)
    close[row] = float(low[row] if side[row] == "1" else h[row])
    *_, decision, _ = decide_table(*map(number, (o, h, low)), close)
    assert decision.side[row] != int(side[row])
    assert decision.side[:row].tolist() == [int(s) for s in side[:row]]
