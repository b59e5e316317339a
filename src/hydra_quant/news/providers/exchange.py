"""One call through an SDK: a body of the documented shape, or a bare `ProviderError`."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from hydra_quant.news.providers.protocol import ProviderError

M = TypeVar("M", bound=BaseModel)


def asked(who: str, call: Callable[[], httpx2.Response]) -> tuple[bytes, int]:
    """One call through an SDK: the answer's body, and how long it took in ms.

    Raises
    ------
    ProviderError
        Whatever went wrong. A new one, with nothing chained to it: the SDKs' own errors hold the
        request, that is the prompt.
    """
    start = monotonic()
    try:
        body = call().content
        return body, round((monotonic() - start) * 1000)
    except Exception as error:  # the SDKs raise many kinds, and wrap those of the transport
        problem = _of_the_transport(error)
        name = type(error).__name__
    if problem is None:
        raise ProviderError("malformed", f"{who}: its client could not make the call ({name})")
    raise ProviderError(problem.kind, str(problem), problem.after_s)


def _of_the_transport(error: BaseException | None) -> ProviderError | None:
    while error is not None and not isinstance(error, ProviderError):
        error = error.__cause__
    return error


def shaped(who: str, model: type[M], body: bytes) -> M:
    """An answer's body in the shape that the interface documents.

    Raises
    ------
    ProviderError
        malformed, when it is not JSON or of another shape.
    """
    with suppress(ValidationError):  # it quotes the answer
        return model.model_validate_json(body)
    raise ProviderError(
        "malformed", f"{who}: the answer is not what its interface documents; is this its address?"
    )
