"""The packages of the extra ``evaluate``, which only some commands need."""

from importlib.util import find_spec

from changai.errors import MissingPackageError

_PACKAGES = {"scipy": "scipy>=1.15", "sklearn": "scikit-learn>=1.6"}
"""The requirements of pyproject.toml, by the name that each package is imported under."""


def check() -> None:
    """Raise MissingPackageError where one of them is not installed. None is imported."""
    missing = [package for name, package in _PACKAGES.items() if find_spec(name) is None]
    if missing:
        names = "、".join(package.partition(">")[0] for package in missing)
        wanted = " ".join(f"'{package}'" for package in missing)
        raise MissingPackageError(
            f"写测评报告和拟合权重要用 {names}，还没有安装；请运行：pip install {wanted}"
        )
