"""Scaling to (−1, 1): the same bits as FreqAI's default pipeline."""

import numpy as np
import pandas as pd
import pytest
from datasieve.pipeline import Pipeline
from datasieve.transforms import SKLearnWrapper, VarianceThreshold
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler

from hydra_quant.models.scaling import RangeScaler

MATRICES = arrays(
    np.float64,
    st.tuples(st.integers(2, 30), st.integers(1, 6)),
    elements=st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 4)),
)


def named(values: NDArray) -> pd.DataFrame:
    return pd.DataFrame(values.copy(), columns=[f"f{n}" for n in range(values.shape[1])])


def freqai_pipeline(values: NDArray, drop_constant: bool) -> Pipeline:
    scaler = ("scaler", SKLearnWrapper(MinMaxScaler(feature_range=(-1, 1))))
    steps = [("const", VarianceThreshold(threshold=0)), scaler] if drop_constant else [scaler]
    pipeline = Pipeline(steps)
    pipeline.fit_transform(named(values))
    return pipeline


@given(values=MATRICES)
def test_features_scale_to_the_same_bits(values: NDArray) -> None:
    if not (np.ptp(values, axis=0) > 0).any():
        return
    scaled = RangeScaler.fit(values).apply(values)
    theirs, _, _ = freqai_pipeline(values, True).transform(named(values))
    np.testing.assert_array_equal(scaled, theirs.to_numpy())


@given(values=MATRICES)
def test_labels_come_back_to_the_same_bits(values: NDArray) -> None:
    ours = RangeScaler.fit(values, drop_constant=False)
    theirs = freqai_pipeline(values, False)
    scaled, _, _ = theirs.transform(named(values))
    back, _, _ = theirs.inverse_transform(scaled)
    np.testing.assert_array_equal(ours.undo(ours.apply(values)), back)


@pytest.mark.parametrize("tiny", [1e-300, 1e-200, 1e-160, 1e-16, 1e-15, 1e-14])
def test_almost_constant_columns_are_judged_as_freqai_judges_them(tiny: float) -> None:
    values = np.column_stack([np.arange(10.0), tiny * (np.arange(10) % 3)])
    theirs, _, _ = freqai_pipeline(values, True).transform(named(values))
    np.testing.assert_array_equal(RangeScaler.fit(values).apply(values), theirs)


def test_constants_leave_and_the_input_is_not_touched() -> None:
    values = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    before = values.copy()
    np.testing.assert_array_equal(RangeScaler.fit(values).apply(values), [[-1.0], [1.0], [0.0]])
    np.testing.assert_array_equal(values, before)


def test_rows_without_any_variation_teach_nothing() -> None:
    with pytest.raises(ValueError, match="none of the 2 features varies in 4 rows"):
        RangeScaler.fit(np.ones((4, 2)))
