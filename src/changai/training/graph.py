"""A BERT as an ONNX graph whose large weights are stored in 8 bits.

Each output of a linear layer and each row of the word embeddings has a scale of its own. All
arithmetic is in 32 bits: activations have outliers (30 times the rest in a few places), with which
8 bits for them turned vectors by 20 degrees; and a text's vector does not depend on those beside
it, nor on the processor.

A quantised weight ``w`` is stored as ``w`` and ``w.scale``, under the names that
``transformers.BertModel`` uses, so that it can be turned back (``models.export``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from changai.models.transformer import ANSWERS, WORDS

Floats = npt.NDArray[np.float32]

OPSET = 20
_FAR = -1e4
"""Added to the attention to padding."""


class BertGraph:
    """Makes the nodes of a BERT from its weights, by ``BertModel``'s names."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Floats]) -> None:
        self._config = config
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        """From ``input_ids`` and ``attention_mask``, of shape ``(texts, tokens)``, to
        ``last_hidden_state``, of shape ``(texts, tokens, width)``.

        Where the weights have a reader's two heads, their outputs are beside it: ``answers``, of
        the mean of a text's states, of shape ``(texts, 1)``, and ``words``, of each state, of shape
        ``(texts, tokens, 1)``.
        """
        states = self._embedded()
        attention = self._attended_to()
        for layer in range(self._config["num_hidden_layers"]):
            states = self._layer(f"encoder.layer.{layer}", states, attention)
        self._node("Identity", [states], "last_hidden_state")
        shape, width = ["texts", "tokens"], self._config["hidden_size"]
        outputs = {"last_hidden_state": [*shape, width]}
        if f"{ANSWERS}.weight" in self._weights:
            self._head(ANSWERS, self._mean(states))
            self._head(WORDS, states)
            outputs |= {ANSWERS: ["texts", 1], WORDS: [*shape, 1]}
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, shape)
                for name in ("input_ids", "attention_mask")
            ],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in outputs.items()
            ],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        # The lowest version of the format that has this operator set: older runtimes read it too.
        model.ir_version = helper.find_min_ir_version_for([helper.make_opsetid("", OPSET)])
        onnx.checker.check_model(model)
        return model

    def _embedded(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        whole, scale = quantised(words, axis=1)
        rows = self._constant("embeddings.word_embeddings.weight", whole)
        scales = self._constant("embeddings.word_embeddings.weight.scale", scale)
        looked_up = self._node("Cast", [self._node("Gather", [rows, "input_ids"])], to=1)
        vectors = self._node("Mul", [looked_up, self._node("Gather", [scales, "input_ids"])])
        # Every text is of type 0, whose embedding is therefore part of the positions'.
        position = (
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        places = self._constant("embeddings.position_embeddings.weight", position)
        length = self._node("Shape", ["input_ids"], start=1, end=2)
        zero = self._constant("zero", np.array([0], dtype=np.int64))
        placed = self._node("Slice", [places, zero, length, zero])
        return self._normalised("embeddings.LayerNorm", self._node("Add", [vectors, placed]))

    def _attended_to(self) -> str:
        """What is added to the attention: 0, and ``_FAR`` for padding."""
        mask = self._node("Cast", ["attention_mask"], to=1)
        padding = self._node("Sub", [self._float("one", 1), mask])
        axes = self._constant("axes", np.array([1, 2], dtype=np.int64))
        far = self._node("Mul", [padding, self._float("far", _FAR)])
        return self._node("Unsqueeze", [far, axes])

    def _layer(self, name: str, states: str, attention: str) -> str:
        heads = self._config["num_attention_heads"]
        size = self._config["hidden_size"] // heads
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        # One product instead of three: they share their input.
        together = self._linear(f"{name}.attention.self", parts, states)
        split = [self._name(part) for part in ("query", "key", "value")]
        self._nodes.append(helper.make_node("Split", [together], split, axis=2, num_outputs=3))
        shape = self._constant("heads", np.array([0, 0, heads, size], dtype=np.int64))
        query, key, value = (
            self._node("Transpose", [self._node("Reshape", [part, shape])], perm=order)
            for part, order in zip(split, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        query = self._node("Mul", [query, self._float("root", size**-0.5)])
        weights = self._node("Add", [self._node("MatMul", [query, key]), attention])
        weights = self._node("Softmax", [weights], axis=-1)
        mixed = self._node("Transpose", [self._node("MatMul", [weights, value])], perm=[0, 2, 1, 3])
        flat = self._constant("flat", np.array([0, 0, heads * size], dtype=np.int64))
        mixed = self._node("Reshape", [mixed, flat])
        out = self._linear(f"{name}.attention.output.dense", None, mixed)
        states = self._normalised(
            f"{name}.attention.output.LayerNorm", self._node("Add", [out, states])
        )
        inner = self._node("Gelu", [self._linear(f"{name}.intermediate.dense", None, states)])
        out = self._linear(f"{name}.output.dense", None, inner)
        return self._normalised(f"{name}.output.LayerNorm", self._node("Add", [out, states]))

    def _linear(self, name: str, parts: list[str] | None, states: str) -> str:
        """``states`` times the weights of one linear layer, or of several side by side."""
        modules = parts or [name]
        weight = np.concatenate([self._weights[f"{each}.weight"] for each in modules])
        bias = np.concatenate([self._weights[f"{each}.bias"] for each in modules])
        whole, scale = quantised(weight, axis=1)
        numbers = self._constant(f"{name}.weight", np.ascontiguousarray(whole.T))
        scales = self._constant(f"{name}.weight.scale", scale[:, 0])
        weights = self._node("DequantizeLinear", [numbers, scales], axis=1)
        product = self._node("MatMul", [states, weights])
        return self._node("Add", [product, self._constant(f"{name}.bias", bias)])

    def _mean(self, states: str) -> str:
        """The mean of the states of each text, without padding."""
        mask = self._node("Cast", ["attention_mask"], to=1)
        each = self._constant("each", np.array([2], dtype=np.int64))
        tokens = self._constant("tokens", np.array([1], dtype=np.int64))
        counted = self._node("Mul", [states, self._node("Unsqueeze", [mask, each])])
        total = self._node("ReduceSum", [counted, tokens], keepdims=0)
        return self._node("Div", [total, self._node("ReduceSum", [mask, tokens], keepdims=1)])

    def _head(self, name: str, states: str) -> None:
        """A linear layer of one output, in 32 bits, as an output of the graph."""
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T.copy())
        product = self._node("MatMul", [states, weight])
        bias = self._constant(f"{name}.bias", self._weights[f"{name}.bias"])
        self._node("Add", [product, bias], name)

    def _normalised(self, name: str, states: str) -> str:
        scale, bias = (
            self._constant(f"{name}.{part}", self._weights[f"{name}.{part}"])
            for part in ("weight", "bias")
        )
        epsilon = self._config["layer_norm_eps"]
        return self._node("LayerNormalization", [states, scale, bias], epsilon=epsilon)

    def _node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or self._name(kind)
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _name(self, kind: str) -> str:
        return f"{kind}_{len(self._nodes)}"

    def _float(self, name: str, value: float) -> str:
        return self._constant(name, np.array(value, dtype=np.float32))

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(value, name))
        return name


def quantised(weight: Floats, axis: int) -> tuple[npt.NDArray[np.int8], Floats]:
    """A matrix as whole numbers from -127 to 127, and the scale of each row or column, of which
    their product is the matrix, rounded. ``axis`` is the one along which a scale holds."""
    scale = np.abs(weight).max(axis=axis, keepdims=True) / 127
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    return np.round(weight / scale).astype(np.int8), scale
