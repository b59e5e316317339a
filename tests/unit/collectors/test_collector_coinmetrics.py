"""Coin Metrics: metrics derived from others against oracles, and no look into the future."""

import numpy as np
import pandas as pd
import pytest
from support.loopback_http import LoopbackProvider, reply_json
from support.onchain_providers import DAY_MS, FIRST_DAY, HOUR_MS, ChainHistory, CoinMetricsApi

from hydra_quant.collectors.coinmetrics import RECIPES, CoinMetrics
from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.onchain import (
    iso_ms,
    mvrv_zscore,
    stablecoin_supply_ratio,
    trailing_mean,
)


@pytest.fixture
def history():
    return ChainHistory()


@pytest.fixture
def api(history):
    return CoinMetricsApi(history)


@pytest.fixture
def provider(api):
    with LoopbackProvider(api) as provider:
        yield provider


@pytest.fixture
def coinmetrics(provider):
    options = {"base_url": provider.url, "per_minute": 1e6, "sleep": provider.slept.append}
    collector = CoinMetrics(page_size=50, **options)
    yield collector
    collector.close()


def read(collector, name, start=0, end=10**14):
    (task,) = [task for task in collector.tasks([]) if task.series.name == name]
    (page,) = collector.pages(task, start, end)
    return page


def values_of(page):
    return pd.Series(page["value"].to_numpy(), index=page["event_time"].to_numpy())


def caps_of(history):
    days = list(history.times())
    market = pd.Series([history.at("market", day) for day in days], index=days)
    return market, pd.Series([history.at("realized", day) for day in days], index=days)


def test_what_is_asked(provider, coinmetrics):
    read(coinmetrics, "mvrv", FIRST_DAY, FIRST_DAY + 3 * DAY_MS)
    (asked,) = provider.requests
    assert asked.params == {
        "assets": "btc",
        "metrics": "CapMVRVCur,AssetEODCompletionTime",
        "frequency": "1d",
        "start_time": "2011-12-01T00:00:00Z",
        "end_time": "2011-12-04T00:00:00Z",
        "paging_from": "start",
        "page_size": "50",
        "ignore_unsupported_errors": "true",
        "ignore_forbidden_errors": "true",
    }


def test_caps_and_their_ratio(coinmetrics, history):
    market, realized = caps_of(history)
    np.testing.assert_array_equal(read(coinmetrics, "market_cap")["value"], market)
    np.testing.assert_allclose(read(coinmetrics, "realized_cap")["value"], realized, rtol=1e-14)
    np.testing.assert_array_equal(read(coinmetrics, "mvrv")["value"], market / realized)


