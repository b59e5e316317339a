"""The provider that the settings name, with a key from the environment."""

import os
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from hydra_quant.collectors.hiding import can_travel
from hydra_quant.news.providers.loopback import is_loopback
from hydra_quant.news.providers.protocol import Provider
from hydra_quant.settings import News

KEY = "HYDRA_LLM_KEY"
USUAL_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
HOST = r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f.]*:[0-9a-f:.]*"
OFFICIAL = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}


class NoProvider(ValueError):
    """No provider can be built from the settings and the environment; one line with the remedy."""


def build(settings: News, environ: Mapping[str, str] | None = None) -> Provider:
    """Make the provider that the settings name; nothing is asked yet.

    The key is ``HYDRA_LLM_KEY``; where `base_url` is not set, that is for the provider's own
    service, also the variable that its SDK reads. Another server is not given that one, and may do
    without a key.

    Parameters
    ----------
    settings : News
    environ : mapping, optional
        Instead of the process's environment.

    Raises
    ------
    NoProvider
        When the news are off, the address is none, or the key is missing or must not travel there.
    """
    if settings.provider == "off":
        raise NoProvider(
            'hydra.news.provider is "off": set it to "anthropic" or "openai", and hydra.news.model '
            "to the model's name"
        )
    given = settings.base_url
    address = OFFICIAL[settings.provider] if given is None else given
    parts = _checked(address)
    key, variable = _key(settings, os.environ if environ is None else environ)
    if key is not None:
        _may_travel(key, variable, parts)
    return _make(settings, address, key, variable)


def _make(settings: News, address: str, key: str | None, variable: str | None) -> Provider:
    # here, for their SDKs and client take seconds to import
    try:
        if settings.provider == "anthropic":
            from hydra_quant.news.providers.anthropic_api import Anthropic

            return Anthropic(settings, address, key, variable)
        from hydra_quant.news.providers.openai_api import OpenAI

        return OpenAI(settings, address, key, variable)
    except ImportError as error:
        missing = error.name or "socksio, for the SOCKS proxy,"
        problem = f"{missing} is not installed; install hydra-quant with its requirements"
    raise NoProvider(f'hydra.news.provider is "{settings.provider}", but {problem}')


def _checked(address: str) -> SplitResult:
    plain = address.isascii() and address.isprintable() and " " not in address
    try:
        parts = urlsplit(address)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        port_is_one = False
    named = port_is_one and re.fullmatch(HOST, parts.hostname or "")
    if not plain or not named or parts.scheme not in ("http", "https"):
        raise NoProvider(
            "hydra.news.base_url is no address: give one like http://127.0.0.1:8080/v1"
        )
    if "@" in parts.netloc or "?" in address or "#" in address:
        raise NoProvider(
            f"hydra.news.base_url holds a user, a query or a fragment: give the bare address, and "
            f"the key in the environment's {KEY}"
        )
    return parts


def _key(settings: News, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    own = settings.base_url is None
    names = (KEY, USUAL_KEYS[settings.provider]) if own else (KEY,)
    for name in names:
        if environ.get(name):
            return environ[name], name
    if own:
        raise NoProvider(f"no key for {settings.provider}: set {' or '.join(names)}")
    return None, None


def _may_travel(key: str, variable: str | None, parts: SplitResult) -> None:
    if not can_travel(key):
        raise NoProvider(
            f"the key in {variable} holds blanks, line ends or letters beyond ASCII: copy it again"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise NoProvider(
            f"hydra.news.base_url is plain http:// on another computer, where the key in {variable}"
            " could be read on its way: use https://, or unset the key"
        )
