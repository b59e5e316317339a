"""freqtrade's web server and a trading bot's API: who gets in, and what FreqUI finds to draw."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from support.api import SECRETS, serving
from support.bundle import SMALL, Bundle, merge
from support.venue import venue

pytestmark = pytest.mark.contract

BTC = "BTC/USDT:USDT"
WAIT_S = 90


@pytest.fixture(scope="module")
def server(exchange, candles, tmp_path_factory):
    """``freqtrade webserver`` on the shared candles."""
    bundle = Bundle(tmp_path_factory.mktemp("webserver"), exchange.port, SMALL, candles)
    with serving(bundle, "webserver") as api:
        yield api


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    """``freqtrade trade`` on a venue that keeps real time, after its first candle."""
    epoch = datetime.now(UTC) - timedelta(days=3)
    overlay = {"freqai": {"enabled": False}, "fiat_display_currency": ""}
    with venue("--epoch", f"{epoch:%Y-%m-%d}") as market:
        bundle = Bundle(tmp_path_factory.mktemp("bot"), market.port, merge(SMALL, overlay))
        database = f"sqlite:///{bundle.home}/trades.sqlite"
        arguments = ("--strategy", "HydraBaseline", "--db-url", database)
        with serving(bundle, "trade", *arguments) as api:
            until(lambda: api.get("/health")["last_process"])
            yield api


@pytest.fixture(params=["server", "bot"])
def api(request):
    return request.getfixturevalue(request.param)


def until(condition):
    """Wait for something to become true; what it was."""
    give_up = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < give_up, "nothing came"
        time.sleep(0.2)
    return found


# --- who gets in --------------------------------------------------------------------------------


def test_a_ping_needs_no_token_and_everything_else_does(api):
    assert api.http.get("/ping").json() == {"status": "pong"}
    for path in ("/show_config", "/plot_config", "/logs", "/version", "/pair_history"):
        assert api.http.get(path).status_code == 401, path
    for headers in ({"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        assert api.http.get("/version", headers=headers).status_code == 401


def test_only_the_right_password_gets_a_token(api):
    name = SECRETS["FREQTRADE__API_SERVER__USERNAME"]
    for wrong in ((name, ""), (name, "password"), ("", "")):
        assert api.http.post("/token/login", auth=wrong).status_code == 401
    token = api.login().json()
    assert set(token) == {"access_token", "refresh_token"}
    assert api.get("/version")["version"] == "2026.9"
    # a refresh token renews, but opens nothing by itself
    refresh = {"Authorization": f"Bearer {token['refresh_token']}"}
    assert api.http.get("/version", headers=refresh).status_code == 401
    assert api.http.post("/token/refresh", headers=refresh).json()["access_token"]


def test_no_secret_is_shown_or_logged(api):
    told = api.http.get("/show_config", headers=api.bearer()).text
    told += api.http.get("/logs", headers=api.bearer()).text + api.log.read_text()
    assert '"exchange":"binance"' in told
    for name, secret in SECRETS.items():
        assert secret not in told, name


# --- what FreqUI draws --------------------------------------------------------------------------


def columns_of(plot_config):
    return {name for subplot in plot_config["subplots"].values() for name in subplot}


VOTES = {"hydra_vote", "hydra_momentum", "hydra_mean_reversion"}
THRESHOLDS = {"hydra_enter_long_above", "hydra_enter_short_below"}
THOUGHTS = {
    *("signal_confidence", "hydra_score", "hydra_accept_above", "hydra_score_by"),
    *("expected_return", "expected_adverse_excursion", "hydra_regime", "volatility_regime"),
    *(
        "cascade_probability",
        "cascade_alarm",
        "funding_zscore",
        "oi_delta_zscore",
        "long_share_zscore",
    ),
    *("liq_zscore", "hydra_others", "hydra_disagreement"),
    *("health_auc", "health_brier", "health_ece"),
    *("hydra_verdict", "hydra_gate_share", "sentiment"),
}


@pytest.mark.parametrize(
    ("strategy", "drawn"),
    [
        ("HydraStrategy", VOTES | THRESHOLDS | THOUGHTS | {"hydra_reason"}),
        ("HydraBaseline", VOTES | THRESHOLDS | {"hydra_reason"}),
    ],
)
def test_plot_config_names_thresholds_reasons_and_thoughts(server, strategy, drawn):
    assert columns_of(server.get("/plot_config", strategy=strategy)) == drawn


def test_both_strategies_and_models_are_offered(server):
    assert {"HydraStrategy", "HydraBaseline", "HydraHold"} <= set(
        server.get("/strategies")["strategies"]
    )
    assert {"HydraLightGBM", "HydraLightGBMPair", "HydraSignalScorer", "HydraRegime"} <= set(
        server.get("/freqaimodels")["freqaimodels"]
    )


def drawn_history(server, strategy, timerange):
    """A pair's analysed candles as FreqUI asks for them, checked for every column it draws."""
    history = server.get(
        "/pair_history", pair=BTC, timeframe="5m", timerange=timerange, strategy=strategy
    )
    drawn = columns_of(server.get("/plot_config", strategy=strategy))
    assert drawn <= set(history["columns"])
    assert {"enter_long", "enter_short", "exit_long", "exit_short"} <= set(history["columns"])
    return history


