"""What is done at each candle and by which rules, as plain values that can be pasted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SIGNALS = ("enter_long", "enter_short", "exit_long", "exit_short")


@dataclass(frozen=True)
class Act:
    """What was decided at one candle of one pair; done at the open of the next.

    Attributes
    ----------
    stake : of an entry, stake currency (``custom_stake_amount``); None: as the rules propose.
    leverage : of an entry.
    adjust : stake to add to the position (above 0) or to take out of it (below).
    """

    enter_long: bool = False
    enter_short: bool = False
    exit_long: bool = False
    exit_short: bool = False
    stake: float | None = None
    leverage: float = 1.0
    adjust: float = 0.0
    enter_tag: str = ""
    exit_tag: str = ""

    def __repr__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        changed = {f.name for f in fields(self) if said[f.name] != f.default}
        return f"Act({', '.join(f'{name}={said[name]!r}' for name in said if name in changed)})"


NOTHING = Act()
Actions = dict[str, dict[int, Act]]
"""By pair and number of the candle; candles that are not named do nothing."""


def actions_to_json(actions: Actions) -> dict[str, dict[str, dict[str, Any]]]:
    """Everything that differs from doing nothing, for `actions_from_json`."""
    return {
        pair: {
            str(row): {k: v for k, v in asdict(act).items() if v != getattr(NOTHING, k)}
            for row, act in acts.items()
        }
        for pair, acts in actions.items()
    }


def actions_from_json(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Actions:
    """Read back what `actions_to_json` gave."""
    return {
        pair: {int(row): Act(**act) for row, act in acts.items()} for pair, acts in found.items()
    }


@dataclass(frozen=True)
class Rules:
    """What a strategy and its configuration say, by freqtrade's names (futures, isolated).

    Attributes
    ----------
    fee : of each order, as a share.
    minimal_roi : (minutes since the entry, profit ratio) pairs.
    max_open_trades : -1 is no limit.
    stake_amount : stake currency, or ``unlimited``.
    dry_run_wallet : stake currency at the start.
    exit_timeout_minutes : an exit order that was not filled is withdrawn after this; None: never.
    """

    fee: float = 0.0005
    stoploss: float = -0.1
    trailing_stop: bool = False
    trailing_stop_positive: float | None = None
    trailing_stop_positive_offset: float = 0.0
    trailing_only_offset_is_reached: bool = False
    minimal_roi: tuple[tuple[int, float], ...] = ()
    can_short: bool = True
    max_open_trades: int = -1
    stake_amount: float | str = 100.0
    dry_run_wallet: float = 1000.0
    tradable_balance_ratio: float = 0.99
    position_adjustment_enable: bool = True
    max_entry_position_adjustment: int = -1
    use_exit_signal: bool = True
    exit_profit_only: bool = False
    exit_profit_offset: float = 0.0
    ignore_roi_if_entry_signal: bool = False
    liquidation_buffer: float = 0.05
    exit_timeout_minutes: int | None = 5

    def to_json(self) -> dict[str, Any]:
        """Everything, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Rules":
        """Read back what `to_json` gave."""
        roi = tuple((int(minute), float(share)) for minute, share in found["minimal_roi"])
        return cls(**{**found, "minimal_roi": roi})
