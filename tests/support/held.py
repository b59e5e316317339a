"""Thinking frames drawn at random: candles, positioning, and what was thought of them."""

import numpy as np
from pandas import DataFrame
from support.positions import crowded_frame

from hydra_quant.heads.exit_market import PART_NAMES
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS, Settings

HOLDING = np.array(list(Settings().signals.holding_minutes.values()), dtype=float)


def thinking_frame(
    n: int, seed: int = 0, candle_minutes: int = 60, often: float = 0.1
) -> DataFrame:
    """Candles of which a share `often` has a signal; thoughts know nothing of the future."""
    frame = crowded_frame(n, seed, candle_minutes)
    rng = np.random.default_rng(seed + 1)
    fires = rng.random(n) < often
    source = np.where(fires, rng.integers(0, len(SIGNALS), n), -1)
    added = {
        "volatility_regime": rng.integers(0, 4, n).astype(float),
        "cascade_probability": rng.random(n),
        "signal_source": source.astype(np.int8),
        "signal_side": np.where(fires, rng.choice([-1, 1], n), 0).astype(np.int8),
        "signal_confidence": np.where(fires, 0.5 + rng.random(n) / 2, 0.0),
        "expected_return": np.where(fires, 0.01 * rng.standard_normal(n), np.nan),
        "signal_holding_minutes": np.where(fires, HOLDING[source], np.nan),
        "regime": np.repeat(rng.integers(0, len(REGIMES), n // 10 + 1), 10)[:n].astype(np.int8),
        **{f"thesis_{part}": rng.standard_normal(n) for part in PART_NAMES},
    }
    return frame.assign(**added)
