"""What ``hydra-quant collect`` is to do: options and configuration, checked."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra_quant.commands.opening import InputError, read_config
from hydra_quant.memory.series import DAY_MS, HOUR_MS
from hydra_quant.settings import SOURCES, Settings, SettingsError

PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+(:[A-Z0-9]+)?")
SPAN = re.compile(r"(\d+(?:\.\d+)?)([hdw])")
SPANS_MS = {"h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
CONFIG = "config.json"


@dataclass(frozen=True)
class Wanted:
    """What is to be collected.

    Attributes
    ----------
    settings : Settings
    exchange : dict
        freqtrade's ``"exchange"`` section.
    pairs, sources : tuple of str
    since, until : epoch ms
    """

    settings: Settings
    exchange: dict[str, Any]
    pairs: tuple[str, ...]
    sources: tuple[str, ...]
    since: int
    until: int


def read_wanted(args: argparse.Namespace, now: int) -> Wanted:
    """Options before configuration before defaults; `now` in epoch ms.

    Raises
    ------
    InputError
        One line that names what is wrong and the nearest right thing.
    """
    config = read_config(args.config or _default_config(args.userdir))
    try:
        settings = Settings.parse(config)
    except SettingsError as error:
        raise InputError(str(error)) from None
    exchange = config.get("exchange", {})
    if not exchange.get("name"):
        raise InputError(
            'no "exchange": {"name": ...} in the configuration; give freqtrade\'s: -c config.json'
        )
    history_ms = settings.collector.history_days * DAY_MS
    since = parse_moment("--since", args.since, now) if args.since else now - history_ms
    until = parse_moment("--until", args.until, now) if args.until else now
    if since >= until:
        raise InputError(f"--since {args.since or ''} is not before --until {args.until or 'now'}")
    return Wanted(
        settings,
        exchange,
        choose_pairs(args.pairs, exchange.get("pair_whitelist", [])),
        choose_sources(args.source or settings.collector.sources),
        since,
        until,
    )


def _default_config(userdir: Path) -> list[Path]:
    # Where freqtrade looks when it is given none.
    found = [path for path in (userdir / CONFIG, Path(CONFIG)) if path.exists()]
    return found[:1]


def parse_moment(option: str, text: str, now: int) -> int:
    """``2025-03-01``, ``2025-03-01T12:00`` (UTC), ``20250301``, or ``30d`` before `now`; epoch ms.

    Raises
    ------
    InputError
        When it is none of these, or in the future.
    """
    if span := SPAN.fullmatch(text):
        return now - round(float(span[1]) * SPANS_MS[span[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option} {text}: not a time; write 2025-03-01, 2025-03-01T12:00 (UTC), or how long "
            "ago: 12h, 30d, 8w"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = round(moment.timestamp() * 1000)
    if found > now:
        raise InputError(f"{option} {text}: in the future")
    return found


def choose_pairs(given: Sequence[str] | None, whitelist: Sequence[str]) -> tuple[str, ...]:
    """Pairs as ccxt writes them, each once.

    Raises
    ------
    InputError
        When there is none, or one that cannot be a pair.
    """
    pairs = list(dict.fromkeys(given or whitelist))
    if not pairs:
        raise InputError(
            'no pairs: "exchange": {"pair_whitelist": [...]} of the configuration is empty; '
            "give --pairs BTC/USDT:USDT"
        )
    for pair in pairs:
        spot_of_future = any(known.startswith(f"{pair}:") for known in whitelist)
        if PAIR.fullmatch(pair) and not spot_of_future:
            continue
        near = get_close_matches(pair.upper(), whitelist, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]}?" if near else "write it like BTC/USDT:USDT"
        raise InputError(f"there is no pair {pair}; {hint}")
    return tuple(pairs)


def choose_sources(given: Sequence[str]) -> tuple[str, ...]:
    """Sources by name, each once.

    Raises
    ------
    InputError
        When one is unknown.
    """
    for name in given:
        if name not in SOURCES:
            near = get_close_matches(name.lower(), SOURCES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(SOURCES)}"
            raise InputError(f"there is no source {name}; {hint}")
    return tuple(dict.fromkeys(given))
