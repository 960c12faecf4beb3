"""Training the encoder, with a tiny model."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from changai.errors import TrainingError
from changai.training.material import Asked, Material, read_library
from support.tiny_library import check_what_was_learnt, write_tiny_library

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float32]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from changai.training import against_all, in_batch

    for way in (in_batch, against_all):
        monkeypatch.setattr(way, "BATCH", 4)
        monkeypatch.setattr(way, "FROZEN", 1)
        monkeypatch.setattr(way, "RATE", 1e-2)
    write_tiny_library(tmp_path, epochs=6)
    return tmp_path


def recipe(folder: Path, against: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(f'against = "{against}"\n' + path.read_text(encoding="utf-8"), "utf-8")
    return path


@pytest.mark.parametrize("against", ["batch", "all"])
def test_training_changes_the_upper_layers_and_tells_how(folder: Path, against: str) -> None:
    from changai.training.encoder import train

    (folder / "model" / "training.json").write_text('{"steps": 3}', encoding="utf-8")
    train(recipe(folder, against), folder / "out")
    check_what_was_learnt(folder)
    record = json.loads((folder / "out" / "training.json").read_text(encoding="utf-8"))
    assert record["recipe"]["base"] == "model"
    assert record["recipe"]["against"] == against
    assert record["questions"] == [8]
    assert record["steps"] == 12
    assert record["base"] == {"steps": 3}
    assert {path.name for path in folder.iterdir()} == {
        *("bert", "model", "out", "questions", "recipe.toml", "texts")
    }


def test_in_a_batch_the_right_passage_is_found(folder: Path) -> None:
    from changai.training.encoder import train

    train(recipe(folder, "batch"), folder / "out")
    record = json.loads((folder / "out" / "training.json").read_text(encoding="utf-8"))
    # A model that knows nothing has the logarithm of the batch: 1.39.
    assert 0 < record["loss"] < 1.2


def test_against_all_questions_move_and_passages_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight articles, each has a question that two others share one of two words with."""
    from sentence_transformers import SentenceTransformer

    from changai.training import against_all
    from changai.training.tuning import TEMPERATURE

    monkeypatch.setattr(against_all, "STEADY", 1)
    material = read_library(folder / "questions", folder / "texts")
    model = SentenceTransformer(str(folder / "model"))

    def vectors() -> tuple[Floats, Floats]:
        questions = [asked.question for asked in material.questions]
        return (
            model.encode_query(questions, normalize_embeddings=True),
            model.encode_document(list(material.passages), normalize_embeddings=True),
        )

    def losses(questions: Floats, passages: Floats) -> Floats:
        logits = questions @ passages.T / TEMPERATURE
        right = logits[np.arange(8), [asked.answering[0] for asked in material.questions]]
        every: Floats = np.log(np.exp(logits).sum(axis=1)) - right
        return every

    questions, passages = vectors()
    steps, _ = against_all.fine_tune(model, material, 60 * [material.questions], seed=1)
    assert steps == 120
    learnt, kept = vectors()
    assert losses(learnt, passages).mean() < losses(questions, passages).mean() / 2
    assert (kept * passages).sum(axis=1).min() > 0.99
    assert (learnt * questions).sum(axis=1).max() < 0.5


def test_a_passage_that_may_answer_too_is_neither_right_nor_wrong() -> None:
    """Passage 0 answers. Of the other text, 2 says nearly the same, 3 holds the same words, and
    5 neither; 1 and 4 are of the same text."""
    import torch

    from changai.training import against_all

    passages = ("甲", "甲", "丙", "丁三十日", "戊三十日", "己")
    material = Material(passages, passages, (0, 0, 1, 1, 0, 1), ())
    turned = torch.tensor([0.0, 0.1, 0.2, 0.9, 0.9, 0.9])
    vectors = torch.stack([turned.cos(), turned.sin()], dim=1)
    asked = Asked("多少日?", 0, (0,), "三十日")
    assert sorted(against_all._neither(material, vectors, asked).tolist()) == [2, 3]


@pytest.mark.parametrize("against", ["batch", "all"])
def test_a_folder_that_is_there_is_left(folder: Path, against: str) -> None:
    from changai.training.encoder import train

    with pytest.raises(TrainingError, match="已经存在"):
        train(recipe(folder, against), folder / "texts")


@pytest.mark.parametrize("against", ["batch", "all"])
def test_too_few_questions_are_told(folder: Path, against: str) -> None:
    from changai.training.encoder import train

    path = folder / "questions" / "1.jsonl"
    path.write_text("\n".join(path.read_text(encoding="utf-8").split("\n")[:3]), "utf-8")
    with pytest.raises(TrainingError, match="不到 4 个"):
        train(recipe(folder, against), folder / "out")
