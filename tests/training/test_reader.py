"""Training the reader, with a tiny model, and the same as it is shipped."""

import json
from pathlib import Path

import pytest

from changai.errors import TrainingError
from changai.models import readers
from changai.models.transformer import Transformer
from changai.training.packing import pack
from support.tiny_library import check_what_was_learnt, write_tiny_library

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny model trained as a reader in ``out``."""
    from changai.training import reader

    folder = tmp_path_factory.mktemp("reader")
    unanswered = {"question": "the union", "file": "law.txt", "relevant": []}
    recipe = write_tiny_library(folder, unanswered, epochs=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "TOGETHER", 4)
        patch.setattr(reader, "FROZEN", 1)
        patch.setattr(reader, "RATE", 1e-2)
        reader.train(recipe, folder / "out")
    pack(folder / "out", folder / "packed")
    return folder


def test_training_changes_the_upper_layers_and_tells_how(folder: Path) -> None:
    check_what_was_learnt(folder)
    record = json.loads((folder / "out" / "training.json").read_text(encoding="utf-8"))
    assert record["questions"] == [9]
    assert record["steps"] == 60
    # A reader that knows nothing gives each of four passages and none of them the same chance, so
    # that its loss is the logarithm of five, 1.61.
    assert 0 < record["loss"][0] < 1.2


def test_the_shipped_reader_gives_what_sentence_transformers_gives(folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    theirs = CrossEncoder(str(folder / "out"))
    ours = readers.BuiltinReader(folder / "packed")
    passages = [("职工条例", "工会政策。"), ("职工条例", "职工技能。"), ("", "子女入学政策。")]
    question = "工会技能"
    scores = [reading.score for reading in ours.read(question, passages)]
    pairs = [(question, " ".join(filter(None, passage))) for passage in passages]
    assert scores == pytest.approx(theirs.predict(pairs).tolist(), abs=0.05)


def test_the_answering_words_are_told_in_the_text(folder: Path) -> None:
    ours = readers.BuiltinReader(folder / "packed")
    text = "工会政策。"
    (reading,) = ours.read("工会", [("职工条例", text)])
    assert reading.shares.sum() == pytest.approx(1)
    told = [text[start:end] for start, end in reading.spans.tolist()]
    # The tokeniser's mark of a beginning stands at the first character.
    assert [each for each in told if each != "工"] == ["工会", "政策", "。"]


def test_a_passage_longer_than_the_model_reads_is_read_to_its_end(folder: Path) -> None:
    ours = readers.BuiltinReader(folder / "packed")
    text = "职工、" * 50
    (reading,) = ours.read("工会", [("", text)])
    assert {*range(150)} == {
        place for start, end in reading.spans.tolist() for place in range(start, end)
    }
    assert reading.shares.sum() == pytest.approx(1)


def test_as_many_passages_are_read_as_the_tokens_allow(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = readers.BuiltinReader(folder / "packed")
    model = Transformer(folder / "packed", truncate="only_second")
    passage = ("", "职工、技能、竞赛。")
    (window,) = model.windows("工会", passage[1])
    for allowed, read in ((1, 1), (2 * len(window.ids), 2), (3 * len(window.ids) - 1, 2)):
        monkeypatch.setattr(readers, "MOST_TOKENS", allowed)
        assert len(ours.read("工会", [passage] * 4)) == read


def test_a_folder_that_is_there_is_left(folder: Path) -> None:
    from changai.training.reader import train

    with pytest.raises(TrainingError, match="已经存在"):
        train(folder / "recipe.toml", folder / "texts")
