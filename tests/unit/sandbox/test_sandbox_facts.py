"""Estimators against answers known from theory."""

import numpy as np
import pytest

from hydra_quant.sandbox import facts

RNG = np.random.default_rng(20250101)


@pytest.mark.parametrize(
    ("sample", "expected", "tolerance"),
    [
        (RNG.laplace(size=400_000), 3.0, 0.25),
        (RNG.standard_normal(400_000), 0.0, 0.05),
        (RNG.uniform(size=400_000), -1.2, 0.02),
        (np.array([-1.0, 1.0] * 50), -2.0, 1e-12),
    ],
    ids=["laplace", "normal", "uniform", "coin"],
)
def test_excess_kurtosis_of_known_laws(sample, expected, tolerance):
    assert facts.excess_kurtosis(sample) == pytest.approx(expected, abs=tolerance)


def test_excess_kurtosis_does_not_depend_on_place_or_scale():
    x = RNG.standard_t(5, 1000)
    assert facts.excess_kurtosis(7.0 - 3.0 * x) == pytest.approx(facts.excess_kurtosis(x))


@pytest.mark.parametrize("alpha", [1.5, 3.0, 5.0])
@pytest.mark.parametrize("tail", [0.01, 0.05])
def test_hill_finds_the_exponent_of_a_pareto_law(alpha, tail):
    x = (RNG.pareto(alpha, 400_000) + 1.0) * RNG.choice([-1, 1], 400_000)
    error = alpha / np.sqrt(400_000 * tail)  # asymptotic standard error alpha / sqrt(k)
    assert facts.hill_index(x, tail) == pytest.approx(alpha, abs=5 * error)


def test_hill_by_hand():
    # two largest of eight: 8 and 4 over the third, 2: 2 / (log 4 + log 2)
    x = np.array([1, -1, 1, 1, 8, -4, 2, 1.0])
    assert facts.hill_index(x, 0.25) == pytest.approx(2 / np.log(8))


@pytest.mark.parametrize("phi", [-0.4, 0.0, 0.7])
def test_autocorrelation_of_a_first_order_process_is_geometric(phi):
    noise = RNG.standard_normal(200_000)
    x = np.empty_like(noise)
    x[0] = noise[0]
    for t in range(1, x.size):
        x[t] = phi * x[t - 1] + noise[t]
    for lag in (1, 2, 3):
        assert facts.autocorrelation(x, lag) == pytest.approx(phi**lag, abs=0.015)


def test_autocorrelation_by_hand():
    assert facts.autocorrelation(np.array([1.0, 2.0, 3.0]), 2) == pytest.approx(-0.5)


@pytest.mark.parametrize("lag", [0, -1])
def test_autocorrelation_refuses_a_lag_below_one(lag):
    with pytest.raises(ValueError, match="lag"):
        facts.autocorrelation(np.ones(5), lag)


def fractional_noise(d: float, n: int) -> np.ndarray:
    """ARFIMA(0, d, 0) from its moving-average weights; Hurst exponent d + 1/2."""
    k = np.arange(1, n)
    weights = np.concatenate([[1.0], np.cumprod((k - 1 + d) / k)])
    size = 2 * n
    product = np.fft.rfft(weights, size) * np.fft.rfft(RNG.standard_normal(size), size)
    return np.fft.irfft(product, size)[n:]


def test_dfa_of_white_noise_is_one_half():
    assert facts.dfa_hurst(RNG.standard_normal(60_000)) == pytest.approx(0.5, abs=0.03)


def test_dfa_of_a_random_walk_is_three_halves():
    assert facts.dfa_hurst(np.cumsum(RNG.standard_normal(60_000))) == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize("d", [-0.2, 0.2, 0.4])
def test_dfa_of_fractional_noise(d):
    assert facts.dfa_hurst(fractional_noise(d, 60_000)) == pytest.approx(0.5 + d, abs=0.05)


def test_correlation_skips_rows_with_nan():
    x, y = np.array([1.0, 2.0, np.nan, 4.0]), np.array([2.0, 4.0, 99.0, 8.0])
    assert facts.correlation(x, y) == pytest.approx(1.0)


def test_volume_correlation_is_one_when_volume_is_exponential_in_the_move():
    r = RNG.standard_normal(100)
    assert facts.volume_correlation(r, np.exp(np.abs(r))) == pytest.approx(1.0)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_first_eigenvalue_share_of_equal_correlation(rho):
    n, rows = 8, 60_000
    common = RNG.standard_normal((rows, 1))
    x = np.sqrt(rho) * common + np.sqrt(1 - rho) * RNG.standard_normal((rows, n))
    assert facts.first_eigenvalue_share(x) == pytest.approx((1 + (n - 1) * rho) / n, abs=0.01)


def test_losses_are_taken_only_from_falls_beyond_the_threshold():
    returns = np.zeros(1000)
    returns[[10, 20]] = -1.0, 1.0
    change = np.full(1000, 0.5)
    change[10] = -0.25
    assert facts.loss_in_falls(returns, change).tolist() == [-0.25]


@pytest.mark.parametrize(
    "estimate",
    [
        lambda: facts.excess_kurtosis(np.ones(5)),
        lambda: facts.excess_kurtosis(np.empty(0)),
        lambda: facts.hill_index(np.zeros(1000), 0.05),
        lambda: facts.hill_index(np.arange(10.0), 0.05),
        lambda: facts.autocorrelation(np.ones(5), 1),
        lambda: facts.autocorrelation(np.arange(3.0), 3),
        lambda: facts.dfa_hurst(np.arange(50.0)),
        lambda: facts.correlation(np.ones(2), np.ones(2)),
    ],
)
def test_what_cannot_be_estimated_is_nan(estimate):
    assert np.isnan(estimate())
