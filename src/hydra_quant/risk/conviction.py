"""How much of the full stake an entry deserves: surer is larger, disagreement is smaller."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

FLOOR = 0.5
LEAST = 0.05


def bet_size(probability: Floats) -> Floats:
    """Bet size of a probability: ``2 Φ(z) - 1``, ``z = (p - 1/2) / sqrt(p (1 - p))``.

    López de Prado, "Advances in Financial Machine Learning" (2018), chapter 10, two outcomes.

    Parameters
    ----------
    probability : array in [0, 1]

    Returns
    -------
    array in [-1, 1]: 0 at one half, negative below it; NaN in, NaN out.
    """
    p = np.asarray(probability, float)
    spread = np.sqrt(p * (1.0 - p))
    certain = np.where(p > 0.5, np.inf, -np.inf)
    z = np.where(spread > 0, (p - 0.5) / np.where(spread > 0, spread, 1.0), certain)
    return np.where(np.isnan(p), np.nan, 2.0 * ndtr(z) - 1.0)


def kelly(probability: Floats, payoff: Floats) -> Floats:
    """Share of equity that grows fastest: ``p - (1 - p) / b`` (Kelly 1956); below 0 is no bet.

    Parameters
    ----------
    probability : array in [0, 1], of winning
    payoff : array, what is won over what is lost, not negative; 0 gives minus infinity unless the
        win is certain
    """
    p, b = np.asarray(probability, float), np.asarray(payoff, float)
    lost = np.where(b > 0, (1.0 - p) / np.where(b > 0, b, 1.0), np.inf)
    return np.asarray(p - np.where(p == 1.0, 0.0, lost))


def payoff_ratio(expected_return: Floats, expected_adverse: Floats) -> Floats:
    """What a win brings over what a loss costs: ``1 + 2 * return / adverse``, not below 0.

    The expected return is a mean over wins and losses. A loss L of the expected adverse excursion
    and a win W at even odds make a mean of ``(W - L) / 2``, so ``W / L`` is the above: 1 for a
    signal that brings nothing on average, whose odds then rest on the probability alone.

    Parameters
    ----------
    expected_return : array, fraction, in the signal's direction
    expected_adverse : array, fraction, not negative

    Returns
    -------
    array, not negative; 1 where an input is not known or no excursion is expected.
    """
    known = np.isfinite(expected_return) & (np.nan_to_num(expected_adverse) > 0)
    with np.errstate(over="ignore"):  # hardly any excursion: an infinite ratio is right
        ratio = np.where(known, expected_return, 0.0) / np.where(known, expected_adverse, 1.0)
    return np.maximum(1.0 + 2.0 * ratio, 0.0)


def conviction(
    *,
    score: Floats,
    vote: Floats,
    expected_return: Floats,
    expected_adverse: Floats,
    disagreement: Floats,
    shrink: float,
    risk_per_trade: float,
) -> Floats:
    """Share of the full stake for entries that have been accepted.

    A scored entry gets ``FLOOR + (1 - FLOOR) * bet_size(score)``, and no more than half Kelly: the
    full stake loses `risk_per_trade` of equity at its stop, half Kelly wants ``kelly / 2`` of it
    at risk, so their quotient bounds the share. It is far above 1 for any real edge and
    binds only where the odds say hardly anything is won. An entry without a score gets the size of
    its vote. Neither falls below `FLOOR`: whether to trade was decided before, and a sliver of a
    stake pays the same attention for nothing. Then disagreement takes its part, down to `LEAST`.

    Parameters
    ----------
    score : array, probability of profit after costs; NaN for an entry by vote alone
    vote : array in [-1, 1], the joint vote; used where there is no score
    expected_return, expected_adverse : arrays, fractions; NaN where not known
    disagreement : array in [0, 1]; NaN (nobody else has an opinion) takes nothing away
    shrink : share of the stake that full disagreement takes away
    risk_per_trade : share of equity that the full stake loses at its first stop

    Returns
    -------
    array in (0, 1]; NaN where there is neither a score nor a vote.
    """
    score = np.asarray(score, float)
    by_score = FLOOR + (1.0 - FLOOR) * np.maximum(bet_size(score), 0.0)
    half = 0.5 * kelly(score, payoff_ratio(expected_return, expected_adverse))
    scored = np.minimum(by_score, half / risk_per_trade)
    share = np.where(np.isnan(score), np.abs(vote), scored)
    kept = 1.0 - shrink * np.nan_to_num(disagreement)
    return np.clip(np.maximum(share, FLOOR) * kept, LEAST, 1.0)
