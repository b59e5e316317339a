"""Thinking frames of a folder: what was known when, what is missing, how a part of it looks."""

import shutil

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from support.crowded_folder import crowded_folder

from hydra_quant.collectors.files import FileError
from hydra_quant.heads import dataset
from hydra_quant.heads.think import THOUGHTS
from hydra_quant.positioning.names import ADDED
from hydra_quant.settings import Settings

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
SETTINGS = Settings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return crowded_folder(
        tmp_path_factory.mktemp("crowded"), 1500, ("BTC_USDT_USDT", "ETH_USDT_USDT")
    )


def loaded(root, timeframe="1h", **wishes):
    pairs = wishes.get("pairs", ())
    with dataset.remembered(root, SETTINGS, pairs=pairs) as (memory, failed):
        found = dataset.load(root, timeframe, SETTINGS, memory=memory, **wishes)
    return found, failed


@pytest.fixture(scope="module")
def hourly(folder):
    return loaded(folder)


def test_frames_think(hourly):
    data, failed = hourly
    assert failed == ()
    assert data.pairs == (BTC, ETH)
    assert data.candle_minutes == 60
    for frame in data.frames.values():
        assert {"date", "open", "close", "volume", *ADDED, *THOUGHTS} <= set(frame)
        assert frame["date"].is_monotonic_increasing
        assert (frame["signal_side"] != 0).sum() > 20
    assert data.notes == ("no liquidations: what rests on it stays silent",)


def test_open_interest_is_known_one_bar_late_and_funding_after_its_time(hourly, folder):
    frame = hourly[0].frames[BTC]
    stored = pd.read_parquet(folder / "oi/BTC_USDT_USDT-1h-oi.parquet")["open_interest"].to_numpy()
    # A bar is over at the candle's close and published a minute later: the one before is known.
    known = frame["open_interest"].to_numpy()
    assert known[1:] == pytest.approx(stored[:-1])
    assert not np.allclose(known[1:], stored[1:])
    rates = pd.read_parquet(folder / "funding/BTC_USDT_USDT-funding.parquet")["funding_rate"]
    funding = frame["funding_rate"].to_numpy()
    assert funding[:8] == pytest.approx(rates[0])
    assert funding[8] == pytest.approx(rates[1])  # settled at its open, known before its close


def test_four_hours_bring_their_ratios(folder):
    data, _ = loaded(folder, "4h", pairs=["BTC"])
    (frame,) = data.frames.values()
    assert len(frame) == 375
    stored = pd.read_parquet(folder / "bybit/BTC_USDT_USDT-4h-derivs.parquet")["long_ratio"]
    assert frame["long_share"].to_numpy()[2:] == pytest.approx(stored.to_numpy()[1:-1])


def test_the_future_changes_nothing(folder, hourly):
    until = hourly[0].frames[BTC]["date"].iloc[1200]
    part, _ = loaded(folder, until=until)
    for pair, frame in part.frames.items():
        assert len(frame) == 1200
        assert_frame_equal(frame, hourly[0].frames[pair].iloc[:1200])


def test_what_a_folder_lacks_is_said_in_one_line(folder, tmp_path):
    shutil.copytree(folder / "futures", tmp_path / "futures")
    data, failed = loaded(tmp_path)
    assert failed == ()
    assert len(data.notes) == 4
    assert data.notes[1] == "no open interest: what rests on it stays silent"
    for frame in data.frames.values():
        assert frame["open_interest"].isna().all()
        assert (frame["signal_side"] == 0).all()
    shutil.copytree(folder / "oi", tmp_path / "oi")
    (tmp_path / "oi/ETH_USDT_USDT-1h-oi.parquet").unlink()
    assert "no open interest of ETH" in loaded(tmp_path)[0].notes


def test_a_damaged_statistic_is_named_and_the_rest_goes_on(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "oi/ETH_USDT_USDT-1h-oi.parquet").write_bytes(b"no parquet")
    data, failed = loaded(tmp_path)
    assert len(failed) == 1
    assert "ETH_USDT_USDT-1h-oi.parquet: not a readable parquet file" in failed[0]
    assert data.frames[BTC]["open_interest"].notna().any()


def test_damaged_candles_stop(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "futures/ETH_USDT_USDT-1h.parquet").write_bytes(b"no parquet")
    with pytest.raises(FileError, match=r"ETH_USDT_USDT-1h.parquet: not a readable parquet file"):
        loaded(tmp_path)


def test_a_width_that_is_not_there(folder):
    with pytest.raises(FileError, match="no pair has 50 candles of 5m; looked for futures/BTC"):
        loaded(folder, "5m")


def test_progress_is_told(folder):
    heard = []
    with dataset.remembered(folder, SETTINGS, told=lambda what, done: heard.append(what)) as opened:
        dataset.load(
            folder, "4h", SETTINGS, memory=opened[0], told=lambda what, done: heard.append(done)
        )
    assert "oi/BTC_USDT_USDT-1h-oi.parquet" in heard
    assert heard[-3:] == [0.0, 0.5, 1.0]
