"""Glassnode: what is asked, hours beside days, and its daily allowance."""

import pytest
from support.loopback_http import LoopbackProvider, Reply
from support.onchain_providers import DAY_MS, FIRST_DAY, HOUR_MS, KEY, ChainHistory, GlassnodeApi

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.glassnode import Glassnode


@pytest.fixture
def provider():
    with LoopbackProvider(GlassnodeApi(ChainHistory())) as provider:
        yield provider


@pytest.fixture
def glassnode(provider):
    options = {"base_url": provider.url, "per_minute": 1e6, "sleep": provider.slept.append}
    collector = Glassnode(KEY, **options)
    yield collector
    collector.close()


def pages_of(collector, name, start, end, period_ms=DAY_MS):
    (task,) = [
        task
        for task in collector.tasks(["BTC/USDT:USDT"])
        if (task.series.name, task.series.period_ms) == (name, period_ms)
    ]
    (page,) = collector.pages(task, start, end)
    return page


def test_the_key_travels_in_a_header_only(provider, glassnode):
    pages_of(glassnode, "sopr", FIRST_DAY, FIRST_DAY + 5 * DAY_MS)
    (asked,) = provider.requests
    assert asked.headers["x-api-key"] == KEY
    seconds = FIRST_DAY // 1000
    assert asked.params == {"a": "BTC", "i": "24h", "s": str(seconds), "u": str(seconds + 432_000)}


def test_every_metric_is_read_under_its_own_name(glassnode):
    history = ChainHistory()
    day = FIRST_DAY + 40 * DAY_MS
    values = {
        task.series.name: pages_of(glassnode, task.series.name, day, day + DAY_MS)["value"].iloc[0]
        for task in glassnode.tasks([])
    }
    market, realized = history.at("market", day), history.at("realized", day)
    assert values["mvrv"] == market / realized
    assert values["mvrv_zscore"] == 2 * history.at("sopr", day)
    assert values["sopr"] == history.at("sopr", day)
    assert values["stablecoin_supply_ratio"] == market / history.at("usdt", day)
    assert (values["market_cap"], values["realized_cap"]) == (market, realized)
    assert len(values) == 8


def test_flows_come_by_the_hour_as_well(provider, glassnode):
    page = pages_of(glassnode, "exchange_netflow", FIRST_DAY, FIRST_DAY + 2 * DAY_MS, HOUR_MS)
    assert page["event_time"].tolist() == list(range(FIRST_DAY, FIRST_DAY + 2 * DAY_MS, HOUR_MS))
    daily = pages_of(glassnode, "exchange_netflow", FIRST_DAY, FIRST_DAY + DAY_MS)
    assert page["value"].iloc[:24].sum() == pytest.approx(daily["value"].iloc[0])
    without = Glassnode(KEY, base_url=provider.url, hourly_flows=False)
    assert {task.series.period_ms for task in without.tasks([])} == {DAY_MS}
    without.close()


def test_the_weekly_mean_reads_the_days_it_needs(glassnode):
    history = ChainHistory()
    day = FIRST_DAY + 20 * DAY_MS
    page = pages_of(glassnode, "exchange_netflow_7d_mean", day, day + DAY_MS)
    flows = [
        history.at("inflow", time) - history.at("outflow", time)
        for time in range(day - 6 * DAY_MS, day + DAY_MS, DAY_MS)
    ]
    assert page["value"].tolist() == [pytest.approx(sum(flows) / 7)]
    first = pages_of(glassnode, "exchange_netflow_7d_mean", FIRST_DAY, FIRST_DAY + 8 * DAY_MS)
    assert first["event_time"].tolist() == [FIRST_DAY + 6 * DAY_MS, FIRST_DAY + 7 * DAY_MS]


def test_a_spent_allowance_is_an_error_that_says_until_when(provider, glassnode):
    spent = {"x-rate-limit-limit": "50", "x-rate-limit-reset": "40000"}
    provider.answer = lambda request: Reply(b"limit exceeded", 429, spent)
    with pytest.raises(SourceError, match="asks to come back at "):
        pages_of(glassnode, "sopr", FIRST_DAY, FIRST_DAY + DAY_MS)
    assert provider.slept == []


def test_a_day_of_following_fits_the_smallest_allowance(glassnode):
    asked = sum(DAY_MS / task.poll_ms for task in glassnode.tasks([]))
    assert asked <= 50
