"""Windows of a panel: strided views, missing values, rows that are refused."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows


def panel(values: np.ndarray) -> Panel:
    opens = np.arange(len(values), dtype=np.int64) * 3_600_000
    pairs = tuple(f"P{i}" for i in range(values.shape[1]))
    return Panel(values, opens, pairs, tuple(f"f{i}" for i in range(values.shape[2])))


def counted(rows: int = 7, pairs: int = 3, features: int = 2) -> Panel:
    """Value 100·row + 10·pair + feature, so that each one tells where it is from."""
    row, pair, feature = np.indices((rows, pairs, features))
    return panel((100 * row + 10 * pair + feature).astype(np.float32))


def test_a_window_is_the_rows_that_end_at_the_chosen_one() -> None:
    windows = Windows(counted(), 3, [(2, 0), (6, 2), (4, 1)])
    x, known = windows.batch([1, 0])
    assert x.tolist() == [
        [[420, 421], [520, 521], [620, 621]],
        [[0, 1], [100, 101], [200, 201]],
    ]
    assert x.dtype == torch.float32
    assert known.dtype == torch.bool
    assert known.all()
    assert windows.rows.tolist() == [2, 6, 4]
    assert len(windows) == 3


@pytest.mark.parametrize("picked", [slice(1, 3), np.array([1, 2]), torch.tensor([1, 2])])
def test_a_batch_can_be_picked_by_a_slice_an_array_or_a_tensor(picked) -> None:
    windows = Windows(counted(), 2, [(2, 0), (6, 2), (4, 1)])
    assert torch.equal(windows.batch(picked)[0], windows.batch([1, 2])[0])
    grouped = GroupedWindows(counted(), 2, [1, 5, 3])
    assert torch.equal(grouped.batch(picked)[0], grouped.batch([1, 2])[0])


def test_a_mask_of_truths_is_not_read_as_numbers() -> None:
    with pytest.raises(ValueError, match="whole numbers, not bool"):
        Windows(counted(), 2, [(2, 0), (6, 2)]).batch(np.array([True, False]))
    assert Windows(counted(), 2, [(2, 0)]).batch([])[0].shape == (0, 2, 2)


def test_all_pairs_of_a_row_are_the_windows_of_each() -> None:
    whole = counted()
    x, known = GroupedWindows(whole, 4, [3, 6]).batch(slice(None))
    assert x.shape == known.shape == (2, 3, 4, 2)  # (batch, pair, time, feature)
    for i, row in enumerate((3, 6)):
        alone = Windows(whole, 4, [(row, pair) for pair in range(3)]).batch([0, 1, 2])
        assert torch.equal(x[i], alone[0])
        assert torch.equal(known[i], alone[1])


@pytest.mark.parametrize("grouped", [False, True])
def test_what_is_missing_is_zero_and_not_known(grouped: bool) -> None:
    values = counted().values.copy()
    values[5, 1, 0] = np.nan
    values[4, 1, :] = 0.0  # a zero that is known
    if grouped:
        x, known = (part[0, 1] for part in GroupedWindows(panel(values), 3, [6]).batch([0]))
    else:
        x, known = (part[0] for part in Windows(panel(values), 3, [(6, 1)]).batch([0]))
    assert x.tolist() == [[0, 0], [0, 511], [610, 611]]
    assert known.tolist() == [[True, True], [False, True], [True, True]]
    assert np.isnan(values[5, 1, 0])  # the panel is as it was


@pytest.mark.parametrize("kind", [Windows, GroupedWindows])
def test_nothing_is_copied_before_a_batch(kind) -> None:
    large = panel(np.zeros((5_000, 4, 20), dtype=np.float32))  # 1.6 MB; as windows of 100: 157 MB
    rows = np.arange(99, 5_000)
    at = rows if kind is GroupedWindows else np.stack([rows, rows % 4], axis=1)
    tracemalloc.start()
    windows = kind(large, 100, at)
    made = tracemalloc.get_traced_memory()[1]
    x, _ = windows.batch([0, 5])
    tracemalloc.stop()
    assert np.shares_memory(windows.view, large.values)
    assert not windows.view.flags.writeable
    assert made < large.values.nbytes / 2
    x += 1  # a batch is its own
    assert not large.values.any()


@pytest.mark.parametrize("row", [-1, 0, 1, 7, 100])
def test_rows_whose_window_leaves_the_panel_are_refused(row: int) -> None:
    complaint = "before the panel" if row < 2 else "after the panel's last, 6"
    with pytest.raises(ValueError, match=complaint):
        Windows(counted(), 3, [(4, 0), (row, 0)])
    with pytest.raises(ValueError, match=complaint):
        GroupedWindows(counted(), 3, [4, row])


def test_the_first_and_the_last_row_that_fit_are_taken() -> None:
    assert Windows(counted(), 3, [(2, 0), (6, 0)]).batch([0, 1])[0][:, 0, 0].tolist() == [0, 400]
    assert Windows(counted(), 7, [(6, 0)]).batch([0])[0].shape == (1, 7, 2)
    assert len(Windows(counted(), 8, [])) == 0


@pytest.mark.parametrize("pair", [-1, 3])
def test_a_pair_that_is_not_there_is_refused(pair: int) -> None:
    with pytest.raises(ValueError, match="is not among 3"):
        Windows(counted(), 3, [(4, pair)])


def test_a_window_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        Windows(counted(), 0, [(4, 0)])


def test_a_panel_is_what_it_says() -> None:
    good = counted()
    with pytest.raises(ValueError, match="float32, not float64"):
        panel(good.values.astype(float))
    with pytest.raises(ValueError, match="do not fit"):
        Panel(good.values, good.opens_ms[:-1], good.pairs, good.names)
    with pytest.raises(ValueError, match="do not fit"):
        Panel(good.values, good.opens_ms, good.names, good.pairs)
    for order in ([0, 1, 2, 3, 4, 6, 5], [0, 1, 2, 3, 4, 5, 7], [6, 5, 4, 3, 2, 1, 0], [0] * 7):
        with pytest.raises(ValueError, match="rise evenly"):
            Panel(good.values, np.array(order), good.pairs, good.names)
    endless = good.values.copy()
    endless[2, 0, 1] = -np.inf
    with pytest.raises(ValueError, match="infinite values in 'f1'"):
        panel(endless)
    assert len(good) == 7


def test_changing_later_rows_changes_no_window_before_them() -> None:
    values = counted(rows=20).values.copy()
    at = [(row, pair) for row in range(4, 12) for pair in range(3)]
    before = Windows(panel(values), 5, at).batch(slice(None))[0].clone()
    values[12:] = np.nan
    assert torch.equal(Windows(panel(values), 5, at).batch(slice(None))[0], before)
    values[11] = 7.0
    assert not torch.equal(Windows(panel(values), 5, at).batch(slice(None))[0], before)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_windows_are_those_of_plain_slicing(data: st.DataObject) -> None:
    rows, pairs, features = (data.draw(st.integers(1, high)) for high in (12, 3, 3))
    length = data.draw(st.integers(1, rows))
    rng = np.random.default_rng(data.draw(st.integers(0, 1_000)))
    values = rng.normal(size=(rows, pairs, features)).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    ends = st.tuples(st.integers(length - 1, rows - 1), st.integers(0, pairs - 1))
    at = data.draw(st.lists(ends, min_size=1, max_size=5))
    x, known = Windows(panel(values), length, at).batch(slice(None))
    whole, seen = GroupedWindows(panel(values), length, [row for row, _ in at]).batch(slice(None))
    for i, (row, pair) in enumerate(at):
        wanted = values[row + 1 - length : row + 1, pair]
        np.testing.assert_array_equal(x[i].numpy(), np.nan_to_num(wanted))
        np.testing.assert_array_equal(known[i].numpy(), ~np.isnan(wanted))
        assert torch.equal(whole[i, pair], x[i])
        assert torch.equal(seen[i, pair], known[i])
