"""The kinds of facts that are remembered, and the typed table of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf
from typing import Any

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.series import DAY_MS, HOUR_MS

METADATA = MetaData()
NUMBER, COUNT, TIME, TEXT = Float(53), BigInteger(), BigInteger(), Text()

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("period_ms", BigInteger, nullable=False),
    Index("series_identity", "kind", "source", "subject", "name", "period_ms", unique=True),
)

Range = tuple[float, float]
POSITIVE: Range = (5e-324, inf)
NOT_NEGATIVE: Range = (0.0, inf)
SHARE: Range = (0.0, 1.0)
SIGNED_SHARE: Range = (-1.0, 1.0)


@dataclass(frozen=True)
class Kind:
    """A kind of fact.

    Attributes
    ----------
    name : str
        Also the name of its table.
    values : dict of str to type
        Its own columns. All may be missing (NULL), not all at once.
    what : str
        What a row says, with units.
    items : bool
        Whether a row is a thing with an identity of its own (a headline, a forced order) instead
        of the value of its series at a time. Such rows have a text column ``item``.
    ranges : dict of str to (low, high)
        What a value can be; a row beyond is refused.
    chunk_ms : int
        Width of a hypertable's chunks, where TimescaleDB is there.
    """

    name: str
    values: Mapping[str, TypeEngine[Any]]
    what: str
    items: bool = False
    ranges: Mapping[str, Range] = field(default_factory=dict)
    chunk_ms: int = DAY_MS

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell one fact of a series from another, whatever its revision."""
        return ("item",) if self.items else ("event_time",)

    @property
    def table(self) -> Table:
        """Its table."""
        return METADATA.tables[self.name]


KINDS: dict[str, Kind] = {}


def kind_of(name: str) -> Kind:
    """A kind by its name.

    Raises
    ------
    StoreError
        For an unknown kind, with the nearest known one.
    """
    if name not in KINDS:
        near = get_close_matches(name, KINDS, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(KINDS)}"
        raise StoreError(f'there is no kind of fact "{name}"; {hint}')
    return KINDS[name]


def _kind(name: str, what: str, values: dict[str, TypeEngine[Any]], **options: Any) -> None:
    kind = Kind(name, values, what, **options)
    KINDS[name] = kind
    item = [Column("item", Text, primary_key=True)] if kind.items else []
    Table(
        name,
        METADATA,
        Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
        Column("event_time", BigInteger, primary_key=True),
        *item,
        Column("known_at", BigInteger, primary_key=True),
        Column("collected_at", BigInteger, nullable=False),
        *(Column(column, type_) for column, type_ in values.items()),
        *([Index(f"{name}_item", "series_id", "item")] if kind.items else []),
        sqlite_with_rowid=False,
    )


# --- what an exchange says --------------------------------------------------------------------

_kind(
    "ratios",
    "Two sides of a market over the series' period. global_accounts, top_accounts and "
    "top_positions: shares (0-1) of accounts or positions; taker: volumes bought and sold (base).",
    {"long_side": NUMBER, "short_side": NUMBER},
    ranges={"long_side": NOT_NEGATIVE, "short_side": NOT_NEGATIVE},
)
_kind(
    "funding",
    "A funding settlement: rate as a fraction for its interval, paid by longs when positive.",
    {"rate": NUMBER},
    ranges={"rate": SIGNED_SHARE},
)
_kind(
    "open_interest",
    "Open contracts (base) and their value (quote).",
    {"contracts": NUMBER, "value": NUMBER},
    ranges={"contracts": NOT_NEGATIVE, "value": NOT_NEGATIVE},
)
_kind(
    "premium_index",
    "Premium of the perpetual over its index, a fraction, as candles.",
    {"open": NUMBER, "high": NUMBER, "low": NUMBER, "close": NUMBER},
    ranges=dict.fromkeys(("open", "high", "low", "close"), SIGNED_SHARE),
)
_kind(
    "liquidations",
    "A forced order: side 'sell' closes a long, 'buy' a short; price (quote), amount (base).",
    {"side": TEXT, "price": NUMBER, "amount": NUMBER},
    items=True,
    ranges={"price": POSITIVE, "amount": POSITIVE},
    chunk_ms=6 * HOUR_MS,
)
_kind(
    "listening",
    "A whole minute in which a stream was heard, and how many messages came: without it, silence "
    "could not be told from absence.",
    {"messages": COUNT},
    ranges={"messages": NOT_NEGATIVE},
)
_kind(
    "book_snapshots",
    "The order book: best prices, depth of the stored levels (quote), imbalance (bid-ask)/(bid+ask)"
    " of depth, and the levels themselves as JSON [[price, amount], …], best first.",
    {
        "best_bid": NUMBER,
        "best_ask": NUMBER,
        "bid_depth": NUMBER,
        "ask_depth": NUMBER,
        "imbalance": NUMBER,
        "bids": TEXT,
        "asks": TEXT,
    },
    ranges={
        "best_bid": POSITIVE,
        "best_ask": POSITIVE,
        "bid_depth": NOT_NEGATIVE,
        "ask_depth": NOT_NEGATIVE,
        "imbalance": SIGNED_SHARE,
    },
    chunk_ms=HOUR_MS,
)

