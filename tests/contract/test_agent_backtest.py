"""Agents under ``freqtrade backtesting``: freqtrade's trades are those that the agent made.

Two processes serve all of it: one trains, a fresh one finds what was trained. Trainings are far too
short to learn anything; an agent that acts at a twentieth of a whole stake trades all the same,
long and short, and changes its size.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.agent_runs import (
    LONG_ONLY,
    RUNS,
    Market,
    Runs,
    parting,
)
from support.bundle import PAIRS, candle_file, errors, stem, store_candles
from support.loopback_http import LoopbackProvider, reply_json

from hydra_quant.sandbox.folder import FolderHistory

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.contract

WITH_REAL = pytest.param(
    "real",
    marks=[
        pytest.mark.real_data,
        pytest.mark.skipif(
            not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"
        ),
    ],
)
EVERY = [*(name for name in RUNS if name not in ("real", "bot")), WITH_REAL]


@pytest.fixture(scope="module")
def runs(exchange, candles, spot, tmp_path_factory):
    home = tmp_path_factory.mktemp("agents")
    (home / "HydraLongOnly.py").write_text(LONG_ONLY)
    markets = {"sandbox": Market(candles), "spot": spot}
    if REAL.is_dir():
        markets["real"] = Market(home / "real_candles")
        # some hours less than freqtrade wants for start-up: it begins later, and so must the agent
        span = datetime(2024, 12, 15, tzinfo=UTC), datetime(2025, 3, 12, tzinfo=UTC)
        store_candles(FolderHistory(REAL), home / "real_candles", PAIRS, ("1h",), *span)
    return Runs(home, exchange.port, markets)


@pytest.fixture(scope="module")
def spot(exchange, candles, tmp_path_factory):
    """The same candles as those of a spot market, and an exchange that lists such."""
    folder = tmp_path_factory.mktemp("spot")
    for pair in PAIRS:
        plain = stem(pair.partition(":")[0])
        shutil.copy(candle_file(candles, pair, "5m"), folder / f"{plain}-5m.feather")
    listed = exchange.get("/fapi/v1/exchangeInfo")
    for market in listed["symbols"]:
        for name in ("contractType", "deliveryDate", "marginAsset"):
            del market[name]
    with LoopbackProvider(lambda request: reply_json(listed)) as provider:
        there = {
            "options": {"fetchMarkets": {"types": ["spot"]}},
            "urls": {"api": {"public": f"{provider.url}/api/v3"}},
        }
        whitelist = [pair.partition(":")[0] for pair in PAIRS]
        asked = {"ccxt_config": there, "pair_whitelist": whitelist}
        yield Market(folder, {"trading_mode": "spot", "exchange": asked})


@pytest.fixture(scope="module")
def said(runs):
    return runs.run()


@pytest.mark.parametrize("name", EVERY)
def test_freqtrade_makes_the_trades_that_the_agent_made(runs, said, name):
    ours, theirs = runs.ours(name), runs.theirs(name)
    assert errors(said[name]) == []
    assert len(theirs) >= 5
    assert parting(ours, theirs) is None
    assert f"the agent made {len(theirs)} trades" in said[name]
    assert runs.models(name)


@pytest.mark.parametrize("name", ["ppo", WITH_REAL])
def test_it_goes_long_and_short_and_changes_its_size(runs, said, name):
    trades = runs.theirs(name)
    assert set(trades["is_short"]) == {False, True}
    assert trades["orders"].map(len).max() > 2
    assert trades["stake_amount"].round().nunique() > 3
    assert len(set(trades["pair"])) > 1
    if name == "real":
        assert (trades["funding_fees"] != 0).any()


def test_leverage_and_a_fixed_stake_are_the_agents_too(runs, said):
    trades = runs.theirs("two times")
    assert (trades["leverage"] == 2.0).all()
    assert trades["stake_amount"].max() <= 2000.0


def test_a_planted_difference_is_found(runs, said):
    ours, theirs = runs.ours("ppo"), runs.theirs("ppo")
    dearer = ours.assign(profit_abs=ours["profit_abs"] - 1e-4 * ours["stake_amount"])
    assert " profit_abs: " in parting(dearer, theirs)
    assert " exit_reason: " in parting(ours.assign(exit_reason="roi"), theirs)
    assert parting(ours[1:], theirs) is not None
    cent = ours["profit_abs"] + np.where(ours.index == ours.index[-1], 0.01, 0.0)
    assert parting(ours.assign(profit_abs=cent), theirs) is not None


def test_a_fresh_process_finds_the_policies_and_trades_the_same(runs, said):
    names = ["sac", "td3"]
    before = {name: (runs.theirs(name), runs.models(name)) for name in names}
    logs = runs.run(*names)
    for name in names:
        trades, models = before[name]
        assert logs[name].count("saved model reused") == len(models)
        assert ": step " not in logs[name]
        assert ": step " in said[name]
        assert runs.models(name) == models
        pd.testing.assert_frame_equal(runs.theirs(name), trades)


def test_an_agent_that_may_not_short_stays_out_instead(runs, said):
    trades = runs.theirs("long only")
    assert not trades["is_short"].any()
    assert len(trades) >= 3


def test_settings_that_do_not_bind_an_agent_are_named_at_the_start(runs, said):
    line = "hydra.risk (min_stake 1500 and the rest) does not bind HydraRLStrategy"
    assert " ".join(said["two times"].split()).count(line) == 1
    assert runs.theirs("two times")["stake_amount"].min() < 1500


def test_on_a_spot_market_it_is_long_or_out(runs, said):
    trades = runs.theirs("spot")
    assert set(trades["pair"]) <= {pair.partition(":")[0] for pair in PAIRS}
    assert not trades["is_short"].any()
    assert (trades["leverage"] == 1.0).all()
    assert "no shorts on a spot market" in said["spot"]
