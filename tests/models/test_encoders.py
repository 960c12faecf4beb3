"""The built-in encoder: the real model."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from changai.errors import EncoderError
from changai.models import encoders
from changai.models.encoders import Encoder

SCHOOL = "优化外来劳动者子女入学政策"
CONTEST = "每年实施技能竞赛和技能培训双千行动"
AWKWARD = [
    "\ufdfa" * 20,  # NFKC makes 18 characters of each
    pytest.param("\ufdfa" * 512, marks=pytest.mark.slow),
    "\0",
    "工会\0热线",
    "",
    " \n\t",
    pytest.param("长" * 3000, marks=pytest.mark.slow),
    "🧑‍🏭 \U0010ffff \u202e",
]


def test_identity_names_the_weights_by_a_checksum(encoder: Encoder) -> None:
    identity = encoder.identity
    assert (identity.name, identity.dimension) == ("builtin", 384)
    assert re.fullmatch("[0-9a-f]{64}", identity.weights_sha256)


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model.onnx"])
def test_another_tokeniser_or_graph_is_another_identity(
    name: str, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(encoders.BUILTIN_FOLDER, tmp_path / "encoder"))
    # A blank behind JSON, and an empty field of protobuf, change nothing that is read.
    with (folder / name).open("ab") as file:
        file.write(b" " if name.endswith(".json") else b"\x22\x00")
    monkeypatch.setattr(encoders, "BUILTIN_FOLDER", folder)
    assert encoders.load("builtin").identity.weights_sha256 != encoder.identity.weights_sha256


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model.onnx"])
@pytest.mark.parametrize("there", [True, False])
def test_a_broken_model_is_named(
    name: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(encoders.BUILTIN_FOLDER, tmp_path / "encoder"))
    (folder / name).write_bytes((folder / name).read_bytes()[:1000])
    if not there:
        (folder / name).unlink()
    monkeypatch.setattr(encoders, "BUILTIN_FOLDER", folder)
    with pytest.raises(EncoderError, match=r"encoder.*重新安装"):
        encoders.load("builtin")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_row_a_text(encoder: Encoder, count: int) -> None:
    texts = [SCHOOL, CONTEST, SCHOOL][:count]
    for vectors in (encoder.encode_questions(texts), encoder.encode_passages(texts)):
        assert vectors.shape == (count, 384)
        assert vectors.dtype == np.float32


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_give_unit_vectors(encoder: Encoder, text: str) -> None:
    assert np.linalg.norm(encoder.encode_passages([text])[0]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(encoder.encode_questions([text[:512]])[0]) == pytest.approx(1, abs=1e-5)


def test_a_batch_gives_what_its_texts_give_alone(encoder: Encoder) -> None:
    texts = [SCHOOL, "", "工会\0热线", CONTEST, SCHOOL * 5, "1"]
    for encode in (encoder.encode_questions, encoder.encode_passages):
        alone = np.concatenate([encode([text]) for text in texts])
        assert np.abs(encode(texts) - alone).max() <= 1e-5


def test_text_behind_a_nul_is_read(encoder: Encoder) -> None:
    whole, apart, cut = encoder.encode_passages(["工会\0热线", "工会 热线", "工会"])
    assert whole == pytest.approx(apart, abs=1e-6)
    assert np.abs(whole - cut).max() > 0.01


def test_rare_characters_are_counted(encoder: Encoder) -> None:
    one, many = (encoder.count_tokens("龘、" * number) for number in (1, 101))
    assert many - one == 200


def test_tokens_behind_a_nul_and_of_what_grows_are_counted(encoder: Encoder) -> None:
    assert encoder.count_tokens("工会\0热线") == encoder.count_tokens("工会 热线")
    # U+FDFA stands for these four words.
    phrase = "صلى الله عليه وسلم"
    assert encoder.count_tokens("\ufdfa") == encoder.count_tokens(phrase)


def test_questions_and_passages_are_encoded_differently(encoder: Encoder) -> None:
    question, passage = encoder.encode_questions([SCHOOL]), encoder.encode_passages([SCHOOL])
    assert np.abs(question - passage).max() > 0.01


@pytest.mark.parametrize(
    ("question", "nearer"), [("外地人的孩子怎么上学?", 0), ("想参加比武练兵", 1)]
)
def test_a_question_is_nearer_to_what_answers_it(
    encoder: Encoder, question: str, nearer: int
) -> None:
    passages = encoder.encode_passages([SCHOOL, CONTEST])
    assert int((passages @ encoder.encode_questions([question])[0]).argmax()) == nearer


# Where there is one, sentence-transformers looks into it, and takes seconds to import.
@pytest.mark.parametrize("there", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_directory_without_a_model_is_no_encoder(tmp_path: Path, there: bool) -> None:
    directory = tmp_path / "my-model"
    if there:
        directory.mkdir()
    with pytest.raises(EncoderError, match="my-model"):
        encoders.load(str(directory))
