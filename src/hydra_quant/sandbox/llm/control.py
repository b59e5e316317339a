"""``/_llm``: the server's own switches, for tests and for people."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from hydra_quant.sandbox.llm.faults import Fault
from hydra_quant.sandbox.llm.model import Model


class ObeyOrder(BaseModel):
    """Whether it does what the news tell it to do."""

    model_config = ConfigDict(extra="forbid")

    on: bool = True


def build_control(model: Model) -> APIRouter:
    """The control routes of one server."""
    router = APIRouter(prefix="/_llm")

    @router.get("/calls")
    def calls() -> dict[str, Any]:
        return {"calls": model.calls.total()}

    @router.get("/status")
    def status() -> dict[str, Any]:
        return model.describe()

    @router.post("/fault")
    def add_fault(fault: Fault) -> dict[str, Any]:
        model.faults.add(fault)
        return model.describe()

    @router.delete("/fault")
    def clear_faults() -> dict[str, Any]:
        model.faults.clear()
        return model.describe()

    @router.post("/obey")
    def set_obedience(order: ObeyOrder) -> dict[str, Any]:
        model.obeys = order.on
        return model.describe()

    return router
