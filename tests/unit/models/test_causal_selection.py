"""A planted graph is found, what only moves with it is not, and noise is noise."""

import subprocess
import sys

import numpy as np
import pytest

from hydra_quant.models.causal import Selection, select
from hydra_quant.models.causal.screening import independent_links, unusable

NAMES = ["driver2", "driver1", "shadow", *(f"noise{i}" for i in range(9))]


def planted(seed: int, rows: int = 700, noise: int = 9):
    """driver2 → target at lag 2, driver1 at lag 1; shadow moves with driver2 and drives nothing."""
    draw = np.random.default_rng(seed)
    features = draw.standard_normal((rows, 3 + noise))
    for row in range(1, rows):
        features[row, 0] += 0.6 * features[row - 1, 0]
    features[:, 2] = features[:, 0] + 0.7 * features[:, 2]
    target = draw.standard_normal(rows)
    target[2:] += 0.5 * features[:-2, 0]
    target[1:] -= 0.4 * features[:-1, 1]
    return features, target


def test_planted_drivers_are_found_and_what_moves_with_them_is_not() -> None:
    false = 0
    for seed in range(6):
        features, target = planted(seed)
        found = select(features, target, NAMES)
        links = {(p.name, p.lag): p for p in found.parents}
        assert links[("driver2", 2)].strength > 0.2
        assert links[("driver1", 1)].strength < -0.2
        assert all(link.p <= 0.05 for link in found.parents)
        false += len(set(found.kept) - {"driver2", "driver1"})
        assert set(found.kept) | set(found.why) == set(NAMES)
        assert not set(found.kept) & set(found.why)
    assert false <= 6 * 10 * 0.05 + 4  # ten that drive nothing, six times, at level .05
    # by correlation alone the shadow would pass for a driver
    assert abs(np.corrcoef(features[:-2, 2], target[2:])[0, 1]) > 0.2


def test_a_planted_graph_that_is_shifted_into_the_future_is_not_found() -> None:
    for seed in range(3):
        features, target = planted(seed)
        late = np.roll(features, 10, axis=0)  # now the target comes before its drivers
        found = select(late, target, NAMES)
        assert not {"driver2", "driver1"} <= set(found.kept)
        assert all(abs(link.strength) < 0.2 for link in found.parents)


def test_white_noise_keeps_no_more_than_the_level_and_says_when_nothing_drives() -> None:
    draw = np.random.default_rng(1)
    names = [f"n{i}" for i in range(20)]
    kept = {"lags": 0, "fdr": 0, "none": 0}
    for _ in range(6):
        features, target = draw.standard_normal((250, 20)), draw.standard_normal(250)
        for correction in kept:
            found = select(features, target, names, correction=correction)
            kept[correction] += len(found.kept)
    assert kept["lags"] <= 120 * 0.05 + 5  # two deviations of a binomial
    assert kept["fdr"] <= kept["lags"]
    # without a correction five lags are five chances: the count above is one that can fail
    assert kept["none"] > 120 * 0.05 + 5
    nothing = select(features, target, names, alpha=1e-6)
    assert nothing.kept == nothing.parents == ()
    assert nothing.line() == "Nothing among 20 features drives the target (250 rows)."
    assert nothing.why["n3"] == "no link into the target at level 1e-06"


def test_a_common_cause_that_is_seen_clears_what_it_moves() -> None:
    draw = np.random.default_rng(2)
    cause = np.zeros(1500)
    for row in range(1, 1500):
        cause[row] = 0.8 * cause[row - 1] + draw.standard_normal()
    moved = cause + draw.standard_normal(1500)  # at the same row as the target
    target = cause + draw.standard_normal(1500)
    both = np.column_stack([moved, cause])
    found = select(both, target, ["moved", "cause"])
    assert found.kept == ("cause",)
    # unseen, it cannot be told from a driver: causal sufficiency
    assert select(both[:, :1], target, ["moved"]).kept == ("moved",)