def test_the_zscore_divides_by_the_deviation_of_all_caps_so_far(coinmetrics, history):
    market, realized = caps_of(history)
    expected = [
        (market.iloc[day] - realized.iloc[day]) / np.std(market.to_numpy()[: day + 1], ddof=1)
        for day in range(1, history.days)
    ]
    found = values_of(read(coinmetrics, "mvrv_zscore"))
    assert found.index.tolist() == list(history.times())[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_zscore_reads_from_the_first_day_wherever_it_is_asked(coinmetrics, history):
    whole = values_of(read(coinmetrics, "mvrv_zscore"))
    begin = FIRST_DAY + 100 * DAY_MS
    part = values_of(read(coinmetrics, "mvrv_zscore", begin, begin + 5 * DAY_MS))
    pd.testing.assert_series_equal(part, whole.loc[begin : begin + 4 * DAY_MS], check_exact=True)


def test_a_zscore_of_half_a_history_is_refused(coinmetrics, history, api):
    late = list(history.times())[:40]
    api.gone = {("btc", day) for day in late}
    with pytest.raises(SourceError, match="market caps begin on 2012-01-10"):
        read(coinmetrics, "mvrv_zscore")


def test_flows_and_their_weekly_mean(coinmetrics, history):
    days = list(history.times())
    net = [history.at("inflow", day) - history.at("outflow", day) for day in days]
    np.testing.assert_array_equal(read(coinmetrics, "exchange_netflow")["value"], net)
    mean = values_of(read(coinmetrics, "exchange_netflow_7d_mean"))
    oracle = pd.Series(net, index=days).rolling(7).mean().dropna()
    pd.testing.assert_series_equal(mean, oracle, rtol=1e-9)


def test_a_week_with_a_day_missing_has_no_mean(coinmetrics, api):
    lost = FIRST_DAY + 30 * DAY_MS
    api.gone = {("btc", lost)}
    mean = values_of(read(coinmetrics, "exchange_netflow_7d_mean"))
    assert not set(range(lost, lost + 7 * DAY_MS, DAY_MS)) & set(mean.index)
    assert {lost - DAY_MS, lost + 7 * DAY_MS} <= set(mean.index)


def test_stablecoins_count_from_their_first_day(coinmetrics, history, api):
    ratio = values_of(read(coinmetrics, "stablecoin_supply_ratio"))
    for day in history.times():
        coins = history.at("usdt", day)
        coins += history.at("usdc", day) if day >= api.usdc_from else 0.0
        assert ratio.loc[day] == pytest.approx(history.at("market", day) / coins)


def test_a_stablecoin_that_is_late_leaves_the_day_open(coinmetrics, history, api):
    newest = history.end - DAY_MS
    api.gone = {("usdc", newest)}
    ratio = values_of(read(coinmetrics, "stablecoin_supply_ratio"))
    assert newest not in ratio.index
    assert newest - DAY_MS in ratio.index
    assert read(coinmetrics, "stablecoin_supply_ratio", newest).empty
    ended = FIRST_DAY + 60 * DAY_MS  # one that ended for good is waited for a week
    api.gone = {("usdc", day) for day in range(ended, history.end, DAY_MS)}
    ratio = values_of(read(coinmetrics, "stablecoin_supply_ratio"))
    assert not set(range(ended, ended + 7 * DAY_MS, DAY_MS)) & set(ratio.index)
    after = ended + 7 * DAY_MS
    assert ratio.loc[after] == history.at("market", after) / history.at("usdt", after)


# --- no look into the future ------------------------------------------------------------------


def first_difference(read_until, lengths):
    """The first length of history at which an earlier value is another one than in all of it."""
    whole = read_until(max(lengths))
    for length in lengths:
        part = read_until(length)
        if not part.equals(whole.loc[part.index]):
            return length
    return None


@pytest.mark.parametrize("name", RECIPES)
def test_what_comes_later_changes_no_earlier_value(coinmetrics, history, name):
    def read_until(days):
        history.days = days
        return values_of(read(coinmetrics, name))

    assert first_difference(read_until, [8, 9, 31, 32, 38, 77, 120]) is None
    assert len(read_until(120)) > 100


def test_a_formula_that_looks_ahead_is_found_out(history):
    market, realized = caps_of(history)

    def read_until(days):
        past = slice(0, days)
        return (market - realized).iloc[past] / market.iloc[past].std()

    assert first_difference(read_until, [8, 120]) == 8


@pytest.mark.parametrize("begin", [7, 8, 20, 41])
@pytest.mark.parametrize("name", RECIPES)
def test_a_value_is_the_same_wherever_reading_began(coinmetrics, name, begin):
    whole = values_of(read(coinmetrics, name))
    start = FIRST_DAY + begin * DAY_MS
    part = values_of(read(coinmetrics, name, start))
    assert len(part) == 120 - begin
    assert part.equals(whole.loc[start:])


# --- when it was known ------------------------------------------------------------------------


def test_a_late_day_is_known_when_it_was_complete(coinmetrics, api):
    late, recomputed = FIRST_DAY + 3 * DAY_MS, FIRST_DAY + 5 * DAY_MS
    api.completed_after = {late: 30 * HOUR_MS, recomputed: 900 * DAY_MS}
    page = read(coinmetrics, "exchange_netflow").set_index("event_time")
    assert page.loc[late, "known_at"] == late + DAY_MS + 30 * HOUR_MS
    assert page.drop(index=late)["known_at"].isna().all()  # the configured lag holds


def test_the_ratio_waits_for_its_last_coin(coinmetrics, api):
    day = FIRST_DAY + 50 * DAY_MS
    completed = api._value

    def value(asset, metric, time):
        if metric == "AssetEODCompletionTime" and asset == "usdc" and time == day:
            return str((day + 2 * DAY_MS) // 1000)
        return completed(asset, metric, time)

    api._value = value
    page = read(coinmetrics, "stablecoin_supply_ratio").set_index("event_time")
    assert page.loc[day, "known_at"] == day + 2 * DAY_MS
    assert page["known_at"].notna().sum() == 1


def test_a_time_of_completion_that_is_withdrawn_is_no_fault(coinmetrics, api):
    api.bend = lambda rows: [
        {name: text for name, text in row.items() if name != "AssetEODCompletionTime"}
        for row in rows
    ]
    page = read(coinmetrics, "mvrv")
    assert (len(page), page.attrs["malformed"]) == (120, 0)
    assert page["known_at"].isna().all()


# --- pages ------------------------------------------------------------------------------------


def test_every_page_is_read(provider, coinmetrics):
    assert len(read(coinmetrics, "mvrv")) == 120
    assert [asked.params.get("next_page_token") for asked in provider.requests] == [
        None, "50-x", "100-x",
    ]  # fmt: skip
    assert {asked.path for asked in provider.requests} == {"/timeseries/asset-metrics"}


def test_page_tokens_in_circles_are_an_error(provider, coinmetrics):
    provider.answer = lambda request: reply_json({"data": [], "next_page_token": "again"})
    with pytest.raises(SourceError, match="in circles"):
        read(coinmetrics, "mvrv")
    assert len(provider.requests) == 2


def test_rows_of_an_asset_that_nobody_asked_for_are_counted(coinmetrics, api):
    api.bend = lambda rows: [*rows, {**rows[0], "asset": "eth"}]
    page = read(coinmetrics, "mvrv")
    assert (len(page), page.attrs["malformed"]) == (120, 3)


def test_nothing_is_an_empty_page(coinmetrics, history):
    history.days = 0
    for name in RECIPES:
        assert read(coinmetrics, name).empty


def test_derived_values_of_nothing_are_nothing():
    nothing = pd.Series(dtype=float)
    assert mvrv_zscore(nothing, nothing).empty
    assert trailing_mean(nothing).empty
    assert stablecoin_supply_ratio(nothing, pd.DataFrame()).empty


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2011-12-01T00:00:00.000000000Z", FIRST_DAY),
        ("2011-12-01", FIRST_DAY),
        ("2011-12-01 01:00:00", FIRST_DAY + HOUR_MS),
        ("2011-12-01T02:00:00+02:00", FIRST_DAY),
        ("yesterday", None),
        ("", None),
        (1322697600, None),
        (None, None),
    ],
)
def test_times_are_read_as_utc(text, time):
    assert iso_ms(text) == time
