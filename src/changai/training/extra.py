"""The packages of the extra ``train``."""

from changai.evaluation.extra import require

_PACKAGES = {
    "accelerate": "accelerate",
    "datasets": "datasets",
    "onnx": "onnx>=1.17",
    "sentence_transformers": "sentence-transformers>=5.4",
}
"""The requirements of pyproject.toml, with those that sentence-transformers needs for training, by
the name that each package is imported under."""


def check() -> None:
    """Raise MissingPackageError where one of them is not installed. None is imported."""
    require(_PACKAGES, "训练模型")
