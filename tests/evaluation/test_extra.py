"""What is told where the packages of the extra ``evaluate`` are not installed."""

import sys
import tomllib

import pytest

from changai.errors import MissingPackageError
from changai.evaluation import extra
from support.paths import ROOT


def test_where_all_are_installed_nothing_is_told() -> None:
    extra.check()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"scipy"}, "要用 scipy，还没有安装；请运行：pip install 'scipy>="),
        ({"sklearn"}, "要用 scikit-learn，还没有安装；请运行：pip install 'scikit-learn>="),
        ({"scipy", "sklearn"}, "要用 scipy、scikit-learn，还没有安装"),
    ],
)
def test_what_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, missing: set[str], said: str
) -> None:
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError) as told:
        extra.check()
    assert said in str(told.value)


def test_they_are_what_the_extra_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = project["optional-dependencies"]["evaluate"]
    assert sorted(extra._PACKAGES.values()) == sorted(installed)
