import numpy as np
import pytest

from changai.evaluation import intervals


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # z² = 3.8415; centre (0.8 + z²/20) / (1 + z²/10) = 0.71674;
        # half 1.96 * sqrt(0.016 + z²/400) / 1.38415 = 0.22658.
        (8, 10, 0.4902, 0.9433),
        # Mirrored.
        (2, 10, 0.0567, 0.5098),
        # z² / (n + z²) = 3.8415 / 13.8415.
        (0, 10, 0, 0.2775),
        (1, 1, 0.2065, 1),
    ],
)
def test_wilson(hits: int, n: int, low: float, high: float) -> None:
    values = np.array([True] * hits + [False] * (n - hits))
    assert intervals.wilson(values) == pytest.approx((low, high), abs=5e-5)


def test_hanley_and_mcneil() -> None:
    # Q1 = 0.8/1.2 = 0.66667, Q2 = 1.28/1.8 = 0.71111; variance
    # (0.16 + 9 * 0.02667 + 19 * 0.07111) / 200 = 0.0087556; 1.96 * 0.093571 = 0.18340.
    assert intervals.auroc(0.8, 10, 20) == pytest.approx((0.6166, 0.9834), abs=5e-5)


def test_an_area_stays_between_0_and_1() -> None:
    low, high = intervals.auroc(0.9, 10, 10)
    # 0.09 + 9 * 0.0081818 + 9 * 0.0426316 = 0.54732; 1.96 * sqrt(0.0054732) = 0.1450.
    assert low == pytest.approx(0.7550, abs=5e-5)
    assert high == 1
    assert intervals.auroc(0.1, 10, 10)[0] == 0
    assert intervals.auroc(1.0, 5, 5) == (1, 1)
    assert intervals.auroc(0.0, 1, 1) == (0, 0)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.array([0.0, 1.0] * 200)
    # 1.96 * sqrt(0.25 / 400) = 0.049.
    assert intervals.mean(values) == pytest.approx((0.451, 0.549), abs=0.005)
    assert intervals.mean(values) == intervals.mean(values)


def test_the_interval_of_a_mean_leans_away_from_the_longer_tail_of_the_resampled() -> None:
    # The sum of ten drawn from nine times 1 and a 0 is binomial, of 10 with 0.9: at most 6 with a
    # chance of 0.0128, at most 7 with 0.0702, and all ten with 0.349. The quantiles 0.7 and 1 are
    # taken from twice 0.9: from 0.8 to 1.1, which is more than there can be.
    assert intervals.mean(np.array([1.0] * 9 + [0.0])) == pytest.approx((0.8, 1))
    # Mirrored: from -0.1, which is less, to 0.2.
    assert intervals.mean(np.array([0.0] * 9 + [1.0])) == pytest.approx((0, 0.2))


def test_the_interval_of_equal_numbers_has_no_width() -> None:
    assert intervals.mean(np.array([0.5, 0.5])) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("n", "share", "expected"),
    [
        # (1/2)^5 = 0.031 lie all below the median or all above; of 6 it is 0.016.
        (5, 0.5, None),
        (6, 0.5, (1, 6)),
        # Of 10: (1 + 10) / 1024 = 0.011 lie at most one below, (1 + 10 + 45) / 1024 = 0.055 two.
        (10, 0.5, (2, 9)),
        # 0.95^71 = 0.0262, 0.95^72 = 0.0249 lie all below. By scipy.stats.binom(72, 0.95), at
        # most 63 lie below with a chance of 0.0096, and 64 with 0.0272.
        (71, 0.95, None),
        (72, 0.95, (64, 72)),
    ],
)
def test_the_interval_of_a_quantile_is_two_of_the_values(
    n: int, share: float, expected: tuple[float, float] | None
) -> None:
    values = np.random.default_rng(0).permutation(n) + 1
    assert intervals.quantile(values, share) == expected


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    drawn = random.exponential(size=(1000, 300))
    covered = 0
    for values in drawn:
        interval = intervals.quantile(values, 0.95)
        assert interval is not None
        # The quantile of the exponential distribution is ln 20.
        covered += interval[0] <= np.log(20) <= interval[1]
    assert 0.94 <= covered / len(drawn) <= 0.99
