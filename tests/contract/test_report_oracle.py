"""freqtrade as the oracle of the report: its own counters against what the reasons derive."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame
from support import warm
from support.bundle import FREQTRADE, environment
from support.venue import venue

from hydra_quant.reasons import Reason
from hydra_quant.report.equity import build_equity
from hydra_quant.report.prices import read_price
from hydra_quant.report.reason_files import ReasonFiles
from hydra_quant.report.reasons import explain
from hydra_quant.report.results import Result, newest

ROOT = Path(__file__).parents[2]
PROBE = '''
import numpy as np
from freqtrade.strategy import IStrategy


class ReportProbe(IStrategy):
    """Trades a band in both directions, often, into few slots, with pauses."""

    can_short = True
    timeframe = "5m"
    startup_candle_count = 30
    stoploss = -0.02
    minimal_roi = {"0": 0.015}
    max_open_trades = 2

    @property
    def protections(self):
        return [
            {"method": "CooldownPeriod", "stop_duration_candles": 2},
            {
                "method": "MaxDrawdown",
                "lookback_period_candles": 100,
                "trade_limit": 3,
                "stop_duration_candles": 20,
                "max_allowed_drawdown": 0.01,
            },
        ]

    def populate_indicators(self, dataframe, metadata):
        window = dataframe["close"].rolling(30)
        return dataframe.assign(z=(dataframe["close"] - window.mean()) / window.std())

    def populate_entry_trend(self, dataframe, metadata):
        return dataframe.assign(
            enter_long=(dataframe["z"] < -2).astype(int),
            enter_short=(dataframe["z"] > 2).astype(int),
        )

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe.assign(
            exit_long=(dataframe["z"] > 2).astype(int), exit_short=(dataframe["z"] < -2).astype(int)
        )
'''
pytestmark = pytest.mark.contract


def freqtrade(home: Path, *words: str) -> None:
    done = warm.run([FREQTRADE, *words], cwd=home, env=environment(), timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    assert " - ERROR - " not in done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backtest of the probe over ten days of the synthetic market."""
    home = tmp_path_factory.mktemp("oracle")
    shutil.copy(ROOT / "config.json", home)
    (home / "probes").mkdir()
    (home / "probes" / "ReportProbe.py").write_text(PROBE)
    (home / "ud").mkdir()
    (home / "more.json").write_text('{"freqai": {"enabled": false}, "max_open_trades": 2}')
    with venue("--now", "2025-01-12") as market:
        market.write_overlay(home / "venue.json")
        files = [
            "--userdir",
            "ud",
            *(w for f in ("config", "venue", "more") for w in ("-c", f"{f}.json")),
        ]
        freqtrade(home, "download-data", *files, "-t", "5m", "--timerange", "20250101-20250112")
        test = ["--strategy", "ReportProbe", "--strategy-path", "probes", "--cache", "none"]
        span = ["--timerange", "20250102-20250112", "--enable-protections"]
        freqtrade(home, "backtesting", *files, *test, *span)
    return home


@pytest.fixture(scope="module")
def found(home: Path) -> Result:
    (result,) = newest(home / "ud" / "backtest_results")
    return result


def signals(home: Path, result: Result) -> ReasonFiles:
    """The probe's decisions, computed again from the candles."""
    frames = {}
    for pair in result.pairs:
        close = read_price(home / "ud" / "data" / "binance", pair, "5m")
        assert close is not None
        window = close.rolling(30)
        z = ((close - window.mean()) / window.std()).to_numpy()
        side = np.where(z < -2, 1, np.where(z > 2, -1, 0))
        frames[pair] = DataFrame(
            {
                "date": close.index,
                "close": close.to_numpy(),
                "hydra_vote": np.clip(-z / 3, -1, 1),
                "hydra_side": side,
                "hydra_reason": np.where(side != 0, int(Reason.ENTER), int(Reason.NO_SIGNAL)),
            }
        )
    return ReasonFiles(frames, {})


def test_every_signal_is_explained_as_freqtrade_counted_it(home: Path, found: Result) -> None:
    rows = explain(found, signals(home, found))
    counts = rows["reason"].value_counts()
    assert found.rejected_signals > 50  # otherwise nothing is being compared
    assert counts[Reason.NO_FREE_SLOT] == found.rejected_signals
    assert counts[Reason.ENTERED] == len(found.trades) > 50
    assert counts[Reason.PAIR_LOCKED] > 0
    assert Reason.NOT_FILLED not in counts  # nothing is left over
    candles = (found.end - found.start) // found.candle + 1
    assert len(rows) == len(found.pairs) * candles


def test_equity_ends_where_freqtrade_does_and_marks_all(home: Path, found: Result) -> None:
    closes = {
        pair: read_price(home / "ud" / "data" / "binance", pair, "5m") for pair in found.pairs
    }
    equity = build_equity(found, closes)
    assert equity.unmarked == ()
    assert equity.value.iloc[-1] == pytest.approx(found.starting_balance + found.profit)
    # between closed trades and the market lies what is open: never more than its whole size
    closed = build_equity(found, {})
    gap = (equity.value - closed.value).abs()
    assert (gap <= equity.gross + 1e-6).all()
    assert (gap[equity.gross == 0] < 1e-6).all()
