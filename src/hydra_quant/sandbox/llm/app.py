"""The server as an ASGI application: both providers' doors, and the switches beside them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from hydra_quant.sandbox.llm.control import build_control
from hydra_quant.sandbox.llm.faults import STATUSES, Fault
from hydra_quant.sandbox.llm.model import Model, Received
from hydra_quant.sandbox.llm.shapes import (
    PATHS,
    Asked,
    BadRequest,
    Style,
    read_request,
    write_answer,
    write_error,
)

STEP_S = 0.05
ELSEWHERE = "http://127.0.0.1:9/v1/messages"
PAGE = b"<html><body><h1>Bad gateway</h1></body></html>"
TRUNCATED, OTHER_FORM = 0.6, '{"answer": [{"pair": 1, "action": "buy now"}]}'


class App:
    """Serves a `Model`.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    asgi : FastAPI
    stopping : callable
        Set by the server: whether it is being stopped, which ends answers that never end.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.stopping: Callable[[], bool] = lambda: False
        self.asgi = FastAPI(
            title="HYDRA language model", docs_url="/_llm/docs", openapi_url="/_llm/openapi.json"
        )
        for path in PATHS:
            self.asgi.add_api_route(path, self._serve, methods=["POST"], response_model=None)
        self.asgi.include_router(build_control(model))

    async def _serve(self, request: Request) -> Response:
        style = PATHS[request.url.path]
        body = await _json(request)
        headers = {name.lower(): text for name, text in request.headers.items()}
        number = self.model.receive(Received(request.url.path, headers, body))
        fault = self.model.faults.next()
        try:
            asked = read_request(style, body)
        except BadRequest as error:
            return _error(style, 400, str(error))
        if fault is None:
            return _answer(write_answer(asked, self.model.text(asked), number))
        refusal = _refusal(asked, fault)
        if refusal is not None:
            return refusal
        return await self._wrongly(fault, asked, number)

    async def _wrongly(self, fault: Fault, asked: Asked, number: int) -> Response:
        if fault.kind in ("slow", "hang"):
            await self._wait(fault.seconds if fault.kind == "slow" else 3600.0)
        text, stop = _spoilt(fault.kind, self.model.text(asked))
        whole = _bytes(write_answer(asked, text, number, stop))
        if fault.kind == "drip":
            return StreamingResponse(self._drip(whole), media_type="application/json")
        if fault.kind == "drop":
            length = {"content-length": str(len(whole))}
            return StreamingResponse(_half(whole), headers=length, media_type="application/json")
        if fault.kind == "huge":
            return Response(b" " * (fault.megabytes << 20), media_type="application/json")
        if fault.kind == "not_json":
            return Response(PAGE, media_type="text/html")
        if fault.kind == "other_shape":
            return _answer({"ok": True})
        return Response(whole, media_type="application/json")

    async def _wait(self, seconds: float) -> None:
        while seconds > 0 and not self.stopping():
            await asyncio.sleep(min(seconds, STEP_S))
            seconds -= STEP_S

    async def _drip(self, whole: bytes) -> AsyncIterator[bytes]:
        yield whole[:1]
        while not self.stopping():
            await asyncio.sleep(STEP_S)
            yield b" "


async def _half(whole: bytes) -> AsyncIterator[bytes]:
    yield whole[: len(whole) // 2]


async def _json(request: Request) -> object:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None


def _refusal(asked: Asked, fault: Fault) -> Response | None:
    if fault.kind in STATUSES:
        status = STATUSES[fault.kind]
        wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
        later = wait if status in (429, 503, 529) else {}
        return _error(asked.style, status, f"HTTP {status} on purpose", later)
    if fault.kind == "redirect":
        return Response(status_code=307, headers={"location": ELSEWHERE})
    if fault.kind == "no_temperature" and asked.temperature is not None:
        return _error(asked.style, 400, "`temperature` is not supported with this model")
    if fault.kind == "no_structured" and asked.schema is not None:
        name = "output_config" if asked.style == "anthropic" else "response_format"
        return _error(asked.style, 400, f"{name}: not supported with this model")
    return None


def _spoilt(kind: str, text: str) -> tuple[str, str]:
    if kind == "truncated":
        return text[: int(TRUNCATED * len(text))], "end"
    if kind == "schema":
        return OTHER_FORM, "end"
    if kind in ("empty", "refusal"):
        return "", "refusal" if kind == "refusal" else "end"
    return text, "cut" if kind == "cut" else "end"


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()  # unlike orjson it writes half a surrogate pair too


def _answer(body: object) -> Response:
    return Response(_bytes(body), media_type="application/json")


def _error(
    style: Style, status: int, message: str, headers: dict[str, str] | None = None
) -> Response:
    body = _bytes(write_error(style, status, message))
    return Response(body, status, headers, media_type="application/json")
