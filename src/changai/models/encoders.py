"""Encoders: text to unit vectors.

``builtin`` is multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", 2024), trained
on questions about official texts (``training``), in 8 bits. Any other name is a
sentence-transformers model, by its hub name or its directory.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from changai import files
from changai.errors import EncoderError
from changai.models.transformer import GRAPH, Transformer
from changai.records import EncoderIdentity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

# What sentence-transformers raises for the various broken files of a model.
_BROKEN_MODEL = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)

BUILTIN = "builtin"
BUILTIN_FOLDER = Path(__file__).with_name("encoder")
"""A sentence-transformers model that comes with the package."""

_HASHED = ("config.json", "config_sentence_transformers.json", "tokenizer.json", str(GRAPH))


class Encoder(Protocol):
    """Turns texts into rows of unit length; questions and passages may be encoded differently."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def count_tokens(self, question: str) -> int:
        """How many tokens of a question would be encoded, which decides what that costs. Tokens
        that the model would cut off do not count. Counting is cheap."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``."""
        ...


def load(name: str) -> Encoder:
    """Load the encoder of that name.

    Raises EncoderError when its package is missing or its model cannot be loaded.
    """
    if not name:
        raise EncoderError("编码器的名字是空的；请写 builtin，或模型的名称、目录")
    if name == BUILTIN:
        return _BuiltinEncoder(BUILTIN_FOLDER)
    if Path(name).is_dir():
        # The index stores this name, and may be opened from another working directory.
        name = str(Path(name).resolve())
    elif name.startswith((".", "/")):
        raise EncoderError(f"没有模型目录 {name}；请检查路径")
    return _SentenceTransformersEncoder(name)


class _BuiltinEncoder:
    def __init__(self, folder: Path) -> None:
        self._model = Transformer(folder)
        settings = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))
        self._prompts: dict[str, str] = settings["prompts"]
        digests = "".join(files.sha256(folder / name) for name in _HASHED)
        digest = hashlib.sha256(digests.encode()).hexdigest()
        self.identity = EncoderIdentity(BUILTIN, digest, self._model.width)

    def count_tokens(self, question: str) -> int:
        return self._model.count_tokens(self._prompts["query"] + question)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._prompts["query"], texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._prompts["document"], texts)

    def _encode(self, prompt: str, texts: Sequence[str]) -> Vectors:
        means = self._model.means([prompt + text for text in texts])
        vectors: Vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
        return vectors


class _SentenceTransformersEncoder:
    def __init__(self, name: str) -> None:
        self._model = _load_sentence_transformer(name)
        self.identity = EncoderIdentity(
            name,
            _hash_model(self._model),
            int(self._model.encode_query("维").shape[0]),
        )

    def count_tokens(self, question: str) -> int:
        read = self._model.preprocess([question], prompt=self._model.prompts.get("query"))
        return int(read["input_ids"].shape[-1])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Callable[..., Vectors], texts: Sequence[str]) -> Vectors:
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        # For an empty list the library returns an array of one dimension.
        return vectors.reshape(len(texts), self.identity.dimension)


def _load_sentence_transformer(model: str) -> "SentenceTransformer":
    try:
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise EncoderError(
            f"编码器 {model} 需要 sentence-transformers（{error}）；请运行："
            "pip install 'sentence-transformers>=5.4'"
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(model)
    except (OSError, *_BROKEN_MODEL, SafetensorError) as error:
        raise EncoderError(
            f"sentence-transformers 读不了模型 {model}（{error}）；请给出已保存模型的目录，"
            "或本机连得上的模型名"
        ) from error


def _hash_model(model: "SentenceTransformer") -> str:
    """SHA-256 over the prompts, each module's settings and every weight, by name.

    The pooler is left out: sentence-transformers does not use it, and transformers fills it with
    random numbers whenever it loads a model that was saved without one.
    """
    modules: list[Any] = list(model)
    configurations = [module.get_config_dict() for module in modules]
    settings = json.dumps([model.prompts, configurations], sort_keys=True, default=str)
    digest = hashlib.sha256(settings.encode())
    for name, tensor in sorted(model.state_dict().items()):
        if ".pooler." in name:
            continue
        array = tensor.detach().cpu().float().numpy()
        digest.update(f"{name} {tensor.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
