"""Settings: one line for each mistake, naming key, value and remedy."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from hydra_quant.settings import Settings, SettingsError, table
from hydra_quant.settings_command import run

SECTIONS = (
    *("vote", "gates", "risk", "model", "causal", "agent", "signals", "regimes"),
    *("scorer", "exits", "ensemble", "news", "sentiment", "monitor", "memory", "collector"),
)
ROOT = Path(__file__).resolve().parents[2]


def refusal(**hydra):
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"hydra": hydra})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_section_gives_the_defaults():
    assert Settings.parse({}) == Settings() == Settings.parse({"hydra": {}})


def test_a_part_of_a_section_leaves_the_rest_at_its_default():
    parsed = Settings.parse({"hydra": {"risk": {"leverage": 1}}})
    assert parsed.risk.leverage == 1.0
    assert parsed.vote == Settings().vote
    assert parsed.risk.stop_atr == Settings().risk.stop_atr


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().risk.leverage = 5.0


@pytest.mark.parametrize(
    ("hydra", "words"),
    [
        ({"vote": {"enter_abov": 0.5}}, ['"hydra.vote.enter_abov"', 'mean "enter_above"?']),
        ({"vots": {}}, ['"hydra.vots"', 'mean "vote"?']),
        ({"stop_atr": 2.0}, ['"hydra.stop_atr"', 'mean "hydra.risk.stop_atr"?']),
        ({"vote": {"leverage": 2.0}}, ['"hydra.vote.leverage"', 'mean "hydra.risk.leverage"?']),
        ({"gates": {"zzz": 1}}, ['"hydra.gates.zzz"', "known keys: round_trip_cost, "]),
        ({"memory_uri": "x"}, ['"hydra.memory_uri"', 'mean "memory_url"?']),
        ({"collector": {"peroid": "5m"}}, ['"hydra.collector.peroid"', 'mean "period"?']),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(hydra, words):
    text = refusal(**hydra)
    assert all(word in text for word in ["unknown key", *words]), text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0.5", ["'0.5'", "should be a number, without quotes"]),
        (True, ["True", "should be a number"]),
        (None, ["None", "should be a number"]),
        ([0.5], ["[0.5]", "should be a number"]),
        (float("nan"), ["nan", "finite"]),
        (0, ["is 0", "greater than 0"]),
        (1.5, ["1.5", "less than or equal to 1"]),
    ],
)
def test_a_bad_value_is_named_with_what_is_wanted(value, words):
    text = refusal(vote={"enter_above": value})
    assert 'config key "hydra.vote.enter_above"' in text
    assert all(word in text for word in words), text


@pytest.mark.parametrize("section", [None, 3, [], "x"])
def test_a_section_must_be_an_object(section):
    assert 'config key "hydra.vote"' in refusal(vote=section)
    with pytest.raises(SettingsError, match='"hydra" must be an object'):
        Settings.parse({"hydra": section})


def test_several_mistakes_are_all_named():
    text = refusal(vote={"x": 1}, risk={"leverage": 9})
    assert "hydra.vote.x" in text
    assert "hydra.risk.leverage" in text


@pytest.mark.parametrize(
    ("hydra", "words"),
    [
        ({"vote": {"enter_above": 0.3, "exit_below": 0.3}}, ["exit_below (0.3)", "(0.3)"]),
        (
            {"vote": {"model_weight": 0, "momentum_weight": 0, "mean_reversion_weight": 0}},
            ["model_weight, momentum_weight and mean_reversion_weight are all 0", "above 0"],
        ),
        ({"risk": {"min_stake": 50, "max_stake": 10}}, ["min_stake (50.0)", "max_stake (10.0)"]),
        ({"collector": {"sources": ["rsss"]}}, ['no source "rsss"', 'did you mean "rss"?']),
    ],
)
def test_rules_across_fields_name_both(hydra, words):
    text = refusal(**hydra)
    assert text.startswith('config key "hydra.')
    assert all(word in text for word in words), text


def test_config_json_shows_every_setting_at_its_default():
    section = json.loads((ROOT / "config.json").read_text())["hydra"]
    assert section == Settings().model_dump(mode="json")
    assert Settings.parse({"hydra": section}) == Settings()


def test_every_row_of_the_table_is_a_setting_with_default_range_and_meaning():
    rows = list(table())
    settings = dict(Settings())
    sections = {name: dict(value) for name, value in settings.items() if name in SECTIONS}
    alone = {f"hydra.{name}": value for name, value in settings.items() if name not in SECTIONS}
    flat = {
        f"hydra.{s}.{k}": value for s, values in sections.items() for k, value in values.items()
    }
    assert {key: default for key, default, _, _ in rows} == flat | alone
    for _, default, allowed, meaning in rows:
        numeric = isinstance(default, int | float) and not isinstance(default, bool)
        assert any(sign in allowed for sign in "<>≤≥") == numeric or default is None, allowed
        assert len(meaning) > 10
    assert len(rows) == len({key for key, *_ in rows})


def test_the_command_prints_the_table_as_markdown(capsys):
    assert run(None) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(list(table()))
    assert lines[0] == "| key | default | range | meaning |"
    assert "| `hydra.vote.exit_below` | 0.0 | ≥ -1, < 1 | " in "\n".join(lines)
    assert all(line.count("|") == 5 for line in lines)


def test_the_model_section_names_its_mistakes():
    assert Settings.parse({"hydra": {"model": {"panel_pairs": ["BTC/USDT:USDT"]}}}).model.seed == 20
    assert 'did you mean "seed"?' in refusal(model={"seeed": 1})
    assert '"hydra.model.embargo_candles" is -1' in refusal(model={"embargo_candles": -1})


def test_freezing_and_causal_selection_name_their_mistakes():
    parsed = Settings.parse({"hydra": {"freeze": "hydra-0123abcd", "causal": {"enabled": True}}})
    assert parsed.freeze == "hydra-0123abcd"
    assert parsed.causal.tau_max == 5
    assert '"hydra.freeze" is True' in refusal(freeze=True)
    assert 'did you mean "tau_max"?' in refusal(causal={"taumax": 5})
    assert '"hydra.causal.alpha" is 1.0' in refusal(causal={"alpha": 1.0})


@pytest.mark.parametrize("day", ["2025-02-30", "20250131", "soon", "2025-1-31"])
def test_a_cut_off_that_no_calendar_has_is_refused(day):
    said = refusal(news={"model_cutoff": day})
    assert f'"hydra.news.model_cutoff": "{day}" is no day' in said


def test_a_provider_without_a_model_is_refused():
    assert "name the language model" in refusal(news={"provider": "openai"})
    given = {"provider": "openai", "model": "m", "model_cutoff": "2025-01-31"}
    assert Settings.parse({"hydra": {"news": given}}).news.model_cutoff == "2025-01-31"
