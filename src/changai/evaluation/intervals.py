"""How far chance may have moved a figure: 95 % intervals."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Interval = tuple[float, float]

_Z = 1.959964
"""The normal distribution's quantile for a two-sided 95 % interval."""

_TAIL = 0.025
"""How likely what is sought lies below a 95 % interval, and how likely above."""

_RESAMPLES = 1000


def wilson(values: Array) -> Interval:
    """The 95 % interval of a proportion, from one boolean or more.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    n, share = len(values), float(values.mean())
    middle = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    return (middle - half) / scale, (middle + half) / scale


def auroc(area: float, positives: int, negatives: int) -> Interval:
    """The 95 % interval of an area under the ROC curve, from at least one of either.

    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic
    (ROC) curve", 1982. It has no width where the area is 0 or 1.
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
    """The 95 % interval of the quantile below which ``share`` of all values lie: two of the values
    in their order, whatever the distribution; None where there are too few to have one.

    David and Nagaraja, "Order Statistics", 2003, section 7.1.
    """
    n = len(values)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    below = np.arange(n + 1)
    logs = logs[n] - logs - logs[::-1] + below * math.log(share) + below[::-1] * math.log1p(-share)
    # How likely at most so many values lie below the quantile: binomial.
    at_most = np.cumsum(np.exp(logs))
    low = int(np.searchsorted(at_most, _TAIL, "right"))
    high = int(np.searchsorted(at_most, 1 - _TAIL)) + 1
    if low < 1 or high > n:
        return None
    ordered = np.sort(values)
    return float(ordered[low - 1]), float(ordered[high - 1])


def bootstrap(figure: Callable[[Array], Any], rows: Array, most: float = math.inf) -> Interval:
    """The 95 % interval of a figure of rows, which lies between 0 and ``most``: the basic
    bootstrap, which takes off the bias of resampling; always the same for the same rows.

    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 5.2.
    """
    random = np.random.default_rng(0)
    again = [figure(rows[random.integers(len(rows), size=len(rows))]) for _ in range(_RESAMPLES)]
    low, high = np.percentile(again, [2.5, 97.5])
    found = float(figure(rows))
    return max(2 * found - float(high), 0.0), min(2 * found - float(low), most)
