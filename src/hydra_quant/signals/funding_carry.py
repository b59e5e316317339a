"""Funding carry: be paid for holding what nobody wants to hold, while the market is calm."""

import numpy as np
from pandas import DataFrame

from hydra_quant.settings import Gates, Signals
from hydra_quant.signals.levels import LEVEL_SIGMAS, column, score
from hydra_quant.signals.price import liveliness
from hydra_quant.signals.signal import Signal, speak

PARTS = ("against_funding",)
NOTABLE_SIGMAS = LEVEL_SIGMAS / 2
"""Funding must be half-way to its extreme level."""

CALM = 1.25
"""Volatility of the last day's candles over the usual, above which the market is not calm."""

TRADE_COST = Gates().round_trip_cost
"""Fees and slippage that the funding of one holding period must outweigh (fraction)."""

YEAR_MINUTES = 365 * 24 * 60


def funding_carry(frame: DataFrame, settings: Signals, candle_minutes: int) -> Signal:
    """Take the side that funding pays, where that is much, lasting and not dearly bought.

    Fires short where funding is positive, half-way to its upper level or beyond, was positive a
    day ago, would earn more over the holding period than a trade costs, and the market is calm: the
    last 24 candles moved by less than 1.25 times the usual. Long where funding is negative.

    Why it should pay: funding is income whatever price does on average, and it is large exactly
    when leveraged demand on one side exceeds what arbitrageurs will carry (Schmeling, Schrimpf &
    Todorov 2023, "Crypto Carry"; carry as expected return in every asset class: Koijen, Moskowitz,
    Pedersen & Vrugt 2018, "Carry"). Its losses come in turbulent markets (Brunnermeier,
    Nagel & Pedersen 2008, "Carry Trades and Currency Crashes"), hence the calm. The trade is not
    hedged: what price does over the holding period is usually larger than the income.

    Calm is measured here and not by the volatility regime, whose memory is long: the expectations
    that are learned from past firings would need it on top of their own.

    Parameters
    ----------
    frame : DataFrame
        Reads close, funding_rate with its levels, funding_annualized (fraction a year) and
        funding_momentum (change of the rate over a day).
    settings : Signals
    candle_minutes : int
        Not used; every generator is called alike.

    Returns
    -------
    Signal
        The thesis rests on `PARTS`: funding's distance from the middle of its levels.
    """
    funding, paying = column(frame, "funding_rate"), score(frame, "funding_rate")
    a_day_ago = funding - column(frame, "funding_momentum")
    income = column(frame, "funding_annualized") * settings.funding_carry_minutes / YEAR_MINUTES
    lively = liveliness(column(frame, "close"))

    calm = lively < CALM
    lasting_longs = (funding < 0) & (a_day_ago < 0) & (income < -TRADE_COST)
    lasting_shorts = (funding > 0) & (a_day_ago > 0) & (income > TRADE_COST)
    return speak(
        longs=calm & lasting_longs & (paying < -NOTABLE_SIGMAS),
        shorts=calm & lasting_shorts & (paying > NOTABLE_SIGMAS),
        inputs=(funding, paying, a_day_ago, income, lively),
        excesses=(np.abs(paying) - NOTABLE_SIGMAS,),
        holding_minutes=settings.funding_carry_minutes,
        thesis={"against_funding": -paying},
    )
