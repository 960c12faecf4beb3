"""The packages of the extra ``train``."""

from importlib.util import find_spec

from changai.errors import MissingPackageError

_PACKAGES = ("accelerate", "datasets", "onnx", "sentence_transformers")


def check() -> None:
    """Raise MissingPackageError where one of them is not installed. None is imported."""
    missing = [name.replace("_", "-") for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"训练模型要用 {'、'.join(missing)}，还没有安装；请运行："
            f"pip install {' '.join(missing)}"
        )
