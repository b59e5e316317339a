"""The columns that candles can be joined with."""

import numpy as np
import pytest

from hydra_quant.memory import Lags, Series
from hydra_quant.memory.columns import COLUMNS, LIQUIDATIONS, NAMES, is_comparable
from hydra_quant.memory.kinds import KINDS, TEXT
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

PERIODS = {"ratios": 5 * MINUTE_MS, "open_interest": 5 * MINUTE_MS, "premium_index": 5 * MINUTE_MS}
PERIODS |= {"onchain_metrics": DAY_MS, "indices": DAY_MS}
EVERY = {"funding": 8 * HOUR_MS, "book_snapshots": MINUTE_MS}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)
def test_a_column_reads_numbers_of_its_kind(column):
    values = KINDS[column.kind].values
    assert all(values[name] is not TEXT for name in column.reads)
    inputs = {name: np.array([0.25, np.nan, 0.5]) for name in column.reads}
    found = column.formula(inputs)
    assert found.shape == (3,)
    assert np.isnan(found[1])
    assert not np.isnan(found[[0, 2]]).any()


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)
def test_a_regular_source_is_never_stale(column):
    """The newest fact is oldest just before the next one can be read."""
    period = PERIODS.get(column.kind, 0)
    series = Series(column.kind, "", "", column.series_name, period)
    every = period or EVERY[column.kind]
    assert period + Lags().of(series) + every < column.max_age_ms


def test_shares_and_spreads():
    shares = COLUMNS["long_share"].formula
    found = shares({"long_side": np.array([3.0, 0, 0]), "short_side": np.array([1.0, 2, 0])})
    np.testing.assert_array_equal(found, [0.75, 0.0, np.nan])
    spread = COLUMNS["spread_bps"].formula
    found = spread({"best_bid": np.array([99.0]), "best_ask": np.array([101.0])})
    np.testing.assert_allclose(found, 200.0)


def test_names():
    assert len(set(NAMES)) == len(NAMES) == len(COLUMNS) + len(LIQUIDATIONS)
    assert is_comparable("funding_rate")
    assert not is_comparable("open_interest")
    assert not is_comparable("long_liquidations_usd")
