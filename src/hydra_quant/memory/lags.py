"""When a fact that describes a time could first be read: publication lags."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hydra_quant.memory.series import HOUR_MS, MINUTE_MS, Series

# After the end of the period a row describes. An exchange's statistics appear some seconds after
# it and are asked for once a minute; chains need confirmations, and their daily figures a job
# that runs in the morning; flows between exchanges wait for addresses to be told apart.
#
# Of on-chain figures the providers say: Glassnode computes daily ones between 00:00 and 03:00 UTC,
# those about exchanges within an hour more, and corrects the first ones later
# (docs.glassnode.com/data/general-information/data-availability and …/data-finalization); Coin
# Metrics stamps each day with AssetEODCompletionTime, which its collector passes on where it is
# later than the lag; CryptoQuant restates flows every Tuesday (userguide.cryptoquant.com). The lags
# are longer than the first publication on purpose: history that is fetched later holds the
# corrected figure, not the first one.
DEFAULTS_MS: Mapping[str, int] = {
    "ratios": MINUTE_MS,
    "funding": MINUTE_MS,
    "open_interest": MINUTE_MS,
    "premium_index": MINUTE_MS,
    "liquidations": 0,
    "listening": 0,
    "book_snapshots": 0,
    "onchain_metrics": 12 * HOUR_MS,
    "onchain_metrics.exchange_netflow": 24 * HOUR_MS,
    "onchain_metrics.exchange_netflow_7d_mean": 24 * HOUR_MS,
    "indices": 12 * HOUR_MS,
    "news": 5 * MINUTE_MS,
    "social_posts": 5 * MINUTE_MS,
}


@dataclass(frozen=True)
class Lags:
    """Publication lags, the user's before the defaults.

    Attributes
    ----------
    own : dict of str to int
        Milliseconds by ``'source.kind.name'``, ``'kind.name'``, ``'source.kind'`` or ``'kind'``;
        the first of these that is there holds. What is nowhere is known at once: HYDRA's own
        decisions.
    """

    own: Mapping[str, int] = field(default_factory=dict)

    def of(self, series: Series) -> int:
        """Milliseconds from the end of a row's period until it could be read."""
        source, kind, name = series.source, series.kind, series.name
        keys = (f"{source}.{kind}.{name}", f"{kind}.{name}", f"{source}.{kind}", kind)
        for given in (self.own, DEFAULTS_MS):
            for key in keys:
                if key in given:
                    return given[key]
        return 0
