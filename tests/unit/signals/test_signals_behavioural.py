import numpy as np
import pytest
from support.eventful import eventful

from hydra_quant.settings import SIGNALS, Signals
from hydra_quant.signals import behavioural
from hydra_quant.signals.signal import Signal

NAN = np.nan


def said(side, confidence, holding=60, expected=0.01, known=True):
    """A signal on one candle."""
    return Signal(
        np.array([side], np.int8),
        np.array([confidence]),
        np.array([known]),
        holding,
        {},
        np.array([expected]),
        np.array([2 * expected]),
    )


def strongest(**spoken):
    nothing = said(0, 0.0, known=False)
    return behavioural.strongest({name: spoken.get(name, nothing) for name in SIGNALS})


def test_generators_and_parts_are_in_the_order_of_the_settings():
    assert tuple(behavioural.GENERATORS) == tuple(behavioural.PARTS) == SIGNALS


def test_the_most_confident_is_taken():
    chosen = strongest(
        funding_squeeze=said(1, 0.6, 480), oi_divergence=said(-1, 0.7, 720, expected=0.02)
    )
    assert [column[0] for column in chosen] == [2, -1, 0.7, 0.02, 0.04, 720.0, True]
    assert chosen.source.dtype == chosen.side.dtype == np.int8


@pytest.mark.parametrize("side", [1, -1])
def test_among_equals_the_earlier_also_when_they_disagree(side):
    chosen = strongest(crowding_fade=said(side, 0.6), funding_carry=said(1, 0.6))
    assert (chosen.source[0], chosen.side[0]) == (3, side)


def test_silence():
    chosen = strongest(funding_carry=said(0, 0.0, known=True))
    assert chosen.known[0]
    assert [column[0] for column in chosen[:3]] == [-1, 0, 0.0]
    assert np.isnan([column[0] for column in chosen[3:6]]).all()
    assert not strongest().known[0]


def test_without_expectations_they_are_not_known():
    signal = Signal(np.array([1], np.int8), np.array([0.7]), np.array([True]), 60, {})
    assert np.isnan(strongest(funding_carry=signal).expected_return[0])


def test_a_signal_that_is_off_is_silent_and_its_thesis_goes_on():
    frame = eventful(500, 0)
    on, off = Signals(), Signals(off=("crowding_fade",))
    spoken, silenced = behavioural.fire(frame, on, 60), behavioural.fire(frame, off, 60)
    assert tuple(silenced) == SIGNALS
    assert spoken["crowding_fade"].side.any()
    assert not silenced["crowding_fade"].side.any()
    assert not silenced["crowding_fade"].confidence.any()
    thesis = silenced["crowding_fade"].thesis["against_crowd"]
    np.testing.assert_array_equal(thesis, spoken["crowding_fade"].thesis["against_crowd"])
    assert 3 not in behavioural.strongest(silenced).source


def test_signals_that_share_a_part_mean_the_same_by_it():
    signals = behavioural.fire(eventful(500, 0), Signals(), 60)
    seen = {}
    for signal in signals.values():
        for part, support in signal.thesis.items():
            np.testing.assert_array_equal(seen.setdefault(part, support), support)
    assert len(seen) < sum(map(len, behavioural.PARTS.values()))


def test_the_frame_is_not_touched():
    frame = eventful(500, 0)
    before = frame.copy()
    behavioural.fire(frame, Signals(), 60)
    assert frame.equals(before)


@pytest.mark.parametrize("rows", [0, 1, 2, 244])
def test_few_candles_are_silence_and_no_error(rows):
    chosen = behavioural.strongest(behavioural.fire(eventful(500).iloc[:rows], Signals(), 60))
    assert all(len(column) == rows for column in chosen)
    assert not chosen.side.any()