def test_autocorrelated_noise_does_not_pass_for_a_driver() -> None:
    draw, kept = np.random.default_rng(3), 0
    for _ in range(6):
        walk = draw.standard_normal((500, 11))
        for row in range(1, 500):
            walk[row] += 0.9 * walk[row - 1]
        found = select(walk[:, :10], walk[:, 10], [f"n{i}" for i in range(10)])
        kept += len(found.kept)
        assert [link.lag for link in found.own][:1] == [1]
    assert kept <= 60 * 0.05 + 4


def test_a_label_of_the_future_is_driven_by_the_row_it_stands_at() -> None:
    features, target = planted(4)
    ahead = np.append(target[1:], np.nan)  # the return after the row
    found = select(features, ahead, NAMES, reach=1)
    links = {(p.name, p.lag) for p in found.parents}
    assert {("driver2", 1), ("driver1", 0)} <= links
    same = select(features, target, NAMES)
    assert {(p.name, p.lag - 1) for p in same.parents if p.lag < 6} == links


def overlapping(seed: int, rows: int = 1800, reach: int = 12, effect: float = 0.0):
    """Labels of 12 rows; two sums of past returns, and a "driver" that lasts and comes before."""
    draw = np.random.default_rng(seed)
    driver, returns = np.zeros(rows), draw.standard_normal(rows)
    for row in range(1, rows):
        driver[row] = 0.9 * driver[row - 1] + draw.standard_normal()
    returns[1:] += effect * driver[:-1]
    total = np.r_[0.0, np.cumsum(returns)]
    past = [np.r_[np.full(k - 1, np.nan), total[k:] - total[:-k]] for k in (6, 12)]
    ahead = np.r_[total[reach + 1 :] - total[1:-reach], np.full(reach, np.nan)]
    return np.column_stack([*past, driver]), ahead


def test_labels_that_overlap_do_not_make_the_past_a_driver() -> None:
    names = ["past6", "past12", "driver"]
    false = honest = 0
    for seed in range(10):
        features, ahead = overlapping(seed)
        honest += len(select(features, ahead, names, reach=12).kept)
        # as if labels did not overlap: what a row shows is part of the labels before it
        false += len(select(features, ahead, names, reach=1).kept)
    assert false >= 5
    assert honest <= 3  # thirty features at level .05
    found = select(*overlapping(1, effect=0.2), names, reach=12)
    assert (found.parents[0].name, found.parents[0].lag) == ("driver", 0)
    assert found.rows == 149  # every twelfth


def test_later_rows_cannot_matter_and_a_search_repeats_itself() -> None:
    features, target = planted(5)
    before = select(features[:500], target[:500], NAMES)
    features[500:], target[500:] = 1e6, -1e6
    assert select(features[:500], target[:500], NAMES) == before
    assert select(features[:500], target[:500], NAMES, seed=9) == before  # nothing is drawn
    assert select(features, target, NAMES) != before  # had they been passed, they would


def test_order_of_columns_does_not_matter() -> None:
    features, target = planted(6)
    straight = select(features, target, NAMES)
    turned = select(features[:, ::-1], target, NAMES[::-1])
    assert turned.kept == straight.kept
    assert [p.p for p in turned.parents] == pytest.approx([p.p for p in straight.parents])


def test_unknown_values_are_left_out_and_never_filled_in() -> None:
    features, target = planted(7)
    draw = np.random.default_rng(7)
    holes = draw.random(features.shape) < 0.05
    features[holes] = np.nan
    target[draw.random(len(target)) < 0.05] = np.nan
    found = select(features, target, NAMES)
    assert {("driver2", 2), ("driver1", 1)} <= {(p.name, p.lag) for p in found.parents}
    assert found.rows == np.isfinite(target).sum() < 700
    features[holes] = np.inf
    assert select(features, target, NAMES) == found
    features[holes] = 0.0
    assert select(features, target, NAMES) != found


