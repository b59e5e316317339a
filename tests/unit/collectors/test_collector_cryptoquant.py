"""CryptoQuant: read backwards, whatever a plan allows at once."""

from contextlib import closing

import pytest
from support.loopback_http import LoopbackProvider
from support.onchain_providers import DAY_MS, FIRST_DAY, HOUR_MS, KEY, ChainHistory, CryptoQuantApi

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.cryptoquant import CryptoQuant

HISTORY = ChainHistory()


@pytest.fixture
def api():
    return CryptoQuantApi(HISTORY)


@pytest.fixture
def provider(api):
    with LoopbackProvider(api) as provider:
        yield provider


def read(provider, name, start, end, period_ms=DAY_MS, page_size=50):
    options = {"base_url": provider.url, "per_minute": 1e6, "sleep": provider.slept.append}
    collector = CryptoQuant(KEY, page_size=page_size, **options)
    (task,) = [
        task
        for task in collector.tasks([])
        if (task.series.name, task.series.period_ms) == (name, period_ms)
    ]
    with closing(collector):
        (page,) = collector.pages(task, start, end)
    return page


def test_what_is_asked(provider):
    read(provider, "exchange_netflow", FIRST_DAY, FIRST_DAY + 5 * DAY_MS)
    (asked,) = provider.requests
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.params == {
        "window": "day",
        "limit": "50",
        "from": "20111201T000000",
        "to": "20111205T235959",
        "exchange": "all_exchange",
    }


@pytest.mark.parametrize("most", [1, 7, 49, 50, 120, 121])
def test_pages_of_any_length_give_all_rows_oldest_first(provider, api, most):
    api.most = most
    page = read(provider, "market_cap", FIRST_DAY, HISTORY.end, page_size=200)
    assert page["event_time"].tolist() == list(HISTORY.times())
    assert page["value"].tolist() == [HISTORY.at("market", time) for time in HISTORY.times()]


def test_history_that_begins_later_than_asked_for_is_no_fault(provider):
    page = read(provider, "realized_cap", FIRST_DAY - 500 * DAY_MS, HISTORY.end)
    assert page["event_time"].tolist() == list(HISTORY.times())
    assert read(provider, "mvrv", 0, FIRST_DAY).empty


def test_hours(provider):
    begin = FIRST_DAY + 10 * DAY_MS
    page = read(provider, "exchange_netflow", begin, begin + 5 * DAY_MS, HOUR_MS)
    assert page["event_time"].tolist() == list(range(begin, begin + 5 * DAY_MS, HOUR_MS))


def test_the_weekly_mean_reads_the_days_it_needs(provider):
    day = FIRST_DAY + 20 * DAY_MS
    page = read(provider, "exchange_netflow_7d_mean", day, day + DAY_MS)
    flows = [
        HISTORY.at("inflow", time) - HISTORY.at("outflow", time)
        for time in range(day - 6 * DAY_MS, day + DAY_MS, DAY_MS)
    ]
    assert page["value"].tolist() == [pytest.approx(sum(flows) / 7)]


def test_a_source_that_ignores_the_range_is_no_endless_loop(provider, api):
    rows = [{"date": "2012-02-01", "sopr": 1.0}, {"date": "2012-01-31", "sopr": 1.1}]
    api.bend = lambda page: rows
    with pytest.raises(SourceError, match="rows of another time than was asked for"):
        read(provider, "sopr", FIRST_DAY, HISTORY.end)
    assert len(provider.requests) == 2


def test_the_zscore_is_left_to_those_who_have_all_caps(provider):
    collector = CryptoQuant(KEY, base_url=provider.url)
    names = {task.series.name for task in collector.tasks([])}
    collector.close()
    assert "mvrv_zscore" not in names
    assert {"mvrv", "sopr", "exchange_netflow", "exchange_netflow_7d_mean"} <= names
