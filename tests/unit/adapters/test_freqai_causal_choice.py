"""What several pairs' searches agree on, and which rows a search is given."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hydra_quant.adapters.freqai import causal
from hydra_quant.adapters.freqai.causal import Search, agreed, chosen, united
from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.models.causal import Parent, Selection
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Causal

NAMES = ["a", "b", "c"]
BAR = 3600


def said(*kept: str, rows: int = 200, strength: float = 0.3) -> Selection:
    parents = tuple(Parent(name, 1, strength, 0.01) for name in kept)
    return Selection(kept, parents, (), {n: "no link" for n in NAMES if n not in kept}, rows)


def test_half_of_the_pairs_decide() -> None:
    found = agreed([said("a"), said("a", "b"), said("c", "a"), said("c")], NAMES)
    assert found.kept == ("a", "c")
    assert found.why == {"b": "drives the label in 1 of 4 pairs"}
    assert found.rows == 800


def test_pairs_with_too_few_rows_have_no_say() -> None:
    short = Selection((), (), (), dict.fromkeys(NAMES, "40 rows with a known target"), 40)
    assert agreed([said("a"), short, short, short], NAMES).kept == ("a",)
    nobody = agreed([short], NAMES)
    assert nobody.kept == ()
    assert nobody.why["a"] == "40 rows with a known target"


def test_strengths_are_averaged_and_the_strongest_is_first() -> None:
    found = agreed([said("a", "b", strength=0.2), said("b", strength=-0.8)], NAMES)
    assert found.kept == ("b", "a")
    assert found.parents[0].strength == pytest.approx(-0.3)


def test_every_label_counts_and_the_strongest_are_left() -> None:
    each = [said("a", strength=0.1), said("b", strength=0.5)]
    assert united(each, NAMES, None).kept == ("b", "a")
    one = united(each, NAMES, 1)
    assert one.kept == ("b",)
    assert one.why["a"] == "weaker than the 1 that are kept"
    assert one.why["c"] == "no link"


def frame(n: int = 60) -> PairFrame:
    rng = np.random.default_rng(3)
    times = BAR * np.delete(np.arange(n + 1, dtype=np.int64), 30)  # one candle is missing
    values, labels = rng.normal(size=(n, 3)), rng.normal(size=(n, 1))
    return PairFrame("X/Y", times, values, NAMES, labels, ["&-l"], pd.DataFrame())


def given(monkeypatch: pytest.MonkeyPatch, pair: PairFrame) -> Any:
    """What the search of one pair is given when rows 5 to 39 teach."""
    seen: list[Any] = []

    def select(folder: Path, values: Any, aim: Any, *rest: Any, **more: Any) -> Selection:
        seen.append((values, aim))
        return said("a")

    monkeypatch.setattr(causal, "cached_select", select)
    at = np.arange(5, 40)
    block = Rows(pair.features[at], pair.labels[at], pair.times[at], np.zeros(35, int), ("X/Y",))
    search = Search(Causal(), 3, BAR, 7, Path("none"))
    assert chosen({"X/Y": pair}, block, search).kept == ("a",)
    return seen[0]


def test_a_search_sees_training_rows_on_an_even_grid_and_nothing_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = frame()
    values, aim = given(monkeypatch, pair)
    assert values.shape == (36, 3)  # with the missing candle
    assert np.isnan(values[25]).all()
    assert np.isnan(aim[25])
    assert np.isnan(values).sum() == 3
    np.testing.assert_array_equal(values[-1], pair.features[39])
    later = frame()
    later.features[40:] += 1.0
    later.labels[40:] += 1.0
    for one, other in zip((values, aim), given(monkeypatch, later), strict=True):
        np.testing.assert_array_equal(one, other)
    later.labels[39] += 1.0  # of a training row: this is seen
    assert given(monkeypatch, later)[1][-1] != aim[-1]


def test_only_the_latest_rows_are_searched() -> None:
    pair = frame(400)
    search = Search(Causal(max_rows=200), 3, BAR, 7, Path("none"))
    values, aim = causal._series(pair, pair.times[5:390], 0, search)
    assert len(values) == len(aim) == 200
    np.testing.assert_array_equal(values[-1], pair.features[389])
