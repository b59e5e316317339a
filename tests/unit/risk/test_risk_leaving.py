"""Leaving a position: what is not known never counts, and the order of reasons."""

from itertools import product

import pytest

from hydra_quant.risk.leaving import MODEL, REGIME, TAGS, THESIS, TIME, Position, leave
from hydra_quant.settings import Exits

NAN = float("nan")
CALM = Position(60.0, 480.0, 1, "funding_squeeze", 0.9, "ranging", "ranging", 0.1)
BAD = {
    THESIS: {"health": 0.1},
    REGIME: {"regime": "cascade"},
    MODEL: {"lift": 3.0},
    TIME: {"minutes": 480.0},
}


def test_a_calm_position_stays():
    assert leave(CALM, Exits()) is None


@pytest.mark.parametrize("tag", TAGS)
def test_each_reason_alone_is_enough(tag):
    assert leave(CALM._replace(**BAD[tag]), Exits()) == tag


def test_the_first_reason_in_the_order_of_tags_is_kept():
    for chosen in product([False, True], repeat=len(TAGS)):
        picked = [tag for tag, on in zip(TAGS, chosen, strict=True) if on]
        position = CALM
        for tag in picked:
            position = position._replace(**BAD[tag])
        assert leave(position, Exits()) == (picked[0] if picked else None)


def test_what_is_not_known_is_no_reason():
    unknown = Position(NAN, NAN, 1, None, NAN, None, None, NAN)
    assert leave(unknown, Exits()) is None
    assert leave(unknown._replace(minutes=1e6), Exits()) is None
    assert leave(CALM._replace(regime="cascade", regime_at_entry=None), Exits()) is None
    assert leave(CALM._replace(regime=None), Exits()) is None


@pytest.mark.parametrize("tag", [THESIS, MODEL])
def test_thesis_and_model_wait(tag):
    early = CALM._replace(minutes=29.9, **BAD[tag])
    assert leave(early, Exits()) is None
    assert leave(early._replace(minutes=30.0), Exits()) == tag


def test_levels_themselves_are_no_reason():
    exits = Exits()
    assert leave(CALM._replace(health=exits.min_health), exits) is None
    assert leave(CALM._replace(lift=exits.model_lift), exits) is None


def test_regimes_can_be_switched_off():
    assert leave(CALM._replace(regime="cascade"), Exits(on_regime=False)) is None
