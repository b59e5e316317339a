"""Assets and sectors in one graph: correlated, belongs to, competes with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.graphs.correlation import Graphs

if TYPE_CHECKING:
    from hydra_quant.models.nets.geometric import HeteroData

# Put together by hand: a base is where its project began. The first one holds what is not in the
# table: its assets do not compete.
SECTORS = {
    "other": (),
    "L1": (
        *("BTC", "ETH", "SOL", "ADA", "AVAX", "DOT", "NEAR", "ATOM", "APT", "SUI", "TRX", "ALGO"),
        *("ICP", "HBAR", "ETC", "EOS", "XTZ", "EGLD", "SEI", "TIA", "INJ", "TON", "KAS", "FTM"),
    ),
    "L2": ("MATIC", "POL", "ARB", "OP", "IMX", "STRK", "MNT", "ZK", "METIS", "STX"),
    "payments": ("XRP", "LTC", "BCH", "XLM", "DASH", "BSV", "XNO", "ACH"),
    "exchange": ("BNB", "OKB", "CRO", "FTT", "KCS", "GT", "LEO", "HT", "BGB"),
    "meme": ("DOGE", "SHIB", "PEPE", "FLOKI", "BONK", "WIF", "MEME", "BOME", "TRUMP", "BRETT"),
    "DeFi": (
        *("UNI", "AAVE", "MKR", "CRV", "COMP", "SNX", "SUSHI", "1INCH", "LDO", "DYDX", "GMX"),
        *("YFI", "BAL", "CAKE", "RUNE", "PENDLE", "JUP", "ENA", "RAY", "HYPE"),
    ),
    "infrastructure": ("LINK", "FIL", "AR", "GRT", "PYTH", "BAND", "API3", "QNT", "JTO", "ENS"),
    "AI": ("FET", "RNDR", "RENDER", "TAO", "AGIX", "OCEAN", "WLD", "ARKM", "AKT"),
    "gaming": ("AXS", "SAND", "MANA", "GALA", "ENJ", "APE", "ILV", "RON", "BEAM", "PIXEL"),
    "privacy": ("XMR", "ZEC", "ZEN", "SCRT", "ROSE"),
}
_SECTOR_OF = {base: name for name, bases in SECTORS.items() for base in bases}
_MULTIPLES = ("1000000", "10000", "1000", "1M")


def sector_of(pair: str) -> str:
    """Return the sector of a pair's base; ``other`` where the table does not know it.

    ``BTC/USDT:USDT`` and ``BTC`` are of ``L1``; ``1000PEPE/USDT`` is of ``meme`` as ``PEPE`` is.
    """
    base = pair.partition("/")[0].upper()
    for multiple in ("", *_MULTIPLES):
        found = _SECTOR_OF.get(base.removeprefix(multiple))
        if found is not None:
            return found
    return "other"


def sector_numbers(pairs: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each pair's sector in `SECTORS`, of shape (pair,); 0: other."""
    places = {name: number for number, name in enumerate(SECTORS)}
    return np.array([places[sector_of(pair)] for pair in pairs], dtype=np.int64)


def hetero_data(
    graphs: Graphs, row: int, pairs: Sequence[str], nodes: NDArray[np.floating]
) -> "HeteroData":
    """Return the graph of one row as torch-geometric's.

    Parameters
    ----------
    graphs : Graphs, one a row
    row : counted from 0
    pairs : names of the assets
    nodes : array of shape (pair, features)
        What is known of each asset at that row; NaN where not known. An asset of which nothing is
        known has no edges.

    Returns
    -------
    HeteroData
        Nodes ``asset`` (``x`` with 0 where not known, ``known``, ``name``) and ``sector``
        (``name``); edges ``asset correlated asset`` (``edge_attr``: the two correlations, then
        whether each is known), ``asset belongs_to sector`` and ``asset competes_with asset``.

    Raises
    ------
    ValueError
        When pairs, nodes and graph are not of the same assets.
    """
    import torch

    from hydra_quant.models.nets.geometric import HeteroData
    from hydra_quant.models.nets.graph_union import belonging, competing, correlated

    near = graphs.neighbours[row]
    if not len(pairs) == len(nodes) == len(near):
        raise ValueError(f"{len(pairs)} pairs, {len(nodes)} nodes, {len(near)} in the graph")
    known = torch.from_numpy(~np.isnan(nodes))
    present = known.any(1)[None]  # (1, pair)
    sector = torch.from_numpy(sector_numbers(pairs))[None]  # (1, pair)
    union = correlated(
        torch.from_numpy(near)[None], torch.from_numpy(graphs.edges[row])[None], present, False
    )
    data = HeteroData()
    data["asset"].x = torch.from_numpy(np.nan_to_num(nodes))
    data["asset"].known = known
    data["asset"].name = list(pairs)
    data["sector"].name = list(SECTORS)
    data["sector"].num_nodes = len(SECTORS)
    data["asset", "correlated", "asset"].edge_index = union.ends
    data["asset", "correlated", "asset"].edge_attr = union.attributes
    data["asset", "belongs_to", "sector"].edge_index = belonging(sector, present, len(SECTORS))
    data["asset", "competes_with", "asset"].edge_index = competing(sector, present)
    return data
