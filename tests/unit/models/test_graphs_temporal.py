"""Sequences of graphs: which rows they hold."""

import numpy as np
import pytest

from hydra_quant.models.graphs.correlation import Graphs
from hydra_quant.models.graphs.temporal import snapshots


def numbered(rows=30):
    """Graphs of two assets whose every number is that of their row."""
    near = np.broadcast_to(np.arange(rows)[:, None, None], (rows, 2, 1)).copy()
    return Graphs(near, np.broadcast_to(near[..., None], (rows, 2, 1, 2)).astype(np.float32))


@pytest.mark.parametrize(
    ("count", "step", "row", "wanted"),
    [
        (10, 1, 20, list(range(11, 21))),
        (3, 1, 2, [0, 1, 2]),
        (3, 4, 9, [1, 5, 9]),
        (4, 1, 1, [-1, -1, 0, 1]),
        (1, 1, 29, [29]),
    ],
)
def test_rows_of_a_sequence(count, step, row, wanted):
    found = snapshots(numbered(), [row], count=count, step=step)
    assert found.neighbours.shape == (1, count, 2, 1)
    assert found.neighbours[0, :, 1, 0].tolist() == wanted
    np.testing.assert_array_equal(
        found.edges[0, :, 0, 0, 1], [np.nan if row < 0 else row for row in wanted]
    )


def test_ten_snapshots_unless_asked():
    assert snapshots(numbered(), [12, 15]).edges.shape == (2, 10, 2, 1, 2)
    assert snapshots(numbered(), []).neighbours.shape == (0, 10, 2, 1)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="30 graphs"):
        snapshots(numbered(), [30])
    with pytest.raises(ValueError, match="30 graphs"):
        snapshots(numbered(), [-1])
    with pytest.raises(ValueError, match="at least 1"):
        snapshots(numbered(), [3], step=0)
