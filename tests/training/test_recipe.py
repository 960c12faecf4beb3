"""What a recipe may say."""

import json
from pathlib import Path

import pytest

from changai.errors import TrainingError
from changai.training.recipe import EncoderRecipe, Recipe, drawn, read_material, read_recipe

RECIPE = """
base = "some/model"
seed = 2

[[material]]
questions = "questions"
texts = "texts"

[[material]]
squad = "squad.json"
each_epoch = 1
"""
SQUAD = {
    "data": [
        {
            "title": "工会",
            "paragraphs": [
                {
                    "context": "工会维护职工权益。",
                    "qas": [
                        {"id": "1", "question": "谁维护权益?", "answers": [{"text": "工会"}]},
                        {"id": "2", "question": "维护什么?", "answers": [{"text": "权益"}]},
                        {"id": "3", "question": "几点上班?", "is_impossible": True},
                    ],
                }
            ],
        }
    ]
}
LAW = "职工条例\n第一条 工会每年举办技能竞赛。\n第二条 职工子女可以入学。\n"
OTHER = "竞赛办法\n第一条 竞赛每年一次。\n"
QUESTIONS = [
    {"question": "娃儿能上学不", "file": "law.txt", "relevant": ["子女可以入学"], "answer": "可以"},
    {"question": "竞赛奖金多少", "file": "law.txt", "relevant": [], "nearest": "技能竞赛"},
    {"question": "竞赛几次", "file": "other.txt", "relevant": ["每年一次"]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD), encoding="utf-8")
    for name in ("questions", "texts"):
        (tmp_path / name).mkdir()
    (tmp_path / "texts" / "law.txt").write_text(LAW, encoding="utf-8")
    (tmp_path / "texts" / "other.txt").write_text(OTHER, encoding="utf-8")
    table = "part\tfile\ntrain\tlaw.txt\nheld out\tother.txt\n"
    (tmp_path / "questions" / "texts.tsv").write_text(table, encoding="utf-8")
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in QUESTIONS)
    (tmp_path / "questions" / "1.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_its_material_is_that_of_all_parts(folder: Path) -> None:
    recipe = read_recipe(folder / "recipe.toml", Recipe)
    assert (recipe.base, recipe.epochs, recipe.seed) == ("some/model", 2, 2)
    material, places = read_material(recipe, folder)
    assert places == [range(0, 2), range(2, 4)]
    school, prize, who, what = material.questions
    (place,) = school.answering
    assert material.passages[place].startswith("职工条例")
    assert "子女可以入学" in material.passages[place]
    assert (school.words, school.nearest) == ("可以", None)
    assert prize.answering == ()
    assert prize.nearest is not None
    assert "技能竞赛" in material.passages[prize.nearest]
    assert who.answering == what.answering
    assert material.passages[who.answering[0]] == "工会工会维护职工权益。"
    assert material.texts[who.answering[0]] == who.text != school.text
    assert not any("一次" in passage for passage in material.passages)


def test_an_epoch_draws_some_of_a_part_anew(folder: Path) -> None:
    recipe = read_recipe(folder / "recipe.toml", Recipe)
    material, places = read_material(recipe, folder)
    epochs = [drawn(recipe, material, places, epoch) for epoch in range(20)]
    assert all(epoch[:2] == list(material.questions[:2]) for epoch in epochs)
    assert {epoch[2].question for epoch in epochs} == {"谁维护权益?", "维护什么?"}
    assert all(len(epoch) == 3 for epoch in epochs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("base = 1\nmaterial = []", "base"),
        ("material = []", "base"),
        ('base = "a"\nmaterial = []\nepochs = 0', "epochs"),
        ('base = "a"\n[[material]]\nquestions = "q"', "material.0"),
        ('base = "a"\nmaterial = []\nspeed = 1', "speed"),
        ('base = "a"\nmaterial = []\nagainst = "some"', "against"),
        ("base = ", "end of document"),
    ],
)
def test_what_is_wrong_with_it_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=rf"recipe\.toml.*{told}"):
        read_recipe(tmp_path / "recipe.toml", EncoderRecipe)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.toml"):
        read_recipe(tmp_path / "none.toml", Recipe)
