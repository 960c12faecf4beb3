"""The encoder's folder in sentence-transformers' own ONNX backend, against the lean path.

optimum-onnx needs an older transformers than the package's other tests, so this runs in an
environment of its own; CONTRIBUTING says how.
"""

from importlib.util import find_spec

import numpy as np
import pytest

if not find_spec("optimum"):
    pytest.skip("no optimum-onnx", allow_module_level=True)
pytestmark = pytest.mark.slow

TEXTS = ["外地人的孩子怎么上学?", "Who leads the task force?", "工会" * 200, "字"]


# By default onnxruntime multiplies in 8 bits where weights are stored so.
@pytest.mark.parametrize(("with_options", "least"), [(True, 0.999999), (False, 0.999)])
def test_sentence_transformers_loads_the_folder_and_gives_the_same_vectors(
    with_options: bool, least: float
) -> None:
    from sentence_transformers import SentenceTransformer

    from changai.models import encoders
    from changai.models.transformer import session_options

    ours = encoders.load("builtin")
    options = {"session_options": session_options()} if with_options else {}
    theirs = SentenceTransformer(str(encoders.BUILTIN_FOLDER), backend="onnx", model_kwargs=options)
    for encode, again in (
        (ours.encode_questions, theirs.encode_query),
        (ours.encode_passages, theirs.encode_document),
    ):
        cosines = (encode(TEXTS) * np.asarray(again(TEXTS))).sum(axis=1)
        assert cosines.min() > least
