"""Headlines in files: what tells one from another, and which carry a day instead of a time."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from hydra_quant.memory.series import DAY_MS

Ints = NDArray[np.int64]
# A time of day that this share of a data set has is no time of day: midnight, here or elsewhere.
STAMP_SHARE = 0.1
ASSETS = {
    "bitcoin": "BTC", "ethereum": "ETH", "xrp": "XRP", "ripple": "XRP", "solana": "SOL",
    "bnb": "BNB", "cardano": "ADA", "dogecoin": "DOGE", "litecoin": "LTC", "avalanche": "AVAX",
}  # fmt: skip


def day_stamped(at: Ints) -> NDArray[np.bool_]:
    """Which headlines of one data set tell their day only, shape (n_rows,).

    Midnight UTC, and every time of day that a tenth of the set shares (midnight in another zone).
    """
    time = at % DAY_MS
    values, counts = np.unique(time, return_counts=True)
    shared = values[(counts >= STAMP_SHARE * len(at)) & (counts > 2)]
    return np.asarray((time == 0) | np.isin(time, shared), dtype=np.bool_)


def identity(at: int, publisher: str | None, title: str) -> str:
    """The same headline has the same identity in every file."""
    return sha256(f"{at}\n{publisher or ''}\n{title}".encode()).hexdigest()[:32]


def symbols_of(subject: str | None) -> list[str]:
    """Assets that a subject names; none for ``'nft'`` or ``'major event'``."""
    known = ASSETS.get((subject or "").strip().lower())
    return [known] if known else []
