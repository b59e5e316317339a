"""``/_venue``: the venue's own switches, for tests and for people."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from hydra_quant.sandbox.venue.clock import iso, moment_ms
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.faults import FaultBook, parse_fault
from hydra_quant.sandbox.venue.stream import Streams
from hydra_quant.sandbox.venue.traffic import Traffic


class ClockOrder(BaseModel):
    """Move the clock: exactly one of the three; times are ISO text or epoch ms.

    ``freeze`` stands still there, ``run_from`` goes on from there, ``advance_ms`` moves.
    """

    model_config = ConfigDict(extra="forbid")

    freeze: str | int | None = None
    run_from: str | int | None = None
    advance_ms: int | None = None


class FaultOrder(BaseModel):
    """Put these faults in force instead of the present ones; an empty list clears them."""

    model_config = ConfigDict(extra="forbid")

    faults: list[str] = []
    seed: int | None = None
    hold_s: float | None = None
    retry_after_s: int | None = None


class StreamOrder(BaseModel):
    """Break the websocket: ``close`` ends every connection, ``silent`` sends nothing while true."""

    model_config = ConfigDict(extra="forbid")

    close: bool = False
    silent: bool | None = None


def build_control(
    desk: Desk, traffic: Traffic, faults: FaultBook, paths: tuple[str, ...], streams: Streams
) -> APIRouter:
    """The control routes of one venue."""
    router = APIRouter(prefix="/_venue")

    @router.get("/status")
    def status() -> dict[str, Any]:
        return describe(desk, traffic, faults, paths)

    @router.post("/clock")
    def clock(order: ClockOrder) -> dict[str, Any]:
        move_clock(desk, order)
        return describe_clock(desk)

    @router.post("/faults")
    def set_faults(order: FaultOrder) -> list[dict[str, object]]:
        apply_faults(faults, order, paths)
        return faults.describe()

    @router.delete("/faults")
    def clear_faults() -> list[dict[str, object]]:
        faults.replace([])
        return faults.describe()

    # not in a thread, as the others are: connections belong to the event loop
    @router.post("/streams")
    async def break_streams(order: StreamOrder) -> dict[str, Any]:
        streams.silent = streams.silent if order.silent is None else order.silent
        closed = streams.close() if order.close else 0
        return {"connections": streams.count, "closed": closed, "silent": streams.silent}

    @router.post("/reset")
    def reset() -> dict[str, Any]:
        traffic.requests.clear()
        traffic.unknown.clear()
        return describe(desk, traffic, faults, paths)

    return router


def move_clock(desk: Desk, order: ClockOrder) -> None:
    """Carry out a clock order; ValueError unless it holds exactly one wish."""
    wishes = [name for name, value in order.model_dump().items() if value is not None]
    if len(wishes) != 1:
        raise ValueError(f"clock: give one of freeze, run_from, advance_ms, not {wishes}")
    if order.advance_ms is not None:
        desk.clock.advance(order.advance_ms)
    elif order.freeze is not None:
        desk.clock.freeze(_moment(order.freeze))
    elif order.run_from is not None:
        desk.clock.run_from(_moment(order.run_from))


def _moment(wish: str | int) -> int:
    return wish if isinstance(wish, int) else moment_ms(wish)


def apply_faults(book: FaultBook, order: FaultOrder, paths: tuple[str, ...]) -> None:
    """Replace the faults; FaultError, and nothing changed, when one cannot be read."""
    book.replace([parse_fault(text, paths) for text in order.faults], order.seed)
    book.hold_s = book.hold_s if order.hold_s is None else order.hold_s
    if order.retry_after_s is not None:
        book.retry_after_s = order.retry_after_s


def describe_clock(desk: Desk) -> dict[str, Any]:
    """The clock's time and mode."""
    now = desk.now_ms()
    return {"now_ms": now, "now": iso(now), "mode": desk.clock.mode}


def describe(
    desk: Desk, traffic: Traffic, faults: FaultBook, paths: tuple[str, ...]
) -> dict[str, Any]:
    """Everything the status page shows."""
    return {
        "history": desk.history.name,
        "pairs": {
            pair: {
                "first": iso(desk.history.span(pair)[0]),
                "last": iso(desk.history.span(pair)[1]),
                "timeframes": list(desk.history.timeframes(pair)),
            }
            for pair in desk.pairs
        },
        "clock": describe_clock(desk),
        "requests": dict(traffic.requests),
        "unknown": dict(traffic.unknown),
        "used_weight": traffic.used_weight,
        "refused": traffic.refused,
        "faults": faults.describe(),
        "endpoints": list(paths),
    }
