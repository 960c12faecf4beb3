"""The packages of the extra ``evaluate``, which only some commands need, and how one asks for those
of any extra."""

from collections.abc import Mapping
from importlib.util import find_spec

from changai.errors import MissingPackageError

_PACKAGES = {"scipy": "scipy>=1.15", "sklearn": "scikit-learn>=1.6"}
"""The requirements of pyproject.toml, by the name that each package is imported under."""


def check() -> None:
    """Raise MissingPackageError where one of them is not installed. None is imported."""
    require(_PACKAGES, "写测评报告和拟合权重")


def require(packages: Mapping[str, str], purpose: str) -> None:
    """Raise MissingPackageError for those packages, requirements by the name that each is imported
    under, that are not installed. None is imported."""
    missing = [package for name, package in packages.items() if find_spec(name) is None]
    if missing:
        names = "、".join(package.partition(">")[0] for package in missing)
        wanted = " ".join(f"'{package}'" for package in missing)
        raise MissingPackageError(
            f"{purpose}要用 {names}，还没有安装；请运行：pip install {wanted}"
        )
