"""A signal's features as its own side sees them: what helps a long hurts a short."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.scorer_features import AT

Floats = NDArray[np.float64]

# Turn their sign with the side.
SIGNED = (
    *("return_1m", "return_5m", "return_15m", "return_1h", "price_vs_sma_20", "price_vs_sma_50"),
    *("funding_rate", "funding_rate_zscore", "funding_annualized", "funding_momentum"),
    *("liq_imbalance", "ob_imbalance"),
)
# Become their inverse: long over short is short over long to the other side.
INVERTED = ("long_short_ratio", "taker_buy_sell_ratio")
# Change places.
SWAPPED = (
    ("bid_depth_usd", "ask_depth_usd"),
    ("regime_trending_up", "regime_trending_down"),
    ("regime_squeeze_long", "regime_squeeze_short"),
)
RSI_MIDDLE = 50.0
_SIGNED = np.array([AT[name] for name in SIGNED])
_INVERTED = np.array([AT[name] for name in INVERTED])
_LEFT, _RIGHT = (np.array([AT[pair[end]] for pair in SWAPPED]) for end in (0, 1))


def oriented(features: Floats) -> Floats:
    """The features of shorts as those of a long in the mirrored market; longs as they are.

    A signal means the same on both sides: a model that sees mirrored rows alike learns from both,
    and needs no interaction with the side to do so. ``signal_direction`` stays, for what is not
    symmetric after all.

    Parameters
    ----------
    features : array of shape (n_rows, 49), columns `scorer_features.NAMES`

    Returns
    -------
    array of shape (n_rows, 49), NaN where it was.
    """
    found = features.copy()
    short = np.flatnonzero(found[:, AT["signal_direction"]] < 0)
    rows = short[:, None]
    found[rows, _SIGNED] *= -1.0
    with np.errstate(divide="ignore"):
        found[rows, _INVERTED] = 1.0 / found[rows, _INVERTED]
    found[short, AT["rsi_14"]] = 2 * RSI_MIDDLE - found[short, AT["rsi_14"]]
    found[rows, _LEFT] = features[rows, _RIGHT]
    found[rows, _RIGHT] = features[rows, _LEFT]
    return found
