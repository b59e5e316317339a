"""The rule's score, case by case."""

import numpy as np
import pytest

from hydra_quant.heads.scorer_features import AT, NAMES
from hydra_quant.heads.scorer_rule import rule_score

CASES = """
confidence | volatility | funding | cascade | score
0.60       | 0          | 0       | 0       | 0.60
0.60       | 1          | 0       | 0       | 0.66
0.60       | 2          | 0       | 0       | 0.48
0.60       | 3          | 0       | 0       | 0.48
0.60       | 0          | 0.0006  | 0       | 0.66
0.60       | 0          | -0.0006 | 0       | 0.66
0.60       | 0          | 0.0005  | 0       | 0.60
0.60       | 0          | 0       | 0.31    | 0.42
0.60       | 0          | 0       | 0.30    | 0.60
0.60       | 2          | 0.0010  | 0.50    | 0.3696
0.95       | 1          | 0.0010  | 0       | 1.00
0.60       | nan        | nan     | nan     | 0.60
nan        | 1          | 0.0010  | 0       | nan
"""
ROWS = [[float(cell) for cell in line.split("|")] for line in CASES.strip().splitlines()[1:]]


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_the_rule(case: list[float]) -> None:
    features = np.full((1, len(NAMES)), np.nan)
    names = ("signal_confidence", "volatility_regime", "funding_rate", "cascade_probability")
    for name, value in zip(names, case[:4], strict=True):
        features[0, AT[name]] = value
    given = features.copy()
    np.testing.assert_allclose(rule_score(features), case[4:])
    np.testing.assert_array_equal(features, given)
