"""Stakes: known answers and refusals (the theorems are in tests/properties)."""

import pytest

from hydra_quant.risk.sizing import stake
from hydra_quant.settings import Risk


def size(equity=10_000.0, stop_distance=0.04, leverage=2.0, available=5_000.0, **risk):
    return stake(
        equity=equity,
        stop_distance=stop_distance,
        leverage=leverage,
        available=available,
        risk=Risk(**risk),
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, 625.0),  # 0.5 % of 10 000 lost at -4 %: position 1 250, stake 625
        ({"leverage": 1.0}, 1250.0),
        ({"stop_distance": 0.02}, 1250.0),  # position 2 500 = 25 % of equity
        ({"stop_distance": 0.001}, 1250.0),  # 25 % of equity binds
        ({"available": 300.0}, 300.0),
        ({"max_stake": 200.0}, 200.0),
        ({"stop_distance": 0.25}, 100.0),  # the smallest that is worth it
        ({"stop_distance": 0.26}, 0.0),
        ({"available": 99.0}, 0.0),
        ({"available": 0.0, "min_stake": 0.0}, 0.0),
    ],
)
def test_table(given, wanted):
    assert size(**given) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "bad",
    [
        {"equity": 0.0},
        {"equity": float("nan")},
        {"stop_distance": 0.0},
        {"stop_distance": float("nan")},
        {"leverage": 0.5},
        {"leverage": float("nan")},
        {"available": float("nan")},
        {"available": -1.0},
    ],
)
def test_no_size_from_nonsense(bad):
    with pytest.raises(ValueError, match="no stake for"):
        size(**bad)