# --- what the chain, the press and the crowd say ----------------------------------------------

_kind("onchain_metrics", "A metric of a chain, in its own unit.", {"value": NUMBER})
_kind(
    "indices",
    "A daily index from outside the market: fear and greed, searches, SPX …",
    {"value": NUMBER},
)
_kind(
    "news",
    "A headline as published; symbols is a JSON list of the assets its publisher names.",
    {
        "title": TEXT,
        "summary": TEXT,
        "url": TEXT,
        "publisher": TEXT,
        "language": TEXT,
        "symbols": TEXT,
    },
    items=True,
)
_kind(
    "social_posts",
    "A post with facts about its author and the engagement it had when it was read.",
    {
        "text": TEXT,
        "url": TEXT,
        "language": TEXT,
        "author": TEXT,
        "author_created": TIME,
        "author_followers": COUNT,
        "author_following": COUNT,
        "author_posts": COUNT,
        "likes": COUNT,
        "reposts": COUNT,
        "replies": COUNT,
    },
    items=True,
)
_kind(
    "sentiment_scores",
    "P(positive) - P(negative) of a text; item is 'kind:item' of the text, name the model.",
    {"score": NUMBER, "label": TEXT},
    items=True,
    ranges={"score": SIGNED_SHARE},
    chunk_ms=6 * HOUR_MS,
)

# --- what HYDRA itself decided ----------------------------------------------------------------

_kind(
    "llm_calls",
    "A question to a language model, written before it is asked and revised when it has ended. "
    "purpose: live, backfill or check; status: asked, answered, or what went wrong; cost in USD.",
    {
        "purpose": TEXT,
        "provider": TEXT,
        "model": TEXT,
        "prompt_hash": TEXT,
        "status": TEXT,
        "tokens_in": COUNT,
        "tokens_out": COUNT,
        "cost": NUMBER,
        "latency_ms": COUNT,
    },
    items=True,
)
_kind(
    "llm_decisions",
    "A verdict on a pair: event_time is the end of the news it rests on, name 'live' or "
    "'backfill', made_at when it was really made, call the item of its llm_calls. news is a JSON "
    "list of items; times in epoch ms; tokens and cost (USD) are its share of the call's.",
    {
        "action": TEXT,
        "confidence": TEXT,
        "reason": TEXT,
        "expires_at": TIME,
        "made_at": TIME,
        "provider": TEXT,
        "model": TEXT,
        "model_cutoff": TIME,
        "prompt_hash": TEXT,
        "call": TEXT,
        "news": TEXT,
        "latency_ms": COUNT,
        "tokens": COUNT,
        "cost": NUMBER,
    },
    items=True,
)
_kind(
    "predictions",
    "A model's answer for a candle; event_time is its open, name the model, run its training.",
    {"value": NUMBER, "trusted": COUNT, "run": TEXT},
)
_kind(
    "signals",
    "What a strategy made of a candle; event_time is its open, name the strategy. side -1, 0, 1; "
    "confidence 0-1; reason is a number of hydra_quant.reasons.",
    {"side": COUNT, "confidence": NUMBER, "reason": COUNT, "tag": TEXT},
    ranges={"side": SIGNED_SHARE, "confidence": SHARE},
)
_kind(
    "portfolio_state",
    "A bot's money (stake currency): equity (free, and stakes at their cost), what may still be "
    "staked, what is at stake; source is the bot.",
    {"equity": NUMBER, "free": NUMBER, "at_stake": NUMBER, "open_trades": COUNT},
)
_kind(
    "model_runs",
    "A training: item is its fingerprint; times in epoch ms; figures is a JSON object.",
    {
        "trained_from": TIME,
        "trained_to": TIME,
        "version": TEXT,
        "pairs": TEXT,
        "figures": TEXT,
        "folder": TEXT,
    },
    items=True,
)
