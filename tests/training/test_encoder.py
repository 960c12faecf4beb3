"""Training the encoder, with a tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest

from changai.errors import TrainingError
from support.tiny_library import write_tiny_library

pytestmark = pytest.mark.slow


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from changai.training import encoder

    monkeypatch.setattr(encoder, "BATCH", 4)
    monkeypatch.setattr(encoder, "FROZEN", 1)
    monkeypatch.setattr(encoder, "RATE", 1e-2)
    return write_tiny_library(tmp_path, epochs=6)


def test_training_changes_the_upper_layers_and_tells_how(recipe: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    from changai.training.encoder import train

    train(recipe, tmp_path / "out")
    before = load_file(tmp_path / "model" / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    for name, weight in before.items():
        fixed = name.startswith(("embeddings.", "encoder.layer.0.", "pooler."))
        assert np.array_equal(after[name], weight) == fixed, name
    record = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert record["recipe"]["base"] == "model"
    assert record["questions"] == [8]
    assert record["steps"] == 12
    # A model that knows nothing has the logarithm of the batch: 1.39.
    assert 0 < record["loss"] < 1.2
    assert {path.name for path in tmp_path.iterdir()} == {
        *("bert", "model", "out", "questions", "recipe.toml", "texts")
    }


def test_a_folder_that_is_there_is_left(recipe: Path, tmp_path: Path) -> None:
    from changai.training.encoder import train

    with pytest.raises(TrainingError, match="已经存在"):
        train(recipe, tmp_path / "texts")


def test_too_few_questions_are_told(recipe: Path, tmp_path: Path) -> None:
    from changai.training.encoder import train

    path = tmp_path / "questions" / "1.jsonl"
    path.write_text("\n".join(path.read_text(encoding="utf-8").split("\n")[:3]), "utf-8")
    with pytest.raises(TrainingError, match="不到 4 个"):
        train(recipe, tmp_path / "out")
