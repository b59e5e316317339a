"""HydraEnsemble: members vote as weighed, come back as stored, and drop out in the open."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from safetensors.torch import load
from scipy.stats import spearmanr
from support.freqai_bot import Bot
from support.freqai_world import PAIRS, World, scanned
from support.strategies.DirectionProbe import DirectionProbe

from hydra_quant.adapters.freqai import ensemble_trained, member_nets
from hydra_quant.adapters.freqai.member_agent import AgentMember
from hydra_quant.adapters.freqai.member_nets import NetMember
from hydra_quant.adapters.freqai.member_rules import RuleMember
from hydra_quant.adapters.freqai.member_trees import LightGbmMember, XgboostMember
from hydra_quant.adapters.strategy.columns import ACT, DISCORD
from hydra_quant.labels import forward_return
from hydra_quant.models.boosting import BoostedTrees
from hydra_quant.models.ensemble.vote import by_confidence, soft
from hydra_quant.models.ensemble.weights import BROAD, DIRECTION, side
from hydra_quant.models.store import Refused, open_bundle
from hydra_quant.models.training.loop import Diverged
from hydra_quant.signals.momentum import momentum

MODEL = scanned("HydraEnsemble").HydraEnsemble
NET = {
    **{"epochs": 4, "lr": 0.01, "batch": 64, "dropout": 0.0, "threads": 1, "length": 8},
    **{"hidden": 8, "layers": 1},
}
LSTM = {**NET, "filters_1": 8, "filters_2": 8, "head": 8, "head_dropout": 0.0}
GRAPH = {**NET, "batch": 16, "heads": 2}
TREES = {"n_estimators": 20, "n_jobs": 1}
THREE = {"lightgbm": TREES, "lstm_cnn": LSTM, "graph_attention": GRAPH}
TWO = {"members": {"lightgbm": 0.5, "xgboost": 0.5}, "lightgbm": TREES}
TWO["xgboost"] = {"n_estimators": 10, "max_depth": 3}
AGENT = {
    **{"steps": 4096, "n_envs": 16, "n_steps": 256, "hidden": [16], "lr": 0.003, "gamma": 0.5},
    **{"warmup": 256, "episode": 60},
}
RULES = {"momentum": {"channels": [10, 20, 40]}, "mean_reversion": {"window": 10}}
TFT = {**NET, "heads": 2}
TFT.pop("layers")
BROADLY = {"members": "broad", "vote": "adaptive", "folds": 1, "tft": TFT, "lstm_cnn": LSTM}
BROADLY |= {"rl": AGENT, "xgboost": TWO["xgboost"], **RULES}
SMALL_AGENT = {**AGENT, "steps": 256, "epochs": 1}
PLAYERS = {"members": {"rl": 0.5, "momentum": 0.3, "mean_reversion": 0.2}, "rl": SMALL_AGENT}
PLAYERS |= RULES
BEGIN = pd.Timestamp("2024-01-25", tz="UTC")
SHORT = "20240125-20240127"
UPS = [f"model_up_{name}" for name in sorted(DIRECTION.weights)]
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

Frames = dict[str, pd.DataFrame]


def run(world: World, parameters: dict[str, Any], **changes: Any) -> Frames:
    given = {"freqai__model_training_parameters": parameters, "timerange": SHORT, **changes}
    return world.run(MODEL, world.config(**given), DirectionProbe)


def answered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["date"] >= BEGIN]


def skill(frame: pd.DataFrame, column: str) -> float:
    window = answered(frame)
    ahead = forward_return(frame["close"].to_numpy(), 1)[window.index]
    known = np.isfinite(ahead)
    return float(spearmanr(window[column].to_numpy()[known], ahead[known]).statistic)


def forget_answers(world: World) -> None:
    for path in (world.folder / "user_data/models/world/backtesting_predictions").iterdir():
        path.unlink()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"), PAIRS[:2], planted=2.0)


@pytest.fixture(scope="module")
def found(world: World) -> Frames:
    return run(world, THREE)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the members that are really trained, in their order."""
    made: list[str] = []
    net, trees = member_nets.fitting.fit, BoostedTrees.fit
    monkeypatch.setattr(
        member_nets.fitting,
        "fit",
        lambda name, *rest, **more: made.append(name) or net(name, *rest, **more),
    )
    monkeypatch.setattr(
        BoostedTrees, "fit", lambda *given: made.append("lightgbm") or trees(*given)
    )
    return made