def test_columns_that_no_test_can_be_made_on_are_named_with_the_reason() -> None:
    features, target = planted(8)
    scarce = np.where(np.arange(700) < 400, np.nan, features[:, 3])
    extra = np.column_stack(
        [np.full(700, 2.5), scarce, 3 * features[:, 0] - 1, features[:, 1] + features[:, 4]]
    )
    names = [*NAMES, "flat", "scarce", "copy", "total"]
    found = select(np.hstack([features, extra]), target, names)
    assert found.why["flat"] == "constant (2.5)"
    assert found.why["scarce"] == "known in 300 of 700 rows"
    assert found.why["copy"] == "the same as driver2"
    assert found.why["total"] == "a linear combination of other columns"
    assert {"driver2", "driver1"} <= set(found.kept)  # the copy does not explain it away


def test_shifted_copies_do_not_explain_each_other_away() -> None:
    features, target = planted(9)
    shifted = np.vstack([np.full((1, 12), np.nan), features[:-1]])
    names = [*NAMES, *(f"{name}-1" for name in NAMES)]
    found = select(np.hstack([features, shifted]), target, names)
    links = {(p.name, p.lag) for p in found.parents}
    assert ("driver1", 1) in links
    assert ("driver2-1", 1) in links  # driver2 at lag 2, by the name that a model can look at


def test_links_that_depend_on_others_are_left_out() -> None:
    base = np.random.default_rng(0).standard_normal((200, 2))
    columns = np.column_stack([base, np.r_[0.0, base[:-1, 0]]])
    links = independent_links(columns, [(at, lag) for lag in (1, 2) for at in range(3)])
    assert links == [(0, 1), (1, 1), (2, 1), (1, 2), (2, 2)]  # (0, 2) is (2, 1)
    assert unusable(columns, ["a", "b", "c"]) == {}


def test_the_strongest_are_kept_where_only_so_many_may_be() -> None:
    features, target = planted(10)
    one = select(features, target, NAMES, most=1)
    assert one.kept == ("driver2",)
    assert one.why["driver1"] == "weaker than the 1 that are kept"
    assert {p.name for p in one.parents} == {"driver2"}
    assert "1 of 12 features drive the target: driver2 (lag 2, +0." in one.line()


def test_too_few_rows_or_a_still_target_keep_nothing_and_say_so() -> None:
    features, target = planted(11)
    few = select(features[:60], target[:60], NAMES)
    assert few.kept == ()
    assert few.why["driver2"] == "60 rows with a known target"
    still = select(features, np.ones(700), NAMES)
    assert still.why["driver2"] == "the target is constant"
    assert select(np.ones((700, 2)), target, ["a", "b"]).why["b"] == "constant (1)"
    assert select(np.ones((700, 2)), target, ["a", "b"], reach=7).kept == ()
    wide = np.random.default_rng(0).standard_normal((150, 30))
    crowd = select(wide, target[:150], [f"n{i}" for i in range(30)])
    assert crowd.why["n3"] == "150 rows are too few for 155 links"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"names": NAMES[:-1]}, "11 names"),
        ({"names": [*NAMES[:-1], "target"]}, "differ"),
        ({"names": [*NAMES[:-1], NAMES[0]]}, "differ"),
        ({"tau_max": 0}, "tau_max 0"),
        ({"alpha": 1.0}, r"alpha 1\.0"),
        ({"most": 0}, "most 0"),
        ({"reach": -1}, "reach -1"),
        ({"correction": "all"}, "'all'"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, match: str) -> None:
    features, target = planted(12, rows=120)
    with pytest.raises(ValueError, match=match):
        select(features, target, **{"names": NAMES, **change})


def test_a_search_prints_nothing_and_survives_json(capfd) -> None:
    features, target = planted(13)
    found = select(features, target, NAMES)
    assert capfd.readouterr() == ("", "")
    assert Selection.from_dict(found.to_dict()) == found


def test_tigramite_is_only_loaded_for_a_search() -> None:
    code = (
        "import sys, hydra_quant.models.causal; "
        "sys.exit(any(name in sys.modules for name in ('tigramite', 'torch', 'plotly')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
