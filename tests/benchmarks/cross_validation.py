"""How well do the fitted models do on questions that they were not fitted on, and what is each
measure worth?

    python tests/benchmarks/cross_validation.py [FOLDER]

The project's development questions in ten folds, then again with one measure after another left
out. FOLDER, if given, holds xquad.zh.json, xquad.en.json and xquad.vi.json (XQuAD, CC BY-SA 4.0,
github.com/google-deepmind/xquad): instead, the models are fitted on the project's questions and on
the Chinese ones of all articles but those of one of ten folds, and asked those of that fold, in
Chinese, English and Vietnamese, of all the Chinese paragraphs.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from changai.models.ranking import (
    COVERAGE_FEATURES,
    FEATURES,
    TAUGHT_COVERAGE_FEATURES,
    Weights,
    weights_from_json,
)

from changai.evaluation import fitting
from changai.evaluation.fitting import Observation, Source
from changai.evaluation.outcomes import auroc
from changai.indexing.build import encode
from changai.models import encoders
from changai.reading import articles
from changai.reading.questions import read_questions
from changai.search.index import Index

ROOT = Path(__file__).parents[2]
ARTICLE = ROOT / "index" / "articles" / "ningbo-2023-05-13.txt"
FOLDS = 10
Array = npt.NDArray[Any]


def figures(observations: Sequence[Observation], weights: Sequence[Weights]) -> str:
    """Judge each observation by its own weights."""
    ranks, confidences = [], []
    for observation, own in zip(observations, weights, strict=True):
        order = np.argsort(-(observation.features @ own.ranking), kind="stable")
        hits = np.flatnonzero(observation.hits[order])
        ranks.append(hits[0] + 1 if len(hits) else len(order) + 1)
        row = observation.coverage_row(int(order[0])).astype(np.float32)
        confidences.append(own.confidence(row))
    rank, confidence = np.array(ranks), np.array(confidences)
    answerable = np.array([observation.answerable for observation in observations])
    said = confidence >= [own.covered_from for own in weights]
    right = answerable & (rank <= 3)
    number = np.minimum((confidence * 10).astype(int), 9)
    error = sum(
        (number == b).mean() * abs(confidence[number == b].mean() - right[number == b].mean())
        for b in np.unique(number)
    )
    return (
        f"R@1 {(rank[answerable] == 1).mean():.3f}  R@3 {(rank[answerable] <= 3).mean():.3f}  "
        f"AUROC {auroc(confidence, answerable):.3f}  ECE {error:.3f}  "
        f"false answers {said[~answerable].mean():.3f}  refusals {(~said[answerable]).mean():.3f}"
    )


def fit_without(sources: Sequence[Source], folds: Sequence[Array | None]) -> list[Weights]:
    """For each fold, the weights fitted without it; ``folds`` gives each source's questions
    theirs, or None for a source that is always there whole."""
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
        fitted.append(weights_from_json(fitting.to_json(fitting.fit(kept))))
    return fitted


def without(names: Sequence[str], source: Source) -> Source:
    """A source whose measures of these names are all zero."""
    off = [FEATURES.index(name) for name in names if name in FEATURES]

    def row(observation: Observation, candidate: int) -> Array:
        measured = np.array(observation.coverage_row(candidate))
        taught = len(measured) == len(TAUGHT_COVERAGE_FEATURES)
        for number, name in enumerate(TAUGHT_COVERAGE_FEATURES if taught else COVERAGE_FEATURES):
            if name in names:
                measured[number] = 0
        return measured

    changed = []
    for observation in source.observations:
        features = observation.features.copy()
        features[:, off] = 0
        changed.append(
            replace(observation, features=features, coverage_row=partial(row, observation))
        )
    return replace(source, observations=tuple(changed))


def remembered(source: Source) -> Source:
    """A source that measures each candidate's coverage once."""
    return replace(
        source,
        observations=tuple(
            replace(o, coverage_row=cache(o.coverage_row)) for o in source.observations
        ),
    )


def project(index: Index) -> list[Source]:
    """The development questions, with the article's known questions and without."""
    file = read_questions(ROOT / "tests" / "data" / "questions.jsonl")
    sources = fitting.observe("questions.jsonl", file.sha256, index, file.questions)
    return [remembered(source) for source in sources]


def ablation(index: Index) -> None:
    sources = project(index)
    fold_of = np.random.default_rng(0).permutation(len(sources[0].observations)) % FOLDS
    unmet = [name for name in COVERAGE_FEATURES if name.startswith("unmet_")]
    groups: dict[str, list[str]] = {
        "nothing": [],
        **{name: [name] for name in TAUGHT_COVERAGE_FEATURES},
        "all that is unmet": unmet,
        "all vectors": [name for name in TAUGHT_COVERAGE_FEATURES if name.endswith("similarity")],
        "all wording": [
            name for name in TAUGHT_COVERAGE_FEATURES if name.endswith(("coverage", "likeness"))
        ],
        "all clauses": ["clause_similarity", "clause_coverage"],
        "all that is taught": [
            name for name in TAUGHT_COVERAGE_FEATURES if "taught" in name or "vocabulary" in name
        ],
        "all known questions": list(TAUGHT_COVERAGE_FEATURES[len(COVERAGE_FEATURES) :]),
    }
    for label, names in groups.items():
        changed = [without(names, source) for source in sources]
        weights = fit_without(changed, [fold_of] * len(changed))
        print(
            f"without {label:<24}", figures(changed[0].observations, [weights[f] for f in fold_of])
        )


def xquad(index: Index, folder: Path, encoder: encoders.Encoder) -> None:
    files = {name: read_questions(folder / f"xquad.{name}.json") for name in ("zh", "en", "vi")}
    assert files["zh"].articles is not None
    paragraphs = files["zh"].articles
    corpus = Index(encode(paragraphs, encoder), encoder)
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
        (source,) = fitting.observe(name, file.sha256, corpus, [question for question, _ in asked])
        source = remembered(source)
        fold_of = np.array([fold for _, fold in asked])
        if name == "zh":
            folds = fit_without([*sources, source], [None] * len(sources) + [fold_of])
        assert folds is not None
        print(name, figures(source.observations, [folds[fold] for fold in fold_of]))


def main(folder: str | None = None) -> None:
    encoder = encoders.load(encoders.BUILTIN)
    index = Index(encode([articles.read(ARTICLE)], encoder), encoder)
    if folder is None:
        ablation(index)
    else:
        xquad(index, Path(folder), encoder)


if __name__ == "__main__":
    main(*sys.argv[1:])
