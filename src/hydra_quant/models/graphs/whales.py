"""Who moved much to whom: the graph of large transfers, as known at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

if TYPE_CHECKING:
    from hydra_quant.models.nets.geometric import Data

COLUMNS = ("event_time", "known_at", "sender", "receiver", "asset", "usd")
EDGES = ("ln(1 + usd)", "ln(1 + transfers)", "ln(1 + largest usd)", "hours since the last")
NODES = ("ln(1 + usd sent)", "ln(1 + usd received)", "transfers sent", "transfers received")
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000


@dataclass(frozen=True, eq=False)
class WhaleGraph:
    """Wallets and what went between them.

    Attributes
    ----------
    wallets : addresses in alphabetical order
    assets : names in alphabetical order
    index : array of int64 and shape (2, edges)
        Sender and receiver of each edge; one edge for two wallets and an asset.
    asset : array of int64 and shape (edges,), places in `assets`
    usd, largest_usd : arrays of shape (edges,), all transfers together and the largest one
    transfers : array of int64 and shape (edges,)
    last_ms : array of int64 and shape (edges,), when the last of them happened
    at_ms : as of when
    """

    wallets: tuple[str, ...]
    assets: tuple[str, ...]
    index: NDArray[np.int64]
    asset: NDArray[np.int64]
    usd: NDArray[np.float64]
    largest_usd: NDArray[np.float64]
    transfers: NDArray[np.int64]
    last_ms: NDArray[np.int64]
    at_ms: int

    def edge_features(self) -> NDArray[np.float64]:
        """Return `EDGES` of shape (edges, 4)."""
        hours = (self.at_ms - self.last_ms) / _HOUR_MS
        amounts = np.log1p([self.usd, self.transfers, self.largest_usd])
        return np.column_stack((amounts.T, hours))

    def node_features(self) -> NDArray[np.float64]:
        """Return `NODES` of shape (wallets, 4)."""
        sender, receiver = self.index
        count = len(self.wallets)
        sums = [
            np.bincount(end, weights=what, minlength=count)
            for what in (self.usd, self.transfers)
            for end in (sender, receiver)
        ]
        return np.column_stack((np.log1p(sums[0]), np.log1p(sums[1]), sums[2], sums[3]))

    def to_data(self) -> "Data":
        """Return torch-geometric's ``Data``: `NODES`, `EDGES` and each edge's ``asset``."""
        import torch

        from hydra_quant.models.nets.geometric import Data

        return Data(
            x=torch.from_numpy(self.node_features()).float(),
            edge_index=torch.from_numpy(self.index),
            edge_attr=torch.from_numpy(self.edge_features()).float(),
            asset=torch.from_numpy(self.asset),
        )


def whale_graph(
    transfers: DataFrame, at_ms: int, *, minimum_usd: float = 1e6, window_ms: int = _DAY_MS
) -> WhaleGraph:
    """Return the graph of the large transfers of the last `window_ms`, as known at `at_ms`.

    Parameters
    ----------
    transfers : DataFrame
        `COLUMNS`; times in epoch ms. With a column ``item`` (the transaction), several rows of
        one item are revisions of it: the one known last counts.
    at_ms : rows known later do not exist
    minimum_usd : smaller transfers are left out, and those whose worth is not known
    window_ms : transfers that happened in ``(at_ms - window_ms, at_ms]``

    Raises
    ------
    ValueError
        When a column is missing, or an amount is negative or infinite.
    """
    if missing := [name for name in COLUMNS if name not in transfers]:
        raise ValueError(f"transfers have no {', '.join(missing)}")
    rows = transfers[transfers["known_at"] <= at_ms]
    if "item" in rows:
        rows = rows.sort_values("known_at", kind="stable").drop_duplicates("item", keep="last")
    usd = rows["usd"].to_numpy(np.float64)
    if (usd < 0).any() or np.isinf(usd).any():
        raise ValueError("a transfer's worth in usd is not negative and finite")
    when = rows["event_time"]
    rows = rows[(usd >= minimum_usd) & (when > at_ms - window_ms) & (when <= at_ms)]
    joined = rows.groupby(["sender", "receiver", "asset"], sort=True).agg(
        usd=("usd", "sum"), largest=("usd", "max"), n=("usd", "size"), last=("event_time", "max")
    )
    sender, receiver, asset = (
        joined.index.get_level_values(level).to_numpy(object) for level in range(3)
    )
    wallets, ends = np.unique(np.concatenate((sender, receiver)), return_inverse=True)
    assets, which = np.unique(asset, return_inverse=True)
    return WhaleGraph(
        wallets=tuple(wallets),
        assets=tuple(assets),
        index=ends.reshape(2, -1).astype(np.int64),
        asset=which.astype(np.int64),
        usd=joined["usd"].to_numpy(np.float64),
        largest_usd=joined["largest"].to_numpy(np.float64),
        transfers=joined["n"].to_numpy(np.int64),
        last_ms=joined["last"].to_numpy(np.int64),
        at_ms=at_ms,
    )
