"""What a running bot tells an agent is what the agent's own environment would have told it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exchange.binance import Binance
from freqtrade.persistence import LocalTrade, Trade
from freqtrade.wallets import Wallets
from support.agent_world import exchange
from support.arenas import resized, walks

from hydra_quant.adapters.freqai.purse import NAME, Purse
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.desk import Desk

PAIR = "BTC/USDT:USDT"


@pytest.fixture
def contracts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An exchange, and trades that lie in no database."""
    monkeypatch.setattr(Trade, "use_db", False)
    monkeypatch.setattr(LocalTrade, "use_db", False)
    LocalTrade.reset_trades()
    yield exchange()
    LocalTrade.reset_trades()


def _strategy(found: Binance, arena: Arena) -> SimpleNamespace:
    config = {
        **found._config,
        "dry_run_wallet": arena.rules.balance,
        "stake_amount": "unlimited",
        "max_open_trades": arena.rules.max_open_trades,
        "tradable_balance_ratio": arena.rules.tradable_balance_ratio,
    }
    wallets = Wallets(config, found, is_backtest=True)
    return SimpleNamespace(config=config, wallets=wallets, dp=Newest())


class Newest:
    """A data provider that knows the newest candle of each pair."""

    def __init__(self) -> None:
        self.close: dict[str, float] = {}

    def get_pair_dataframe(self, pair: str, timeframe: str) -> pd.DataFrame:
        return pd.DataFrame({"close": [self.close[pair]] if pair in self.close else []})


def _as_trade(desk: Desk) -> LocalTrade:
    """The position as freqtrade would keep it."""
    own, rules = desk.positions[0, 0], desk.arena.rules
    trade = LocalTrade(
        id=int(own["number"]),
        pair=PAIR,
        stake_amount=float(own["stake"]),
        amount=float(own["amount"]),
        open_rate=float(own["open_rate"]),
        leverage=float(own["leverage"]),
        is_short=bool(own["side"] < 0),
        fee_open=rules.fee_open,
        fee_close=rules.fee_close,
        is_open=True,
        exchange="binance",
        trading_mode="futures",
    )
    trade.realized_profit = float(own["counted"])
    trade.funding_fees = float(own["funding_since"] + own["funding_running"])
    trade.recalc_open_trade_value()
    return trade


@pytest.mark.parametrize("leverage", [1.0, 2.0])
def test_a_bot_says_what_the_environment_says(
    tmp_path: Path, contracts: Any, leverage: float
) -> None:
    arena = walks(80, 1, 4, reach=0.01, funding=1e-4, **resized(max_open_trades=1))
    desk = Desk(arena, 1, leverage=leverage)
    desk.reset(np.array([0]), np.array([0]), np.array([[0]]))
    strategy = _strategy(contracts, arena)
    purse = Purse(strategy, tmp_path)
    rng, wanted, sides = np.random.default_rng(1), 0.0, set()
    for row in range(1, len(arena)):
        wanted = rng.uniform(-1.0, 1.0) if rng.random() < 0.3 else wanted
        desk.advance(np.array([[wanted]]))
        LocalTrade.bt_trades_open.clear()
        LocalTrade.bt_trades.clear()
        LocalTrade.bt_total_profit = float(desk.wallets["closed"][0])
        LocalTrade.bt_trades.append(SimpleNamespace(close_profit_abs=LocalTrade.bt_total_profit))
        if desk.positions["side"][0, 0] != 0:
            LocalTrade.bt_trades_open.append(_as_trade(desk))
        strategy.wallets.update()
        strategy.dp.close[PAIR] = float(arena.candles["close"][row, 0])
        np.testing.assert_allclose(purse.state(PAIR), desk.state[0, 0], atol=1e-6, err_msg=str(row))
        sides.add(int(desk.positions["side"][0, 0]))
    assert sides == {-1, 0, 1}
    assert desk.state[0, 0, 3] < 0.0


def test_another_trade_shows_in_equity_alone(tmp_path: Path, contracts: Any) -> None:
    arena = walks(30, 1, 4, max_open_trades=1, fee_open=0.0, fee_close=0.0)
    desk = Desk(arena, 1)
    desk.reset(np.array([0]), np.array([0]), np.array([[0]]))
    desk.advance(np.array([[1.0]]))
    strategy = _strategy(contracts, arena)
    LocalTrade.bt_trades_open.append(_as_trade(desk))
    strategy.wallets.update()
    purse = Purse(strategy, tmp_path)
    strategy.dp.close[PAIR] = float(desk.positions["open_rate"][0, 0]) * 1.1
    seen = purse.state("ETH/USDT:USDT")
    assert seen[:2].tolist() == [0.0, 0.0]
    assert seen[2] == pytest.approx(np.log(1.0 + 0.1 * 0.99), abs=1e-3)
    strategy.dp.close[PAIR] /= 1.1  # a candle later, whichever pair is asked about first
    assert purse.state("ETH/USDT:USDT")[2] == pytest.approx(0.0, abs=1e-3)


def test_the_peak_is_remembered_over_a_restart(
    tmp_path: Path, contracts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    strategy = _strategy(contracts, walks(30, 1, 4, max_open_trades=1))
    (tmp_path / NAME).write_text(json.dumps({"peak": 2000.0}))
    assert Purse(strategy, tmp_path).state(PAIR)[3] == pytest.approx(-0.5)
    (tmp_path / NAME).write_text("{")
    with caplog.at_level("WARNING"):
        assert Purse(strategy, tmp_path).state(PAIR)[3] == 0.0
    assert "the peak of equity is counted anew" in caplog.text
    assert json.loads((tmp_path / NAME).read_text()) == {"peak": 1000.0}


def test_funding_that_an_exit_has_realised_is_not_told_again(
    tmp_path: Path, contracts: Any
) -> None:
    """Bought 2 at 100, one sold; of 5 funding, 3 were in the profit of that sale."""
    arena = walks(5, 1, 4, **resized(max_open_trades=1))
    trade = _as_trade_of(amount=1.0, stake=100.0, funding=5.0)
    for side, funding in (("buy", 1.0), ("sell", 2.0)):
        order = SimpleNamespace(filled=1.0, ft_order_side=side, funding_fee=funding)
        trade.orders.append(order)
    LocalTrade.bt_trades_open.append(trade)
    purse = Purse(_strategy(contracts, arena), tmp_path)  # no candle yet: nothing was gained
    assert purse._gain(trade) == pytest.approx(2.0)
    trade.orders.clear()
    assert purse._gain(trade) == pytest.approx(5.0)


def _as_trade_of(*, amount: float, stake: float, funding: float) -> LocalTrade:
    trade = LocalTrade(
        **{"id": 1, "pair": PAIR, "stake_amount": stake, "amount": amount, "open_rate": 100.0},
        **{"leverage": 1.0, "is_short": False, "fee_open": 0.0, "fee_close": 0.0},
        **{"is_open": True, "exchange": "binance", "trading_mode": "futures"},
        orders=[],
    )
    trade.funding_fees = funding
    trade.recalc_open_trade_value()
    return trade
