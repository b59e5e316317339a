"""What an agent sees, and how it is scaled."""

import numpy as np
import pytest
from support.arenas import walks, with_features

from hydra_quant.rl.desk import STATE, Desk
from hydra_quant.rl.observation import WITHIN, Normaliser, Observer


def _desk(arena, rows, pairs):
    desk = Desk(arena, len(rows), pairs.shape[1])
    desk.reset(np.arange(len(rows)), np.array(rows), pairs)
    return desk


def test_the_last_candles_come_oldest_first_then_the_state():
    arena = walks(length=3)
    desk = _desk(arena, [10, 40], np.array([[0], [1]]))
    desk.advance(np.array([[1.0], [-1.0]]))
    observer = Observer(arena)
    seen = observer.observe(desk)
    assert seen.dtype == np.float32
    assert seen.shape == (2, 1, observer.size) == (2, 1, len(observer.names))
    np.testing.assert_array_equal(seen[0, 0, :9], arena.features[9:12, 0].ravel())
    np.testing.assert_array_equal(seen[1, 0, :9], arena.features[39:42, 1].ravel())
    np.testing.assert_array_equal(seen[:, :, 9:], desk.state)
    assert observer.names[:4] == ("feature0-2", "feature1-2", "feature2-2", "feature0-1")
    assert observer.names[6:] == ("feature0", "feature1", "feature2", *STATE)
    assert seen[0, 0, 9] > 0.9
    assert seen[1, 0, 9] < -0.9


def test_every_pair_of_a_wallet_is_seen():
    arena = walks(pairs=3)
    desk = _desk(arena, [7], np.array([[2, 0, 1]]))
    seen = Observer(arena).observe(desk)
    np.testing.assert_array_equal(seen[0, :, :3], arena.features[7, [2, 0, 1]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_known_are_0_and_said_not_to_be_known(bad):
    arena = walks(length=2)
    features = arena.features.copy()
    features[20, 0, 1] = bad
    arena = with_features(arena, features)
    rows = [19, 20, 21, 22, 20]
    desk = _desk(arena, rows, np.array([[0], [0], [0], [0], [1]]))
    seen = Observer(arena).observe(desk)[:, 0]
    assert np.isfinite(seen).all()
    np.testing.assert_array_equal(seen[:, -1], [1, 0, 0, 1, 1])
    np.testing.assert_array_equal(seen[1:3, :6], 0.0)
    assert np.abs(seen[[0, 3, 4], :6]).min() > 0.0


def test_only_the_wallets_asked_for_are_observed():
    arena = walks()
    desk = _desk(arena, [3, 4, 5], np.array([[0], [0], [1]]))
    out = np.full((3, 1, 3 + len(STATE)), 7.0, dtype=np.float32)
    Observer(arena).observe(desk, np.array([1]), out)
    assert (out[[0, 2]] == 7.0).all()
    np.testing.assert_array_equal(out[1, 0, :3], arena.features[4, 0])


def test_features_of_another_kind_are_refused():
    arena = walks()
    with pytest.raises(ValueError, match="float64: float32 would be right"):
        Observer(with_features(arena, arena.features.astype(np.float64)))


def test_a_normaliser_knows_mean_and_variance_of_all_batches():
    rng = np.random.default_rng(1)
    seen = rng.normal(5.0, 3.0, (90, 4)).astype(np.float32)
    seen[:, 2] = 1.5
    normaliser = Normaliser(4)
    for batch in (seen[:7], seen[7:8], seen[8:8], seen[8:60].reshape(4, 13, 4), seen[60:]):
        normaliser.update(batch)
    assert normaliser.count == 90
    np.testing.assert_allclose(normaliser.mean, seen.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(normaliser.squares / 90, seen.var(axis=0), rtol=1e-5, atol=1e-12)
    scaled = normaliser.apply(seen)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[:, [0, 1, 3]].std(axis=0), 1.0, rtol=1e-5)
    np.testing.assert_allclose(scaled[:, 2], 0.0, atol=1e-6)
    assert np.abs(normaliser.apply(np.full((1, 4), 1e9, np.float32))).max() == WITHIN


def test_scaling_is_numpys_to_the_last_bit_and_hides_no_gap():
    rng = np.random.default_rng(3)
    normaliser = Normaliser(7)
    normaliser.update(rng.normal(2.0, 3.0, (50, 7)).astype(np.float32))
    seen = (rng.normal(size=(5, 3, 7)) * 30.0).astype(np.float32)
    seen[0, 1, 2], seen[1, 2, 3] = np.nan, -np.inf
    mean = normaliser.mean.astype(np.float32)
    variance = normaliser.squares / normaliser.count
    wanted = np.clip((seen - mean) * (1.0 / np.sqrt(variance)).astype(np.float32), -WITHIN, WITHIN)
    found = normaliser.apply(seen)
    np.testing.assert_array_equal(found, wanted)
    assert np.isnan(found).sum() == 1
    assert found.dtype == np.float32


def test_a_frozen_copy_stays_as_it_is():
    normaliser = Normaliser(2)
    normaliser.update(np.eye(2, dtype=np.float32))
    frozen = normaliser.frozen()
    normaliser.update(np.full((3, 2), 9.0, np.float32))
    np.testing.assert_array_equal(frozen.mean, 0.5)
    with pytest.raises(ValueError, match="frozen"):
        frozen.update(np.eye(2, dtype=np.float32))


def test_a_normaliser_is_what_its_arrays_say():
    normaliser = Normaliser(2)
    normaliser.update(np.array([[1, 2], [3, 5]], np.float32))
    again = Normaliser.from_arrays(normaliser.to_arrays(), 2)
    seen = np.array([[0.5, -4.0]], np.float32)
    np.testing.assert_array_equal(again.apply(seen), normaliser.apply(seen))
    again.update(seen)
    assert again.count == 3
    assert normaliser.count == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean": None}, "lacks 'mean'"),
        ({"mean": np.zeros(3), "squares": np.zeros(3)}, "is for 3 numbers, an observation has 2"),
        ({"squares": np.array([1.0, np.nan])}, "damaged"),
        ({"squares": np.array([1.0, -1.0])}, "damaged"),
        ({"count": np.array([np.inf])}, "damaged"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, said):
    arrays = Normaliser(2).to_arrays() | change
    arrays = {name: value for name, value in arrays.items() if value is not None}
    with pytest.raises(ValueError, match=said):
        Normaliser.from_arrays(arrays, 2)


def test_observations_that_do_not_fit_are_refused():
    normaliser = Normaliser(2)
    with pytest.raises(ValueError, match="the normaliser is for 2"):
        normaliser.apply(np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="column 1 is not finite"):
        normaliser.update(np.array([[0.0, np.nan]], np.float32))
    assert normaliser.count == 0
