"""What signals did and which regimes occurred, against tables counted by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame
from support.backtest import BTC, ETH, at, reason_frame, result, stats, trade, write_zip

from hydra_quant.labels.regimes import REGIMES
from hydra_quant.reasons import Reason
from hydra_quant.report.layout import signal_cells, signal_headers
from hydra_quant.report.page import render
from hydra_quant.report.reason_files import THOUGHTS, ReasonError, ReasonFiles, read_reasons
from hydra_quant.report.reasons import explain
from hydra_quant.report.report import as_json, build_report
from hydra_quant.report.results import read_results
from hydra_quant.report.terminal import console_for, show
from hydra_quant.report.thoughts import (
    OUTCOMES,
    UNKNOWN,
    has_regimes,
    has_signals,
    regimes_table,
    signals_table,
)
from hydra_quant.settings import SIGNALS

CASCADE = REGIMES.index("cascade")

# source, side, score, how the candle ended, followed (fraction)
FIRED = (
    (0, 1, 0.8, Reason.ENTERED, 0.004),
    (0, -1, 0.4, Reason.SCORE_TOO_LOW, -0.002),
    (0, 1, np.nan, Reason.NO_PREDICTION, np.nan),
    (0, 1, 0.6, Reason.LOW_CONFIDENCE, 0.001),
    (3, -1, 0.7, Reason.OTHERS_OPPOSE, 0.0),
    (3, -1, 0.7, Reason.IN_POSITION, 0.0),
    (3, -1, 0.9, Reason.PAIR_LOCKED, 0.0),
    (3, -1, 0.9, Reason.STAKE_TOO_SMALL, -0.001),
    (3, 1, 0.8, Reason.NO_FREE_SLOT, -0.001),
    (-1, 0, np.nan, Reason.ENTERED, 0.5),  # by vote: no signal's doing
    (-1, 0, np.nan, Reason.NO_SIGNAL, np.nan),
)


def fired_rows() -> DataFrame:
    source, side, score, reason, followed = zip(*FIRED, strict=True)
    return DataFrame(
        {
            "signal_source": np.array(source, np.int8),
            "signal_side": np.array(side, np.int8),
            "hydra_score": score,
            "reason": [int(found) for found in reason],
            "followed": followed,
        }
    )


def thinking_frame(
    reasons: dict[int, tuple[Reason, int]], signals: dict[int, tuple[int, int, float]]
) -> DataFrame:
    """Reasons with signals (source, side, score) by candle; a cascade from candle 30 on."""
    frame = reason_frame(reasons)
    said = [signals.get(number, (-1, 0, np.nan)) for number in range(-5, 40)]
    regime = [-1 if n < 0 else CASCADE if n >= 30 else 0 for n in range(-5, 40)]
    source, side, score = zip(*said, strict=True)
    return frame.assign(
        signal_source=np.array(source, np.int8),
        signal_side=np.array(side, np.int8),
        hydra_score=score,
        hydra_regime=np.array(regime, np.int8),
    )


def test_every_signal_has_a_row_and_every_candle_one_outcome() -> None:
    table = signals_table(fired_rows())
    assert tuple(table.index) == SIGNALS
    squeeze, fade = table.loc[SIGNALS[0]], table.loc[SIGNALS[3]]
    assert squeeze[["fired", "longs", "shorts"]].tolist() == [4, 3, 1]
    assert squeeze[list(OUTCOMES)].tolist() == [1, 1, 0, 0, 0, 1, 1]
    assert squeeze["score"] == pytest.approx((0.8 + 0.4 + 0.6) / 3)
    assert squeeze["followed_bps"] == pytest.approx(10)
    assert fade[["fired", "longs", "shorts"]].tolist() == [5, 1, 4]
    assert fade[list(OUTCOMES)].tolist() == [0, 0, 1, 1, 1, 2, 0]
    assert fade["score"] == pytest.approx(0.8)
    assert fade["followed_bps"] == pytest.approx(-4)
    assert table[list(OUTCOMES)].sum(axis=1).tolist() == table["fired"].tolist() == [4, 0, 0, 5, 0]
    assert table.loc[SIGNALS[1], ["score", "followed_bps"]].isna().all()


@pytest.mark.parametrize("reason", [found for found in Reason if found is not Reason.ENTER])
def test_whatever_ends_a_candle_is_counted_once(reason: Reason) -> None:
    rows = fired_rows().iloc[:1].assign(reason=int(reason))
    assert signals_table(rows)[list(OUTCOMES)].to_numpy().sum() == 1


def test_no_signal_at_all_is_a_table_of_zeros() -> None:
    table = signals_table(fired_rows().iloc[-2:])
    assert (table["fired"] == 0).all()
    assert table["score"].isna().all()
    assert signal_cells(table)[0] == ["candles it fired on", *["0"] * 6]


def test_regimes_add_up_and_tell_how_far_the_price_went() -> None:
    rows = DataFrame(
        {
            "hydra_regime": np.array([CASCADE, CASCADE, CASCADE, 2, -1], np.int8),
            "ahead": [0.03, -0.01, np.nan, -0.001, 0.5],
        }
    )
    table = regimes_table(rows)
    assert tuple(table.index) == (*REGIMES, UNKNOWN)
    assert table["count"].tolist() == [0, 0, 1, 0, 3, 0, 0, 1]
    assert table["share"].tolist() == pytest.approx([0, 0, 20, 0, 60, 0, 0, 20])
    assert table.loc["cascade", "move_bps"] == pytest.approx(200)
    assert table.loc["ranging", "move_bps"] == pytest.approx(10)
    assert table["move_bps"].isna().sum() == 5


def test_the_side_of_a_candle_is_its_signals_else_its_votes(tmp_path: Path) -> None:
    voted = {4: (Reason.SCORE_TOO_LOW, 1), 6: (Reason.BELOW_THRESHOLD, 1)}
    btc = thinking_frame(voted, {4: (1, -1, 0.3)})
    rows = explain(result(tmp_path), ReasonFiles({BTC: btc, ETH: thinking_frame({}, {})}, {}))
    rows = rows[rows["pair"] == BTC].set_index("date")
    assert rows.loc[[at(4), at(6), at(8)], "side"].tolist() == [-1, 1, 0]
    # closes rise by 1 a candle from 100 at candle -5; the horizon is 3, costs are 20 bps
    assert rows.loc[at(4), "followed"] == pytest.approx(-(112 / 109 - 1) - 0.002)
    told = ["signal_source", "signal_side", "hydra_score", "hydra_regime"]
    assert rows.loc[at(4), told].tolist() == [1, -1, 0.3, 0]
    assert has_signals(rows)
    assert has_regimes(rows)


def test_reasons_without_signals_read_and_have_no_tables(tmp_path: Path) -> None:
    old = reason_frame({4: (Reason.BELOW_THRESHOLD, -1)})
    rows = explain(result(tmp_path), ReasonFiles({BTC: old, ETH: old}, {}))
    assert not set(THOUGHTS) & set(rows)
    assert not has_signals(rows)
    assert not has_regimes(rows)
    with pytest.raises(ReasonError, match="different versions"):
        explain(result(tmp_path), ReasonFiles({BTC: old, ETH: thinking_frame({}, {})}, {}))


@pytest.mark.parametrize(
    ("column", "code", "said"),
    [
        ("signal_source", len(SIGNALS), "unknown signal number"),
        ("hydra_regime", len(REGIMES), "unknown regime number"),
        ("hydra_regime", -2, "unknown regime number"),
    ],
)
def test_a_number_of_another_version_is_refused(
    tmp_path: Path, column: str, code: int, said: str
) -> None:
    folder = tmp_path / "hydra" / "reasons" / "Probe"
    folder.mkdir(parents=True)
    path = folder / "BTC_USDT_USDT.feather"
    whole = thinking_frame({}, {})
    whole.assign(more=1).to_feather(path)
    found = read_reasons(tmp_path, "Probe", (BTC,))
    assert found is not None
    assert list(found.candles[BTC]) == list(whole)
    whole.assign(**{column: np.int8(code)}).to_feather(path)
    with pytest.raises(ReasonError, match=said):
        read_reasons(tmp_path, "Probe", (BTC,))


@pytest.fixture
def userdir(tmp_path: Path) -> Path:
    """A run of a strategy with signals and of one without."""
    write_zip(
        tmp_path / "backtest_results",
        {"HydraStrategy": stats([trade(4, 9)]), "HydraBaseline": stats()},
    )
    entry = {3: (Reason.ENTER, 1), 12: (Reason.SCORE_TOO_LOW, -1)}
    said = {3: (0, 1, 0.8), 12: (4, -1, 0.4)}
    for name, frames in (
        ("HydraStrategy", (thinking_frame(entry, said), thinking_frame({}, {}))),
        ("HydraBaseline", (reason_frame({}), reason_frame({}))),
    ):
        folder = tmp_path / "hydra" / "reasons" / name
        folder.mkdir(parents=True)
        for pair, frame in zip((BTC, ETH), frames, strict=True):
            frame.to_feather(folder / f"{pair.replace('/', '_').replace(':', '_')}.feather")
    return tmp_path


def test_shown_for_the_strategy_that_has_them_within_100_columns(
    userdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = build_report(read_results(next((userdir / "backtest_results").glob("*.zip"))), userdir)
    report.signals["HydraStrategy"][list(OUTCOMES)] += 1_234_560
    show(report, console_for())
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert "…" not in said
    assert (
        said.count("1,234,560") == len(SIGNALS) * len(OUTCOMES) - 2
    )  # two of them counted one more
    order = ("Reasons of HydraS", "Signals of HydraStrategy", "Regimes of HydraS", "Side by side")
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert "Signals of HydraBaseline" not in said
    assert "Regimes of HydraBaseline" not in said


def test_the_page_and_the_figures_have_them_too(userdir: Path) -> None:
    report = build_report(read_results(next((userdir / "backtest_results").glob("*.zip"))), userdir)
    figures = json.loads(json.dumps(as_json(report), allow_nan=False))
    assert list(figures["signals"]) == list(figures["regimes"]) == ["HydraStrategy"]
    signals = {row["signal"]: row for row in figures["signals"]["HydraStrategy"]}
    assert signals["funding_squeeze"]["entered"] == 1
    assert signals["funding_carry"]["score_too_low"] == 1
    assert signals["crowding_fade"]["score"] is None
    regimes = {row["regime"]: row["count"] for row in figures["regimes"]["HydraStrategy"]}
    assert (regimes["trending_up"], regimes["cascade"], sum(regimes.values())) == (60, 20, 80)
    html = render(report)
    assert html.count("<h2>Signals: ") == html.count("<h2>Regimes: ") == 1
    assert "mean move, bps" in html
    assert signal_headers(report.signals["HydraStrategy"])[1] == "funding\nsqueeze"
