"""A small article that brings questions along, for tests that build an index of their own."""

import json
from collections.abc import Sequence
from pathlib import Path

ARTICLE = (
    "焊工劳保办法\n每名焊工每年发放安全帽两顶。\n焊工体检费用由企业承担。\n食堂每日供应三餐。\n"
)
HELMETS = ("焊工一年能领几顶帽子?", ["安全帽两顶"])
CHECK_UP = ("体检要自己掏钱吗?", ["体检费用由企业承担"])
OPENING: tuple[str, list[str]] = ("食堂几点开门?", [])
QUESTIONS: Sequence[tuple[str, Sequence[str]]] = (HELMETS, CHECK_UP, OPENING)


def write_small(folder: Path) -> Path:
    """Write the article and its questions into ``folder/articles``, and return that."""
    articles = folder / "articles"
    articles.mkdir(parents=True)
    (articles / "welders.txt").write_text(ARTICLE, encoding="utf-8")
    write_faq(articles, *QUESTIONS)
    return articles


def write_faq(articles: Path, *questions: tuple[str, Sequence[str]]) -> None:
    """Write the questions that the article brings along."""
    lines = [json.dumps({"question": q, "relevant": r}, ensure_ascii=False) for q, r in questions]
    path = articles / "welders.questions.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
