"""An agent as a member: trained on its rows alone, asked as if it held nothing, stored whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from freqtrade.exceptions import OperationalException
from support.grids import after, grid_from, market, reads_ahead, rows_of

from hydra_quant.adapters.freqai import member_agent
from hydra_quant.adapters.freqai.member import Terms, places_of
from hydra_quant.adapters.freqai.member_agent import agent
from hydra_quant.adapters.freqai.member_ground import Dealing, arena_of, seen_of
from hydra_quant.adapters.freqai.member_prices import prices_of
from hydra_quant.ledger.candles import ABSENT
from hydra_quant.models.fingerprint import digest
from hydra_quant.models.store import Refused
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.observation import Observer
from hydra_quant.settings import Agent, Settings

TINY = {
    **{"steps": 128, "n_envs": 4, "n_steps": 64, "batch": 32, "epochs": 1, "hidden": [4]},
    **{"warmup": 64, "episode": 30, "length": 2},
}
FUTURES = Dealing(Agent(act_beyond=0.05), 0.0005, True)
FRAMES = market(160)
GRID = grid_from(FRAMES)
FIRST, LAST = 40, 120
ROWS = rows_of(GRID, FRAMES, FIRST, LAST)
ASKED = np.argwhere(np.ones((160, 2)))


def member_of(given=None, dealing=FUTURES):
    return agent("rl", {**TINY, **(given or {})}, dealing, "parameters.rl")


@pytest.fixture(scope="module")
def taught():
    member = member_of()
    return member, member.fit(GRID, ROWS, None, Terms(7))


def loud(model):
    """The policy with answers that use its whole range."""
    weights = {name: 30.0 * value for name, value in model.weights.items()}
    return replace(model, weights=weights)


def test_an_arena_is_what_is_learned_from_and_ends_with_it():
    frames = {**FRAMES, "A": FRAMES["A"].copy()}
    frames["A"].loc[80, ["open", "high", "low", "close"]] = np.nan
    grid = grid_from(frames)
    rows = rows_of(grid, frames, FIRST, LAST).take(np.flatnonzero(ROWS.times % 7200 == 0))
    arena = arena_of(grid, rows, FUTURES, 1)
    assert len(arena) == LAST - FIRST - 1  # to the last row that is learned from
    minutes = (grid.begins + grid.bar * np.arange(FIRST, LAST - 1)) // 60
    there = arena.candles["minute"] != ABSENT
    np.testing.assert_array_equal(there, prices_of(grid).known[FIRST : LAST - 1])
    assert there[:, 1].all()
    assert there[[39, 70], 0].all()
    assert not there[40:45, 0].any()  # nor while volatility is not known again
    assert (arena.candles["minute"][:, 1] == minutes).all()
    assert arena.candles["close"][40, 0] == arena.candles["close"][39, 0]
    unit = frames["B"]["close"].to_numpy()[FIRST] / arena.candles["close"][0, 1]
    for name in ("open", "high", "low", "close"):
        wanted = frames["B"][name].to_numpy()[FIRST : LAST - 1]
        np.testing.assert_allclose(unit * arena.candles[name][:, 1], wanted, rtol=1e-6)
    assert arena.ready[::2, 1].all()
    assert not arena.ready[1::2].any()  # no row but those that are learned from
    assert np.isfinite(arena.features).all()
    wide = grid.panel.values.shape[2]
    known = np.isfinite(grid.panel.values[FIRST : LAST - 1])
    np.testing.assert_array_equal(arena.features[..., wide:], known)
    rules = arena.rules
    assert (rules.fee_open, rules.fee_close, rules.can_short) == (0.0005, 0.0005, True)


def test_what_comes_after_its_rows_is_not_learned(taught):
    member, model = taught
    later = rows_of(GRID, FRAMES, LAST + 5, 150)
    again = member.fit(after(GRID, LAST - 1), ROWS, later, Terms(7))
    assert again.sha256 == model.sha256
    other = member.fit(after(GRID, LAST - 2), ROWS, None, Terms(7))
    assert other.sha256 != model.sha256  # its last row is
    assert member.fit(GRID, ROWS, None, Terms(8)).sha256 != model.sha256


def test_a_candle_is_answered_as_by_who_holds_nothing(taught):
    member, model = taught
    model = loud(model)
    told = member.tell(model, GRID, places_of(GRID, ROWS))
    arena = arena_of(GRID, ROWS, FUTURES, 2)
    at = np.flatnonzero(arena.ready[:, 1])
    desk = Desk(arena, len(at))
    desk.reset(np.arange(len(at)), at, np.ones((len(at), 1), np.int64))
    targets = model.decide(Observer(arena).observe(desk)[:, 0])
    wanted = np.where(np.abs(targets) <= 0.05, 0.0, targets)
    np.testing.assert_allclose(told.reshape(-1, 2)[at, 1], 0.5 * (1.0 + wanted), atol=1e-6)
    assert np.ptp(told) > 0.5


def test_where_no_price_is_known_nothing_is_answered(taught):
    member, model = taught
    told = member.tell(model, GRID, ASKED).reshape(160, 2)
    known = np.flatnonzero(np.isfinite(told).all(axis=1))
    assert known.tolist() == list(range(known[0], 160))
    assert 1 < known[0] < 40
    bare = after(GRID, 99, known=False)
    for asked in (ASKED, ASKED[200:]):
        assert np.isnan(member.tell(model, bare, asked)[-120:]).all()


def test_a_short_is_answered_where_there_are_shorts_only(taught):
    _, model = taught
    spot = Dealing(Agent(act_beyond=0.05), 0.0005, False)
    both, bought = (
        member_of(dealing=of).tell(loud(model), GRID, ASKED[100:]) for of in (FUTURES, spot)
    )
    assert both.min() < 0.4 < 0.6 < both.max()
    np.testing.assert_array_equal(bought, np.maximum(both, 0.5))
    out = member_of(dealing=Dealing(Agent(act_beyond=0.5), 0.0, True))
    told = out.tell(loud(model), GRID, ASKED[100:])
    np.testing.assert_array_equal(told, np.where(np.abs(2 * both - 1) <= 0.5, 0.5, both))


def test_a_configuration_says_what_is_paid_and_whether_there_are_shorts():
    settings = Settings.model_validate({"gates": {"round_trip_cost": 0.003}})
    for mode, shorts in (("futures", True), ("spot", False), (None, False)):
        found = Dealing.of({"trading_mode": mode}, settings)
        assert (found.fee, found.can_short, found.rules(60).futures) == (0.0015, shorts, shorts)


def test_it_reads_nothing_after_the_candle_and_a_peek_is_caught(taught):
    member, model = taught
    model = loud(model)
    assert not reads_ahead(lambda grid, at: member.tell(model, grid, at), GRID, [60, 120])

    def peeking(grid, at):
        ahead = np.minimum(at[:, 0] + 1, len(grid.panel) - 1)
        return member.tell(model, grid, np.stack([ahead, at[:, 1]], axis=1))

    assert reads_ahead(peeking, GRID, [60])


def test_what_is_not_known_is_seen_as_such():
    values = np.array([[0.0, np.nan, 2.0]], dtype=np.float32)
    np.testing.assert_array_equal(seen_of(values), [[0.0, 0.0, 2.0, 1.0, 0.0, 1.0]])


def test_it_comes_back_from_its_own_format_or_is_refused(taught):
    member, model = taught
    about, payload = member.pack(model)
    again = member.unpack(about, payload)
    np.testing.assert_array_equal(member.tell(again, GRID, ASKED), member.tell(model, GRID, ASKED))
    with pytest.raises(Refused, match="the saved rl holds other weights than it says"):
        member.unpack({**about, "sha256": "0" * 64}, payload)
    with pytest.raises(Refused, match="the saved rl cannot be read"):
        member.unpack(about, payload[:-5])
    with pytest.raises(Refused, match="the saved rl looks at 2 candles, not 3"):
        member_of({"length": 3}).unpack(about, payload)
    with pytest.raises(Refused, match="the saved rl is no policy"):
        member.unpack({"sha256": ""}, payload)
    with pytest.raises(Refused, match="the saved rl is a ppo with weights actions"):
        member.unpack({**about, "space": {"kind": "weights", "n_pairs": 1}}, payload)
    other = replace(GRID.panel, names=tuple(f"other {name}" for name in GRID.panel.names))
    with pytest.raises(ValueError, match="a policy for other features"):
        member.tell(model, GRID._replace(panel=other), ASKED)


def test_a_training_that_is_stopped_returns_what_it_has():
    member, asked = member_of(), []

    def stop():
        asked.append(1)
        return len(asked) > 1

    model = member.fit(GRID, ROWS, None, Terms(7, stop))
    assert (model.record["updates"], model.record["ended"]) == (1, "asked to stop")
    assert np.isfinite(member.tell(model, GRID, ASKED[200:])).all()


def test_rows_that_no_episode_fits_in_are_a_failure_of_its_own():
    few = rows_of(GRID, FRAMES, 60, 61)
    with pytest.raises(ValueError, match="no agent can be trained: no episode can begin"):
        member_of().fit(GRID, few, None, Terms(7))


def test_its_parameters_are_all_that_it_depends_on():
    told = member_of().parameters["dealing"]
    assert told["agent"]["act_beyond"] == 0.05
    assert (told["fee"], told["can_short"]) == (0.0005, True)
    made = member_of().made_by()
    assert {*made["trading_versions"]} == {"stable-baselines3", "numba"}
    assert made["trading_code"] != digest()


@pytest.mark.parametrize(
    ("given", "steps"),
    [({}, 20_480), ({"steps": 70_000}, 70_000), ({"mode": "full"}, 500_000)],
)
def test_it_is_trained_quickly_unless_something_else_is_said(given, steps):
    found = agent("rl", given, FUTURES, "m").parameters
    assert member_agent.agent_options.training(found, 0).planned == steps


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 3}, "parameters.rl: 'depth' is not among"),
        ({"mode": "resume"}, 'parameters.rl: "mode" is "full" or "quick"'),
        ({"steps": 0}, "parameters.rl: steps is 0: at least 1"),
        ({"n_envs": 48}, "parameters.rl: n_steps is 64: a multiple of the 48 environments"),
        ({"reward": "luck"}, "parameters.rl: reward is 'luck'"),
    ],
)
def test_options_that_mean_nothing_are_refused(given, said):
    with pytest.raises(OperationalException) as caught:
        member_of(given)
    assert said in str(caught.value)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
