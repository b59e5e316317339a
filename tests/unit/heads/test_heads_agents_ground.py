"""What agents trade on: candles, funding and features of a folder, cut in time without a look."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.crowded_folder import crowded_folder
from support.grounds import planted

from hydra_quant.commands.head_input import of_folder
from hydra_quant.heads.agents.ground import of_dataset
from hydra_quant.heads.agents.learned import One, Several, load
from hydra_quant.heads.agents.plan import FULL, Plan, TooFew, cut
from hydra_quant.heads.agents.terms import rules_of
from hydra_quant.models.store import Refused
from hydra_quant.rl.hierarchy import Hierarchy
from hydra_quant.settings import Settings

SETTINGS = Settings.parse({})
PAIRS = ("BTC_USDT_USDT", "ETH_USDT_USDT")
UNTIL = pd.Timestamp("2024-01-25", tz="UTC")


def ground(root, until=None, **config):
    (_, data), *_ = of_folder(root, ["1h"], SETTINGS, until=until)
    rules = rules_of(config, SETTINGS, len(data.pairs), 60)
    return of_dataset(data, root, rules, SETTINGS)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 800, PAIRS)


@pytest.fixture(scope="module")
def whole(root):
    return ground(root)


def test_what_is_known_does_not_change_with_what_comes_later(root, whole):
    early = ground(root, UNTIL)
    rows = len(early.arena)
    assert rows == 24 * 24
    assert early.arena.ready.any()
    np.testing.assert_array_equal(early.arena.ready, whole.arena.ready[:rows])
    np.testing.assert_array_equal(early.arena.features, whole.arena.features[:rows])
    np.testing.assert_array_equal(early.momentum, whole.momentum[:rows])
    for name in ("minute", "open", "close", "funding_to"):
        np.testing.assert_array_equal(early.arena.candles[name], whole.arena.candles[name][:rows])


def test_funding_is_paid_when_the_folder_says(root, whole):
    table = pd.read_parquet(root / f"funding/{PAIRS[0]}-funding.parquet")
    candles = whole.arena.candles[:, 0]
    paid = np.diff(candles["funding_to"], prepend=0.0)
    at = np.searchsorted(whole.opens_ms, pd.DatetimeIndex(table["date"]).as_unit("ms").asi8)
    wanted = np.zeros(len(candles))
    wanted[at] = table["funding_rate"].to_numpy() * candles["open"][at]
    np.testing.assert_allclose(paid, wanted, atol=1e-9)


def test_a_folder_without_funding_is_said_to_be_one(tmp_path):
    bare = crowded_folder(tmp_path, 300, PAIRS[:1])
    (bare / f"funding/{PAIRS[0]}-funding.parquet").unlink()
    found = ground(bare)
    assert "no funding of BTC: none is paid" in found.notes
    assert not found.arena.candles["funding_to"].any()


def test_blocks_follow_each_other_and_never_overlap(whole):
    blocks = cut(whole, Plan(windows=3, first=0.5))
    for block in blocks:
        assert block.train[0] < block.train[1] == block.test[0] < block.test[1]
    assert [block.test[1] for block in blocks[:-1]] == [block.test[0] for block in blocks[1:]]
    assert blocks[-1].test[1] == len(whole.arena)
    rolling = cut(whole, Plan(windows=3, first=0.5, train_days=10))
    assert all(block.train[1] - block.train[0] == 240 for block in rolling)


def test_too_little_to_learn_from_is_said(whole):
    with pytest.raises(TooFew, match="give more history, or fewer --windows"):
        cut(whole, Plan(windows=3, first=0.01))
    market = planted(300)
    blind = replace(market.arena, features=np.full_like(market.arena.features, np.nan))
    with pytest.raises(TooFew, match="never known: drift, noise"):
        cut(replace(market, arena=blind), FULL)


def test_rules_are_those_of_the_configuration():
    config = {
        "fee": 0.001, "dry_run_wallet": {"USDT": 5000}, "stake_currency": "USDT",
        "stake_amount": 100, "max_open_trades": 3, "trading_mode": "spot",
    }  # fmt: skip
    found = rules_of(config, SETTINGS, 8, 60)
    assert (found.fee_open, found.balance, found.stake_amount) == (0.001, 5000.0, 100.0)
    assert (found.max_open_trades, found.can_short, found.futures) == (3, False, False)
    assert found.stoploss == -SETTINGS.agent.stoploss
    usual = rules_of({"max_open_trades": -1}, SETTINGS, 8, 60, fee=0.0)
    assert (usual.fee_close, usual.max_open_trades, usual.stake_amount) == (0.0, 8, None)
    with pytest.raises(ValueError, match=r"fee_open is 0\.5"):
        rules_of({"fee": 0.5}, SETTINGS, 8, 60)


def test_a_hierarchy_is_stored_as_a_folder(whole, tmp_path):
    stored = Several(Hierarchy({}, whole.arena.names, 1, 24, 24), {}).known({"timeframe": "1h"})
    stored.save(tmp_path / "several")
    found = load(tmp_path / "several")
    assert not isinstance(found, One)
    assert (found.kind, found.sha256, found.length) == ("hierarchical", stored.sha256, 1)
    assert found.record["timeframe"] == "1h"
    seen = np.zeros((2, len(whole.arena.names) + 5), dtype=np.float32)
    assert found.acting(whole.arena, 500)(seen).tolist() == [0.0, 0.0]  # no level, no trade
    (tmp_path / "several/training.json").write_text("{")
    with pytest.raises(Refused, match=r"training\.json cannot be read"):
        load(tmp_path / "several")
    (tmp_path / "several/hierarchy.json").unlink()
    with pytest.raises(Refused, match=r"hierarchy\.json: no such file"):
        load(tmp_path / "several")
    Several(Hierarchy({}, ("alpha",), 1, 24, 24), {}).save(tmp_path / "other")
    with pytest.raises(Refused, match="for other features"):
        load(tmp_path / "other")