def test_what_is_planted_is_found_by_each_and_by_all_together(found: Frames) -> None:
    for frame in found.values():
        window = answered(frame)
        assert window["do_predict"].eq(1).all()
        assert {ACT, DISCORD} <= {*frame.columns}  # what the strategy reads
        apart = [skill(frame, name) for name in UPS]
        assert min(apart) > 0.3
        assert skill(frame, "&-up") > np.mean(apart)
        assert (np.sign(window["&-return"]) == np.sign(window["&-up"] - 0.5)).all()
        assert (window["&-low"] < window["&-high"]).all()
        weights = np.array([DIRECTION.weights[name] for name in sorted(DIRECTION.weights)])
        np.testing.assert_allclose(window[UPS] @ weights, window["&-up"], atol=1e-6)
        confidence = (2 * window["&-up"] - 1).abs()
        np.testing.assert_allclose(window["model_confidence"], confidence, atol=1e-6)
        act = np.sign(window["&-up"] - 0.5).where(confidence > 0.2, 0.0)
        assert (window["model_act"] == act).all()
        assert window["model_act"].nunique() == 3
        assert window["model_disagreement"].between(0, 1).all()
        assert window["model_members"].eq(3).all()
        assert window["health_members"].eq(3).all()
        assert window["health_auc"].between(0.5, 1).all()
        assert frame.loc[frame["date"] < BEGIN, ["model_confidence", *UPS]].isna().all(axis=None)


def test_a_second_run_trains_nothing_from_answers_or_from_weights(
    world: World, found: Frames, fits: list[str]
) -> None:
    for _ in range(2):  # by stored answers first, then by the stored members
        for pair, frame in run(world, THREE).items():
            pd.testing.assert_frame_equal(frame, found[pair], check_exact=True)
        forget_answers(world)
    assert not fits


def test_each_member_is_stored_in_its_own_format(world: World, found: Frames) -> None:
    (path,) = (world.folder / "user_data/models/world/backtesting_models").glob("*.hydra")
    line, _, rest = open_bundle(path)[1].partition(b"\n")
    told, parts = json.loads(line), {}
    for entry in told["members"]:
        parts[entry["name"]], rest = rest[: entry["size"]], rest[entry["size"] :]
    assert rest == b""
    assert parts.keys() == DIRECTION.weights.keys()
    assert parts["lightgbm"].startswith(b"tree\n")
    for name in ("lstm_cnn", "graph_attention"):
        assert any(tensor.startswith("weights.") for tensor in load(parts[name]))


