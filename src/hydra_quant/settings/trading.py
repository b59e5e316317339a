"""How votes become trades: weights, gates, sizes, and how an agent is carried out."""

from typing import Self

from pydantic import Field, model_validator

from hydra_quant.settings.section import Section


class Vote(Section):
    """How much each source counts, and how sure they must be together."""

    model_weight: float = Field(0.6, ge=0, le=1, description="weight of the FreqAI prediction")
    momentum_weight: float = Field(0.2, ge=0, le=1, description="weight of the momentum source")
    mean_reversion_weight: float = Field(
        0.2, ge=0, le=1, description="weight of the mean-reversion source"
    )
    model_edge: float = Field(
        0.003, gt=0, le=0.2, description="predicted return that is a full model vote (fraction)"
    )
    speak_above: float = Field(
        0.5, gt=0, le=1, description="a source has a signal when its vote is beyond this"
    )
    enter_above: float = Field(
        0.5, gt=0, le=1, description="enter when the weighted vote is beyond this"
    )
    exit_below: float = Field(
        0.0, ge=-1, lt=1, description="leave when the vote for one's side falls to this"
    )

    @model_validator(mode="after")
    def _weights_and_order(self) -> Self:
        if self.model_weight + self.momentum_weight + self.mean_reversion_weight <= 0:
            raise ValueError(
                "model_weight, momentum_weight and mean_reversion_weight are all 0, so nobody "
                "votes: give at least one of them a weight above 0"
            )
        if self.exit_below >= self.enter_above:
            raise ValueError(
                f"exit_below ({self.exit_below}) must be below enter_above ({self.enter_above}), "
                "or every entry would leave at once"
            )
        return self


class Gates(Section):
    """What keeps an entry out although the vote is sure enough. Every gate fails closed."""

    round_trip_cost: float = Field(
        0.001, ge=0, le=0.05, description="fees and slippage, in and out (fraction)"
    )
    min_move_costs: float = Field(
        2.0, ge=0, le=100, description="usual move over the horizon must be this many costs"
    )
    max_shock_sigmas: float = Field(
        6.0, gt=1, le=100, description="no entry right after a candle beyond this many sigmas"
    )
    max_entry_drift: float = Field(
        0.01, gt=0, le=0.2, description="no entry when price left the signal's close by this much"
    )
    max_candle_age: float = Field(
        2.0, ge=1, le=100, description="no live entry on a signal older than this many candles"
    )
    max_gap_candles: int = Field(
        3, ge=0, le=1000, description="longest hole in the candles that is taken (candles)"
    )


class Risk(Section):
    """How much is put at stake, and where it is given up."""

    risk_per_trade: float = Field(
        0.005, gt=0, le=0.02, description="share of equity lost when the first stop is hit"
    )
    max_position: float = Field(
        0.25, gt=0, le=0.25, description="largest position (with leverage), share of equity"
    )
    leverage: float = Field(2.0, ge=1, le=2, description="leverage asked of the exchange")
    min_stake: float = Field(
        100.0, ge=0, description="smaller stakes are not worth it (stake currency)"
    )
    max_stake: float = Field(10_000.0, gt=0, description="largest stake (stake currency)")
    stop_atr: float = Field(
        2.0, ge=0.5, le=10, description="first stop, in ATRs of the holding horizon"
    )
    trail_from: float = Field(
        0.02, gt=0, le=0.5, description="price gain at which the stop begins to trail (fraction)"
    )
    trail_by: float = Field(
        0.01, gt=0, le=0.5, description="distance of the trailing stop (fraction)"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.min_stake > self.max_stake:
            raise ValueError(
                f"min_stake ({self.min_stake}) must not be above max_stake ({self.max_stake}), "
                "or no trade would ever be taken"
            )
        return self


class Agent(Section):
    """How HydraRLStrategy carries out what an agent wants; its environment does the same."""

    act_beyond: float = Field(
        0.3, ge=0, lt=1, description="a smaller target means to be out of the market"
    )
    resize_beyond: float = Field(
        0.2, gt=0, le=1, description="stake put right when it is off by this share of a whole one"
    )
    stoploss: float = Field(
        0.2, gt=0, lt=1, description="loss at which a position is closed (share of its stake)"
    )
    leverage: float = Field(1.0, ge=1, le=2, description="leverage of every position")
