"""A trained model and the same as it is shipped."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changai.errors import EncoderError, TrainingError
from changai.models import export
from changai.models.transformer import GRAPH, Transformer
from changai.training import vocabulary
from changai.training.graph import quantised
from changai.training.packing import pack
from support.tiny_model import write_tiny_model

# Whatever makes a model imports torch.
pytestmark = pytest.mark.slow

TEXTS = ["query: 职工子女入学政策", "passage: 每年 the union 技能竞赛。", "工", "", "日本日本 abc"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def packed(trained: Path) -> Path:
    out = trained.with_name("packed")
    pack(trained, out)
    return out


def states_of(model: Transformer, text: str) -> np.ndarray:
    """The last hidden state of each token of a text."""
    windows = model.windows(text)
    return np.concatenate(
        [model.run([window.ids], "last_hidden_state")[0][0] for window in windows]
    )


@pytest.fixture(scope="module")
def states_of_torch(trained: Path) -> Callable[[str], np.ndarray]:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(trained))

    def states(text: str) -> np.ndarray:
        with torch.no_grad():
            states: np.ndarray = model[0](model.preprocess([text]))["token_embeddings"][0].numpy()
            return states

    return states


@pytest.mark.parametrize("text", TEXTS)
def test_the_graph_gives_nearly_what_the_model_gives(
    text: str, packed: Path, states_of_torch: Callable[[str], np.ndarray]
) -> None:
    ours, theirs = states_of(Transformer(packed), text), states_of_torch(text)
    assert ours.shape == theirs.shape
    cosines = (
        (ours * theirs).sum(-1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    )
    assert cosines.min() > 0.9995


def test_its_weights_can_be_taken_back(trained: Path, packed: Path) -> None:
    from safetensors.numpy import load_file

    before, after = load_file(trained / "model.safetensors"), export.weights(packed)
    types = before.pop("embeddings.token_type_embeddings.weight")
    before["embeddings.position_embeddings.weight"] += types[0]
    before = {name: weight for name, weight in before.items() if "pooler" not in name}
    assert after.keys() == before.keys()
    for name, weight in before.items():
        step = np.abs(weight).max() / 127 if weight.ndim == 2 else 1e-6
        assert np.abs(after[name] - weight).max() <= step / 2 + 1e-6, name


def test_a_text_longer_than_the_model_reads_is_read_in_windows(packed: Path) -> None:
    model = Transformer(packed)
    text = "职工、" * 50
    states = states_of(model, text)
    assert len(states) == model.count_tokens(text) > 64
    # The first window is read as it would be alone; it has two special tokens.
    alone = states_of(model, "职工、" * 20)
    assert model.count_tokens("职工、" * 20) < 64
    assert np.abs(states[:64].mean(0) - alone.mean(0)).max() < 0.5


def test_words_left_out_are_spelt(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "SIZE", 0)
    pack(trained, tmp_path / "packed")
    model = Transformer(tmp_path / "packed")
    tokenizer = json.loads((tmp_path / "packed" / "tokenizer.json").read_text(encoding="utf-8"))
    kept = {piece for piece, _ in tokenizer["model"]["vocab"]}
    assert "the" not in kept
    assert {"工会", "người", "t", "h", "e", "<unk>"} <= kept
    # <s>, a space, three letters, </s>
    assert model.count_tokens("the") == 6
    assert states_of(model, "the").shape == (6, 16)


def test_it_is_not_written_over_another(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="已经存在"):
        pack(trained, tmp_path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no-model").mkdir()
    with pytest.raises(TrainingError, match="no-model"):
        pack(tmp_path / "no-model", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["no-model"]


def test_a_graph_that_is_cut_is_refused(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    (tmp_path / GRAPH).write_bytes((packed / GRAPH).read_bytes()[:1000])
    with pytest.raises(EncoderError, match="读不了"):
        export.weights(tmp_path)


def test_a_row_is_whole_numbers_times_its_scale() -> None:
    matrix = np.array([[1.0, -127.0, 63.6], [0.0, 0.0, 0.0], [25.4, 0.2, 0.0]], dtype=np.float32)
    whole, scale = quantised(matrix, axis=1)
    assert whole.dtype == np.int8
    assert whole.tolist() == [[1, -127, 64], [0, 0, 0], [127, 1, 0]]
    assert scale[[0, 2], 0].tolist() == pytest.approx([1.0, 0.2])
