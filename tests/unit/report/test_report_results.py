"""Result files: what is read, which belong together, and what is said about a bad one."""

import json
import zipfile
from pathlib import Path

import pytest
from support.backtest import BTC, FEE, at, lock, stats, trade, write_zip

from hydra_quant.report.results import ResultError, newest, read_results


def test_reads_a_trade_with_its_money(tmp_path: Path) -> None:
    path = write_zip(tmp_path, {"Probe": stats([trade(2, 5, side=-1, funding=-0.5)])})
    (found,) = read_results(path)
    row = found.trades.iloc[0]
    assert (row["pair"], row["side"], row["open_date"], row["close_date"]) == (
        BTC,
        -1,
        at(2),
        at(5),
    )
    assert row["fees"] == pytest.approx(10 * 100 * FEE + 10 * 101 * FEE)
    # a short from 100 to 101 loses 10, pays both fees and half a unit of funding
    assert found.profit == pytest.approx(-10 - row["fees"] - 0.5)
    assert [amount for _, amount, _, _ in row["orders"]] == [-10.0, 10.0]


def test_reads_run_settings_locks_and_range(tmp_path: Path) -> None:
    path = write_zip(tmp_path, {"Probe": stats(locks=[lock(3, 6, side="long")], max_open=-1)})
    (found,) = read_results(path)
    assert (found.horizon, found.round_trip_cost, found.exchange) == (3, 0.002, "binance")
    assert (found.start, found.end) == (at(0), at(39))
    assert found.max_open_trades == 2  # no limit: as many as there are pairs
    assert found.locks.iloc[0].to_list() == [BTC, "long", at(3), at(6)]


def test_no_trade_is_a_result_too(tmp_path: Path) -> None:
    (found,) = read_results(write_zip(tmp_path, {"Probe": stats()}))
    assert found.profit == 0.0
    assert len(found.trades) == 0
    assert "profit_abs" in found.trades


@pytest.mark.parametrize("damage", ["missing", "not a zip", "renamed", "no strategy", "no trades"])
def test_a_bad_file_is_named_with_a_remedy(tmp_path: Path, damage: str) -> None:
    path = write_zip(tmp_path, {"Probe": stats()})
    if damage == "missing":
        path.unlink()
    elif damage == "not a zip":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "renamed":
        path = path.rename(tmp_path / "mine.zip")
    else:
        broken = {} if damage == "no strategy" else {"Probe": {"pairlist": []}}
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.json", json.dumps({"strategy": broken}))
            archive.writestr(f"{path.stem}_config.json", "{}")
    with pytest.raises(ResultError) as error:
        read_results(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert any(word in str(error.value) for word in ("again", "see user_data"))


def test_newest_takes_each_strategy_once_and_only_the_same_candles(tmp_path: Path) -> None:
    write_zip(tmp_path, {"A": stats([trade(1, 2)]), "C": stats(candles=30)}, "2025-01-01_00-00-00")
    write_zip(tmp_path, {"A": stats(), "B": stats()}, "2025-01-02_00-00-00")
    write_zip(tmp_path, {"D": stats(candles=30)}, "2025-01-03_00-00-00")
    last = write_zip(tmp_path, {"Hold": stats()}, "2025-01-04_00-00-00")
    found = newest(tmp_path)
    assert [result.strategy for result in found] == ["Hold", "A", "B"]
    assert len(found[1].trades) == 0  # the newer A
    last.unlink()
    assert [result.strategy for result in newest(tmp_path)] == ["D", "C"]


def test_newest_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="run freqtrade backtesting"):
        newest(tmp_path / "nothing")
