"""What is collected, from where, and how often."""

from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, model_validator

from hydra_quant.settings.section import Section

SOURCES = (
    *("exchange", "liquidations", "coinmetrics", "glassnode", "cryptoquant"),
    *("cryptocompare", "rss", "x", "reddit"),
)


class Collector(Section):
    """What is collected, by ``hydra-quant collect`` and by a bot with ``hydra.collect``."""

    sources: tuple[str, ...] = Field(
        ("exchange", "liquidations", "coinmetrics", "rss"),
        strict=False,
        description="who is asked; one without its key is skipped",
    )
    period: Literal["5m", "15m", "30m", "1h", "4h", "1d"] = Field(
        "5m", description="bar width of the exchange's statistics"
    )
    book_poll_seconds: int = Field(
        60, ge=5, le=3600, description="how often the order book is kept (seconds)"
    )
    history_days: int = Field(
        30, ge=0, le=20_000, description="how far back a first collection reaches (days)"
    )
    feeds: dict[str, str] = Field(
        {
            "coindesk": "https://www.coindesk.com/arc/outboundfeeds/rss/",
            "cointelegraph": "https://cointelegraph.com/rss",
            "decrypt": "https://decrypt.co/feed",
        },
        description="RSS feeds by the name under which they are kept",
    )
    subreddits: tuple[str, ...] = Field(
        ("CryptoCurrency",), strict=False, description="subreddits that are read"
    )
    base_urls: dict[str, str] = Field(
        {}, description="another address for a source, for a proxy or a test"
    )

    @model_validator(mode="after")
    def _known_sources(self) -> Self:
        for name in self.sources:
            if name not in SOURCES:
                near = get_close_matches(name, SOURCES, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(SOURCES)}"
                raise ValueError(f'there is no source "{name}"; {hint}')
        return self
