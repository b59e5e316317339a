"""``hydra-quant report``: tables, page and figures, and one line for a mistake."""

import argparse
import json
import re
from pathlib import Path

import pytest
from support.backtest import BTC, ETH, closes, reason_frame, stats, trade, write_zip

from hydra_quant.reasons import Reason
from hydra_quant.report.command import add_arguments, run


def call(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def userdir(tmp_path: Path) -> Path:
    """One run of two strategies, with candles and the reasons of one of them."""
    hostile = trade(4, 9, exit_=104) | {"enter_tag": "</script><b>tag"}
    write_zip(
        tmp_path / "backtest_results",
        {"HydraBaseline": stats([hostile]), "HydraHold": stats([trade(1, 39, pair=ETH)])},
    )
    futures = tmp_path / "data" / "binance" / "futures"
    futures.mkdir(parents=True)
    reasons = tmp_path / "hydra" / "reasons" / "HydraBaseline"
    reasons.mkdir(parents=True)
    for pair, entry in ((BTC, {3: (Reason.ENTER, 1)}), (ETH, {})):
        stem = pair.replace("/", "_").replace(":", "_")
        candles = closes().rename("close").rename_axis("date").reset_index()
        candles.to_feather(futures / f"{stem}-5m-futures.feather")
        reason_frame(entry).to_feather(reasons / f"{stem}.feather")
    return tmp_path


def test_prints_reasons_comparison_and_verdict(
    userdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--userdir", userdir) == 0
    said = capsys.readouterr().out
    for words in ("Reasons of HydraBaseline", "all candles", "max drawdown %", "shows no edge"):
        assert words in said
    assert "Reasons of HydraHold" not in said
    assert "Note:" not in said


def test_figures_add_up_and_hold_no_nan(userdir: Path) -> None:
    assert call("--userdir", userdir, "--json", userdir / "new" / "r.json") == 0
    text = (userdir / "new" / "r.json").read_text()
    assert "NaN" not in text
    figures = json.loads(text)
    assert sum(row["count"] for row in figures["reasons"]["HydraBaseline"]) == 80
    assert [found["strategy"] for found in figures["strategies"]] == ["HydraBaseline", "HydraHold"]
    assert figures["verdicts"][0]["edge"] is False


def test_the_page_needs_nothing_from_outside_and_trusts_no_tag(userdir: Path) -> None:
    page = userdir / "r.html"
    assert call("--userdir", userdir, "--html", page) == 0
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)\s*=", html)
    assert "</script><b>tag" not in html
    for words in ("Equity and drawdown", "Trades on the price", "What these numbers do not show"):
        assert words in html
    assert html.count("updatemenus") >= 1
    assert r"ETH\u002fUSDT:USDT" in html  # plotly escapes the slash


def test_without_candles_the_report_says_what_it_cannot_see(
    userdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--userdir", userdir, "--datadir", userdir / "elsewhere") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "No candles for BTC/USDT:USDT, ETH/USDT:USDT" in said
    assert "--datadir" in said


def test_reasons_of_another_run_are_left_out_with_a_note(
    userdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason_frame({}).to_feather(
        userdir / "hydra" / "reasons" / "HydraBaseline" / "BTC_USDT_USDT.feather"
    )
    assert call("--userdir", userdir) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Reasons of" not in said
    assert "from another run" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--userdir", "nowhere"], "no backtest results"),
        (["missing.zip"], "no such file"),
        (["{zip}", "{zip}"], "in more than one of the results"),
        (["{zip}", "{other}"], "cover different candles"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    userdir: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    folder = userdir / "backtest_results"
    other = write_zip(folder, {"Else": stats(candles=20)}, "2025-01-09_00-00-00")
    names = {"zip": next(folder.glob("*2025-02-01*.zip")), "other": other}
    assert call(*(word.format(**names) for word in words)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_damaged_candle_file_is_named(userdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = userdir / "data" / "binance" / "futures" / "BTC_USDT_USDT-5m-futures.feather"
    path.write_bytes(b"ARROW1 but not really")
    assert call("--userdir", userdir) == 2
    error = capsys.readouterr().err
    assert path.name in error
    assert "download-data" in error
