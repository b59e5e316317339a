"""The table of all settings, for people."""

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hydra_quant.settings.whole import Settings


def table() -> Iterator[tuple[str, object, str, str]]:
    """Yield one row a setting: key, default, allowed range, meaning (the README's table)."""
    for name, value in Settings():
        if isinstance(value, BaseModel):
            yield from _rows(f"hydra.{name}", type(value))
        else:
            field = Settings.model_fields[name]
            yield f"hydra.{name}", field.default, _range(field), field.description or ""


def _rows(prefix: str, section: type[BaseModel]) -> Iterator[tuple[str, object, str, str]]:
    for name, field in section.model_fields.items():
        yield f"{prefix}.{name}", field.default, _range(field), field.description or ""


def _range(field: FieldInfo) -> str:
    bounds = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
    found = [
        text.format(getattr(item, name))
        for item in field.metadata
        for name, text in bounds.items()
        if hasattr(item, name)
    ]
    return ", ".join(found) or _shape(field)


def _shape(field: FieldInfo) -> str:
    kind = get_origin(field.annotation) or field.annotation
    if kind is Literal:
        return ", ".join(map(str, get_args(field.annotation)))
    shapes = ((bool, "true, false"), (dict, "an object"), (tuple, "a list"))
    return next((shape for of, shape in shapes if kind is of), "text")
