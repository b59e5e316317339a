"""Which pairs a text is about, and texts without the names that must not move a score."""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

# Usual names of assets in headlines. A base that is not here is found by its ticker alone.
NAMES: dict[str, tuple[str, ...]] = {
    "AAVE": ("aave",),
    "ADA": ("cardano",),
    "ALGO": ("algorand",),
    "APT": ("aptos",),
    "ARB": ("arbitrum",),
    "ATOM": ("cosmos hub",),
    "AVAX": ("avalanche",),
    "BCH": ("bitcoin cash",),
    "BNB": ("binance coin", "bnb"),
    "BSV": ("bitcoin sv",),
    "BTC": ("bitcoin",),
    "DOGE": ("dogecoin", "doge"),
    "DOT": ("polkadot",),
    "ETC": ("ethereum classic",),
    "ETH": ("ethereum", "ether"),
    "FIL": ("filecoin",),
    "HBAR": ("hedera",),
    "ICP": ("internet computer",),
    "LINK": ("chainlink",),
    "LTC": ("litecoin",),
    "NEAR": ("near protocol",),
    "OP": ("optimism network",),
    "PEPE": ("pepecoin",),
    "POL": ("polygon",),
    "SHIB": ("shiba inu",),
    "SOL": ("solana",),
    "SUI": ("sui network",),
    "TON": ("toncoin",),
    "TRX": ("tron",),
    "UNI": ("uniswap",),
    "XLM": ("stellar lumens",),
    "XMR": ("monero",),
    "XRP": ("ripple", "xrp"),
}
# Names that are words as well: capital letters make them a name.
_WORDS = frozenset({"avalanche", "polygon", "ripple", "tron"})
# Tickers that are English words or common abbreviations, in headlines all in capitals too: only
# with a dollar sign. So are all of one or two letters.
_TICKER_WORDS = """
    ACE AI ALT APE ARK BAND BAT BIG BOND CAKE CAT COMP COST COW DASH DATA EDU ETC
    FLOW FLUX FUN GAS GAME GMT HIGH HIVE HOOK HOT KEY LINK LIT MAGIC MASK MOVE NEAR
    NOT ONE OPEN PEOPLE POL PORTAL PUMP PUSH RARE ROSE SAFE SAGA SAND STORM SUN
    SUPER TRUMP TRUST USUAL WIN
"""
_AMBIGUOUS = frozenset(_TICKER_WORDS.split())
_ADDRESS = re.compile(r"https?://\S+")
# No letter, digit, underscore or combining mark may stand beside a ticker or a name.
_BEFORE, _AFTER = r"(?<![\w$\u0300-\u036f])", r"(?![\w\u0300-\u036f])"
STAND_IN = "somebody"


@lru_cache(maxsize=1024)
def base_of(pair: str) -> str:
    """Asset of a pair, upper case: ``'BTC/USDT:USDT'`` gives BTC, ``'1000PEPE/USDT:USDT'`` PEPE."""
    base = pair.split("/")[0].upper()
    return re.sub(r"^10{3,}(?=[A-Z])", "", base)


def pairs_in(text: str, pairs: Sequence[str], symbols: str | None = None) -> tuple[str, ...]:
    """Pairs that a text is about, in the order of `pairs`.

    Parameters
    ----------
    text : str
        As :func:`hydra_quant.collectors.text.clean` leaves it: nothing unseen inside a word.
    pairs : sequence of str
    symbols : str, optional
        JSON list of the assets that the publisher names; anything else counts as none.

    Notes
    -----
    A ticker counts in capitals or after a dollar sign, one that is a word as well only after a
    dollar sign; a name in any case, one that is a word as well with a capital (``Avalanche``).
    Both as whole words and in ASCII: what merely looks like one (Cyrillic, full width) is none.
    Words inside addresses do not count. "Bitcoin Cash" is not bitcoin. A text about the whole
    market is about no pair.
    """
    bases = tuple(base_of(pair) for pair in pairs)
    found = _bases_in(text, frozenset(bases)) | named(symbols)
    return tuple(pair for pair, base in zip(pairs, bases, strict=True) if base in found)


def named(symbols: str | None) -> frozenset[str]:
    """Assets that a publisher names in a JSON list; none where it is no such list."""
    try:
        found = json.loads(symbols) if symbols else []
    except (ValueError, RecursionError):
        return frozenset()
    if not isinstance(found, list):
        return frozenset()
    return frozenset(one.upper() for one in found if isinstance(one, str) and one.isascii())


def _bases_in(text: str, bases: frozenset[str]) -> set[str]:
    bare = _ADDRESS.sub(" ", text) if "://" in text else text
    matches = (match for match in _names().finditer(bare) if match[0].isascii())
    found = {_BASES[name] for match in matches if not _is_word(name := match[0].lower(), match[0])}
    for match in _tickers(bases).finditer(bare):
        dollar, word = match["dollar"], match["ticker"]
        if word.isascii() and (dollar or (word.isupper() and not is_ambiguous(word))):
            found.add(word.upper())
    return found


_BASES = {name: base for base, names in NAMES.items() for name in names}


def _is_word(name: str, written: str) -> bool:
    return name in _WORDS and written[0].islower()


def is_ambiguous(ticker: str) -> bool:
    """Whether a ticker is a word as well, so that it needs a dollar sign."""
    return len(ticker) <= 2 or ticker in _AMBIGUOUS


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    """All names, longer ones first, so that "bitcoin cash" is not read as bitcoin."""
    words = "|".join(re.escape(name) for name in sorted(_BASES, key=lambda it: (-len(it), it)))
    return re.compile(f"{_BEFORE}(?:{words}){_AFTER}", re.IGNORECASE)


@lru_cache(maxsize=64)
def _tickers(bases: frozenset[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(base) for base in sorted(bases)) or r"(?!)"
    return re.compile(f"{_BEFORE}(?P<dollar>\\$?)(?P<ticker>{words}){_AFTER}", re.IGNORECASE)


def neutralise(text: str, names: Iterable[str]) -> str:
    """Take names out of a text, so that who is mentioned moves neither score nor verdict.

    Parameters
    ----------
    text : str
    names : iterable of str
        Found as whole words in any case, longer ones first; parts of a name may be written
        together, as in ``@elonmusk``.

    Returns
    -------
    The text with ``'somebody'`` in their place; doing it twice changes nothing more.
    """
    pattern = _people(tuple(names))
    return text if pattern is None else pattern.sub(STAND_IN, text)


@lru_cache(maxsize=16)
def _people(names: tuple[str, ...]) -> re.Pattern[str] | None:
    kept = sorted({name.strip() for name in names if name.strip()}, key=lambda it: (-len(it), it))
    if not kept:
        return None
    words = (r"[\s_.-]*".join(re.escape(part) for part in name.split()) for name in kept)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
