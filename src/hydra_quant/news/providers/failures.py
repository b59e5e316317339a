"""What an HTTP answer without an analysis means: pure functions on status, headers and body."""

import time
from collections.abc import Mapping

from hydra_quant.collectors.answers import asked_wait_s
from hydra_quant.news.providers.protocol import ProviderError, Trouble

LONGEST_WAIT_S = 3600.0  # nobody may ask for more
# Words of a refusal's body (lower case) and the setting that mends it; the body is never quoted.
HINTS = (
    ("temperature", 'this model takes no such temperature, set "temperature": null in hydra.news'),
    ("response_format", 'no structured output here, set "structured": false in hydra.news'),
    ("output_config", 'no structured output here, set "structured": false in hydra.news'),
    ("output_format", 'no structured output here, set "structured": false in hydra.news'),
    ("json_schema", 'no structured output here, set "structured": false in hydra.news'),
    ("credit balance", "the account has no credit left"),
    ("max_tokens", "hydra.news.answer_tokens may be too large for this model"),
    ("max_completion_tokens", "hydra.news.answer_tokens may be too large for this model"),
    ("context", "hydra.news.prompt_tokens may be too large for this model"),
)


def refusal(
    who: str, status: int, headers: Mapping[str, str], body: bytes, key_variable: str | None
) -> ProviderError:
    """What an answer whose status is not 2xx means.

    Parameters
    ----------
    who : str
        The provider's name, which the line begins with.
    status : int
    headers, body
        Of the answer; looked at, never quoted: they may hold the prompt and the key.
    key_variable : str or None
        The environment variable that the key came from.
    """
    kind, what = _meaning(status, body.decode(errors="replace").lower(), key_variable)
    passing = kind in ("rate", "overloaded")
    after_s = min(asked_wait_s(headers, time.time()), LONGEST_WAIT_S) if passing else 0.0
    wait = f", asks to wait {after_s:.0f} s" if after_s else ""
    return ProviderError(kind, f"{who}: {what} (HTTP {status}){wait}", after_s)


def _meaning(status: int, body: str, key_variable: str | None) -> tuple[Trouble, str]:
    if status in (401, 403):
        return "key", _about_the_key(key_variable)
    if status == 429:
        no_credit = "insufficient_quota" in body
        return "rate", "the account has no credit left" if no_credit else "too many requests"
    if status >= 500:
        return "overloaded", "the provider is overloaded or broken"
    if 300 <= status < 400:
        return "refused", "redirects are not followed, give the final hydra.news.base_url"
    if status == 404:
        return "refused", "no such model or address, check hydra.news.model and base_url"
    if status == 413:
        return "refused", "the prompt is too large, lower hydra.news.prompt_tokens"
    hint = next((hint for word, hint in HINTS if word in body), "check hydra.news.model")
    return "refused", f"the request is refused: {hint}"


def _about_the_key(variable: str | None) -> str:
    if variable is None:
        return "a key is wanted, set HYDRA_LLM_KEY in the environment"
    return f"the key in {variable} is refused (wrong, or it may not use this model)"
