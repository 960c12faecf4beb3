"""95 % confidence intervals of metrics.

Needs scipy, from the extra ``evaluate``: see ``extra.check``.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Interval = tuple[float, float]

_Z = 1.959964
"""The normal distribution's quantile for a two-sided 95 % interval."""

_RESAMPLES = 2000


def wilson(values: Array) -> Interval:
    """The 95 % interval of a proportion, given as one or more booleans.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    from scipy import stats

    test = stats.binomtest(int(values.sum()), len(values))
    found = test.proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)


def auroc(area: float, positives: int, negatives: int) -> Interval:
    """The 95 % interval of an area under the ROC curve of at least one positive and one negative.

    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic
    (ROC) curve", 1982. Its width is zero if the area is 0 or 1.
    """
    two_positives = area / (2 - area)
    two_negatives = 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area)
        + (positives - 1) * (two_positives - area**2)
        + (negatives - 1) * (two_negatives - area**2)
    ) / (positives * negatives)
    half = _Z * math.sqrt(max(variance, 0))
    return max(area - half, 0.0), min(area + half, 1.0)


def quantile(values: Array, share: float) -> Interval | None:
    """The 95 % interval of the quantile below which ``share`` of all values lie, or None if there
    are too few values. Its ends are two of the values; it assumes no distribution.

    David and Nagaraja, "Order Statistics", 2003, section 7.1.
    """
    from scipy import stats

    found = stats.quantile_test(values, p=share).confidence_interval(confidence_level=0.95)
    if math.isnan(found.low) or math.isnan(found.high):
        return None
    return float(found.low), float(found.high)


def mean(values: Array) -> Interval:
    """The 95 % interval of the mean of two or more numbers from 0 to 1, by the basic bootstrap with
    a fixed seed. Its width is zero if all numbers are equal.

    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 5.2.
    """
    from scipy import stats

    found = stats.bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, method="basic", rng=0
    ).confidence_interval
    return max(float(found.low), 0.0), min(float(found.high), 1.0)
