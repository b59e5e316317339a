"""Models walked forward: they find what is planted, nothing where nothing is, and never look up."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.planted_material import planted

from hydra_quant.heads.models import baselines, networks, walk
from hydra_quant.heads.models.answers import Answer, Cache, Failed, silent
from hydra_quant.heads.models.plan import Plan, cut
from hydra_quant.heads.models.report import BETTER, NOT_BETTER, as_json, judge, measured
from hydra_quant.heads.models.scored import Judging, calibrated, sides
from hydra_quant.heads.models.walk import Asked

PLAN = Plan(windows=2, first=0.5)
JUDGING = Judging(draws=100, block_days=5)
TINY = {
    "lstm_attention": {"length": 4, "hidden": 8, "layers": 1},
    "nhits": {"length": 8, "hidden": 8, "channels": 2, "pooling": (2, 1), "coarseness": (2, 1)},
    "graph_attention": {"length": 4, "hidden": 8, "layers": 1, "heads": 1},
}
QUICKLY = {
    "lstm_attention": {"epochs": 3, "lr": 2e-2, "batch": 64},
    "nhits": {"epochs": 3, "lr": 1e-2},
    "graph_attention": {"epochs": 4, "lr": 1e-2, "batch": 64},
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def asked(*nets, seeds=1, **kw):
    return Asked(nets=nets, seeds=seeds, options=TINY, training=QUICKLY, **kw)


def areas(report):
    return {n: m.direction[1]["auc"].value for n, m in report.models.items() if m.direction}


@pytest.fixture(scope="module")
def found():
    torch.set_num_threads(1)
    return judge(planted(), PLAN, asked("lstm_attention", seeds=2), JUDGING)


def test_what_is_planted_is_found(found):
    area = areas(found)
    assert min(area["lstm_attention"], area["logistic"], area["lightgbm"]) > 0.8
    assert abs(area["persistence"] - 0.5) < 0.05
    assert area["constant"] == 0.5
    one = found.models["logistic"]
    assert one.direction[1]["ic"].low > 0.5
    assert one.direction[1]["brier"].high < found.models["constant"].direction[1]["brier"].low
    assert one.direction[1]["auc"].value > one.direction[4]["auc"].value > 0.55
    assert one.rule["net_bp"].low > 0
    assert one.rule["gross_bp"].value == pytest.approx(one.rule["net_bp"].value + 10)
    assert 0.1 < one.rule["share"].value < 0.3
    assert found.models["constant"].rule["share"].value == 0.0


def test_every_seed_is_told(found):
    net = found.models["lstm_attention"].direction[1]["auc"]
    assert len(net.seeds) == len(set(net.seeds)) == 2
    assert net.value == pytest.approx(np.mean(net.seeds))
    assert net.low < net.value < net.high
    assert len(found.models["logistic"].direction[1]["auc"].seeds) == 1


def test_verdicts_compare_with_logistic_regression(found):
    assert found.models["persistence"].verdict(1) == NOT_BETTER
    assert found.models["logistic"].verdict(1) == ""
    assert found.models["har"].verdict(1) == ""
    assert set(found.compared) == {"lstm_attention", "lightgbm", "persistence"}
    assert found.comparisons == 9
    better = replace(found.models["persistence"])
    better.direction[1]["auc_over_logistic"] = better.direction[1]["auc"]
    assert better.verdict(1) == BETTER


def test_shuffled_outcomes_leave_nothing():
    data = planted(3500).shuffled(1)
    area = areas(judge(data, Plan(windows=1, first=0.4), asked("lstm_attention"), JUDGING))
    for name, value in area.items():
        assert abs(value - 0.5) < 0.03, name


@pytest.mark.parametrize(("lead", "delay", "seen"), [(1, 1, False), (2, 1, True), (1, 0, True)])
def test_the_next_candle_is_out_of_reach(lead, delay, seen):
    """Who knows the next candle's return alone knows nothing that can be earned a candle later."""
    data = planted(3000, lead=lead, delay=delay, strength=3.0)
    area = areas(judge(data, PLAN, asked(), JUDGING))["logistic"]
    if seen:
        assert area > 0.85
    else:
        assert abs(area - 0.5) < 0.03


