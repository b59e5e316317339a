"""Which publication lag holds."""

import pytest

from hydra_quant.memory import Lags, Series
from hydra_quant.memory.series import HOUR_MS, MINUTE_MS

FLOW = Series("onchain_metrics", "glassnode", "BTC", "exchange_netflow", 24 * HOUR_MS)


@pytest.mark.parametrize(
    ("own", "lag"),
    [
        ({}, 24 * HOUR_MS),
        # a user's general word goes before our particular one
        ({"onchain_metrics": 1}, 1),
        ({"onchain_metrics": 1, "glassnode.onchain_metrics": 2}, 2),
        ({"glassnode.onchain_metrics": 2, "onchain_metrics.exchange_netflow": 3}, 3),
        (
            {
                "onchain_metrics.exchange_netflow": 3,
                "glassnode.onchain_metrics.exchange_netflow": 4,
            },
            4,
        ),
        ({"cryptoquant.onchain_metrics": 5, "onchain_metrics.mvrv": 6}, 24 * HOUR_MS),
        ({"onchain_metrics": 0}, 0),
    ],
)
def test_the_most_particular_word_holds(own, lag):
    assert Lags(own).of(FLOW) == lag


@pytest.mark.parametrize(
    ("series", "lag"),
    [
        (Series("onchain_metrics", "coinmetrics", "BTC", "mvrv"), 12 * HOUR_MS),
        (Series("funding", "binance", "BTC/USDT:USDT"), MINUTE_MS),
        (Series("liquidations", "binance", "BTC/USDT:USDT"), 0),
        (Series("signals", "hydra", "BTC/USDT:USDT", "Hydra"), 0),
    ],
)
def test_defaults(series, lag):
    assert Lags().of(series) == lag
