"""What an agent asks freqtrade about beside candles: an exchange's contracts, and a wallet."""

from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
from freqtrade.data.dataprovider import DataProvider
from freqtrade.enums import RunMode
from freqtrade.exchange.binance import Binance
from support.freqai_bot import NOW, Bot
from support.freqai_world import PAIRS, World, scanned
from support.ledger_market import PairMarket
from support.ledger_oracle import _config, _contract
from support.strategies.AgentProbe import AgentProbe

PPO = scanned("HydraPPO").HydraPPO
TINY = {
    **{"steps": 64, "n_envs": 8, "n_steps": 64, "batch": 32, "epochs": 1, "episode": 50},
    **{"hidden": [8], "warmup": 64, "length": 2, "lr": 0.01},
}
TRADED = {
    **{"stake_currency": "USDT", "stake_amount": "unlimited", "max_open_trades": 2},
    **{"dry_run_wallet": 1000, "fee": 0.0005, "margin_mode": "isolated"},
}


@lru_cache
def exchange(pairs: tuple[str, ...] = PAIRS) -> Binance:
    """Contracts of Binance, without leverage tiers; nobody is asked."""
    found = Binance(_config("1h"), validate=False)
    found._markets = {pair: _contract(pair, PairMarket(())) for pair in pairs}
    return found


class Purseful(SimpleNamespace):
    """A wallet in which nothing is tied."""

    def get_free(self, currency: str) -> float:
        return self.money

    def get_total_stake_amount(self) -> float:
        return 0.99 * self.money


def agent_bot(folder: Path, pairs: tuple[str, ...] = PAIRS[:2], **changes: Any) -> Bot:
    """A running bot with an agent; ``hydra`` and FreqAI's keys in `changes`."""
    world = World(folder, pairs, planted=2.0)
    given = {"model_training_parameters": TINY, **changes}
    bot = Bot(world, given.pop("model", PPO), pairs, strategy=AgentProbe, **given)
    bot.config |= TRADED
    bot.strategy.config = bot.config
    bot.strategy.dp._exchange = exchange()
    bot.strategy.wallets = Purseful(money=1000.0)
    bot.model.config |= TRADED
    return bot


def agent_backtest(world: World, **changes: Any) -> dict[str, pd.DataFrame]:
    """Every pair's frame as the strategy gets it back from a backtest with an agent."""
    config = world.config(freqai__model_training_parameters=TINY, **changes)
    config |= TRADED | {"runmode": RunMode.BACKTEST}
    strategy = AgentProbe(config)
    strategy.dp = DataProvider(config, exchange())
    strategy.freqai_info = config["freqai"]
    model = PPO(config)
    return {
        pair: model.start(frame.copy(), {"pair": pair}, strategy)
        for pair, frame in world.frames(config, strategy.dp).items()
    }


__all__ = ["NOW", "PAIRS", "PPO", "TINY", "agent_backtest", "agent_bot"]
