"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen values; a key that is not known is an error."""

    # strict: true is not 1.0, "0.5" is not a number (whole numbers count as numbers)
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
