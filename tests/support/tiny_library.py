"""A library of one made-up law, to train tiny models on."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from support.tiny_model import WORDS, write_tiny_model

LAW = "职工条例\n" + "".join(
    f"第{number}条 {one}{two}。\n"
    for number, (one, two) in zip(
        "一二三四五六七八", ((one, two) for one in WORDS[:4] for two in WORDS[5:7]), strict=True
    )
)


def write_tiny_library(folder: Path, *more: dict[str, Any], epochs: int) -> Path:
    """Write the tiny model, the law, a question of each of its articles and ``more``, and return
    the recipe that trains on them."""
    write_tiny_model(folder)
    for name in ("questions", "texts"):
        (folder / name).mkdir()
    (folder / "texts" / "law.txt").write_text(LAW, encoding="utf-8")
    (folder / "questions" / "texts.tsv").write_text("part\tfile\ntrain\tlaw.txt\n", "utf-8")
    lines: list[dict[str, Any]] = [
        {"question": f"{one}{two}", "file": "law.txt", "relevant": [f"{one}{two}"], "answer": two}
        for one in WORDS[:4]
        for two in WORDS[5:7]
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in [*lines, *more])
    (folder / "questions" / "1.jsonl").write_text(text, encoding="utf-8")
    made = f'base = "model"\nepochs = {epochs}\n'
    made += '[[material]]\nquestions = "questions"\ntexts = "texts"\n'
    (folder / "recipe.toml").write_text(made, encoding="utf-8")
    return folder / "recipe.toml"


def check_what_was_learnt(folder: Path) -> None:
    """Hold that training changed the weights of the tiny model's upper layer, and no others."""
    from safetensors.numpy import load_file

    before = load_file(folder / "model" / "model.safetensors")
    after = load_file(folder / "out" / "model.safetensors")
    for name, weight in before.items():
        fixed = name.startswith(("embeddings.", "encoder.layer.0.", "pooler."))
        assert np.array_equal(after[name], weight) == fixed, name
