"""What the ledger is given is checked, and put into records as it was meant."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

import hydra_quant.ledger as room
from hydra_quant.ledger import Market, Rules, Tier, candles_of, no_orders, replay, together
from hydra_quant.ledger import compiled as compiling
from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.rules import market_records

HOUR = 3_600_000
BARS = np.array([[100.0, 101.0, 99.0, 100.5]] * 4)


def _opens(rows: int, first: int = 0) -> np.ndarray:
    return HOUR * np.arange(first, first + rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fee_open": 0.2}, "fee_open is 0.2: from 0.0 to 0.1"),
        ({"fee_close": -0.1}, "fee_close is -0.1"),
        ({"balance": -1.0}, "balance is -1.0"),
        ({"stoploss": 0.1}, "stoploss is 0.1: from -1.0"),
        ({"tradable_balance_ratio": 1.5}, "tradable_balance_ratio is 1.5"),
        ({"candle_minutes": 0}, "candle_minutes is 0"),
        ({"futures": False}, "can_short is true: shorts need futures"),
    ],
)
def test_rules_name_what_is_out_of_range(changes: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Rules(**changes)


def test_rules_as_records() -> None:
    rules = Rules(max_open_trades=-1, stoploss=-0.1, minimal_roi={60: 0.01, 0: 0.05})
    record = rules.record()[0]
    assert record["most_trades"] == np.inf
    assert record["stoploss"] == 0.1
    assert np.isnan(record["stake"])
    assert np.isnan(record["trailing_positive"])
    assert np.isnan(record["resize_beyond"])
    assert rules.roi().tolist() == [(0, 0.05), (60, 0.01)]
    assert Rules(stake_amount=50.0).record()[0]["stake"] == 50.0


def test_a_market_names_what_is_out_of_range() -> None:
    with pytest.raises(ValueError, match="tick is 0: it must be above 0"):
        Market(tick=0)
    with pytest.raises(ValueError, match="tiers are missing"):
        Market(tiers=())


def test_markets_as_records_with_tiers_filled_up() -> None:
    two = (Tier(0.0, 100.0), Tier(100.0, None, 0.01))
    records, tiers = market_records((Market(tick=0.25, step=0.001, tiers=two), Market(step=5.0)))
    assert (records["tick"][0], records["tick_scale"][0]) == (25.0, 100.0)
    assert (records["step"].tolist(), records["step_scale"].tolist()) == ([1.0, 50.0], [1e3, 10.0])
    assert np.isnan(records["least_cost"]).all()
    assert tiers.shape == (2, 2)
    assert tiers[1, 0].tolist()[2:] == tiers[1, 1].tolist()[2:]
    assert np.isnan(tiers[0, 1]["to_notional"])


@pytest.mark.parametrize(
    ("opens", "prices", "said"),
    [
        (_opens(3), BARS, r"shape \(4, 4\), not \(3, 4\)"),
        (_opens(4)[::-1], BARS, "not in the order of time"),
        (_opens(4), np.where(np.arange(16).reshape(4, 4) == 9, np.nan, BARS), "candle 2 .*nan"),
        (_opens(4), BARS[:, [0, 2, 1, 3]], "candle 0 .*between low and high"),
        (_opens(4), BARS * 0.0, "candle 0"),
    ],
)
def test_candles_that_are_not_whole_are_named(
    opens: np.ndarray, prices: np.ndarray, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        candles_of(opens, prices)


def test_funding_up_to_a_candle_and_before_it() -> None:
    found = candles_of(_opens(4), BARS, np.array([HOUR, 2 * HOUR]), np.array([0.5, 0.25]))
    assert found["funding_to"].tolist() == [0.0, 0.5, 0.75, 0.75]
    assert found["funding_before"].tolist() == [0.0, 0.0, 0.5, 0.75]
    assert found["funding_due"].all()
    late = candles_of(_opens(4) + HOUR // 2, BARS)
    assert not late["funding_due"].any()
    assert (late["funding_to"] == 0).all()


def test_pairs_side_by_side() -> None:
    first = candles_of(_opens(4), BARS)
    other = candles_of(_opens(3)[[0, 2]] + HOUR, BARS[:2] + np.array([[0.0], [1.0]]))
    found = together([first, other])
    assert found.shape == (4, 2)
    assert found["minute"][:, 1].tolist() == [ABSENT, 60, ABSENT, 180]
    assert found["close"][:, 1].tolist() == [0.0, 100.5, 100.5, 101.5]
    np.testing.assert_array_equal(found[:, 0], first)


def test_a_replay_says_what_does_not_fit() -> None:
    candles, market = together([candles_of(_opens(4), BARS)]), Market()
    with pytest.raises(ValueError, match="arrays of CANDLE and ORDER"):
        replay(np.zeros((4, 1)), no_orders((4, 1)), [market], Rules())
    with pytest.raises(ValueError, match=r"candles \(4, 1\), orders \(3, 1\) and 1 markets"):
        replay(candles, no_orders((3, 1)), [market], Rules())
    with pytest.raises(ValueError, match="2 markets"):
        replay(candles, no_orders((4, 1)), [market] * 2, Rules())
    found = replay(candles, no_orders((4, 1)), [market], Rules())
    assert (len(found.trades), len(found.fills), found.balance) == (0, 0, 1000.0)
    assert found.free.tolist() == [1000.0] * 4


def test_code_that_is_kept_knows_of_changes_in_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of any file in the room gives another stamp; one beside it does not."""
    for name in compiling._ROOMS:
        shutil.copytree(Path(room.__file__).parents[1] / name, tmp_path / name)
    monkeypatch.setattr(compiling, "_LIBRARY", tmp_path)
    before = compiling._stamp()
    (tmp_path / "notes.py").write_text("x = 1\n")
    (tmp_path / "rl" / "plain.py").write_text("x = 1\n")
    assert compiling._stamp() == before
    (tmp_path / "rl" / "plain.py").write_text("@compiled\n")
    assert compiling._stamp() != before
    (tmp_path / "rl" / "plain.py").unlink()
    path = tmp_path / "ledger" / "rounding.py"
    path.write_text(path.read_text() + "\n# other\n")
    assert compiling._stamp() != before


def test_every_compiled_function_bears_the_stamp() -> None:
    from hydra_quant.ledger import fills, money, step
    from hydra_quant.rl import desk

    for function in (fills.enter, money.settle, step.step, desk.ask):
        assert function._cache._cache_file._source_stamp == compiling.STAMP


def test_compiled_code_that_makes_an_array_is_refused() -> None:
    def makes(count: int) -> np.ndarray:
        return np.zeros(count)

    with pytest.raises(NumbaError, match="Only accept returning of array passed"):
        compiling.compiled(makes)(3)
