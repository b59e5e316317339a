"""Members of an ensemble: which there are, what they are built with, and trees stored as trees."""

from pathlib import Path

import numpy as np
import pytest
from freqtrade.exceptions import OperationalException
from support.freqai_world import BAR

from hydra_quant.adapters.freqai.answers import Answer, AnswerBook
from hydra_quant.adapters.freqai.ensemble_options import members_of, resolved
from hydra_quant.adapters.freqai.member import Terms, places_of
from hydra_quant.adapters.freqai.member_ground import Dealing
from hydra_quant.adapters.freqai.member_prices import closes
from hydra_quant.adapters.freqai.members import KINDS, NETS
from hydra_quant.adapters.freqai.net_rows import bare_frame, grid_of
from hydra_quant.heads.sequence_features import NAMES
from hydra_quant.models.ensemble.weights import BROAD, DIRECTION, PRESETS
from hydra_quant.models.nets import registry
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.settings import Agent

DEALING = Dealing(Agent(), 0.0005, True)


def of(given):
    return members_of(given, seed=7, horizon=4, dealing=DEALING)


def taught(n=400):
    """One pair whose first feature tells the direction, on a grid."""
    rng = np.random.default_rng(1)
    times = BAR * np.arange(n, dtype=np.int64)
    features = rng.normal(size=(n, len(NAMES)))
    features[rng.random(features.shape) < 0.05] = np.nan
    features[:, 0] = rng.normal(size=n)
    frame = bare_frame("A", times, features, list(NAMES))
    grid = grid_of({"A": frame}, {"A": slice(0, n)}, BAR)
    up = (features[:, 0] > 0).astype(float)
    labels = np.column_stack([up - 0.5, up, up, up])
    rows = Rows(np.empty((n, 0)), labels, times, np.zeros(n, np.int16), ("A",))
    return grid, rows


def test_every_network_can_be_a_member_with_what_its_own_model_has():
    assert {*NETS} == {*registry.NETS}
    members = of({"members": dict.fromkeys(KINDS, 0.1)})
    assert [*members] == sorted(KINDS)
    assert members["nhits"].parameters["steps"] == (4,)
    assert members["nhits"].parameters["target"] == NAMES.index("return")
    assert members["tft"].parameters["loss"] == "both"
    assert members["graph_attention"].parameters["batch"] == 16
    assert [name for name, member in members.items() if member.hears] == ["graph_attention"]
    assert members["graph_attention"].reach == 47
    assert members["lightgbm"].reach == 0
    assert members["lightgbm"].parameters["objective"] == "binary"
    assert (members["momentum"].reach, members["mean_reversion"].reach) == (199, 19)
    assert members["rl"].reach == 0


def test_a_set_of_weights_is_named_with_what_it_acts_upon():
    for name, preset in PRESETS.items():
        told = resolved({"members": name}, of({"members": name}))
        assert told["members"] == preset.weights
        assert told["act_above"] == preset.act_above
    assert resolved({}, of({}))["members"] == DIRECTION.weights
    both = {"members": "broad", "act_above": 0.55}
    assert resolved(both, of(both))["act_above"] == 0.55
    spelled = {"members": dict(BROAD.weights)}
    assert resolved(spelled, of(spelled))["act_above"] == DIRECTION.act_above
    with pytest.raises(OperationalException, match='\'wide\', not "direction", "broad"'):
        of({"members": "wide"})


def test_who_may_be_silent_is_sound_while_it_says_anything():
    members, some = of({"members": "broad"}), np.array([0.5, np.nan])
    silent = {name for name, member in members.items() if member.sound(some)}
    assert silent == {"rl", "momentum", "mean_reversion"}
    assert not any(member.sound(np.full(2, np.nan)) for member in members.values())
    assert all(member.sound(np.full(2, 0.5)) for member in members.values())


def test_what_is_described_holds_every_parameter_but_the_number_of_threads():
    given = {"members": {"lightgbm": 1.0}, "lightgbm": {"n_jobs": 2, "num_leaves": 7}}
    told = resolved(given, of(given))
    assert told["members"] == {"lightgbm": 1.0}
    assert told["lightgbm"]["num_leaves"] == 7
    assert "num_threads" not in told["lightgbm"]
    assert (told["vote"], told["act_above"], told["folds"]) == ("soft", 0.6, 3)


def test_options_of_who_is_no_member_are_refused():
    given = {"members": {"lightgbm": 1.0}, "xgboost": {"max_depth": 3}}
    with pytest.raises(OperationalException, match="'xgboost' is not among members, vote"):
        resolved(given, of(given))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_trees_learn_the_direction_and_come_back_from_their_own_format(name):
    member = of({"members": {name: 1.0}, name: {"n_estimators": 20}})[name]
    grid, rows = taught()
    model = member.fit(grid, rows.take(slice(0, 300)), None, Terms(7))
    asked = places_of(grid, rows.take(slice(300, None)))
    told = member.tell(model, grid, asked)
    assert ((told >= 0) & (told <= 1)).all()
    right = (told > 0.5) == (rows.labels[300:, 1] > 0.5)
    assert right.mean() > 0.9
    again = member.unpack(*member.pack(model))
    np.testing.assert_array_equal(member.tell(again, grid, asked), told)


def test_damaged_trees_of_xgboost_are_refused_by_themselves():
    member = of({"members": {"xgboost": 1.0}, "xgboost": {"n_estimators": 2}})["xgboost"]
    grid, rows = taught(100)
    about, payload = member.pack(member.fit(grid, rows, None, Terms(7)))
    with pytest.raises(Refused, match="do not match their checksum"):
        member.unpack(about, payload[:-1] + b"?")


def test_prices_come_back_from_returns_up_to_a_unit():
    grid, _ = taught(50)
    at = NAMES.index("return")
    returns = grid.panel.values[:, 0, at].astype(float)
    found = closes(grid)[:, 0]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(returns))
    both = np.isfinite(found[1:]) & np.isfinite(found[:-1])
    np.testing.assert_allclose(np.log(found[1:] / found[:-1])[both], returns[1:][both])


def test_columns_beside_the_answers_are_stored_with_them(tmp_path: Path):
    def answer(extra):
        told = np.array([[0.1], [0.2]])
        one = np.array([1.0])
        return Answer(told, np.ones(2, np.int64), one, one, np.zeros(2), {}, extra)

    path, times = tmp_path / "answers.feather", np.array([0, BAR])
    book = AnswerBook(path, ["&-a"])
    book.put(0, "m", {"A": times}, {"A": answer({"model_x": np.array([0.5, np.nan])})})
    book.put(9 * BAR, "n", {"A": times + 9 * BAR}, {"A": answer({})})
    book.save()
    other = AnswerBook(path, ["&-a"])
    other.load()
    np.testing.assert_array_equal(other.find(0, "m")["A"].extra["model_x"], [0.5, np.nan])
    assert np.isnan(other.find(9 * BAR, "n")["A"].extra["model_x"]).all()
