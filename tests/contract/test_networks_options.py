"""What a user may get wrong about a network: one line that names the key, before any training."""

import re

import pytest
from freqtrade.exceptions import OperationalException
from support.freqai_world import World, scanned
from support.strategies.DirectionProbe import DirectionProbe

pytestmark = pytest.mark.contract

NETS = ("HydraLstmCnn", "HydraTransformer", "HydraTft", "HydraNhits", "HydraGnn")
WRONG = [
    ({"epochs": "5"}, "epochs is '5'; give a whole number."),
    ({"epochs": 1.5}, "epochs is 1.5; give a whole number."),
    ({"epochs": True}, "epochs is True; give a whole number."),
    ({"lr": "fast"}, "lr is 'fast'; give a number."),
    ({"class_weights": "no"}, "class_weights is 'no'; give true or false."),
    ({"threads": "all"}, "threads is 'all'; give a whole number."),
    ({"length": "abc"}, "length is 'abc'; give a whole number."),
]
IMPOSSIBLE = [
    ("HydraLstmCnn", {"length": 0}, "no lstm_cnn can be made of these options: of 0 rows"),
    ("HydraLstmCnn", {"hidden": -5}, "no lstm_cnn can be made of these options: hidden_size"),
    ("HydraTransformer", {"heads": 3}, "width 64 must be even and divide into 3 heads"),
    ("HydraTft", {"quantiles": [0.9, 0.1]}, "quantile levels rise"),
    ("HydraNhits", {"pooling": 8}, "pooling is 8; give a list of numbers."),
    ("HydraNhits", {"pooling": [8]}, "no nhits can be made of these options"),
    ("HydraGnn", {"heads": 3}, "hidden 64 is not a multiple of the 3 heads"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("options"), ("BTC/USDT:USDT",), days=40)


def made(world, name, **parameters):
    config = world.config(freqai__model_training_parameters=parameters)
    return getattr(scanned(name), name)(config)


@pytest.mark.parametrize(("parameters", "said"), WRONG)
def test_a_value_of_the_wrong_kind_is_named(world, parameters, said):
    with pytest.raises(OperationalException, match=re.escape(said)) as caught:
        made(world, "HydraLstmCnn", **parameters)
    assert str(caught.value).startswith("freqai.model_training_parameters: ")


@pytest.mark.parametrize(("name", "parameters", "said"), IMPOSSIBLE)
def test_options_of_which_no_network_can_be_made_are_refused(world, name, parameters, said):
    with pytest.raises(OperationalException, match=re.escape(said)) as caught:
        made(world, name, **parameters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NETS)
def test_what_is_right_is_taken(world, name):
    """None where it means something, a whole number where any number will do."""
    right = {"patience": None, "threads": None, "clip_norm": None, "weight_decay": 0, "lr": 1}
    assert made(world, name, **right).parameters["lr"] == 1


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_too_few_days_for_a_long_sequence_say_what_it_wants(world):
    config = world.config(
        freqai__model_training_parameters={"length": 168, "threads": 1},
        freqai__train_period_days=9,
        timerange="20240125-20240126",
    )
    with pytest.raises(OperationalException, match="and the 167 candles before them"):
        world.run(scanned("HydraNhits").HydraNhits, config, DirectionProbe)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_a_training_that_diverges_is_one_line(world):
    config = world.config(
        freqai__model_training_parameters={"length": 8, "hidden": 8, "lr": 1e30, "threads": 1},
        freqai__identifier="diverges",
        timerange="20240125-20240126",
    )
    with pytest.raises(OperationalException, match=r"^lstm_cnn: the (loss|norm).* a smaller lr"):
        world.run(scanned("HydraLstmCnn").HydraLstmCnn, config, DirectionProbe)
