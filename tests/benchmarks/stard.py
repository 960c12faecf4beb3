"""Write STARD (oneal2000/STARD), laymen's questions to articles of Chinese law, as a library.

    python tests/benchmarks/stard.py QUERIES OUT [TEXTS]

QUERIES is its JSON file. OUT gets the questions, ``texts.tsv`` and, in ``texts/``, a file for each
law with the articles that answer, so that ``changai train`` can read it. A law whose name begins
the name of a file in the folder TEXTS is left out: it is kept to measure on.
"""

import csv
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

NUMBERED = re.compile(r"(.+?)(第[一二三四五六七八九十百千零〇]+条(?:之[一二三四五六七八九十]+)?)")
STATE = "中华人民共和国"
OPENING = re.compile(r"[^（(：:]{4,40}")
"""The words that a passage is found by: before any list, which may be a passage of its own."""


def main(queries: str, out: str, texts: str = "") -> None:
    kept = {path.stem.split("(")[0] for path in Path(texts).glob("*.txt")} if texts else set()
    laws: dict[str, dict[str, str]] = defaultdict(dict)
    asked = []
    for row in json.loads(Path(queries).read_text(encoding="utf-8")):
        for name, content in row["相关法规"].items():
            match = NUMBERED.fullmatch(name)
            content = "".join(line.strip() for line in content.splitlines())
            opening = OPENING.match(content)
            if match is None or opening is None or match[1].removeprefix(STATE) in kept:
                continue
            law = match[1].replace("/", "／")
            laws[law][match[2]] = f"{match[2]} {content}"
            asked.append({"question": row["问题"], "file": f"{law}.txt", "relevant": [opening[0]]})
    folder = Path(out)
    (folder / "texts").mkdir(parents=True)
    for law, articles in laws.items():
        text = "\n".join([law, *articles.values()]) + "\n"
        (folder / "texts" / f"{law}.txt").write_text(text, encoding="utf-8")
    with (folder / "texts.tsv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table, delimiter="\t")
        rows.writerow(["part", "file"])
        rows.writerows(["train", f"{law}.txt"] for law in laws)
    lines = (json.dumps(each, ensure_ascii=False) for each in asked)
    (folder / "stard.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(asked)} questions, {len(laws)} laws")


if __name__ == "__main__":
    main(*sys.argv[1:])
