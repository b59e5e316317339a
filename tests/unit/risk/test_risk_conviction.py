"""Conviction: known answers, and what moves a stake which way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.risk.conviction import FLOOR, LEAST, bet_size, conviction, kelly, payoff_ratio

quick = settings(max_examples=100, deadline=None)
NAN = float("nan")
shares = st.floats(0, 1)
returns = st.one_of(st.just(NAN), st.floats(-0.2, 0.2))


def share(score=NAN, vote=NAN, gain=NAN, adverse=NAN, discord=NAN, shrink=0.5, at_risk=0.005):
    """Conviction of one entry."""
    found = conviction(
        score=np.array([score]),
        vote=np.array([vote]),
        expected_return=np.array([gain]),
        expected_adverse=np.array([adverse]),
        disagreement=np.array([discord]),
        shrink=shrink,
        risk_per_trade=at_risk,
    )
    assert found.shape == (1,)
    return found[0]


@pytest.mark.parametrize(
    ("probability", "size"), [(0.55, 0.080056), (0.6, 0.161744), (0.75, 0.436297), (0.9, 0.817578)]
)
def test_bet_size_known_answers(probability, size):
    sizes = bet_size(np.array([probability, 1 - probability]))
    np.testing.assert_allclose(sizes, [size, -size], atol=5e-7)


def test_bet_size_at_its_ends():
    np.testing.assert_array_equal(bet_size(np.array([0.0, 0.5, 1.0, NAN])), [-1, 0, 1, NAN])


@pytest.mark.parametrize(
    ("probability", "payoff", "wanted"), [(0.55, 1, 0.1), (0.55, 2, 0.325), (0.6, 0.5, -0.2)]
)
def test_kelly_known_answers(probability, payoff, wanted):
    assert kelly(np.array([probability]), np.array([payoff]))[0] == pytest.approx(wanted)


def test_half_kelly_keeps_three_quarters_of_the_growth():
    def growth(stake):
        return 0.55 * np.log1p(stake) + 0.45 * np.log1p(-stake)

    full = kelly(np.array([0.55]), np.array([1.0]))[0]
    assert growth(full / 2) / growth(full) == pytest.approx(0.7493, abs=5e-5)


def test_kelly_without_payoff_never_bets_unless_certain():
    np.testing.assert_array_equal(
        kelly(np.array([0.9, 1.0, NAN]), np.array([0.0, 0.0, 1.0])), [-np.inf, 1.0, NAN]
    )


def test_payoff_makes_the_expected_return_at_even_odds():
    gain, adverse = np.array([0.002, 0.0, -0.002]), np.full(3, 0.01)
    ratio = payoff_ratio(gain, adverse)
    np.testing.assert_allclose((ratio * adverse - adverse) / 2, gain)


def test_payoff_that_is_not_known_is_even_and_never_negative():
    ratio = payoff_ratio(np.array([NAN, 0.1, 0.1, -0.1]), np.array([0.01, NAN, 0.0, 0.01]))
    np.testing.assert_array_equal(ratio, [1, 1, 1, 0])


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ({"score": 0.45}, FLOOR),  # accepted, below one half
        ({"score": 0.5}, FLOOR),
        ({"score": 0.6}, FLOOR + (1 - FLOOR) * 0.161744),
        ({"score": 0.9}, FLOOR + (1 - FLOOR) * 0.817578),
        ({"score": 1.0}, 1.0),
        (
            {"score": 0.9, "vote": -0.1},
            FLOOR + (1 - FLOOR) * 0.817578,
        ),  # score before vote
        ({"vote": 0.7}, 0.7),
        ({"vote": -0.7}, 0.7),
        ({"vote": 0.1}, FLOOR),
        ({"vote": 0.8, "discord": 1.0}, 0.4),
        ({"vote": 0.8, "discord": 0.5}, 0.6),
        ({"vote": 0.8, "discord": 0.0}, 0.8),
        ({"vote": 0.8, "discord": 1.0, "shrink": 0.0}, 0.8),
        ({"vote": 0.8, "discord": 1.0, "shrink": 1.0}, LEAST),
        # what the signal earned cannot pay for its losses: as small as it gets
        ({"score": 0.6, "gain": -0.004, "adverse": 0.01}, FLOOR),
    ],
)
def test_share_of_the_full_stake(given_, wanted):
    assert share(**given_) == pytest.approx(wanted, abs=1e-6)


def test_half_kelly_bounds_the_share():
    # b = 1 - 2 * .01636 / .1 = .6728; Kelly .6 - .4 / .6728 = 0.0054697; half of it over .005
    assert share(score=0.6, gain=-0.01636, adverse=0.1) == pytest.approx(0.546968, abs=1e-6)
    assert share(score=0.6, gain=-0.01636, adverse=0.1, at_risk=0.002) == share(score=0.6)


def test_no_basis_no_share():
    assert np.isnan(share())


@given(
    score=st.one_of(st.just(NAN), shares),
    vote=st.floats(-1, 1),
    gain=returns,
    adverse=returns.map(abs),
    discord=st.one_of(st.just(NAN), shares),
    shrink=shares,
    at_risk=st.floats(1e-4, 0.02),
)
@quick
def test_a_share_is_above_nothing_and_never_more_than_the_full_stake(**given_):
    assert LEAST <= share(**given_) <= 1


@given(shares, shares, st.floats(-1, 1), shares, shares, shares)
@quick
def test_surer_is_never_smaller_and_discord_never_larger(one, other, vote, near, far, shrink):
    low, high = sorted((one, other))
    calm, torn = sorted((near, far))
    assert share(score=low) <= share(score=high)
    assert share(vote=vote, discord=torn, shrink=shrink) <= share(
        vote=vote, discord=calm, shrink=shrink
    )
