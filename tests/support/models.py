"""Models made by hand."""

from collections.abc import Mapping

import numpy as np

from changai.models.fitted import FEATURES, Logistic, Model


def made_model(*, threshold: float = 0.5, **parts: Mapping[str, float]) -> Model:
    """A model with these weights and, by the name ``intercept``, intercepts; all others are 0, but
    that reading leaves the scores as they are."""
    assert parts.keys() <= FEATURES.keys()
    given = {"reranking": {"score": 1.0}, **parts}
    made = {name: _made(features, given.get(name, {})) for name, features in FEATURES.items()}
    return Model(**made, threshold=threshold)


def _made(features: tuple[str, ...], numbers: Mapping[str, float]) -> Logistic:
    assert numbers.keys() <= {*features, "intercept"}
    weights = np.array([numbers.get(name, 0) for name in features], dtype=np.float32)
    return Logistic(features, weights, numbers.get("intercept", 0))
