"""A search is made once for the same things, again for others, and never believed when damaged."""

import json
import logging

import numpy as np
import pytest

from hydra_quant.models.causal import cache, cached_select, select

NAMES = ["a", "b", "c"]


@pytest.fixture
def rows():
    draw = np.random.default_rng(0)
    features, target = draw.standard_normal((300, 3)), draw.standard_normal(300)
    target[1:] += features[:-1, 0]
    return features, target


@pytest.fixture
def searches(monkeypatch):
    """Count how often the search itself is made."""
    made = []

    def counted(*args, **settings):
        made.append(settings)
        return select(*args, **settings)

    monkeypatch.setattr(cache, "select", counted)
    return made


def test_the_same_search_is_made_once(tmp_path, rows, searches) -> None:
    first = cached_select(tmp_path / "new", *rows, NAMES, tau_max=2)
    again = cached_select(tmp_path / "new", *rows, NAMES, tau_max=2)
    assert first == again == select(*rows, NAMES, tau_max=2)
    assert first.kept[0] == "a"
    assert len(searches) == 1
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".json"]


def test_anything_else_is_another_search(tmp_path, rows, searches, monkeypatch) -> None:
    features, target = rows
    cached_select(tmp_path, features, target, NAMES, tau_max=2)
    cached_select(tmp_path, features, target, NAMES, tau_max=3)
    cached_select(tmp_path, features, target, NAMES[::-1], tau_max=2)
    other = features.copy()
    other[7, 1] = np.nextafter(other[7, 1], 9.0)
    cached_select(tmp_path, other, target, NAMES, tau_max=2)
    cached_select(tmp_path, features, -target, NAMES, tau_max=2)
    monkeypatch.setattr(cache, "versions", lambda packages: dict.fromkeys(packages, "0.0"))
    cached_select(tmp_path, features, target, NAMES, tau_max=2)
    assert len(searches) == len(list(tmp_path.iterdir())) == 6


def damaged_half(path) -> None:
    path.write_text(path.read_text()[:80])


def damaged_value(path) -> None:
    document = json.loads(path.read_text())
    document["selection"]["kept"] = ["c"]
    path.write_text(json.dumps(document))


def damaged_empty(path) -> None:
    path.write_text("{}")


def damaged_bytes(path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


def damaged_kind(path) -> None:
    path.write_text("[1, 2]")


@pytest.mark.parametrize(
    "damage", [damaged_half, damaged_value, damaged_empty, damaged_bytes, damaged_kind]
)
def test_a_damaged_file_is_searched_anew_and_replaced(
    tmp_path, rows, searches, caplog, damage
) -> None:
    good = cached_select(tmp_path, *rows, NAMES, tau_max=2)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    damage(path)
    with caplog.at_level(logging.WARNING):
        assert cached_select(tmp_path, *rows, NAMES, tau_max=2) == good
    assert "is damaged" in caplog.text
    assert len(searches) == 2
    assert path.read_bytes() == whole
    assert cached_select(tmp_path, *rows, NAMES, tau_max=2) == good
    assert len(searches) == 2


def test_a_file_of_another_search_under_this_name_is_not_believed(tmp_path, rows, searches) -> None:
    cached_select(tmp_path, *rows, NAMES, tau_max=2)
    (path,) = tmp_path.iterdir()
    taken = path.read_bytes()
    other = cached_select(tmp_path, rows[0], -rows[1], NAMES, tau_max=2)
    second = next(p for p in tmp_path.iterdir() if p != path)
    second.write_bytes(taken)
    assert cached_select(tmp_path, rows[0], -rows[1], NAMES, tau_max=2) == other
    assert len(searches) == 3
