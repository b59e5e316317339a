"""Which files there are: the folders, the names in them, and who reads each."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pandas import DataFrame

from hydra_quant.collectors.files import posts, readers, recorded
from hydra_quant.collectors.files.table import SUFFIXES, FileError
from hydra_quant.memory import Series

Facts = Iterator[tuple[Series, DataFrame]]
PAIR = r"(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)(_(?P<settle>[A-Z0-9]+))?"
WIDTH = rf"(?P<width>{'|'.join(readers.WIDTHS)})"


@dataclass(frozen=True)
class Rule:
    """What a folder holds.

    Attributes
    ----------
    source : str
        Whose data it is.
    name : str
        Regular expression of a file's stem; its groups tell what the file is about.
    example : str
        A stem of that kind, for messages.
    read : callable
        From a `readers.Table` to its facts.
    """

    source: str
    name: str
    example: str
    read: Callable[[readers.Table], Facts]


RULES: dict[str, tuple[Rule, ...]] = {
    "funding": (
        Rule("binance", f"{PAIR}-funding", "BTC_USDT_USDT-funding", readers.funding),
    ),
    "oi": (Rule("bybit", f"{PAIR}-(?P<width>1h)-oi", "BTC_USDT_USDT-1h-oi", readers.interest),),
    "bybit": (
        Rule("bybit", f"{PAIR}-(?P<width>1h)", "BTC_USDT_USDT-1h", readers.bybit_hours),
        Rule("bybit", f"{PAIR}-(?P<width>4h)-derivs", "BTC_USDT_USDT-4h-derivs", readers.accounts),
    ),
    "orderbook": (Rule("binance", f"{PAIR}-8h-obi", "BTC_USDT_USDT-8h-obi", readers.book),),
    "takerflow": (
        Rule(
            "binance", f"{PAIR}-8h-takerflow15m", "BTC_USDT_USDT-8h-takerflow15m", readers.taker
        ),
    ),
    "interest": (
        Rule("binance", f"{PAIR}-{WIDTH}-interest", "BTC_USDT_USDT-5m-interest", readers.interest),
    ),
    "ratios": (
        Rule("binance", f"{PAIR}-{WIDTH}-ratios", "BTC_USDT_USDT-5m-ratios", recorded.ratios),
    ),
    "premium": (
        Rule("binance", f"{PAIR}-{WIDTH}-premium", "BTC_USDT_USDT-5m-premium", recorded.premium),
    ),
    "liquidations": (
        Rule("binance", f"{PAIR}-liquidations", "BTC_USDT_USDT-liquidations", recorded.forced),
        Rule("binance", f"{PAIR}-listened", "BTC_USDT_USDT-listened", recorded.listened),
    ),
    "book": (Rule("binance", f"{PAIR}-book", "BTC_USDT_USDT-book", recorded.book),),
    "onchain": (
        Rule("", r"(?P<base>[A-Z0-9]+)-(?P<origin>\w+)-1d", "BTC-coinmetrics-1d", readers.chain),
    ),
    "sentiment": (
        Rule("alternative.me", r"fear_greed-1d", "fear_greed-1d", readers.fear_greed),
        Rule("google", r"google_trends-1d", "google_trends-1d", readers.searches),
    ),
    "macro": (Rule("macro", r"[\w-]+-1d", "macro-1d", readers.macro),),
    "news": (Rule("", r".+", "headlines", readers.headlines),),
    "posts": (Rule("", r"(?P<origin>[\w.]+)-posts", "sandbox-posts", posts.posts),),
}  # fmt: skip

# freqtrade keeps candles itself, mark prices too.
FREQTRADES = ("futures", "futures_1m", "futures_4h", "mark", "spot")


@dataclass(frozen=True)
class Layout:
    """What was found below a folder.

    Attributes
    ----------
    readable : list of (path, rule, match of its stem), in the order of `RULES`
    strange : one line for each file whose name says nothing
    left : number of candle files, which are freqtrade's
    """

    readable: list[tuple[Path, Rule, re.Match[str]]]
    strange: list[str]
    left: int


def find(root: Path) -> Layout:
    """Look for files in the folders of `RULES` below `root`; hidden files do not count.

    Raises
    ------
    FileError
        When there is no such folder or nothing in it that could be imported.
    """
    if not root.is_dir():
        raise FileError(
            f"{root}: no such folder; give the one that holds funding/, oi/, onchain/ …"
        )
    found = Layout([], [], sum(len(_tables(root / name)) for name in FREQTRADES))
    for folder, rules in RULES.items():
        for path in _tables(root / folder):
            fitting = ((rule, re.fullmatch(rule.name, path.stem)) for rule in rules)
            rule, match = next((pair for pair in fitting if pair[1]), (None, None))
            if rule is None or match is None:
                names = " or ".join(f"{rule.example}{path.suffix}" for rule in rules)
                subject = "source" if folder == "posts" else "pair"
                found.strange.append(
                    f"{path}: the name tells no {subject}; expected a name like {names}"
                )
            else:
                found.readable.append((path, rule, match))
    if not found.readable and not found.strange:
        raise FileError(
            f"{root}: nothing to import; looked for parquet and CSV files in {', '.join(RULES)}"
        )
    return found


def _tables(folder: Path) -> list[Path]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.suffix in SUFFIXES and not file.name.startswith(".")]