def test_windows_are_answered_by_what_was_known_before_them():
    data = planted(1300)
    at, windows = cut(data, PLAN)
    begin = at[windows[0].test[0], 0]
    later = replace(data, targets=data.targets.copy(), values=data.values.copy())
    later.targets[begin:] *= -1
    later.values[begin + 1 :] = 0.0
    here = windows[0].test[at[windows[0].test, 0] == begin] - windows[0].test[0]
    window = windows[0]
    for name in ("logistic", "lightgbm", "persistence", "constant"):
        told = [baselines.answer(name, d, at, window, 1) for d in (data, later)]
        np.testing.assert_array_equal(told[0].tail, told[1].tail)
        np.testing.assert_array_equal(told[0].score[here], told[1].score[here])
    for name in ("lstm_attention", "graph_attention"):
        told = [_network(name, d, at, window) for d in (data, later)]
        np.testing.assert_array_equal(told[0].tail, told[1].tail)
        np.testing.assert_allclose(told[0].score[here], told[1].score[here], atol=1e-6)


def _network(name, data, at, window):
    training = networks.training_of(name, "full", 1, {**QUICKLY[name], "epochs": 1})
    graphs = networks.graphs_of(data) if name == "graph_attention" else None
    options = networks.options_of(name, data, TINY[name])
    return networks.answer(
        name, data, at, window, training, options, graphs=graphs, told=lambda what, done: None
    )[0]


def test_a_network_of_quantiles_forecasts_a_range_and_one_of_all_pairs_answers_each():
    data = planted()
    report = judge(data, PLAN, asked("nhits", "graph_attention"), JUDGING)
    assert np.isfinite(report.models["nhits"].volatility["r2"].value)
    assert report.models["graph_attention"].volatility == {}
    assert set(report.models["har"].volatility) == {"r2", "r2_over_har"}
    assert np.isnan(report.models["har"].volatility["r2_over_har"].value)
    assert report.models["har"].direction == {}
    assert areas(report)["graph_attention"] > 0.7
    for answers in report.walked.answers["nhits"]:
        for answer, window in zip(answers, report.walked.windows, strict=True):
            assert answer.median.shape == (len(window.test), 3)
            assert np.isfinite(answer.median).all()
            assert answer.seconds > 0
    assert as_json(report)["models"]["nhits"]["verdict"].keys() == {"1h", "4h", "24h"}


def test_quick_learns_from_every_pair(monkeypatch):
    learned = []
    fit = networks.fit

    def spied(name, options, windows, *args, **kw):
        learned.append({int(pair) for pair in windows.at[::4, 1]})
        return fit(name, options, windows, *args, **kw)

    monkeypatch.setattr(networks, "fit", spied)
    data = planted(1200, pairs=4)
    walk.walk(data, Plan(windows=1, first=0.6), asked("lstm_attention", mode="quick"))
    assert learned == [{0, 1, 2, 3}]
    by_time = data.rows()[::4, 1]
    assert set(by_time) == {0}, "as rows lie by time, every fourth is of one pair alone"


@pytest.mark.parametrize("name", ["lstm_attention", "graph_attention"])
def test_a_network_is_given_training_rows_and_tail_with_their_own_outcomes(monkeypatch, name):
    given = []
    fit = networks.fit

    def spied(name, options, *parts, **kw):
        given.append(parts[:4])
        return fit(name, options, *parts, **kw)

    monkeypatch.setattr(networks, "fit", spied)
    data = planted(1100)
    at, windows = cut(data, PLAN)
    for window in windows:
        _network(name, data, at, window)
        taught, outcomes, tail, later = given.pop()
        for rows, target, wanted in (
            (taught, outcomes, at[window.train]),
            (tail, later, at[window.later]),
        ):
            if name == "graph_attention":
                where = np.argwhere(~np.isnan(target[..., 0]))
                where[:, 0] = rows.at[where[:, 0]]
                told = target[~np.isnan(target[..., 0])]
            else:
                where, told = rows.at, target
            assert {*map(tuple, where)} == {*map(tuple, wanted)}
            assert len(where) == len(wanted)
            np.testing.assert_array_equal(told, data.targets[where[:, 0], where[:, 1]])


