"""The venue as an ASGI application: endpoints by path, the gate in front, the switches beside."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from hydra_quant.sandbox.venue import general, quotes, statistics
from hydra_quant.sandbox.venue.control import build_control
from hydra_quant.sandbox.venue.desk import Desk, Params, Rows
from hydra_quant.sandbox.venue.errors import VenueError
from hydra_quant.sandbox.venue.faults import FaultBook
from hydra_quant.sandbox.venue.gate import Gate
from hydra_quant.sandbox.venue.stream import PATHS as STREAM_PATHS
from hydra_quant.sandbox.venue.stream import Streams
from hydra_quant.sandbox.venue.traffic import Traffic

Endpoint = Callable[[Desk, Params], object]

ENDPOINTS: dict[str, Endpoint] = {
    "/fapi/v1/ping": general.ping,
    "/fapi/v1/time": general.server_time,
    "/fapi/v1/exchangeInfo": general.exchange_info,
    "/fapi/v1/klines": general.klines,
    "/fapi/v1/continuousKlines": general.continuous_klines,
    "/fapi/v1/markPriceKlines": general.mark_price_klines,
    "/fapi/v1/premiumIndexKlines": general.premium_index_klines,
    "/fapi/v1/fundingRate": general.funding_rate,
    "/fapi/v1/fundingInfo": general.funding_info,
    "/fapi/v1/premiumIndex": quotes.premium_index,
    "/fapi/v1/ticker/24hr": quotes.ticker_day,
    "/fapi/v1/ticker/price": quotes.ticker_price,
    "/fapi/v2/ticker/price": quotes.ticker_price,
    "/fapi/v1/ticker/bookTicker": quotes.book_ticker,
    "/fapi/v1/depth": quotes.depth,
    "/fapi/v1/openInterest": quotes.open_interest,
    "/futures/data/openInterestHist": statistics.open_interest_hist,
    "/futures/data/globalLongShortAccountRatio": statistics.global_long_short,
    "/futures/data/topLongShortAccountRatio": statistics.top_long_short_accounts,
    "/futures/data/topLongShortPositionRatio": statistics.top_long_short_positions,
    "/futures/data/takerlongshortRatio": statistics.taker_long_short,
    "/futures/data/basis": statistics.basis,
}
PATHS = tuple(ENDPOINTS)


def build_app(desk: Desk, traffic: Traffic | None = None, faults: FaultBook | None = None) -> Gate:
    """The whole venue.

    Parameters
    ----------
    desk : Desk
        What it serves.
    traffic : Traffic, optional
        Counts and the weight limit.
    faults : FaultBook, optional
        Faults in force.

    Returns
    -------
    Gate
        An ASGI application; its ``drop`` is set by the server that runs it.
    """
    traffic = traffic or Traffic()
    faults = faults or FaultBook()
    app = FastAPI(title="HYDRA venue", docs_url="/_venue/docs", openapi_url="/_venue/openapi.json")
    for path, endpoint in ENDPOINTS.items():
        app.add_api_route(path, _serve(desk, traffic, faults, path, endpoint), methods=["GET"])
    streams = Streams(desk)
    for path in STREAM_PATHS:
        app.add_api_websocket_route(path, streams.serve)
    app.include_router(build_control(desk, traffic, faults, PATHS, streams))
    app.add_exception_handler(ValueError, _refuse_order)
    return Gate(app, PATHS, traffic, faults)


def _serve(
    desk: Desk, traffic: Traffic, faults: FaultBook, path: str, endpoint: Endpoint
) -> Callable[[Request], Response]:
    def handler(request: Request) -> Response:
        try:
            answer = endpoint(desk, request.query_params)
        except VenueError as error:
            return _json(error.body(), error.status)
        if isinstance(answer, Rows):
            answer = faults.distort(path, answer)
        return _json(answer, 200, {"X-MBX-USED-WEIGHT-1M": str(traffic.used_weight)})

    return handler


async def _refuse_order(request: Request, error: Exception) -> Response:
    """A switch or a data file that cannot be used: one line, 400 for an order, else 500."""
    status = 400 if request.url.path.startswith("/_venue") else 500
    return _json({"code": -1000, "msg": str(error)}, status)


def _json(body: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
