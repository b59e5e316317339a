"""How models learn, and what they are shown."""

from typing import Annotated

from pydantic import Field

from hydra_quant.settings.section import Section


class Model(Section):
    """How HYDRA's FreqAI models learn, beside FreqAI's own keys."""

    seed: int = Field(20, ge=0, lt=2**31, description="seed of every fit")
    purge_candles: int | None = Field(
        None, ge=0, description="gap before the test block; unset: label_period_candles"
    )
    embargo_candles: int = Field(0, ge=0, description="further candles kept out at the cut")
    min_training_rows: int = Field(
        100, ge=10, description="a window with fewer usable rows is refused"
    )
    panel_pairs: tuple[str, ...] = Field(
        (), strict=False, description="pairs a panel model learns from; empty: the whitelist"
    )


class Causal(Section):
    """Which features a panel of trees keeps: those that drive the label, by PCMCI+."""

    enabled: bool = Field(False, description="choose features causally before each training")
    tau_max: int = Field(5, ge=1, le=50, description="largest lag that is searched (candles)")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="level of every test")
    max_rows: int = Field(
        5000, ge=200, le=100_000, description="latest training candles of a pair that are searched"
    )
    most: int | None = Field(None, ge=1, description="keep at most so many features; unset: all")


class Memory(Section):
    """What candles are joined with, and how old it may be."""

    columns: tuple[str, ...] = Field(
        (), strict=False, description="columns joined with candles and shown to the model"
    )
    sources: tuple[str, ...] = Field(
        (), strict=False, description="whom to believe first; empty: the exchange, then by name"
    )
    max_age_minutes: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="oldest fact a column may show, by column, instead of its own limit"
    )
    lag_minutes: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {}, description="publication lag by kind, kind.name or source.kind, instead of the default"
    )