def test_answers_are_kept_and_only_what_fits_is_used(tmp_path, monkeypatch):
    data, folder = planted(1100), tmp_path / "answers"
    first = walk.walk(data, PLAN, asked("lstm_attention"), cache=folder)
    monkeypatch.setattr(networks, "fit", _refuse)
    monkeypatch.setattr(baselines, "answer", _refuse)
    again = walk.walk(data, PLAN, asked("lstm_attention"), cache=folder)
    for name, by_seed in first.answers.items():
        for a, b in zip(by_seed[0], again.answers[name][0], strict=True):
            np.testing.assert_array_equal(a.score, b.score)
            np.testing.assert_array_equal(a.volatility, b.volatility)
            assert (a.seconds, a.ms_per_row) == (b.seconds, b.ms_per_row)
    for other in (
        {"data": data.shuffled(1)},
        {"plan": replace(PLAN, later=0.3)},
        {"asked": asked("lstm_attention", first_seed=8)},
    ):
        with pytest.raises(AssertionError, match="trained anew"):
            walk.walk(**{"data": data, "plan": PLAN, "asked": asked("lstm_attention"), **other},
                      cache=folder)  # fmt: skip
    monkeypatch.undo()
    kept = sorted(folder.iterdir())
    kept[0].write_bytes(b"damaged")
    walk.walk(data, PLAN, asked("lstm_attention"), cache=folder)
    assert sorted(folder.iterdir()) == kept
    assert Cache(folder).get(kept[0].stem) is not None
    assert Cache(folder).get("0" * 32) is None


def _refuse(*args, **kw):
    raise AssertionError("trained anew")


