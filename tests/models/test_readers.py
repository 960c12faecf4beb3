"""The built-in reader: the real model."""

import numpy as np
import pytest

from changai.errors import EncoderError
from changai.models import readers
from changai.models.readers import Reader

TITLE = "职工带薪年休假条例"
DAYS = "职工累计工作已满1年不满10年的，年休假5天；已满10年不满20年的，年休假10天。"
DUTY = "单位应当保证职工享受年休假。"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return readers.load()


def test_what_answers_reads_better_than_what_does_not(reader: Reader) -> None:
    days, duty = reader.read("干满三年的年休假有几天?", [(TITLE, DAYS), (TITLE, DUTY)])
    assert days.score > duty.score + 1


def test_the_answering_words_have_most_of_the_shares(reader: Reader) -> None:
    (reading,) = reader.read("干满三年的年休假有几天?", [(TITLE, DAYS)])
    assert reading.shares.sum() == pytest.approx(1, abs=1e-5)
    assert reading.spans.max() <= len(DAYS)
    best = reading.spans[reading.shares.argmax()]
    assert "5天".find(DAYS[slice(*best)]) >= 0


@pytest.mark.parametrize("text", ["字", "\ufdfa" * 20, "工会\0热线", "🧑‍🏭 \U0010ffff \u202e"])
def test_awkward_texts_are_read(reader: Reader, text: str) -> None:
    for passage in (("", text), (TITLE, text)):
        (reading,) = reader.read(text, [passage])
        assert np.isfinite(reading.score)
        assert np.isfinite(reading.shares).all()


def test_a_long_passage_is_read_as_far_as_the_tokens_go(reader: Reader) -> None:
    (only,) = reader.read("年休假?", [(TITLE, "职工年休假。" * 400), (TITLE, DAYS)])
    assert 100 < len(only.spans) <= readers.MOST_TOKENS


def test_what_was_read_is_remembered_by_question_and_passage(reader: Reader) -> None:
    (whole,) = reader.read("年休假几天?", [(TITLE, DAYS)])
    assert reader.read("年休假几天?", [(TITLE, DAYS)])[0] is whole
    assert reader.read("年休假谁给?", [(TITLE, DAYS)])[0] is not whole
    assert reader.read("年休假几天?", [("", DAYS)])[0] is not whole


def test_a_reader_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BUILTIN_FOLDER", readers.BUILTIN_FOLDER / "none")
    with pytest.raises(EncoderError, match="重新安装"):
        readers.load()