def test_a_damaged_member_refuses_the_whole_and_all_are_trained_again(
    tmp_path: Path, fits: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    small = World(tmp_path, PAIRS[:1], planted=2.0)
    first = run(small, {**TWO, "vote": "soft"})
    forget_answers(small)
    (path,) = (tmp_path / "user_data/models/world/backtesting_models").glob("*.hydra")
    payload = open_bundle(path)[1]
    model = MODEL(small.config(freqai__model_training_parameters=TWO))
    assert list(model.unpack(payload).model.models) == ["lightgbm", "xgboost"]
    for damaged, said in (
        (payload.replace(b"Tree=3", b"Tree=4"), "the saved lightgbm of an ensemble is damaged"),
        (payload[:-40], "the saved xgboost of an ensemble is damaged"),
        (payload + b"more", "bytes of members"),
        (payload[:30], "cannot be read"),
    ):
        with pytest.raises(Refused, match=said):
            model.unpack(damaged)
    only = MODEL(small.config(freqai__model_training_parameters={"members": {"lightgbm": 1.0}}))
    with pytest.raises(Refused, match="holds xgboost, which is not among its members"):
        only.unpack(payload)
    raw = bytearray(path.read_bytes())
    raw[-50] ^= 1
    path.write_bytes(bytes(raw))
    again = run(small, {**TWO, "vote": "soft"})
    assert "training again" in caplog.text
    assert fits == ["lightgbm", "lightgbm"]
    pd.testing.assert_frame_equal(again[PAIRS[0]], first[PAIRS[0]], check_exact=True)


# --- the second set: networks, an agent, rules and trees -----------------------------------------


@pytest.fixture(scope="module")
def broad(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Frames]:
    world = World(tmp_path_factory.mktemp("broad"), PAIRS[:2], planted=2.0)
    return world, run(world, BROADLY)


@pytest.fixture
def untaught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be trained."""

    def never(*given: Any, **more: Any) -> Any:
        raise AssertionError("trained again")

    for kind in (NetMember, AgentMember, RuleMember, XgboostMember):
        monkeypatch.setattr(kind, "fit", never)


def test_the_second_set_votes_with_all_its_members(broad: tuple[World, Frames]) -> None:
    ups = {name: f"model_up_{name}" for name in BROAD.weights}
    for frame in broad[1].values():
        window = answered(frame)
        assert window["do_predict"].eq(1).all()
        assert window["model_members"].eq(6).all()
        assert window["health_members"].eq(6).all()
        assert skill(frame, ups["rl"]) > 0.4  # it has learned what is planted
        told = {name: window[column].to_numpy() for name, column in ups.items()}
        weights = {name: window[f"health_weight_{name}"].iloc[0] for name in ups}
        assert sum(weights.values()) == pytest.approx(1.0)
        assert max(abs(weights[name] - w) for name, w in BROAD.weights.items()) > 0.02
        joint = soft(told, by_confidence(told, weights))
        np.testing.assert_allclose(joint.probability, window["&-up"], atol=1e-6)
        np.testing.assert_allclose(joint.disagreement, window["model_disagreement"], atol=1e-6)
        np.testing.assert_array_equal(side(window["&-up"], 0.8), window["model_act"])
        high, low, close = (frame[name].to_numpy() for name in ("high", "low", "close"))
        trend = momentum(high, low, close, RULES["momentum"]["channels"])
        assert told["momentum"] == pytest.approx((1 + trend[window.index]) / 2, abs=1e-4)
        assert np.ptp(told["mean_reversion"]) > 0.5


def test_the_second_set_is_read_back_and_can_be_frozen(
    broad: tuple[World, Frames], untaught: None
) -> None:
    world, frames = broad
    (listed,) = (world.folder / "user_data/models/world").glob("hydra_run_*.json")
    frozen = json.loads(listed.read_text())["run"]
    for changes in ({}, {"hydra__freeze": frozen}):
        forget_answers(world)
        for pair, frame in run(world, BROADLY, **changes).items():
            pd.testing.assert_frame_equal(frame, frames[pair], check_exact=True)


def test_an_agent_that_cannot_be_trained_drops_out_in_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "hydra_quant.rl.agents", None)
    frame = run(World(tmp_path, PAIRS[:1], planted=2.0), PLAYERS)[PAIRS[0]]
    assert "ensemble: rl drops out, its training failed (ModuleNotFoundError" in caplog.text
    window = answered(frame)
    assert window["model_up_rl"].isna().all()
    assert window["model_members"].eq(2).all()
    assert window["health_weight_momentum"].iloc[0] == pytest.approx(0.6)


@pytest.mark.parametrize("vote", ["soft", "learned"])
def test_what_an_agent_and_rules_say_does_not_depend_on_what_comes_later(
    tmp_path: Path, vote: str
) -> None:
    world, given = World(tmp_path, PAIRS[:2], planted=2.0), {**PLAYERS, "vote": vote, "folds": 1}
    whole = run(world, given, timerange="20240125-20240130")
    part = run(world, given, freqai__identifier="part")
    for pair, shorter in part.items():
        longer = whole[pair].iloc[: len(shorter)]
        pd.testing.assert_frame_equal(shorter, longer, rtol=0, atol=1e-6)
        assert (answered(shorter)["health_learned"] == (vote == "learned")).all()
        assert answered(shorter)["&-up"].nunique() > 20


def test_what_an_agent_pays_and_may_do_is_part_of_what_was_trained(tmp_path: Path) -> None:
    world = World(tmp_path, PAIRS[:1], days=1)

    def described(parameters: dict[str, Any] = PLAYERS, **changes: Any) -> dict[str, Any]:
        changes["freqai__model_training_parameters"] = parameters
        found: dict[str, Any] = MODEL(world.config(**changes)).describe([], [])
        return found

    usual = described()
    assert usual == described()
    assert usual["made_by"]["rl"]["trading_versions"]
    assert described(hydra__gates__round_trip_cost=0.004) != usual
    assert described(hydra__agent__act_beyond=0.1) != usual
    spot = described(trading_mode="spot")["parameters"]["rl"]["dealing"]
    assert not spot["can_short"]
    assert "made_by" not in described(TWO)
    changes = {"hydra__agent__act_beyond": 0.1, "hydra__gates__round_trip_cost": 0.004}
    assert described(TWO) == described(TWO, **changes)
    adaptive = {**TWO, "vote": "adaptive"}  # by what paper positions earn after costs
    assert described(adaptive) != described(adaptive, **changes)


# --- members that fail ----------------------------------------------------------------------------


def diverging(*given: Any, **more: Any) -> Any:
    raise Diverged("the loss is nan in batch 3")


def silent(self: Any, model: Any, grid: Any, places: Any) -> Any:
    return np.full(len(places), np.nan)


@pytest.mark.parametrize(
    ("method", "broken", "said"),
    [
        ("fit", diverging, "its training failed (Diverged: the loss is nan in batch 3)"),
        ("tell", diverging, "its training failed (Diverged: the loss is nan in batch 3)"),
        ("tell", silent, "its answers are NaN"),
    ],
)
def test_a_member_that_fails_drops_out_in_the_open(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    broken: Callable[..., Any],
    said: str,
) -> None:
    monkeypatch.setattr(XgboostMember, method, broken)
    members = {"members": {"lightgbm": 0.3, "xgboost": 0.7}}
    frame = run(World(tmp_path, PAIRS[:1], planted=2.0), {**TWO, **members})[PAIRS[0]]
    told = [r.getMessage() for r in caplog.records if "drops out" in r.getMessage()]
    assert told == [f"ensemble: xgboost drops out, {said}; lightgbm goes on."]
    window = answered(frame)
    assert window["model_up_xgboost"].isna().all()
    assert window["do_predict"].eq(1).all()
    np.testing.assert_allclose(window["&-up"], window["model_up_lightgbm"], atol=1e-6)
    for column, value in (
        *(("health_members", 1), ("health_member_xgboost", 0), ("health_member_lightgbm", 1)),
        *(("health_weight_lightgbm", 1), ("health_weight_xgboost", 0), ("model_members", 1)),
    ):
        assert window[column].eq(value).all(), column


def test_when_all_fail_the_training_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (LightGbmMember, XgboostMember):
        monkeypatch.setattr(kind, "fit", diverging)
    with pytest.raises(
        OperationalException, match=r"every member failed \(lightgbm: .*; xgboost: "
    ):
        run(World(tmp_path, PAIRS[:1]), TWO)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OperationalException])
def test_what_is_no_failure_of_a_member_ends_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def raising(*given: Any, **more: Any) -> Any:
        raise error("stop")

    monkeypatch.setattr(XgboostMember, "fit", raising)
    with pytest.raises(error, match="stop"):
        run(World(tmp_path, PAIRS[:1]), TWO)


# --- weights that are learned from what members had not learned ----------------------------------


@pytest.mark.parametrize("vote", ["adaptive", "learned"])
def test_weights_rest_on_candles_that_members_had_not_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vote: str
) -> None:
    world, lessons, asked = World(tmp_path, PAIRS[:2], planted=2.0), [], []
    fit, tell = LightGbmMember.fit, LightGbmMember.tell

    def watched_fit(self: Any, grid: Any, train: Any, later: Any, terms: Any) -> Any:
        blocks = [train] if later is None else [train, later]
        lessons.append(max(int(grid.row(block.times).max()) for block in blocks))
        return fit(self, grid, train, later, terms)

    def watched_tell(self: Any, model: Any, grid: Any, places: Any) -> Any:
        asked.append(int(places[:, 0].min()))
        return tell(self, model, grid, places)

    def loud(self: Any, model: Any, grid: Any, places: Any) -> Any:
        known = grid.panel.values[places[:, 0], places[:, 1], 0].astype(float)
        return np.where((1e7 * known) % 2 < 1, 0.02, 0.98)  # by digits that mean nothing

    monkeypatch.setattr(LightGbmMember, "fit", watched_fit)
    monkeypatch.setattr(LightGbmMember, "tell", watched_tell)
    monkeypatch.setattr(XgboostMember, "tell", loud)
    whole = run(world, {**TWO, "vote": vote, "folds": 2}, timerange="20240125-20240130")
    for n in range(2):  # the folds of the first window
        assert lessons[n] + 3 < asked[n]
    frame = answered(whole[PAIRS[0]])
    assert frame["health_learned"].eq(float(vote == "learned")).all()
    total = frame["health_weight_lightgbm"] + frame["health_weight_xgboost"]
    np.testing.assert_allclose(total, 1.0)
    assert (frame["health_weight_lightgbm"] > 0.55).all()  # the able one, beside one that guesses
    part = run(world, {**TWO, "vote": vote, "folds": 2}, freqai__identifier="part")
    for pair, shorter in part.items():
        pd.testing.assert_frame_equal(shorter, whole[pair].iloc[: len(shorter)], check_exact=True)


def test_without_enough_rows_before_a_fold_the_base_weights_vote(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"vote": "learned", "folds": 1}
    hydra = {"hydra__model__min_training_rows": 300}
    frame = run(World(tmp_path, PAIRS[:1]), {**TWO, **given}, **hydra)[PAIRS[0]]
    assert "none of 1 folds has 300 rows before it" in caplog.text
    assert answered(frame)["health_learned"].eq(0).all()
    assert answered(frame)["health_weight_lightgbm"].eq(0.5).all()


# --- live -----------------------------------------------------------------------------------------


def bot_of(world: World, parameters: dict[str, Any]) -> Bot:
    return Bot(
        world, MODEL, PAIRS[:2], strategy=DirectionProbe, model_training_parameters=parameters
    )


def test_a_bot_answers_restarts_and_answers_the_same(
    tmp_path: Path, fits: list[str], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    world = World(tmp_path, PAIRS[:2], planted=2.0)
    members = {"lightgbm": 0.6, "graph_attention": 0.4}
    parameters = {"members": members, "lightgbm": TREES, "graph_attention": GRAPH}
    parameters |= {"vote": "adaptive", "folds": 1}
    ups = [f"model_up_{name}" for name in members]
    bot = bot_of(world, parameters)
    bot.train(PAIRS[0])
    assert len(fits) == 4  # a fold and the whole, two members
    bot.answer(PAIRS[1])
    first = bot.model.dd.historic_predictions[PAIRS[1]]
    assert first["model_confidence"].nunique() > 50  # each candle its own
    bot.now += pd.Timedelta(hours=1)
    live = bot.answer(PAIRS[1]).iloc[-1]
    assert live["do_predict"] == 1
    assert live["model_members"] == live["health_members"] == 2
    assert live["model_confidence"] == pytest.approx(abs(2 * live["&-up"] - 1), abs=1e-6)
    other = bot_of(world, parameters)
    other.answer(PAIRS[1])
    other.now = bot.now
    reloaded = other.answer(PAIRS[1]).iloc[-1]
    assert len(fits) == 4
    for name in ("&-return", "&-up", "model_confidence", "model_disagreement", *ups):
        assert reloaded[name] == live[name]

    monkeypatch.setattr(LightGbmMember, "tell", diverging)
    for _ in range(2):
        other.now += pd.Timedelta(hours=1)
        newest = other.answer(PAIRS[1]).iloc[-1]
        assert (newest["do_predict"], newest["model_members"]) == (1, 1)
    told = [r.getMessage() for r in caplog.records if "drops out" in r.getMessage()]
    assert len(told) == 1
    assert "lightgbm drops out where it does not answer, its answer failed (Diverged" in told[0]

    (saved,) = (tmp_path / "user_data/models/world").glob("sub-train-*/*_model.zip")
    saved.write_bytes(saved.read_bytes()[:-100])
    third = bot_of(world, parameters)
    third.answer(PAIRS[1])
    assert third.model.dd.pair_dict[PAIRS[1]]["model_filename"] == ""


def test_a_bot_asks_an_agent_and_rules_and_reads_them_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, PAIRS[:2], planted=2.0)
    bot = bot_of(world, PLAYERS)
    bot.train(PAIRS[0])
    bot.answer(PAIRS[1])
    bot.now += pd.Timedelta(hours=1)
    live = bot.answer(PAIRS[1]).iloc[-1]
    assert (live["do_predict"], live["model_members"]) == (1, 3)
    for kind in (AgentMember, RuleMember):
        monkeypatch.delattr(kind, "fit")
    other = bot_of(world, PLAYERS)
    other.answer(PAIRS[1])
    other.now = bot.now
    reloaded = other.answer(PAIRS[1]).iloc[-1]
    for name in ("&-up", "model_disagreement", *(f"model_up_{n}" for n in PLAYERS["members"])):
        assert reloaded[name] == live[name]


def test_answers_that_are_nan_leave_their_candles_to_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    member = XgboostMember("xgboost", {})
    made = ensemble_trained.Ensemble({"xgboost": None}, {"xgboost": 1.0}, None, 1.0)
    monkeypatch.setattr(XgboostMember, "tell", lambda *given: np.array([0.5, np.nan]))
    for _ in range(2):
        told = ensemble_trained.told_by(made, member, None, np.zeros((2, 2), np.int64))
        np.testing.assert_array_equal(told, [0.5, np.nan])
    assert [r.getMessage() for r in caplog.records] == [
        "ensemble: xgboost drops out where it does not answer, 1 of 2 answers are NaN."
    ]


# --- what may be said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"num_leaves": 31}, "'num_leaves' is not among members, vote"),
        ({"members": {}}, "or weights by name as"),
        ({"members": {"lightgbm": 0.0}}, "members.lightgbm is a weight above 0"),
        ({"members": {"lstm": 0.5}}, "'lstm' is not among lightgbm, xgboost, lstm_cnn"),
        ({"members": "wide"}, 'members is \'wide\', not "direction", "broad" or weights'),
        ({"members": {"rl": 0.3}, "rl": {"depth": 3}}, "parameters.rl: 'depth' is not among"),
        ({"members": "broad", "momentum": {"window": 3}}, "parameters.momentum: 'window' is not"),
        ({"vote": "hard"}, "vote is one of soft, adaptive, learned"),
        ({"act_above": 60}, "act_above is a probability"),
        ({"folds": 0}, "folds is a whole number from 1 to 20"),
        ({"lightgbm": 3}, "lightgbm is 3, not a section"),
        ({"lstm_cnn": {"epochs": 0}}, "parameters.lstm_cnn: epochs is at least 1"),
        ({"lstm_cnn": {"depth": 3}}, "parameters.lstm_cnn: 'depth' is not among"),
        ({"members": {"xgboost": 1.0}, "xgboost": {"depth": 3}}, "parameters.xgboost: 'depth'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, parameters: dict[str, Any], said: str) -> None:
    small = World(tmp_path, PAIRS[:1], days=1)
    with pytest.raises(OperationalException, match=said):
        MODEL(small.config(freqai__model_training_parameters=parameters))