def test_a_continued_network_goes_on_from_the_window_before(tmp_path, monkeypatch):
    started, fit = [], networks.fit

    def spied(*args, **kw):
        started.append(kw["start_from"])
        return fit(*args, **kw)

    monkeypatch.setattr(networks, "fit", spied)
    data, plan = planted(1200), replace(PLAN, windows=3)
    wanted = asked("lstm_attention", continual=True)
    told = walk.walk(data, plan, wanted, cache=tmp_path).answers
    assert [start is None for start in started] == [True] * 4 + [False] * 2
    assert started[4].sha256 != started[5].sha256
    cold, warm = (told[name][0] for name in ("lstm_attention", "lstm_attention_continued"))
    np.testing.assert_array_equal(cold[0].score, warm[0].score)
    assert not np.array_equal(cold[1].score, warm[1].score)
    assert all(1 <= one.epoch <= 3 for one in (*cold, *warm))
    started.clear()
    again = walk.walk(data, plan, wanted, cache=tmp_path).answers
    assert not started
    assert again["lstm_attention_continued"][0][2].epoch == warm[2].epoch
    newest = max(tmp_path.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()  # its weights rest on windows whose answers alone are kept
    again = walk.walk(data, plan, wanted, cache=tmp_path).answers
    assert [start is None for start in started] == [True, False, False]
    np.testing.assert_array_equal(again["lstm_attention_continued"][0][2].score, warm[2].score)


def test_other_options_of_a_network_are_other_answers(tmp_path, monkeypatch):
    data = planted(1100)
    walk.walk(data, PLAN, asked("lstm_attention"), cache=tmp_path)
    monkeypatch.setattr(networks, "fit", _refuse)
    wider = replace(asked("lstm_attention"), options={"lstm_attention": {"hidden": 4}})
    with pytest.raises(AssertionError, match="trained anew"):
        walk.walk(data, PLAN, wider, cache=tmp_path)


def test_ctrl_c_leaves_what_is_done(monkeypatch):
    data = planted(1100)

    def stopped(*args, **kw):
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "fit", stopped)
    left = walk.walk(data, PLAN, asked("lstm_attention", "nhits"))
    assert left.interrupted
    assert left.missing == {"lstm_attention": "cut short", "nhits": "cut short"}
    assert "logistic" in measured(left, JUDGING).models
    monkeypatch.setattr(baselines, "answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        walk.walk(data, PLAN, asked("lstm_attention"))


def test_three_models_vote_with_their_weights_seed_by_seed(monkeypatch):
    rng, said = np.random.default_rng(4), {}

    def opinion(every, name):
        seeds = every.asked.seeds_of(name)
        said[name] = [[_drawn(rng, window) for window in every.windows] for _ in seeds]
        return said[name]

    monkeypatch.setattr(walk._Walk, "model", opinion)
    of_all = walk.walk(planted(), PLAN, asked("graph_attention", "lstm_cnn", seeds=2)).answers
    assert len(of_all["soft_vote"]) == 2
    for seed, windows in enumerate(of_all["soft_vote"]):
        for number, joint in enumerate(windows):
            trees, cnn, graph = (
                said[name][seed][number] for name in ("lightgbm", "lstm_cnn", "graph_attention")
            )
            for part in ("tail", "score"):
                wanted = 0.4 * getattr(trees, part) + 0.35 * getattr(cnn, part)
                wanted += 0.25 * getattr(graph, part)
                np.testing.assert_allclose(getattr(joint, part), wanted, atol=1e-12)
            assert joint.seconds == pytest.approx(trees.seconds + cnn.seconds + graph.seconds)
            assert np.isnan(joint.median).all()
    without = walk.walk(planted(), PLAN, asked("lstm_cnn")).answers
    assert "soft_vote" not in without


def _drawn(rng, window):
    empty = silent(len(window.later), len(window.test), 3)
    tail, score = rng.uniform(size=empty.tail.shape), rng.uniform(size=empty.score.shape)
    return replace(empty, tail=tail, score=score, seconds=float(rng.uniform()))


def test_a_network_that_fails_is_left_out_and_named(monkeypatch):
    data = planted(1100)

    def diverged(*args, **kw):
        raise networks.Diverged("lstm_attention: the loss is nan")

    monkeypatch.setattr(networks, "fit", diverged)
    left = walk.walk(data, PLAN, asked("lstm_attention"))
    assert left.missing == {"lstm_attention": "lstm_attention: the loss is nan"}
    assert not left.interrupted
    assert issubclass(Failed, RuntimeError)


def test_rows_without_an_answer_are_refused():
    left = walk.walk(planted(1100), PLAN, asked())
    left.answers["lightgbm"][1 - 1][1].score[3, 0] = np.nan
    with pytest.raises(ValueError, match="lightgbm leaves rows without an answer"):
        measured(left, JUDGING)


def test_the_rule_acts_beyond_thresholds_of_the_tail():
    quiet = silent(11, 4, 1)
    tail, score = np.linspace(0, 1, 11)[:, None], np.array([[0.05], [0.1], [0.5], [0.95]])
    answer = Answer(tail, score, quiet.median, quiet.volatility, 0.0, 0.0)
    np.testing.assert_array_equal(sides(answer, 0, 0.1), [-1, -1, 0, 1])
    np.testing.assert_array_equal(sides(replace(answer, tail=0 * tail), 0, 0.1), np.zeros(4))


def test_probabilities_are_calibrated_by_the_tail_alone():
    data = planted(1300)
    walked = walk.walk(data, Plan(windows=1, first=0.5), asked())
    window, answer = walked.windows[0], walked.answers["logistic"][0][0]
    test, later = (walked.at[rows] for rows in (window.test, window.later))
    overconfident = replace(answer, tail=_odder(answer.tail), score=_odder(answer.score))
    found = calibrated(walked, [overconfident], 0)
    np.testing.assert_allclose(found, calibrated(walked, [answer], 0), atol=1e-3)
    rose = data.targets[later[:, 0], later[:, 1], 0] > 0
    np.testing.assert_allclose(found.mean(), rose.mean(), atol=0.05)
    turned = replace(data, targets=data.targets.copy())
    turned.targets[test[:, 0], test[:, 1]] *= -1
    again = calibrated(replace(walked, data=turned), [overconfident], 0)
    np.testing.assert_array_equal(again, found)
    turned.targets[later[:, 0], later[:, 1]] *= -1
    flat = calibrated(replace(walked, data=turned), [overconfident], 0)
    assert np.ptp(flat) == 0.0, "what the tail contradicts is the base rate, not turned round"


def _odder(chance):
    """The same with log odds twice as large."""
    odds = (chance / (1 - chance)) ** 2
    return odds / (1 + odds)


def test_the_names_of_the_networks_are_those_of_the_registry():
    from hydra_quant.models.nets import registry

    assert tuple(registry.NETS) == walk.NETS
