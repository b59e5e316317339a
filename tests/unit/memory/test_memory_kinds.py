"""Every kind of fact has a table that can hold it."""

import pytest

from hydra_quant.memory.kinds import KINDS, METADATA, SERIES, kind_of
from hydra_quant.memory.lags import DEFAULTS_MS

NOT_VALUES = {"series_id", "event_time", "item", "known_at", "collected_at"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_and_its_table_say_the_same(kind):
    columns = {column.name for column in kind.table.columns}
    assert columns - NOT_VALUES == set(kind.values)
    assert ("item" in columns) == kind.items
    key = {column.name for column in kind.table.primary_key}
    assert key == {"series_id", "event_time", "known_at", *kind.key}
    assert not kind.table.c.collected_at.nullable
    assert all(kind.table.c[name].nullable for name in kind.values)
    assert set(kind.ranges) <= set(kind.values)
    assert all(low < high for low, high in kind.ranges.values())
    assert kind.chunk_ms > 0


def test_tables_are_the_kinds_and_the_series():
    assert set(METADATA.tables) == {SERIES.name, *KINDS}
    assert kind_of("ratios") is KINDS["ratios"]


def test_what_comes_from_outside_has_a_stated_lag():
    own = {"llm_calls", "llm_decisions", "predictions", "signals", "portfolio_state", "model_runs"}
    stated = {key.split(".")[0] for key in DEFAULTS_MS}
    assert stated | own | {"sentiment_scores"} == set(KINDS)
