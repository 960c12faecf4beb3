"""The word lists that come with the package."""

from importlib.resources import files


def lines(name: str) -> list[str]:
    """The lines of a list, without comments and blank lines."""
    text = files("changai.text.lexicon").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def words(name: str) -> list[str]:
    """The words of a list, in its order, whatever lines they stand on."""
    return [word for line in lines(name) for word in line.split()]
