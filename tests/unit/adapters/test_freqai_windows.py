"""Windows, late data and the frame handed back."""

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # freqtrade sets an option that pandas deprecates
    from hydra_quant.adapters.freqai.answers import Answer, Answers, attach
    from hydra_quant.adapters.freqai.base import slug
    from hydra_quant.adapters.freqai.frames import neutral_name
    from hydra_quant.adapters.freqai.windows import DAY, day, list_windows

T0 = int(pd.Timestamp("2024-01-21", tz="UTC").timestamp())


def kitchen(days: int, train: int = 20, period: float = 4) -> Any:
    """FreqAI's ranges for a backtest of `days` days from 21 January 2024."""
    starts = [T0 + int(n * period * DAY) for n in range(int(np.ceil(days / period)))]
    return SimpleNamespace(
        freqai_config={"train_period_days": train, "backtest_period_days": period},
        backtesting_timeranges=[SimpleNamespace(startts=start) for start in starts],
    )


def test_windows_follow_each_other_and_the_last_is_open() -> None:
    windows = list_windows(kitchen(10), T0 + 10 * DAY, 0)
    assert [w.answer_start for w in windows] == [T0, T0 + 4 * DAY, T0 + 8 * DAY]
    assert [w.answer_stop for w in windows] == [T0 + 4 * DAY, T0 + 8 * DAY, None]
    assert all(w.train_stop == w.known_until == w.answer_start for w in windows)
    assert all(w.train_stop - w.train_start == 20 * DAY for w in windows)


def test_a_last_candle_on_the_boundary_gets_a_window_of_its_own() -> None:
    assert len(list_windows(kitchen(8), T0 + 8 * DAY - 3600, 0)) == 2
    windows = list_windows(kitchen(8), T0 + 8 * DAY, 0)
    assert len(windows) == 3
    assert windows[-1].answer_start == T0 + 8 * DAY
    assert [w.count for w in windows] == [3, 3, 3]


def test_a_buffer_narrows_what_is_learned_and_not_what_is_known() -> None:
    (window,) = list_windows(kitchen(4), T0 + 3 * DAY, 5 * 3600)
    assert window.train_start == T0 - 20 * DAY + 5 * 3600
    assert window.train_stop == T0 - 5 * 3600
    assert window.known_until == T0


def test_days_are_written_without_midnight() -> None:
    assert day(T0) == "2024-01-21"
    assert day(T0 + 3600) == "2024-01-21 01:00"


@pytest.mark.parametrize(
    ("pair", "name"), [("BTC/USDT:USDT", "BTC_USDT_USDT"), ("BTC/USDC", "BTC_USDC")]
)
def test_folder_names_hold_the_whole_pair(pair: str, name: str) -> None:
    assert slug(pair) == name


def test_own_names_are_neutral_and_others_stay() -> None:
    assert neutral_name("%-rsi_BTC/USDT:USDT_1h", "BTC/USDT:USDT") == "%-rsi_own_1h"
    assert neutral_name("%-rsi_ETH/USDT:USDT_1h", "BTC/USDT:USDT") == "%-rsi_ETH/USDTUSDT_1h"


def test_rows_without_an_answer_are_nan_and_do_not_predict() -> None:
    answers = Answers(5, ["&-a", "&-b"])
    found = Answer(
        predictions=np.array([[1.0, 2.0], [3.0, np.nan]]),
        do_predict=np.array([1, 0]),
        means=np.array([0.1, 0.2]),
        stds=np.array([1.0, 2.0]),
        outlier_index=np.zeros(2),
    )
    answers.put(slice(2, 4), found)
    columns = answers.columns(False, {"note": 7})
    assert columns["do_predict"].tolist() == [0, 0, 1, 0, 0]
    np.testing.assert_array_equal(columns["&-a"], [np.nan, np.nan, 1.0, 3.0, np.nan])
    np.testing.assert_array_equal(columns["&-b_std"], [np.nan, np.nan, 2.0, 2.0, np.nan])
    assert columns["note"].eq(7).all()
    assert "DI_values" not in columns
    assert "DI_values" in answers.columns(True, {})


def test_answers_replace_columns_of_the_same_name() -> None:
    plain = pd.DataFrame({"close": [1.0, 2.0], "do_predict": [9, 9]}, index=[5, 6])
    joined = attach(plain, pd.DataFrame({"do_predict": [0, 1]}))
    assert joined.to_dict("list") == {"close": [1.0, 2.0], "do_predict": [0, 1]}
    assert plain["do_predict"].tolist() == [9, 9]
