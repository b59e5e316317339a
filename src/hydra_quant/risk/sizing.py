"""How much to stake: less when the market moves more."""

from hydra_quant.settings import Risk


def stake(
    *, equity: float, stop_distance: float, leverage: float, available: float, risk: Risk
) -> float:
    """Stake that loses ``risk_per_trade`` of equity at the first stop, within every limit.

    Parameters
    ----------
    equity : account value, stake currency
    stop_distance : from entry to first stop, fraction of price, above 0
    leverage : position over stake, at least 1
    available : most that may be staked now (free balance, exchange limit), stake currency
    risk : limits

    Returns
    -------
    Stake in stake currency, or 0.0 when the limits leave less than ``min_stake``: a trade that is
    not worth its fees. The position is ``stake * leverage``; it halves when ``stop_distance``
    doubles, until ``max_position`` binds.

    Raises
    ------
    ValueError
        When an input is out of its range or NaN: no size can be derived from it.
    """
    if not (equity > 0 and stop_distance > 0 and leverage >= 1 and available >= 0):
        raise ValueError(
            f"no stake for equity {equity}, stop distance {stop_distance}, leverage {leverage}, "
            f"available {available}"
        )
    position = equity * min(risk.risk_per_trade / stop_distance, risk.max_position)
    wanted = min(position / leverage, risk.max_stake, available)
    return wanted if wanted >= risk.min_stake else 0.0
