"""Daily columns of a chain under the names that the memory knows them by."""

from collections.abc import Mapping

import pandas as pd

from hydra_quant.collectors.onchain import (
    CAPS_BEGIN_BY_MS,
    FLOW_NAMES,
    Values,
    mvrv_zscore,
    trailing_mean,
)

RENAMED = {"market_cap_usd": "market_cap", "realized_cap_usd": "realized_cap"}


def chain_metrics(asset: str, columns: Mapping[str, "Values[float]"]) -> dict[str, "Values[float]"]:
    """Metrics by our names; columns that we have no name for keep theirs.

    Parameters
    ----------
    asset : str
        ``'BTC'``; flows in its own unit are ``exchange_inflow_btc``.
    columns : daily values by event time (epoch ms), oldest first

    Notes
    -----
    Where the realised cap is missing it is market cap / MVRV, which is how MVRV is defined. The
    Z-score of MVRV needs all market caps there ever were: without bitcoin's from 2012 on, and for
    other assets, there is none.
    """
    found = {RENAMED.get(name, name): values for name, values in columns.items()}
    if "realized_cap" not in found and {"market_cap", "mvrv"} <= found.keys():
        found["realized_cap"] = found["market_cap"] / found["mvrv"].where(found["mvrv"] > 0)
    if _from_the_first(asset, found.get("market_cap")) and "realized_cap" in found:
        found["mvrv_zscore"] = mvrv_zscore(found["market_cap"], found["realized_cap"])
    inflow, outflow = (f"exchange_{way}_{asset.lower()}" for way in ("inflow", "outflow"))
    if inflow in found and outflow in found:
        flow, mean = FLOW_NAMES
        found[flow] = found[inflow] - found[outflow]
        found[mean] = trailing_mean(found[flow])
    return found


def _from_the_first(asset: str, caps: "pd.Series[float] | None") -> bool:
    known = None if caps is None else caps.dropna()
    return asset == "BTC" and known is not None and bool(known.index[:1] <= CAPS_BEGIN_BY_MS)
