"""The on-chain regime: every row of the table, its borders, and what is not known."""

import numpy as np
import pandas as pd
import pytest
from support.positions import crowded_frame

from hydra_quant.signals.onchain import ONCHAIN_REGIMES, VOTES, lookback, onchain, onchain_regime

NAN = float("nan")


@pytest.mark.parametrize(
    ("zscore", "sopr", "regime"),
    [
        (3.8, 1.06, "euphoria"),
        (3.7, 1.06, "neutral"),
        (3.8, 1.05, "neutral"),
        (0.9, 0.99, "accumulation"),
        (-0.5, 0.9, "accumulation"),
        (0.9, 1.0, "neutral"),
        (0.9, 1.1, "neutral"),
        (1.0, 1.01, "bullish"),
        (2.5, 1.01, "bullish"),
        (2.51, 1.01, "neutral"),
        (1.0, 0.99, "bearish"),
        (2.5, 0.99, "bearish"),
        (1.5, 1.0, "neutral"),
    ],
)
def test_regime_and_vote(zscore, sopr, regime):
    code = onchain_regime(np.array([zscore]), np.array([sopr]))
    assert ONCHAIN_REGIMES[code[0]] == regime
    frame = pd.DataFrame({"btc_mvrv_zscore": [zscore], "btc_sopr": [sopr]})
    assert onchain(frame)[0] == VOTES[regime]


@pytest.mark.parametrize(("zscore", "sopr"), [(NAN, 1.1), (3.9, NAN), (NAN, NAN)])
def test_what_is_not_known_has_no_vote(zscore, sopr):
    assert onchain_regime(np.array([zscore]), np.array([sopr])) == [-1]
    frame = pd.DataFrame({"btc_mvrv_zscore": [zscore], "btc_sopr": [sopr]})
    assert np.isnan(onchain(frame)).all()


@pytest.mark.parametrize("missing", ["btc_mvrv_zscore", "btc_sopr"])
def test_a_missing_column_is_not_known(missing):
    frame = crowded_frame(50).drop(columns=missing)
    assert np.isnan(onchain(frame)).all()


def test_euphoria_is_contrarian():
    assert VOTES["euphoria"] == -1
    assert VOTES["accumulation"] == 1


def test_a_row_uses_itself_only():
    frame = crowded_frame(300, seed=4)
    whole = onchain(frame)
    assert lookback() == 0
    assert len(set(whole)) >= 3
    np.testing.assert_array_equal(whole[100:101], onchain(frame.iloc[100:101]))
