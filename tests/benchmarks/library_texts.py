"""Collect the texts that the questions of tests/data/library were written from.

    python tests/benchmarks/library_texts.py LAWS NEWS OUT

LAWS and NEWS are clones of the repositories that ``texts.tsv`` names, LawRefBook/Laws and
IAAR-Shanghai/CRUD_RAG; OUT is a folder that is made. The texts themselves are not ours to ship.
"""

import csv
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "data" / "library"
LAWS = "LawRefBook/Laws"

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
DATE = re.compile(r"(20\d\d)[-年](\d\d?)[-月](\d\d?)")
SENTENCE = re.compile(r"[^。！？]+[。！？]”?")
PARAGRAPH = 110
"""The news come as one line each: a paragraph ends with the sentence that makes it longer."""
LONGEST_TITLE = 30


@cache
def committed(repository: Path, path: str) -> str:
    """A file as the newest commit of a clone has it. A file of news holds many items."""
    command = ["git", "-C", str(repository), "show", f"HEAD:{path}"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def law(markdown: str) -> str:
    """A law without comments, marks of headings and empty lines."""
    lines = (line.strip().lstrip("#").strip() for line in COMMENT.sub("", markdown).split("\n"))
    return "\n".join(filter(None, lines)) + "\n"


def news(line: str) -> str:
    """A news item with a title, its date, and paragraphs of whole sentences."""
    date = DATE.search(line[:200])
    body = re.sub(r"\s{2,}", " ", line.split("正文：", 1)[-1]).strip().removeprefix("原标题：")
    paragraphs, paragraph = [], ""
    for sentence in SENTENCE.findall(body):
        paragraph += sentence
        if len(paragraph) > PARAGRAPH:
            paragraphs.append(paragraph.strip())
            paragraph = ""
    if paragraph:
        paragraphs.append(paragraph.strip())
    head = [re.split("[。！？]", paragraphs[0])[0][:LONGEST_TITLE]]
    if date:
        year, month, day = date.groups()
        head.append(f"发布日期：{year}-{int(month):02d}-{int(day):02d}")
    return "\n".join([*head, *paragraphs]) + "\n"


def main(laws: str, items: str, out: str) -> None:
    folder = Path(out)
    folder.mkdir(parents=True)
    with (LIBRARY / "texts.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    for row in rows:
        if row["repository"] == LAWS:
            text = law(committed(Path(laws), row["path"]))
        else:
            text = news(committed(Path(items), row["path"]).split("\n")[int(row["line"]) - 1])
        (folder / row["file"]).write_text(text, encoding="utf-8")
    print(f"{len(rows)} texts in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
