"""A mistake in the settings in one line: which key, which value, what would be right."""

from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails


class SettingsError(ValueError):
    """A setting is unknown, of the wrong type or out of range; the text names it and the remedy."""


_PLAIN = {
    "model_type": 'should be an object like {"key": value}',
    "float_type": "should be a number, without quotes",
    "invalid_key": "keys should be text",
}


def explain(error: ErrorDetails, settings: BaseModel) -> str:
    """Turn one pydantic finding into a line that names the key, the value and the remedy."""
    path = error["loc"]
    key = ".".join(("hydra", *map(str, path)))
    if error["type"] == "extra_forbidden":
        known = _known_keys(path[:-1], settings)
        near = get_close_matches(str(path[-1]), known, n=1) or _elsewhere(str(path[-1]), settings)
        hint = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
        return f'unknown key "{key}" in the configuration; {hint}'
    wanted = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f'config key "{key}": {wanted}'
    wanted = _PLAIN.get(error["type"], wanted[0].lower() + wanted[1:])
    return f'config key "{key}" is {error["input"]!r}: {wanted}'


def _known_keys(path: tuple[int | str, ...], settings: BaseModel) -> list[str]:
    for part in path:
        settings = getattr(settings, str(part))
    return list(type(settings).model_fields)


def _elsewhere(key: str, settings: BaseModel) -> list[str]:
    """Full name of a setting that was written into the wrong section, if there is one."""
    sections = [(name, value) for name, value in settings if isinstance(value, BaseModel)]
    found = [f"hydra.{name}.{key}" for name, value in sections if key in type(value).model_fields]
    return [f"hydra.{key}", *found] if key in type(settings).model_fields else found
