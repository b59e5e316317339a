"""What the answers of a language model cost, by the prices in the settings."""

from hydra_quant.settings import News

MILLION = 1e6


def cost_usd(settings: News, tokens_in: int, tokens_out: int) -> float | None:
    """Cost in USD of so many tokens read and written; None while a price is not set."""
    if settings.usd_per_million_in is None or settings.usd_per_million_out is None:
        return None
    read = tokens_in * settings.usd_per_million_in
    written = tokens_out * settings.usd_per_million_out
    return (read + written) / MILLION


def hour_usd(settings: News, tokens_out: int) -> tuple[float, float] | None:
    """Estimated cost in USD of an hour: the usual one, and the most that the settings allow.

    Usual is an analysis every `every_minutes` with a full prompt and an answer of `tokens_out`; the
    most is `calls_per_hour` of them with the longest answers. None while a price is not set.
    """
    usual = cost_usd(settings, settings.prompt_tokens, min(tokens_out, settings.answer_tokens))
    most = cost_usd(settings, settings.prompt_tokens, settings.answer_tokens)
    if usual is None or most is None:
        return None
    calls = min(60 / settings.every_minutes, settings.calls_per_hour)
    return usual * calls, most * settings.calls_per_hour
