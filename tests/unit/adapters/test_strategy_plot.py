"""What FreqUI draws, as freqtrade's own server code makes it."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from freqtrade.plot.plotting import generate_candlestick_graph
from freqtrade.rpc.api_server.api_schemas import PairHistory, PlotConfig
from freqtrade.rpc.rpc import RPC
from support.strategy_world import PAIR, analyse, candles, strategy

from hydra_quant.adapters.strategy.plot import (
    _DRAWN,
    MODEL_PLOT_CONFIG,
    PLOT_CONFIG,
    annotations,
    headed_plot_config,
)
from hydra_quant.reasons import Reason

WITH_MODEL = {"&-return": 0.002, "do_predict": 1}
SILENT = {Reason.NO_SIGNAL, Reason.WARMING_UP, Reason.NO_POSITIONING}


@pytest.fixture(params=["HydraBaseline", "HydraStrategy"])
def made(request, tmp_path):
    return strategy(request.param, tmp_path)


def analysed(made, n=1600):
    frame = candles(n)
    return analyse(made, frame.assign(**WITH_MODEL) if made.with_model else frame)


def drawn(*reasons):
    frame = candles(len(reasons)).assign(hydra_reason=[int(r) for r in reasons])
    frame["hydra_reason"] = frame["hydra_reason"].astype("int8")
    return annotations(frame, frame["date"].iloc[0], frame["date"].iloc[-1])


def test_runs_of_one_reason_are_one_area_up_to_the_next_candle():
    found = drawn(
        Reason.NO_SIGNAL, Reason.ENTER, Reason.ENTER, Reason.SHOCK_CANDLE, Reason.NO_SIGNAL
    )
    assert [(a["label"], a["start"][11:16], a["end"][11:16]) for a in found] == [
        ("entry signal", "00:05", "00:15"),
        ("shock candle", "00:15", "00:20"),
    ]
    assert all(a["type"] == "area" for a in found)


def test_candles_without_a_signal_are_blank_and_every_decision_has_a_colour():
    assert drawn(*SILENT) == []
    at_the_close = {reason for reason in Reason if reason < Reason.IN_POSITION}
    assert set(_DRAWN) == at_the_close - SILENT
    assert len(set(_DRAWN.values())) == len(_DRAWN)


@pytest.mark.parametrize(
    "convert", [pd.Timestamp, lambda t: t.to_pydatetime(), lambda t: t.to_datetime64()]
)
def test_any_kind_of_time_marks_the_window(convert):
    frame = candles(10).assign(hydra_reason=int(Reason.ENTER))
    start, end = frame["date"].iloc[2], frame["date"].iloc[5]
    try:
        found = annotations(frame, convert(start), convert(end))
    except TypeError:  # pandas does not compare UTC with a time that names no zone
        assert convert(start).__class__.__name__ == "datetime64"
        return
    assert (found[0]["start"], found[0]["end"]) == (start.isoformat(), end.isoformat())


def test_frames_without_reasons_or_rows_have_no_annotations():
    start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert annotations(candles(5), start, end) == []
    assert annotations(candles(5).iloc[:0].assign(hydra_reason=[]), start, end) == []


def test_freqtrade_accepts_every_annotation_and_the_answer_is_json(made):
    """The way of an analysed frame through the server to FreqUI."""
    frame = analysed(made)
    found = made.ft_plot_annotations(pair=PAIR, dataframe=frame)
    wanted = annotations(frame, frame["date"].iloc[0], frame["date"].iloc[-1])
    assert found == wanted != []
    answer = RPC._convert_dataframe_to_dict(
        "S", PAIR, "5m", frame.copy(), datetime.now(UTC), None, found
    )
    answer = json.loads(PairHistory.model_validate(answer).model_dump_json())
    reasons = [row[answer["columns"].index("hydra_reason")] for row in answer["data"]]
    assert reasons == frame["hydra_reason"].tolist()
    assert answer["annotations"] == wanted


def test_the_plot_configuration_is_json_and_names_columns_that_are_there(made):
    shown = json.loads(PlotConfig.model_validate(made.plot_config).model_dump_json())
    assert shown == (headed_plot_config() if made.with_model else PLOT_CONFIG)
    frame = analysed(made)
    for group in [shown["main_plot"], *shown["subplots"].values()]:
        assert set(group) <= set(frame.columns)


def test_freqtrades_own_plot_draws_it(made):
    figure = generate_candlestick_graph(
        pair=PAIR, data=analysed(made).tail(50), plot_config=made.plot_config
    )
    names = {trace.name for trace in figure.data}
    assert {"hydra_vote", "hydra_enter_long_above", "hydra_reason"} <= names


def test_a_strategys_plot_configuration_is_its_own(made):
    made.plot_config["main_plot"]["x"] = {}
    made.plot_config["subplots"]["vote"].clear()
    assert PLOT_CONFIG["main_plot"] == {}
    assert PLOT_CONFIG["subplots"]["vote"]
    assert MODEL_PLOT_CONFIG["subplots"]["vote"]


def test_columns_of_the_memory_can_be_drawn_and_the_shared_picture_is_left_alone(tmp_path):
    hydra = {"memory": {"columns": ["funding_rate"]}}
    made = strategy("HydraBaseline", tmp_path, hydra=hydra)
    assert made.plot_config["subplots"]["funding_rate"] == {"funding_rate": {"color": "#8c564b"}}
    assert "funding_rate" not in PLOT_CONFIG["subplots"]
    assert "funding_rate" in analyse(made, candles()).columns