def column(history, name):
    at = history["columns"].index(name)
    return [row[at] for row in history["data"]]


def check_annotations(history):
    labels = {mark["label"] for mark in history["annotations"]}
    assert "entry signal" in labels
    assert labels <= {
        *("entry signal", "below threshold", "sources disagree", "no trusted prediction"),
        *("shock candle", "usual move below costs", "side not allowed", "too few sources agree"),
    }
    entered = [i for i, side in enumerate(column(history, "hydra_side")) if side]
    assert entered
    stamps = column(history, "date")
    shaded = [m for m in history["annotations"] if m["label"] == "entry signal"]
    for i in entered:
        moment = stamps[i].replace("Z", "+00:00")
        assert any(m["start"] <= moment <= m["end"] for m in shaded), moment


def test_history_of_the_rules_has_votes_and_annotated_reasons(server):
    history = drawn_history(server, "HydraBaseline", "20250310-20250311")
    assert history["length"] == len(history["data"]) >= 287
    check_annotations(history)
    assert history["enter_long_signals"] + history["enter_short_signals"] >= 1


def test_history_of_the_model_has_predictions(server):
    history = drawn_history(server, "HydraStrategy", "20250309-20250310")
    trusted = [value == 1 for value in column(history, "do_predict")]
    assert sum(trusted) >= 280
    predictions = [p for p, sure in zip(column(history, "&-return"), trusted, strict=True) if sure]
    assert len(set(predictions)) > 50


def test_a_backtest_runs_and_stays_in_the_history(server):
    order = {
        "strategy": "HydraBaseline",
        "timeframe": "5m",
        "timerange": "20250309-20250311",
        "max_open_trades": 3,
        "stake_amount": "unlimited",
        "dry_run_wallet": 10000,
        "enable_protections": False,
    }
    server.post("/backtest", **order)
    done = until(lambda: (a := server.get("/backtest"))["running"] is False and a)
    assert done["status"] == "ended", done
    (kept,) = server.get("/backtest/history")
    assert kept["strategy"] == "HydraBaseline"
    result = server.get(
        "/backtest/history/result", filename=kept["filename"], strategy="HydraBaseline"
    )
    stored, shown = (
        [tuple(t[name] for name in ("pair", "is_short", "open_rate", "close_rate", "exit_reason"))
         for t in answer["backtest_result"]["strategy"]["HydraBaseline"]["trades"]]
        for answer in (result, done)
    )  # fmt: skip
    assert stored == shown
    assert len(stored) >= 5


def test_a_trading_bot_shows_its_candles_and_reasons(bot):
    assert columns_of(bot.get("/plot_config")) == VOTES | THRESHOLDS | {"hydra_reason"}
    analysed = bot.get("/pair_candles", pair=BTC, timeframe="5m", limit=400)
    assert analysed["strategy"] == "HydraBaseline"
    assert columns_of(bot.get("/plot_config")) <= set(analysed["columns"])
    assert analysed["length"] >= 200
    assert {mark["type"] for mark in analysed["annotations"]} <= {"area"}
    reasons = {mark["label"] for mark in analysed["annotations"]}
    assert reasons & {"below threshold", "sources disagree", "entry signal"}
    assert bot.get("/status") == [] or bot.get("/status")[0]["enter_tag"]
