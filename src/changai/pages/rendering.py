"""Renders templates to HTML, and reads style sheets and scripts.

A template or an asset is named by its path in the package, such as ``pages/templates/answer.html``.
"""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment() -> Environment:
    """The environment of all templates. It escapes every value, and raises UndefinedError for a
    missing one."""
    made = Environment(
        loader=PackageLoader("changai", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = asset
    return made


def render(template: str, **values: object) -> str:
    """Render a template with these values."""
    return environment().get_template(template).render(values)


@cache
def asset(path: str) -> str:
    """The text of a style sheet or script of the package."""
    return files("changai").joinpath(path).read_text(encoding="utf-8")
