"""Daily columns of a chain under the names that the memory knows them by."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WEEK = 7
RENAMED = {"market_cap_usd": "market_cap", "realized_cap_usd": "realized_cap"}


def mvrv_zscore(market_cap: Floats, realized_cap: Floats) -> Floats:
    """(Market cap - realised cap) / standard deviation of all market caps so far.

    Parameters
    ----------
    market_cap, realized_cap : arrays of shape (n_days,), oldest first, USD

    Returns
    -------
    array of shape (n_days,)
        Each day looks back only. NaN on the first day and where a cap is missing.
    """
    spread = pd.Series(market_cap).expanding(min_periods=2).std().to_numpy()
    gap = market_cap - realized_cap
    zscore: Floats = np.divide(gap, spread, out=np.full_like(gap, np.nan), where=spread > 0)
    return zscore


def weekly_mean(values: Floats) -> Floats:
    """Mean of the last seven days, shape (n_days,); NaN before the 7th and after a missing day."""
    return pd.Series(values).rolling(WEEK).mean().to_numpy(np.float64)


def chain_metrics(asset: str, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Metrics by our names; columns that we have no name for keep theirs.

    Parameters
    ----------
    asset : str
        ``'BTC'``; flows in its own unit are ``exchange_inflow_btc``.
    columns : arrays of shape (n_days,), oldest first

    Notes
    -----
    Where the realised cap is missing it is market cap / MVRV, which is how MVRV is defined.
    """
    found = {RENAMED.get(name, name): values for name, values in columns.items()}
    if "realized_cap" not in found and {"market_cap", "mvrv"} <= found.keys():
        mvrv = found["mvrv"]
        empty = np.full_like(mvrv, np.nan)
        found["realized_cap"] = np.divide(found["market_cap"], mvrv, out=empty, where=mvrv > 0)
    if {"market_cap", "realized_cap"} <= found.keys():
        found["mvrv_zscore"] = mvrv_zscore(found["market_cap"], found["realized_cap"])
    flows = [f"exchange_{way}_{asset.lower()}" for way in ("inflow", "outflow")]
    if all(name in found for name in flows):
        found["exchange_netflow"] = found[flows[0]] - found[flows[1]]
        found["exchange_netflow_7d_mean"] = weekly_mean(found["exchange_netflow"])
    return found
