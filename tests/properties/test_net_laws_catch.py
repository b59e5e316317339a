"""The laws of networks hold for a plain one and catch those that break them."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import test_net_laws as laws
import torch
from torch import Tensor, nn

from hydra_quant.models.nets import registry
from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.scaling_layers import RobustScaling
from hydra_quant.models.nets.windows import Windows


class Unscaled(nn.Module):
    """One hidden layer over values and mask; the others break one thing each."""

    defaults: ClassVar[dict[str, Any]] = {"length": 8, "hidden": 16}

    def __init__(self, *, features: int, length: int = 8, horizons: int, hidden: int = 16) -> None:
        super().__init__()
        self.hidden = nn.Linear(2 * length * features, hidden)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(hidden, horizons)
        self.add()

    def add(self) -> None:
        """What a broken one has besides."""

    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        return torch.cat([torch.where(known, x, 0.0), known.float()], dim=-1)

    def middle(self, x: Tensor, known: Tensor) -> Tensor:
        return torch.tanh(self.hidden(self.seen(x, known).flatten(1)))

    def forward(self, x: Tensor, known: Tensor) -> Output:
        return Output(self.head(self.dropout(self.middle(x, known))), None, {})


class Plain(Unscaled):
    """With robust scaling: keeps every law."""

    def add(self) -> None:
        self.scaling = RobustScaling(laws.FEATURES)

    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        return super().seen(self.scaling(x, known), known)


class ForgetsAHorizon(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        return Output(super().forward(x, known).logit[:, :1], None, {})


class CrossesQuantiles(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        logit = super().forward(x, known).logit
        return Output(logit, torch.stack([logit, -logit, logit], dim=-1), {})


class KeepsTheGraphOfItsWeights(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        logit = super().forward(x, known).logit
        return Output(logit, None, {"time": logit * 1.0})


class LooksAtHalfTheWindow(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        late = torch.arange(x.shape[1])[:, None] >= x.shape[1] // 2
        return super().seen(x, known & late)


class LevelsTheBatch(Plain):
    def middle(self, x: Tensor, known: Tensor) -> Tensor:
        found = super().middle(x, known)
        return found - found.mean(dim=0)


class HasADeadParameter(Plain):
    def add(self) -> None:
        super().add()
        self.never = nn.Parameter(torch.ones(1))


class ReadsWhatIsNotKnown(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        return torch.cat([x, known.float()], dim=-1)


class DoesNotSeeTheMask(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        held = torch.where(known, x, 0.0)
        return torch.cat([held, held], dim=-1)


class DividesByWhatIsKnown(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        mean = torch.where(known, x, 0.0).sum((1, 2)) / known.sum((1, 2))
        return super().seen(x, known) - mean[:, None, None]


class IgnoresTheSeed(Plain):
    def add(self) -> None:
        super().add()
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.1)


class DrawsWhenAsked(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        return Output(super().forward(x, known).logit + torch.randn(1), None, {})


class HasNoDropout(Plain):
    def add(self) -> None:
        super().add()
        self.dropout.p = 0.0


class StatesOtherDefaults(Plain):
    defaults: ClassVar[dict[str, Any]] = {"length": 8, "hidden": 32}


class HoldsATensorAsOption(Plain):
    defaults: ClassVar[dict[str, Any]] = {"hidden": torch.tensor(16)}


class RemembersWhatItSaw(Plain):
    def add(self) -> None:
        super().add()
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, x: Tensor, known: Tensor) -> Output:
        self.mean += x.mean()
        return super().forward(x, known)


class WritesIntoItsInput(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        return super().forward(x.mul_(0.5), known)


class LosesItselfInHalfPrecision(Plain):
    def forward(self, x: Tensor, known: Tensor) -> Output:
        middle = self.middle(x, known)
        return Output(self.head(middle * 300) - self.head(middle * 301), None, {})


class ScalesWithoutItsMask(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        everything = torch.ones_like(known)
        return Unscaled.seen(self, self.scaling(x, everything), everything)


class CannotBeDifferentiatedTwice(Plain):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        both = super().seen(x, known)
        wide = self.head.weight.sum() * both  # so that the fused attention is on the way
        return nn.functional.scaled_dot_product_attention(*[wide[:, None]] * 3)[:, 0]


class SeesTheLastRowOnly(LooksAtHalfTheWindow):
    def seen(self, x: Tensor, known: Tensor) -> Tensor:
        last = torch.arange(x.shape[1])[:, None] == x.shape[1] - 1
        return super().seen(x, known & last)


@pytest.fixture
def enlist(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[nn.Module]], str]:
    """Put a network on the registry for one test."""

    def put(made: type[nn.Module]) -> str:
        monkeypatch.setitem(registry.NETS, "tried", f"{made.__module__}:{made.__name__}")
        return "tried"

    return put


def shape(name: str) -> None:
    laws.test_an_answer_has_the_shape_of_the_contract(name, 6, 3)


def unknown(name: str) -> None:
    laws.test_a_value_that_is_not_known_has_no_influence(name, 1e4)


def unknown_nan(name: str) -> None:
    laws.test_a_value_that_is_not_known_has_no_influence(name, float("nan"))


LAWS = [
    *(shape, unknown, unknown_nan),
    laws.test_rows_after_the_one_that_is_answered_change_nothing,
    laws.test_every_row_of_a_window_can_matter,
    laws.test_a_window_is_answered_alike_alone_and_among_others,
    laws.test_every_parameter_learns_and_its_gradient_is_finite,
    laws.test_a_zero_that_is_known_is_told_from_one_that_is_not,
    laws.test_windows_of_which_nothing_is_known_make_no_nan,
    laws.test_same_seed_same_network_same_answers,
    laws.test_an_answer_draws_no_random_number,
    laws.test_a_step_of_training_repeats_with_the_seed,
    laws.test_options_come_back_from_json_and_make_the_same_network,
    laws.test_defaults_are_those_of_the_signature,
    laws.test_asking_changes_neither_inputs_nor_weights,
    laws.test_units_of_the_features_do_not_matter_once_it_is_fitted,
    laws.test_half_precision_gives_nearly_the_same_answers,
    laws.test_a_step_of_learning_can_itself_be_differentiated,
    laws.test_a_planted_pattern_is_found,
    laws.test_nothing_is_found_in_noise,
]
BROKEN = [
    (shape, ForgetsAHorizon),
    (shape, CrossesQuantiles),
    (shape, KeepsTheGraphOfItsWeights),
    (laws.test_every_row_of_a_window_can_matter, LooksAtHalfTheWindow),
    (laws.test_a_window_is_answered_alike_alone_and_among_others, LevelsTheBatch),
    (laws.test_every_parameter_learns_and_its_gradient_is_finite, HasADeadParameter),
    (unknown, ReadsWhatIsNotKnown),
    (unknown_nan, ReadsWhatIsNotKnown),
    (laws.test_a_zero_that_is_known_is_told_from_one_that_is_not, DoesNotSeeTheMask),
    (laws.test_windows_of_which_nothing_is_known_make_no_nan, DividesByWhatIsKnown),
    (laws.test_same_seed_same_network_same_answers, IgnoresTheSeed),
    (laws.test_an_answer_draws_no_random_number, DrawsWhenAsked),
    (laws.test_a_step_of_training_repeats_with_the_seed, HasNoDropout),
    (laws.test_defaults_are_those_of_the_signature, StatesOtherDefaults),
    (laws.test_options_come_back_from_json_and_make_the_same_network, HoldsATensorAsOption),
    (laws.test_asking_changes_neither_inputs_nor_weights, RemembersWhatItSaw),
    (laws.test_asking_changes_neither_inputs_nor_weights, WritesIntoItsInput),
    (laws.test_half_precision_gives_nearly_the_same_answers, LosesItselfInHalfPrecision),
    (laws.test_units_of_the_features_do_not_matter_once_it_is_fitted, Unscaled),
    (laws.test_units_of_the_features_do_not_matter_once_it_is_fitted, ScalesWithoutItsMask),
    (laws.test_a_step_of_learning_can_itself_be_differentiated, CannotBeDifferentiatedTwice),
    (laws.test_a_planted_pattern_is_found, SeesTheLastRowOnly),
]


OTHER_ERRORS: dict[type[nn.Module], tuple[type[Exception], str]] = {
    HoldsATensorAsOption: (TypeError, "not JSON serializable"),
    CannotBeDifferentiatedTwice: (RuntimeError, "flash_attention.* is not implemented"),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_plain_network_keeps_every_law(law: Callable[[str], None], enlist) -> None:
    law(enlist(Plain))


@pytest.mark.parametrize(("law", "made"), BROKEN, ids=lambda part: part.__name__)
def test_a_law_catches_a_network_that_breaks_it(law, made, enlist) -> None:
    error, line = OTHER_ERRORS.get(made, (AssertionError, None))
    with pytest.raises(error, match=line):
        law(enlist(made))


def test_windows_that_reach_one_row_too_far_are_caught(enlist, monkeypatch) -> None:
    def ahead(self: Windows, indices: slice) -> tuple[Tensor, Tensor]:
        row, pair = self.at[indices].T
        x = torch.from_numpy(self.view[row - self.length + 2, pair].copy())
        return x.nan_to_num(0.0), ~x.isnan()

    monkeypatch.setattr(Windows, "batch", ahead)
    with pytest.raises(AssertionError):
        laws.test_rows_after_the_one_that_is_answered_change_nothing(enlist(Plain))


def test_labels_that_are_in_the_window_are_not_noise(enlist, monkeypatch) -> None:
    monkeypatch.setattr(laws, "noise", lambda x: (x[..., -1, 0] > 0).float().unsqueeze(-1))
    with pytest.raises(AssertionError):
        laws.test_nothing_is_found_in_noise(enlist(Plain))


def test_every_law_is_tried() -> None:
    tried = {law.__name__ for law in LAWS}
    stated = {name for name in vars(laws) if name.startswith("test_")}
    other = {
        "test_an_answer_has_the_shape_of_the_contract",
        "test_a_value_that_is_not_known_has_no_influence",
        # no law of a network: it shows what the law of noise would catch
        "test_a_fifth_of_a_pattern_in_noise_is_more_than_noise",
    }
    assert stated - other == {name for name in tried if name.startswith("test_")}
