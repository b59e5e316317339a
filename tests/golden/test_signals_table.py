"""Five signals in one table that a trader can read: a candle's situation in, who fires out.

Candles of four hours in a market whose log returns were +1 % and -1 % in turn, so that one usual
move is exactly 1 %. The levels are the fixed ones: funding ±5 bp, open interest ±2 % in four hours,
65 % (35 %) of the accounts long, liquidations of 0.2 % of open interest in an hour. Until the
last candle funding was 1 bp (or, for the carry, the same as now), and nothing else was going on.

In standard deviations a level is 1.645, so funding of 6 bp is 1.97, 0.33 beyond it; confidence is
1 - exp(-mean excess) / 2.
"""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.settings import SIGNALS, Signals
from hydra_quant.signals import behavioural

FIXED = Signals(thresholds="fixed")
SHORT = dict(zip(SIGNALS, ("squeeze", "reversal", "divergence", "crowding", "carry"), strict=True))
WARM_UP = 264

# move: of the last candle, %; back: how much of its range the close won back, %; funding: now and a
# day ago, bp per 8 hours; OI: its change, %; long: accounts, %; top: large accounts' positions, %;
# liq: now and four hours ago, % of open interest; imb: of liquidations, +1 all longs.
TABLE = """
 move back | funding ago | OI   | long top |  liq  ago  imb  | fires
 -1     0  |   6    -1   |  1.5 |  50  50  |  0     0   0    | squeeze -1 0.70
 -1     0  |   5    -1   |  1.5 |  50  50  |  0     0   0    | nobody
 -1     0  |   6    -1   |  1.0 |  50  50  |  0     0   0    | nobody
  1     0  |   6    -1   |  1.5 |  50  50  |  0     0   0    | nobody
  1     0  |  -6     1   |  1.5 |  50  50  |  0     0   0    | squeeze +1 0.70
 -3     0  |   1     1   |  0   |  50  50  |  0.3   0.4 0.8  | reversal +1 0.75
 -3    40  |   1     1   |  0   |  50  50  |  0.3   0   0.8  | reversal +1 0.75
 -3     0  |   1     1   |  0   |  50  50  |  0.3   0   0.8  | nobody
 -3    40  |   1     1   |  0   |  50  50  |  0.1   0   0.8  | nobody
 -3    40  |   1     1   |  0   |  50  50  |  0.3   0   0.4  | nobody
 -3    40  |   1     1   |  0   |  50  50  |  0.3   0  -0.8  | nobody
 -1.5  40  |   1     1   |  0   |  50  50  |  0.3   0   0.8  | nobody
  3    40  |   1     1   |  0   |  50  50  |  0.3   0  -0.8  | reversal -1 0.75
  2     0  |   1     1   | -3   |  50  50  |  0     0   0    | divergence -1 0.80
 -2     0  |   1     1   | -3   |  50  50  |  0     0   0    | divergence +1 0.80
  2     0  |   1     1   | -1.9 |  50  50  |  0     0   0    | nobody
  0.5   0  |   1     1   | -3   |  50  50  |  0     0   0    | nobody
 -0.5   0  |   1     1   |  0   |  70  50  |  0     0   0    | crowding -1 0.70
 -0.5   0  |   1     1   |  0   |  70  40  |  0     0   0    | crowding -1 0.82
  0.5   0  |   1     1   |  0   |  70  40  |  0     0   0    | nobody
  0.5   0  |   1     1   |  0   |  30  50  |  0     0   0    | crowding +1 0.70
  1     0  |   4     4   |  0   |  50  50  |  0     0   0    | carry -1 0.69
  1     0  |  -4    -4   |  0   |  50  50  |  0     0   0    | carry +1 0.69
  1     0  |   4    -1   |  0   |  50  50  |  0     0   0    | nobody
  1     0  |   3     3   |  0   |  50  50  |  0     0   0    | nobody
  5     0  |   4     4   |  0   |  50  50  |  0     0   0    | nobody
 -2    40  |   6     6   |  0   |  70  40  |  0     0   0    | crowding -1 0.92, carry -1 0.84
"""


def rows():
    for line in TABLE.strip().splitlines()[1:]:
        *situation, fires = line.split("|")
        yield pytest.param(*map(float, " ".join(situation).split()), fires.strip(), id=line.strip())


def market(move, back, funding, ago, oi, long, top, liq, liq_ago, imbalance, pairs=WARM_UP // 2):
    """Candles up to the one in question, with what was known at its close."""
    returns = np.r_[np.tile([0.01, -0.01], pairs), 0.01, move / 100]
    close = 100 * np.exp(np.cumsum(returns))
    n = len(close)
    opened = np.r_[100.0, close[:-1]]
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    # The candle's far end, of whose distance to the other end the close won back a share.
    stretched = abs(move / 100) / (1 - back / 100)
    if move < 0:
        low[-1] = opened[-1] * np.exp(-stretched)
    else:
        high[-1] = opened[-1] * np.exp(stretched)

    def lately(before, now):
        return np.r_[np.full(n - 1, float(before)), float(now)]

    velocity = np.r_[np.zeros(n - 2), liq_ago, liq] / 100
    return pd.DataFrame(
        {
            **{"open": opened, "high": high, "low": low, "close": close},
            "funding_rate": lately(1, funding) / 1e4,
            "funding_rate_low": -5e-4,
            "funding_rate_high": 5e-4,
            "funding_annualized": lately(1, funding) / 1e4 * 3 * 365,
            "funding_momentum": lately(0, funding - ago) / 1e4,
            "oi_delta_pct": lately(0, oi) / 100,
            "oi_delta_pct_low": -0.02,
            "oi_delta_pct_high": 0.02,
            "long_share": lately(50, long) / 100,
            "long_share_low": 0.35,
            "long_share_high": 0.65,
            "top_position_long_share": lately(50, top) / 100,
            "liq_velocity": velocity,
            "liq_velocity_low": 0.0,
            "liq_velocity_high": 0.002,
            "liq_imbalance": lately(0, imbalance),
        }
    )


@pytest.mark.parametrize(
    ("move", "back", "funding", "ago", "oi", "long", "top", "liq", "liq_ago", "imb", "fires"),
    list(rows()),
)
def test_the_table(move, back, funding, ago, oi, long, top, liq, liq_ago, imb, fires):
    frame = market(move, back, funding, ago, oi, long, top, liq, liq_ago, imb)
    signals = behavioural.fire(frame, FIXED, 240)
    assert all(signal.known[-1] for signal in signals.values())
    spoken = [
        f"{SHORT[name]} {signal.side[-1]:+d} {signal.confidence[-1]:.2f}"
        for name, signal in signals.items()
        if signal.side[-1]
    ]
    assert ", ".join(spoken or ["nobody"]) == fires
    chosen = behavioural.strongest(signals)
    loudest = max(fires.split(", "), key=lambda said: said.split()[-1]).split()[0]
    told = SHORT[SIGNALS[chosen.source[-1]]] if chosen.source[-1] >= 0 else "nobody"
    assert told == loudest


def test_before_that_candle_nobody_had_anything_to_say():
    frame = market(-1, 0, 6, 1, 1.5, 50, 50, 0, 0, 0)
    for signal in behavioural.fire(frame, FIXED, 240).values():
        assert not signal.side[:-1].any()
