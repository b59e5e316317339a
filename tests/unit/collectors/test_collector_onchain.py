"""What every on-chain source must survive, and what it must never tell."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import pytest
from pandas.testing import assert_frame_equal
from support.loopback_http import LoopbackProvider, reordered, repeated, reply_json, without
from support.onchain_providers import (
    DAY_MS,
    FIRST_DAY,
    KEY,
    ChainHistory,
    CoinMetricsApi,
    CryptoQuantApi,
    GlassnodeApi,
)

from hydra_quant.collectors.coinmetrics import CoinMetrics
from hydra_quant.collectors.collector import MissingKey, SourceError
from hydra_quant.collectors.cryptoquant import CryptoQuant
from hydra_quant.collectors.filling import fill_task
from hydra_quant.collectors.glassnode import Glassnode
from hydra_quant.memory import Memory

SOURCES = ("coinmetrics", "glassnode", "cryptoquant")
PAGED = ("coinmetrics", "cryptoquant")
FIELDS = {"coinmetrics": "FlowInExNtv", "glassnode": "v", "cryptoquant": "netflow_total"}
TIMES = {"coinmetrics": "time", "glassnode": "t", "cryptoquant": "date"}


@dataclass
class World:
    """One source with its provider, history and memory."""

    provider: LoopbackProvider
    api: CoinMetricsApi | GlassnodeApi | CryptoQuantApi
    collector: CoinMetrics | Glassnode | CryptoQuant
    memory: Memory
    history: ChainHistory

    def task(self, name: str = "exchange_netflow"):
        found = [task for task in self.collector.tasks([]) if task.series.name == name]
        return min(found, key=lambda task: -task.series.period_ms)

    def fill(self, name: str = "exchange_netflow", memory: Memory | None = None):
        return fill_task(
            memory or self.memory, self.collector, self.task(name),
            since=FIRST_DAY, until=self.history.end + DAY_MS // 2, stop=Event(),
        )  # fmt: skip

    def stored(self, name: str = "exchange_netflow", memory: Memory | None = None):
        return (memory or self.memory).rows(self.task(name).series)

    def empty_memory(self, path) -> Memory:
        return Memory(f"sqlite:///{path}", clock=self.memory.clock)


def collector_of(source: str, provider: LoopbackProvider, key: str = KEY):
    options = {"base_url": provider.url, "per_minute": 1e6, "sleep": provider.slept.append}
    if source == "coinmetrics":
        return CoinMetrics(page_size=50, **options)
    if source == "glassnode":
        return Glassnode(key, **options)
    return CryptoQuant(key, page_size=50, **options)


@pytest.fixture
def world_of(tmp_path):
    open_worlds: list[World] = []

    def build(source: str) -> World:
        history = ChainHistory()
        api_type = {
            "coinmetrics": CoinMetricsApi, "glassnode": GlassnodeApi, "cryptoquant": CryptoQuantApi,
        }[source]  # fmt: skip
        api = api_type(history)
        provider = LoopbackProvider(api)
        provider.__enter__()

        def now() -> int:
            return history.end + DAY_MS // 2

        memory = Memory(f"sqlite:///{tmp_path / source}.sqlite", clock=now)
        world = World(provider, api, collector_of(source, provider), memory, history)
        open_worlds.append(world)
        return world

    yield build
    for world in open_worlds:
        world.collector.close()
        world.memory.close()
        world.provider.__exit__()


@pytest.fixture(params=SOURCES)
def world(request, world_of) -> World:
    return world_of(request.param)


def flow(history: ChainHistory, time: int) -> float:
    return history.at("inflow", time) - history.at("outflow", time)


def test_all_of_it_is_stored_by_the_day_it_describes(world):
    filled = world.fill()
    rows = world.stored()
    assert rows["event_time"].tolist() == list(world.history.times())
    assert rows["value"].tolist() == [flow(world.history, time) for time in world.history.times()]
    assert (filled.malformed, filled.written.refused) == (0, {})


def test_no_daily_figure_is_known_at_midnight(world):
    for task in world.collector.tasks([]):
        name = task.series.name
        if task.series.period_ms == DAY_MS:
            world.fill(name)
            rows = world.stored(name)
            assert len(rows) > 100, name
            assert (rows["known_at"] >= rows["event_time"] + DAY_MS * 3 // 2).all(), name


@pytest.mark.parametrize(
    "faults", [["too_many"], ["unavailable"] * 3, ["malformed"], ["cut"], ["cut", "reset"]]
)
def test_a_passing_fault_changes_nothing(world, faults, tmp_path):
    world.fill()
    with world.empty_memory(tmp_path / "other.sqlite") as other:
        world.provider.fail(*faults)
        world.fill(memory=other)
        assert_frame_equal(world.stored(memory=other), world.stored())
    assert len(world.provider.slept) == len(faults)


@pytest.mark.parametrize("source", PAGED)
def test_a_connection_that_is_cut_in_a_later_page_changes_nothing(world_of, source, tmp_path):
    world = world_of(source)
    world.fill()
    with world.empty_memory(tmp_path / "other.sqlite") as other:
        world.provider.fail("ok", "cut", "ok", "reset")
        world.fill(memory=other)
        assert_frame_equal(world.stored(memory=other), world.stored())
    assert len(world.provider.slept) == 2


@pytest.mark.parametrize("bend", [repeated, reordered, lambda rows: repeated(reordered(rows))])
def test_pages_that_repeat_or_reorder_rows_change_nothing(world, bend, tmp_path):
    world.fill()
    world.api.bend = bend
    with world.empty_memory(tmp_path / "other.sqlite") as other:
        world.fill(memory=other)
        assert_frame_equal(world.stored(memory=other), world.stored())


@pytest.mark.parametrize("missing", ["value", "time"])
def test_rows_that_lack_a_field_are_left_out_and_counted(world, missing):
    names = FIELDS if missing == "value" else TIMES
    world.api.bend = lambda rows: without(rows, names[world.collector.source], every=10)
    filled = world.fill()
    assert filled.malformed >= 12
    assert len(world.stored()) == world.history.days - filled.malformed


def test_what_is_no_number_is_left_out_and_counted(world):
    field = FIELDS[world.collector.source]
    bad = ["Infinity", True, [], {}, "x", ""]

    def bend(rows):
        return [
            {**row, field: bad[at]} if at < len(bad) else {**row, field: None} if at == 6 else row
            for at, row in enumerate(rows)
        ]

    world.api.bend = bend
    filled = world.fill()
    pages = filled.malformed // len(bad)
    assert filled.malformed == pages * len(bad) > 0
    assert len(world.stored()) == world.history.days - pages * 7  # a null is missing, not bad


def test_a_row_that_begins_no_period_is_left_out(world):
    time = TIMES[world.collector.source]
    wrong = {"time": "2012-01-05T11:00:00Z", "date": "2012-01-05 11:00:00", "t": 1_325_761_201}
    world.api.bend = lambda rows: [*rows, {**rows[-1], time: wrong[time]}]
    assert world.fill().malformed > 0
    assert len(world.stored()) == world.history.days


def test_a_source_whose_clock_runs_ahead_tells_no_future(world):
    at = world.memory.clock()
    world.history.days += 3
    world.memory.clock = lambda: at  # it is still the same time here
    world.provider.clock_skew_s = 3 * 86_400
    world.fill()
    assert world.stored()["event_time"].max() + DAY_MS <= at
    assert len(world.stored()) == world.history.days - 3


@pytest.mark.parametrize("answer", [{}, {"data": 5}, {"result": {"data": None}}, 7, None, "x"])
def test_an_answer_of_another_shape_is_an_error(world, answer):
    world.provider.answer = lambda request: reply_json(answer)
    with pytest.raises(SourceError, match=f"^{world.collector.source}: answers "):
        world.fill()


@pytest.mark.parametrize("name", ["exchange_netflow", "exchange_netflow_7d_mean", "mvrv"])
def test_many_runs_are_one_run(world, name, tmp_path):
    days = world.history.days
    for days_until_then in (9, 10, 53, 54, days):
        world.history.days = days_until_then
        assert world.fill(name).written.revised == 0
    with world.empty_memory(tmp_path / "other.sqlite") as other:
        world.fill(name, memory=other)
        assert_frame_equal(world.stored(name, other), world.stored(name))


@pytest.mark.parametrize("source", PAGED)
def test_a_run_that_breaks_between_pages_is_taken_up(world_of, source, tmp_path):
    world = world_of(source)
    world.provider.fail("ok", *(["cut"] * 5))
    with pytest.raises(SourceError, match="no whole answer"):
        world.fill()
    world.fill()
    assert world.stored()["event_time"].tolist() == list(world.history.times())


def test_a_second_run_asks_for_little_and_stores_nothing(world):
    world.fill()
    rows: list[int] = []

    def counted(page):
        rows.append(len(page))
        return page

    world.api.bend = counted
    filled = world.fill()
    assert (filled.written.new, filled.written.revised) == (0, 0)
    assert 0 < sum(rows) < 20


def test_what_a_source_corrects_is_kept_beside_what_it_said(world):
    world.fill()
    corrected = world.history.end - 2 * DAY_MS
    world.history.values["inflow"][world.history.days - 2] += 500.0
    filled = world.fill()
    assert filled.written.revised == 1
    rows = world.stored()
    of_day = rows[rows["event_time"] == corrected]
    assert of_day["value"].diff().iloc[1] == pytest.approx(500.0)
    assert of_day["known_at"].iloc[1] == world.memory.clock()


# --- keys -------------------------------------------------------------------------------------

KEYED: dict[str, Callable[[str | None], object]] = {
    "glassnode": Glassnode, "cryptoquant": CryptoQuant,
}  # fmt: skip


@pytest.mark.parametrize("source", KEYED)
@pytest.mark.parametrize("key", [None, "", " \n"])
def test_without_a_key_the_variable_is_named(source, key):
    with pytest.raises(MissingKey, match=f"set HYDRA_{source.upper()}_KEY in the environment"):
        KEYED[source](key)


@pytest.mark.parametrize("source", KEYED)
def test_a_key_with_a_line_end_around_it_is_taken(world_of, source):
    world = world_of(source)
    world.collector.close()
    world.collector = collector_of(source, world.provider, key=f" {KEY}\n")
    assert world.fill().written.new == world.history.days


@pytest.mark.parametrize("source", KEYED)
def test_a_wrong_key_is_an_error_that_names_the_variable(world_of, source):
    world = world_of(source)
    world.collector.close()
    world.collector = collector_of(source, world.provider, key="a-wrong-key")
    with pytest.raises(SourceError) as caught:
        world.fill()
    assert f"the key in HYDRA_{source.upper()}_KEY is refused" in str(caught.value)
    assert "a-wrong-key" not in str(caught.value)


@pytest.mark.parametrize("source", KEYED)
def test_a_key_is_neither_stored_nor_logged_nor_told(world_of, source, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    world = world_of(source)
    world.api.bend = lambda rows: [{**row, "note": KEY} for row in rows]
    world.provider.fail("too_many", "cut", "malformed")
    world.fill()
    world.provider.fail_always("unauthorized")
    with pytest.raises(SourceError) as caught:
        world.fill("mvrv")
    told = [repr(caught.value), repr(world.collector), repr(vars(world.collector))]
    told += [record.getMessage() for record in caplog.records]
    assert not [text for text in told if KEY in text or KEY[:9] in text]
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert source.encode() in stored  # what is stored can be found in these files
    assert KEY.encode() not in stored
