"""How well does the fitted model do on questions that it was not fitted on, and what is each
feature worth?

    python tests/benchmarks/cross_validation.py [FOLDER]

The project's development questions in ten folds, then again with one feature after another left
out. FOLDER, if given, holds xquad.zh.json, xquad.en.json and xquad.vi.json (XQuAD, CC BY-SA 4.0,
github.com/google-deepmind/xquad): instead, the model is fitted on the project's questions and on
the Chinese ones of all articles but those of one of ten folds, and asked those of that fold, in
Chinese, English and Vietnamese, of all the Chinese paragraphs.

A feature is left out of every part of the model that has one of its name.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from changai.evaluation import fitting
from changai.evaluation.metrics import auroc
from changai.evaluation.observing import Source, observe, observe_all
from changai.evaluation.question_sets import read_questions
from changai.indexing.build import encode
from changai.models import encoders, readers
from changai.models.fitted import FAQ_ANSWERABILITY_FEATURES, FEATURES, Logistic, Model, load_model
from changai.reading import articles
from changai.search.answerability import judge
from changai.search.index import Index
from changai.search.ranking import rank, read, rerank

ROOT = Path(__file__).parents[2]
ARTICLE = ROOT / "index" / "articles" / "ningbo-2023-05-13.txt"
FOLDS = 10
Array = npt.NDArray[Any]


def figures(source: Source, models: Sequence[Model]) -> str:
    """Judge each observation by its own model."""
    ranks, confidences, answered = [], [], []
    for observation, own in zip(source.observations, models, strict=True):
        first = read(rank(observation.candidates, own), source.reader)
        judged = judge(rerank(first, own), own)
        order = judged.ranking.order()
        hits = np.flatnonzero(observation.hits[order])
        ranks.append(hits[0] + 1 if len(hits) else len(order) + 1)
        confidences.append(judged.belief.confidence)
        answered.append(judged.answering > 0)
    ranked, confidence, said = np.array(ranks), np.array(confidences), np.array(answered)
    answerable = np.array([observation.question.answerable for observation in source.observations])
    right = answerable & (ranked <= 3)
    number = np.minimum((confidence * 10).astype(int), 9)
    error = sum(
        (number == b).mean() * abs(confidence[number == b].mean() - right[number == b].mean())
        for b in np.unique(number)
    )
    return (
        f"R@1 {(ranked[answerable] == 1).mean():.3f}  "
        f"R@3 {(ranked[answerable] <= 3).mean():.3f}  "
        f"AUROC {auroc(confidence, answerable):.3f}  ECE {error:.3f}  "
        f"false answers {said[~answerable].mean():.3f}  refusals {(~said[answerable]).mean():.3f}"
    )


def fit_folds(sources: Sequence[Source], folds: Sequence[Array | None]) -> list[Model]:
    """For each fold, the model fitted without it; ``folds`` gives each source's questions theirs,
    or None for a source that is always there whole."""
    fitted = []
    for fold in range(FOLDS):
        kept = [
            source
            if fold_of is None
            else replace(
                source,
                observations=tuple(
                    o for o, f in zip(source.observations, fold_of, strict=True) if f != fold
                ),
            )
            for source, fold_of in zip(sources, folds, strict=True)
        ]
        model, _ = fitting.fit(kept)
        fitted.append(model)
    return fitted


@contextmanager
def leaving_out(names: Sequence[str]) -> Iterator[None]:
    """While this lasts, features of these names are fitted as if they were always zero: they weigh
    nothing then."""
    fit = fitting.logistic

    def without(part: str, rows: Array, labels: Array, importance: Array | None = None) -> Logistic:
        off = [number for number, name in enumerate(FEATURES[part]) if name in names]
        seen = rows.copy()
        seen[:, off] = 0
        return fit(part, seen, labels, importance)

    with patch.object(fitting, "logistic", without):
        yield


def project(index: Index) -> list[Source]:
    """The development questions, with the article's FAQ and without."""
    file = read_questions(ROOT / "tests" / "data" / "questions.jsonl")
    return observe_all([("questions.jsonl", file, index)])


def ablation(index: Index) -> None:
    sources = project(index)
    fold_of = np.random.default_rng(0).permutation(len(sources[0].observations)) % FOLDS
    every = list(dict.fromkeys(name for names in FEATURES.values() for name in names))
    groups: dict[str, list[str]] = {
        "nothing": [],
        **{name: [name] for name in every},
        "all that is missing": [name for name in every if name.startswith("missing_")],
        "all vectors": [name for name in every if name.endswith(("similarity", "prediction"))],
        "all wording": [name for name in every if name.endswith("overlap")],
        "all clauses": ["clause_similarity", "clause_overlap"],
        "all of the FAQ": [
            *(name for name in FAQ_ANSWERABILITY_FEATURES if name not in FEATURES["answerability"]),
            *(name for name in every if name.startswith("snippet_")),
        ],
    }
    for label, names in groups.items():
        with leaving_out(names):
            models = fit_folds(sources, [fold_of] * len(sources))
        found = figures(sources[0], [models[fold] for fold in fold_of])
        print(f"without {label:<24}", found, flush=True)


def xquad(index: Index, folder: Path, encoder: encoders.Encoder) -> None:
    files = {name: read_questions(folder / f"xquad.{name}.json") for name in ("zh", "en", "vi")}
    assert files["zh"].articles is not None
    paragraphs = files["zh"].articles
    corpus = Index(encode(paragraphs, encoder), encoder, index.reader, index.model)
    passages = {p.id: p for article in paragraphs for p in article.passages}
    sources, folds = project(index), None
    order = np.random.default_rng(0).permutation(len(paragraphs)) % FOLDS
    article_of = {
        passage.id: number for number, a in enumerate(paragraphs) for passage in a.passages
    }
    for name, file in files.items():
        # The files are parallel: the same questions of the same paragraphs, in the same order.
        asked, gold = [], ""
        for question, chinese in zip(file.questions, files["zh"].questions, strict=True):
            gold = next((p for p in passages if passages[p].text in chinese.relevant), gold)
            asked.append((replace(question, relevant=chinese.relevant), order[article_of[gold]]))
        questions = tuple(question for question, _ in asked)
        source = observe(name, replace(file, questions=questions), corpus)
        fold_of = np.array([fold for _, fold in asked])
        if name == "zh":
            folds = fit_folds([*sources, source], [None] * len(sources) + [fold_of])
        assert folds is not None
        print(name, figures(source, [folds[fold] for fold in fold_of]))


def main(folder: str | None = None) -> None:
    encoder = encoders.load(encoders.BUILTIN)
    index = Index(encode([articles.read(ARTICLE)], encoder), encoder, readers.load(), load_model())
    if folder is None:
        ablation(index)
    else:
        xquad(index, Path(folder), encoder)


if __name__ == "__main__":
    main(*sys.argv[1:])
