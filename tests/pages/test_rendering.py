"""What all templates have in common: values are escaped, and a page stands alone."""

import re

import pytest
from jinja2 import UndefinedError

from changai.pages.rendering import asset, environment, render
from support.pages import Strict

FAILURE = {"title": "题<目>", "message": "正文", "chat": "./"}
TABLE: dict[str, list[object]] = {"rows": [], "sources": []}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_page_stands_alone() -> None:
    text = render("pages/templates/failure.html", **FAILURE)
    made = Strict(text)
    tags = dict(made.tags)
    assert text.startswith("<!DOCTYPE html>\n<html")
    assert tags["html"]["lang"] == "zh-CN"
    assert tags["link"]["href"] == "data:,"
    assert ("content", POLICY) in [pair for tag, a in made.tags for pair in a.items()]
    assert not re.search(r"https?:|url\(|@import|<script", text)
    assert made.text == "题<目>题<目>正文返回问答"


def test_its_own_sheet_comes_behind_that_of_every_page() -> None:
    text = render("pages/templates/failure.html", **FAILURE)
    sheets = [asset(f"pages/assets/{name}.css") for name in ("paper", "reader")]
    assert f"<style>\n{sheets[0]}{sheets[1]}</style>" in text


def test_only_a_page_that_brings_a_script_may_run_one() -> None:
    text = render("pages/templates/documents.html", **TABLE)
    assert text.count("<script>") == 1
    assert text.index("</main>") < text.index("<script>") < text.index("</body>")
    assert asset("pages/assets/tables.js") in text
    assert f"\"{POLICY}; script-src 'unsafe-inline'\"" in text
    assert "script-src" not in render("pages/templates/failure.html", **FAILURE)


def test_what_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="chat"):
        render("pages/templates/failure.html", title="题目", message="正文")


def test_nothing_but_assets_is_printed_as_it_stands() -> None:
    loader = environment().loader
    assert loader is not None
    templates = [name for name in environment().list_templates() if "/templates/" in name]
    assert len(templates) > 10
    whole = "\n".join(loader.get_source(environment(), name)[0] for name in templates)
    found = re.findall(r"{{ ([^{]*?)\|safe }}", whole)
    assert found == ['asset("pages/assets/paper.css")', "asset(sheet)", "asset(script)"]
    assert len(re.findall(r"\|\s*safe\b", whole)) == 3
    assert "autoescape" not in whole
