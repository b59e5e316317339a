"""The first schema: every series once, and a table of facts for each of eighteen kinds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The columns of each kind's values; "*" marks the kinds whose rows are things of their own.
VALUES = {
    "ratios": "long_side:number short_side:number",
    "funding": "rate:number",
    "open_interest": "contracts:number value:number",
    "premium_index": "open:number high:number low:number close:number",
    "liquidations*": "side:text price:number amount:number",
    "listening": "messages:whole",
    "book_snapshots": (
        "best_bid:number best_ask:number bid_depth:number ask_depth:number "
        "imbalance:number bids:text asks:text"
    ),
    "onchain_metrics": "value:number",
    "indices": "value:number",
    "news*": "title:text summary:text url:text publisher:text language:text symbols:text",
    "social_posts*": (
        "text:text url:text language:text author:text author_created:whole "
        "author_followers:whole author_following:whole author_posts:whole likes:whole "
        "reposts:whole replies:whole"
    ),
    "sentiment_scores*": "score:number label:text",
    "llm_calls*": (
        "purpose:text provider:text model:text prompt_hash:text status:text tokens_in:whole "
        "tokens_out:whole cost:number latency_ms:whole"
    ),
    "llm_decisions*": (
        "action:text confidence:text reason:text expires_at:whole made_at:whole provider:text "
        "model:text model_cutoff:whole prompt_hash:text call:text news:text latency_ms:whole "
        "tokens:whole cost:number"
    ),
    "predictions": "value:number trusted:whole run:text",
    "signals": "side:whole confidence:number reason:whole tag:text",
    "portfolio_state": "equity:number free:number at_stake:number open_trades:whole",
    "model_runs*": (
        "trained_from:whole trained_to:whole version:text pairs:text figures:text folder:text"
    ),
}


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "source", "subject")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("period_ms", sa.BigInteger, nullable=False),
    )
    identity = ["kind", "source", "subject", "name", "period_ms"]
    op.create_index("series_identity", "series", identity, unique=True)
    for marked, values in VALUES.items():
        _make_kind(marked.removesuffix("*"), values, items=marked.endswith("*"))


def _make_kind(name: str, values: str, *, items: bool) -> None:
    types: dict[str, sa.types.TypeEngine[Any]]
    types = {"number": sa.Float(53), "whole": sa.BigInteger(), "text": sa.Text()}
    named = [value.split(":") for value in values.split()]
    op.create_table(
        name,
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("event_time", sa.BigInteger, primary_key=True),
        *([sa.Column("item", sa.Text, primary_key=True)] if items else []),
        sa.Column("known_at", sa.BigInteger, primary_key=True),
        sa.Column("collected_at", sa.BigInteger, nullable=False),
        *(sa.Column(column, types[type_]) for column, type_ in named),
        sqlite_with_rowid=False,
    )
    if items:
        op.create_index(f"{name}_item", name, ["series_id", "item"])
