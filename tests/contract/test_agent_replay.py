"""A bot with a frozen agent makes the trades of the backtest that the agent was frozen from.

The bot runs ``freqtrade trade`` in virtual time (see `support.replay`), on the market whose candles
were backtested. It pays the spread, which moves what it is told of its trades a little: from the
first candle on at which that alone decides, nothing is compared.
"""

import hashlib
import pickle
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from support.agent_runs import BOT_BEGIN, BOT_END, Market, Runs
from support.bundle import PAIRS, Bundle, errors, merge, stem
from support.replay import replay

from hydra_quant.adapters.strategy.teaching import TARGET

pytestmark = pytest.mark.contract

CANDLE = pd.Timedelta(minutes=5)
END = pd.Timestamp(BOT_END)
# Once a candle is often enough: what is compared is decided on closed candles.
LIVE = {"internals": {"process_throttle_secs": 300}, "fiat_display_currency": ""}
HAIR = 0.01  # of a whole stake
LEAST = 6  # trades


@pytest.fixture(scope="module")
def tested(exchange, candles, tmp_path_factory):
    """The backtest, and what it printed."""
    home = tmp_path_factory.mktemp("agent_replay")
    # a bot without a memory knows of no funding, so that the backtest may not either
    shutil.copytree(candles, home / "candles", ignore=shutil.ignore_patterns("*funding_rate*"))
    runs = Runs(home, exchange.port, {"unfunded": Market(home / "candles")})
    return runs, runs.run_alone("bot")


@pytest.fixture(scope="module")
def bot(tested):
    """The bot's bundle, in the backtest's user directory; its candles are those of the venue."""
    runs, said = tested
    frozen = re.findall(r"models of this run: (\S+)", said)[-1]
    known = runs.bundles["bot"]
    return Bundle(
        known.home, known.port, merge(merge(known.overlay, LIVE), {"hydra": {"freeze": frozen}})
    )


@pytest.fixture(scope="module")
def lived(bot):
    return replay(bot, BOT_BEGIN, BOT_END, "HydraRLStrategy")


@pytest.fixture(scope="module")
def backtest(tested):
    """Trades of the backtest."""
    trades = tested[0].theirs("bot")
    return [trade(*row) for row in trades[FIELDS].itertuples(index=False)]


FIELDS = ["pair", "is_short", "open_date", "close_date", "exit_reason"]


def trade(pair, is_short, opened, closed, reason):
    """What is compared of a trade: candles, not seconds."""
    return pair, bool(is_short), candle(opened), candle(closed), reason


def candle(time):
    return pd.to_datetime(time, utc=True).floor("5min")


def left(trades, until=END):
    """Trades that were left before `until`."""
    return sorted(one for one in trades if one[3] < until)


def told(bot):
    """What the bot and its backtest were told to want, by candle and pair."""
    (path,) = (bot.user_data / "models").rglob("historic_predictions.pkl")
    live, known = pickle.loads(path.read_bytes()), {}
    for pair in PAIRS:
        own = live[pair].set_index("date_pred")
        said = own.loc[own["do_predict"] == 1, TARGET].astype(float)
        reasons = pd.read_feather(bot.reasons("HydraRLStrategy") / f"{stem(pair)}.feather")
        wanted = reasons.set_index("date")["hydra_vote"]
        known[pair] = pd.DataFrame({"bot": said, "backtest": wanted.reindex(said.index)})
    return pd.concat(known, names=["pair", "date"])


def parted(answers, beyond=0.05):
    """The first candle at which bot and backtest want other sides, a hair apart."""
    sides = np.sign(answers.where(answers.abs() > beyond, 0.0))
    apart = (answers["bot"] - answers["backtest"]).abs()
    on_a_hair = answers[(sides["bot"] != sides["backtest"]) & (apart < HAIR)]
    return min(on_a_hair.index.get_level_values("date"), default=END)


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_bot_trains_nothing_and_trades_the_frozen_weights(tested, bot, lived):
    runs, said = tested
    (saved,) = runs.models("bot")
    assert errors(said) == errors(lived.log) == []
    assert ": step " in said
    assert ": step " not in lived.log
    assert "trained and saved" not in lived.log
    answered = re.findall(r"answered by \S+ of\s+run\s+(\S+)\s+\((\w+)\)", lived.log)
    frozen = bot.overlay["hydra"]["freeze"]
    assert answered == [(frozen, sha256_of(saved)[:12])] * len(PAIRS)


def test_it_makes_the_trades_of_the_backtest(bot, lived, backtest):
    answers = told(bot)
    until = parted(answers)
    made = [trade(*(row[name] for name in FIELDS)) for row in lived.last.closed]
    assert left(made, until) == left(backtest, until)
    assert len(left(made, until)) >= LEAST
    assert {is_short for _, is_short, *_ in left(made, until)} == {False, True}
    before = answers[answers.index.get_level_values("date") < until]
    assert (before["bot"] - before["backtest"]).abs().max() < HAIR


def test_trades_a_candle_late_would_be_seen(bot, lived, backtest):
    late = [(pair, side, opened + CANDLE, *rest) for pair, side, opened, *rest in backtest]
    until = parted(told(bot))
    assert left(late, until) != left(backtest, until)


def test_other_weights_are_refused_in_one_line(bot, tmp_path):
    shutil.copytree(bot.user_data / "models", tmp_path / "user_data" / "models")
    (saved,) = (tmp_path / "user_data" / "models").rglob("*.hydra")
    whole = saved.read_bytes()
    saved.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    other = Bundle(tmp_path, bot.port, bot.overlay)
    ended = other.run("trade", "--strategy", "HydraRLStrategy", "--db-url", "sqlite://")
    (said,) = errors(ended.stdout + ended.stderr)
    assert ended.returncode == 2
    assert f"has sha256 {sha256_of(saved)}" in said
    assert said.startswith("hydra.freeze: ")
    assert "Traceback" not in ended.stdout + ended.stderr
