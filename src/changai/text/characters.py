"""Kinds of characters in a text."""

import re
import unicodedata

HAN = r"\u3007\u3400-\u9fff\U00020000-\U0003ffff"
"""The Chinese characters, to be put between the brackets of a regular expression."""

_HAN_CHARACTER = re.compile(f"[{HAN}]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogates(text: str) -> bool:
    """Whether a text holds lone surrogates, which cannot be encoded as UTF-8."""
    return _SURROGATE.search(text) is not None


def has_han(text: str) -> bool:
    """Whether a text holds any Chinese character."""
    return _HAN_CHARACTER.search(text) is not None


def has_words(text: str) -> bool:
    """Whether a text holds any letter or digit; a Chinese character is a letter."""
    return any(character.isalnum() for character in text)


def is_printable(text: str) -> bool:
    """Whether every character of a text shows, or is a blank: no control, no line break, nothing
    that turns the direction of writing."""
    return all(c.isprintable() or unicodedata.category(c) == "Zs" for c in text)
