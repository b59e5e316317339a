"""Trees as members of an ensemble: LightGBM and XGBoost."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from hydra_quant.adapters.freqai.member import UP, Floats, Ints, Member, Terms, places_of
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models import xgb
from hydra_quant.models.boosting import BoostedTrees
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused

ROWS_A_LEAF = 20  # of one pair, as HydraLightGBM


class TreeMember(Member):
    """Trees over the features of the candle itself, all pairs in one model."""

    def rows(self, grid: Grid, places: Ints) -> Floats:
        """Features of (row, pair), shape (n, n_features), float64; NaN where not known."""
        return grid.panel.values[places[:, 0], places[:, 1]].astype(np.float64)

    def lesson(self, grid: Grid, rows: Rows) -> Rows:
        """The rows with their features, and P(rise) as the one label."""
        features = self.rows(grid, places_of(grid, rows))
        return Rows(features, rows.labels[:, [UP]], rows.times, rows.pairs, rows.universe)


class LightGbmMember(TreeMember):
    """LightGBM: the chance of a rise by the baseline's trees, as HydraLightGBM pools pairs."""

    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> BoostedTrees:
        """Fit the trees."""
        leaf = {"min_data_in_leaf": ROWS_A_LEAF * len(np.unique(train.pairs))}
        given = {**leaf, **self.parameters}
        after = None if later is None else self.lesson(grid, later)
        names = list(grid.panel.names)
        return BoostedTrees.fit(self.lesson(grid, train), after, given, names)

    def tell(self, model: BoostedTrees, grid: Grid, places: Ints) -> Floats:
        """Answer each place."""
        return model.predict(self.rows(grid, places))[:, 0]

    def pack(self, model: BoostedTrees) -> tuple[dict[str, Any], bytes]:
        """LightGBM's own text."""
        return {}, model.texts[0].encode()

    def unpack(self, about: Mapping[str, Any], payload: bytes) -> BoostedTrees:
        """Read the text back; whoever calls has compared its checksum."""
        return BoostedTrees([payload.decode()])


class XgboostMember(TreeMember):
    """XGBoost: the chance of a rise, in log odds as it adds them up."""

    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> xgb.Trees:
        """Fit the trees."""
        lesson, params = self.lesson(grid, train), dict(self.parameters)
        rounds = int(params.pop("num_boost_round"))
        trees, _ = xgb.Trees.fit(
            lesson.features,
            lesson.labels[:, 0],
            np.ones(len(lesson)),
            names=grid.panel.names,
            params={**params, "objective": "binary:logistic"},
            rounds=rounds,
        )
        return trees

    def tell(self, model: xgb.Trees, grid: Grid, places: Ints) -> Floats:
        """Answer each place."""
        return np.asarray(expit(model.log_odds(self.rows(grid, places))))

    def pack(self, model: xgb.Trees) -> tuple[dict[str, Any], bytes]:
        """A checksum and XGBoost's own UBJSON."""
        return {}, model.to_bytes()

    def unpack(self, about: Mapping[str, Any], payload: bytes) -> xgb.Trees:
        """Read the trees back."""
        try:
            return xgb.Trees.from_bytes(payload)
        except ValueError as error:
            raise Refused(str(error)) from error
