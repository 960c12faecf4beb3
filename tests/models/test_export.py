"""The exported model against the one that it is made from."""

import contextlib
import io
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from changai.errors import EncoderError
from changai.models import encoders, export
from changai.models.encoders import Encoder

# Looked for and not imported: that alone takes seconds, for those too who run none of these.
if not (find_spec("sentence_transformers") and find_spec("onnx")):
    pytest.skip("no sentence-transformers or no onnx", allow_module_level=True)
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


def test_it_gives_the_same_vectors(loaded: Encoder, encoder: Encoder) -> None:
    pairs = [
        (loaded.encode_questions(TEXTS), encoder.encode_questions(TEXTS)),
        (loaded.encode_passages(TEXTS), encoder.encode_passages(TEXTS)),
    ]
    for ours, theirs in pairs:
        assert ours.shape == (len(TEXTS), 384)
        assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
        assert (ours * theirs).sum(axis=1).min() >= 0.9999


@pytest.mark.parametrize("text", TEXTS)
def test_a_question_has_as_many_tokens(text: str, loaded: Encoder, encoder: Encoder) -> None:
    assert loaded.count_tokens(text) == encoder.count_tokens(text)


def test_only_the_tokens_that_the_model_keeps_are_counted(loaded: Encoder) -> None:
    assert loaded.count_tokens("字，" * 3000) == 512


def test_identity_is_the_same_at_every_loading(
    exported: Exported, loaded: Encoder, encoder: Encoder
) -> None:
    again = encoders.load(str(exported.directory)).identity

    assert again == loaded.identity
    assert (again.name, again.dimension) == (str(exported.directory), 384)
    assert again.weights_sha256 != encoder.identity.weights_sha256


def test_how_it_was_made_goes_with_it(exported: Exported) -> None:
    record = Path("training.json")
    told = (exported.directory / record).read_text(encoding="utf-8")
    assert told == (encoders.BUILTIN_FOLDER / record).read_text(encoding="utf-8")


def test_nothing_else_is_written(exported: Exported) -> None:
    assert exported.siblings == ["model"]


def test_an_existing_directory_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(EncoderError, match="已经存在"):
        export.export_builtin(tmp_path)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["mine"]


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="写不了"):
        export.export_builtin(tmp_path / "missing" / "model")
    assert not list(tmp_path.iterdir())


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
