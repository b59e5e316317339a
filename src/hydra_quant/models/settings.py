"""Settings of HYDRA's FreqAI models: ``config["freqai"]["hydra"]``, parsed once."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class ModelSettingsError(ValueError):
    """A key below ``freqai.hydra`` is unknown or out of range; the text names it and the remedy."""


class ModelSettings(BaseModel):
    """What HYDRA adds to FreqAI's own keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(20, ge=0, lt=2**31, description="seed of every fit")
    purge_candles: int | None = Field(
        None, ge=0, description="gap before the test block; by default label_period_candles"
    )
    embargo_candles: int = Field(0, ge=0, description="further candles kept out at the cut")
    min_training_rows: int = Field(
        100, ge=10, description="a window with fewer usable rows is refused"
    )
    panel_pairs: tuple[str, ...] = Field(
        (), description="pairs a panel model learns from; empty: the whitelist"
    )

    @classmethod
    def parse(cls, freqai: Mapping[str, Any]) -> Self:
        """Read the section ``hydra`` of the ``freqai`` section.

        Raises
        ------
        ModelSettingsError
            One line for each mistake, naming key, value and what would be right.
        """
        try:
            return cls.model_validate(freqai.get("hydra", {}))
        except ValidationError as error:
            lines = [
                cls._explain(item["loc"], item["input"], item["msg"]) for item in error.errors()
            ]
            raise ModelSettingsError("; ".join(lines)) from None

    @classmethod
    def _explain(cls, path: tuple[int | str, ...], value: object, wanted: str) -> str:
        key = ".".join(("freqai.hydra", *map(str, path)))
        if path and path[0] not in cls.model_fields:
            near = get_close_matches(str(path[0]), cls.model_fields, n=1)
            known = (
                f'did you mean "{near[0]}"?' if near else f"known: {', '.join(cls.model_fields)}"
            )
            return f'unknown key "{key}" in the configuration; {known}'
        return f'config key "{key}" is {value!r}: {wanted[0].lower()}{wanted[1:]}'
