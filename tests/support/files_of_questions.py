"""Files of questions, for the tests of what reads them."""

import json
from pathlib import Path
from typing import Any


def write_questions(folder: Path, text: str) -> Path:
    path = folder / "asked.jsonl"
    path.write_bytes(text.encode())
    return path


def write_squad(folder: Path, *articles: dict[str, Any]) -> Path:
    return write_questions(folder, json.dumps({"version": "1.1", "data": articles}))


SKY = {
    "title": "天空",
    "paragraphs": [
        {
            "context": "白天的天空是蓝色的。",
            "qas": [
                {
                    "question": "天空是什么颜色?",
                    "answers": [{"text": "蓝色", "answer_start": 6}, {"text": "蓝色"}],
                }
            ],
        },
        {"context": "夜里的天空能看见星星。", "qas": [{"question": "夜里能看见什么?"}]},
    ],
}
COOKING = {
    "paragraphs": [
        {
            "context": "米饭要用水煮二十分钟。",
            "qas": [{"question": "面条要煮多久?", "is_impossible": True, "answers": []}],
        }
    ]
}
