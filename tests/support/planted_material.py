"""A panel of random walks of which one feature knows what follows, and one does not."""

import numpy as np

from hydra_quant.heads.models.material import Material, material

HOUR_MS = 3_600_000
WARM = 720


def planted(
    rows: int = 1800,
    pairs: int = 3,
    *,
    lead: int = 2,
    strength: float = 2.0,
    delay: int = 1,
    seed: int = 0,
) -> Material:
    """Hourly candles of which one feature knows the return `lead` candles later.

    With a delay of one candle the first return that a decision can earn is that of `lead` 2. The
    price moves by noise of 1 % and `strength` times as much along the feature.
    """
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, pairs, 2))
    returns = 0.01 * rng.normal(size=(rows, pairs))
    returns[lead:] += 0.01 * strength * features[: rows - lead, :, 0]
    close = 100.0 * np.exp(np.cumsum(returns, axis=0))
    names = tuple(f"P{number}/USDT:USDT" for number in range(pairs))
    opens = HOUR_MS * np.arange(rows, dtype=np.int64)
    return material(features, close, opens, names, ("planted", "noise"), delay=delay)
