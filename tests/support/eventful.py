"""A crowded market in which every behavioural signal has occasion to fire."""

import numpy as np
from pandas import DataFrame
from support.positions import crowded_frame

from hydra_quant.positioning.names import LEVELLED

MIRRORED_SIGN = ("funding_rate", "funding_annualized", "funding_momentum", "liq_imbalance")
MIRRORED_SHARE = ("long_share", "top_position_long_share")


def eventful(n: int, seed: int = 0, candle_minutes: int = 60, **options: bool) -> DataFrame:
    """`crowded_frame` with dear funding, levels nearer to the middle, and liquidations of the side
    that price moved against."""
    frame = crowded_frame(n, seed, candle_minutes, **options)
    for name in ("funding_rate", "funding_annualized", "funding_momentum"):
        frame[name] *= 5
    push = np.r_[0.0, np.diff(np.log(frame["close"]))]
    frame["liq_imbalance"] = frame["liq_imbalance"] * 0 - 0.9 * np.sign(push)
    for name in LEVELLED:
        low, high = frame[name].quantile([0.3, 0.7])
        frame[f"{name}_low"], frame[f"{name}_high"] = low, high
    return frame


def mirrored(frame: DataFrame) -> DataFrame:
    """The same market with up and down, longs and shorts, exchanged."""
    turned = frame.copy()
    for name, other in (("open", "open"), ("close", "close"), ("high", "low"), ("low", "high")):
        turned[name] = 1e4 / frame[other]
    for name in MIRRORED_SIGN:
        turned[name] = -frame[name]
    for name in MIRRORED_SHARE:
        turned[name] = 1 - frame[name]
    for name, axis in (("funding_rate", 0.0), ("long_share", 1.0)):
        turned[f"{name}_low"] = axis - frame[f"{name}_high"]
        turned[f"{name}_high"] = axis - frame[f"{name}_low"]
    return turned
