"""What is learned from a FAQ, on vectors and texts small enough to work out by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from changai.errors import ArticleError, IndexDamagedError, QuestionFileError
from changai.indexing import faq
from changai.indexing.build import build_index, encode
from changai.indexing.faq import AnswerSpans, Faq, FaqMatches, locate
from changai.models.encoders import Encoder, Vectors
from changai.reading import articles
from changai.reading.folder import find
from changai.records import EncoderIdentity, Question
from changai.search.index import Index
from changai.text.sentences import clauses
from support.articles import made_article
from support.small import ARTICLE, CHECK_UP, HELMETS, OPENING, QUESTIONS, write_faq, write_small


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faq, "_ENOUGH", 1)


def _floats(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)


def _spans(rows: Sequence[tuple[int, int, int, int]], documents: Sequence[int]) -> AnswerSpans:
    shaped = np.array(rows, dtype=np.int32).reshape(-1, 4)
    return AnswerSpans(shaped, np.array(documents, dtype=np.int32))


# Question 0 is answered by passages 0 and 1, question 1 by passage 1, the others by none; no
# question is answered by passage 2.
SPANS = _spans([(0, 0, 2, 5), (0, 1, 0, 3), (1, 1, 4, 9)], [0, 0, 0, 0])
TEXTS = ("helmet colour", "doctor", "opening", "helmet rain")
VECTORS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
PASSAGES = (["cap"], ["cost"], ["doctor", "food"])
NOWHERE = (frozenset[str](),) * 4
FAQ = Faq.fit(TEXTS, NOWHERE, SPANS, VECTORS, PASSAGES)

# Two of four questions hold "helmet", one holds "doctor": ln(1 + 2.5 / 2.5) and ln(1 + 3.5 / 1.5).
OFTEN, ONCE = math.log(2), math.log(10 / 3)
HELMET = OFTEN / (OFTEN + ONCE)
DOCTOR = 1 - HELMET
# Of "helmet doctor" and "doctor", with ONCE shared.
DOCTOR_ALONE = 2 * ONCE / (OFTEN + ONCE + ONCE)
MATCHES = FAQ.match(_floats(0.6, 0.8), ["helmet", "doctor"], frozenset())


def _judging() -> FaqMatches:
    """What MATCHES is, but judging by few questions: what is judged is found out only once."""
    return replace(FAQ).match(_floats(0.6, 0.8), ["helmet", "doctor"], frozenset())


def test_predictors_are_a_ridge_regression() -> None:
    # The vectors' mean is 0, and the sum of their squares 2 in each dimension, or with the ridge
    # 2.3. A row is the sum of the vectors that are answered, or not, over that.
    expected = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [-1, -1, 0]]
    assert FAQ.predictors == pytest.approx(np.array(expected) / 2.3)


def test_predictors_are_taken_from_the_mean() -> None:
    fitted = Faq.fit(
        ("yes", "no"),
        NOWHERE[:2],
        _spans([(0, 0, 0, 1)], [0, 0]),
        np.array([[1], [0]], np.float32),
        [["cap"]],
    )
    # From the means of 1/2 both vectors and labels are 1/2 off: (1/4 + 1/4) / (1/2 + 0.3) = 5/8,
    # less 5/8 of 1/2; and the other way round for what
    # is not answered.
    assert fitted.predictors == pytest.approx(np.array([[5, -2.5], [-5, 2.5]]) / 8)
    matches = fitted.match(_floats(1), [], frozenset())
    assert matches.predicted[:, 0].tolist() == pytest.approx([2.5 / 8])
    assert matches.predicted_unanswered.tolist() == pytest.approx([-2.5 / 8])


def test_likeness_is_of_meaning_and_of_wording() -> None:
    # Half of "helmet colour" and of "helmet rain" by number, HELMET by rarity, on either side.
    expected = [[0.6, HELMET], [0.8, DOCTOR_ALONE], [-0.6, 0], [-0.8, HELMET]]
    assert MATCHES.likeness == pytest.approx(np.array(expected))
    # Every term of a question counts: rain is one of two.
    assert FAQ.match(_floats(0, 1), ["rain"], frozenset()).likeness[:, 1].tolist() == (
        pytest.approx([0, 0, 0, 2 * ONCE / (OFTEN + ONCE + ONCE)])
    )


def test_passages_are_compared_with_all_their_questions() -> None:
    # The vocabularies are cap helmet colour; cost helmet colour doctor; doctor food.
    expected = [[0.6 / 2.3, HELMET], [1.4 / 2.3, 1], [0, DOCTOR]]
    assert MATCHES.predicted == pytest.approx(np.array(expected))
    assert MATCHES.predicted_unanswered.tolist() == pytest.approx([-1.4 / 2.3])


def test_fitting_leaves_the_passages_terms_as_they_were() -> None:
    assert PASSAGES == (["cap"], ["cost"], ["doctor", "food"])


def test_the_features_are_of_the_nearest_question_and_of_all() -> None:
    nearest, other = [0.6, HELMET, 0.6 / 2.3, HELMET], [0.8, DOCTOR_ALONE, 1.4 / 2.3, 1]
    found = MATCHES.passage_features(np.array([1, 0]))
    assert found == pytest.approx(np.array([other, nearest]))


def test_the_nearest_question_may_be_another_in_wording() -> None:
    matches = FAQ.match(_floats(0, 1), ["helmet"], frozenset())
    # Of passage 1's questions the second is nearer in meaning, and the first has the word.
    assert matches.passage_features(np.array([1]))[0, :2].tolist() == pytest.approx(
        [1, 2 * OFTEN / (OFTEN + OFTEN + ONCE)]
    )


def test_a_passage_without_faq_questions_is_given_the_upper_quartile_of_the_others() -> None:
    found = MATCHES.passage_features(np.array([0, 1, 2]))[2]
    # Of two, three quarters of the way from the lower.
    expected = [
        0.6 + 0.75 * (0.8 - 0.6),
        min(HELMET, DOCTOR_ALONE) + 0.75 * abs(HELMET - DOCTOR_ALONE),
        (0.6 + 0.75 * (1.4 - 0.6)) / 2.3,
        HELMET + 0.75 * (1 - HELMET),
    ]
    assert found.tolist() == pytest.approx(expected)
    # The others are the candidates, and not all there are.
    first, second = MATCHES.passage_features(np.array([0, 2])).tolist()
    assert first == second == pytest.approx([0.6, HELMET, 0.6 / 2.3, HELMET])


def test_each_feature_has_a_quartile_of_its_own() -> None:
    spans = _spans([(n, n, 0, 1) for n in range(5)], [0] * 5)
    cosines, shares = [0.1, 0.9, 0.2, 0.8, 0.3], [0.5, 0.3, 0.4, 0.1, 0.2]
    like = np.array([cosines, shares], dtype=np.float32).T
    predicted = np.array([[1, 2, 9, 4, 5, 0], [6, 4, 5, 7, 3, 0]], dtype=np.float32).T
    matches = FaqMatches(spans, np.full(5, -1), like, predicted, _floats(0), ())
    found = matches.passage_features(np.arange(6))
    assert found[5].tolist() == pytest.approx([0.8, 0.4, 5, 6])


def test_where_no_candidate_has_faq_questions_all_features_are_zero() -> None:
    assert MATCHES.passage_features(np.array([2])).tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("vector", "count", "passages"),
    [
        ((0.6, 0.8), 1, [1]),
        ((0.8, 0.6), 1, [0, 1]),
        ((0.6, 0.8), 2, [0, 1]),
        ((0.6, 0.8), 9, [0, 1]),
        # The nearest is not answered at all.
        ((-1, 0), 1, []),
    ],
)
def test_the_nearest_questions_give_their_passages(
    vector: tuple[float, float], count: int, passages: list[int]
) -> None:
    assert FAQ.match(_floats(*vector), [], frozenset()).nearest_passages(count).tolist() == passages


def test_of_questions_as_near_the_first_counts() -> None:
    spans = _spans([(0, 1, 0, 1), (1, 0, 0, 1)], [0, 0])
    like, predicted = np.full((2, 2), 0.5, np.float32), np.zeros((2, 2), np.float32)
    tied = FaqMatches(spans, np.array([-1, -1]), like, predicted, _floats(0), ())
    assert tied.nearest_passages(1).tolist() == [1]


def test_snippets_come_with_the_likeness_of_their_questions() -> None:
    snippets = MATCHES.snippets(1)
    assert snippets.spans.tolist() == [[0, 3], [4, 9]]
    expected = np.array([[0.6, HELMET], [0.8, DOCTOR_ALONE]])
    assert snippets.likeness == pytest.approx(expected)
    snippets = MATCHES.snippets(0)
    assert snippets.spans.tolist() == [[2, 5]]
    assert snippets.likeness == pytest.approx(expected[:1])
    none = MATCHES.snippets(2)
    assert (none.spans.shape, none.likeness.shape) == ((0, 2), (0, 2))


@pytest.mark.parametrize(
    ("clause", "touched"),
    [
        # The snippets stand at 0 to 3 and 4 to 9.
        ((0, 3), [True, False]),
        ((2, 5), [True, True]),
        ((5, 6), [False, True]),
        # What ends where a snippet begins, or stands between two, has no part of it.
        ((3, 4), [False, False]),
        ((9, 12), [False, False]),
    ],
)
def test_a_clause_has_a_part_of_a_snippet(clause: tuple[int, int], touched: list[bool]) -> None:
    assert MATCHES.snippets(1).touching(np.array([clause])).tolist() == [touched]
    assert MATCHES.snippets(2).touching(np.array([clause])).shape == (1, 0)


def test_what_a_document_does_not_answer() -> None:
    found = _judging().unanswered_features(0)
    # The nearest in meaning is the third question, the nearest in wording the fourth.
    assert found is not None
    assert found.tolist() == pytest.approx([-0.6, HELMET, -1.4 / 2.3])
    assert found.dtype == np.float32


def test_a_question_of_another_year_or_place_says_nothing_of_what_is_not_answered() -> None:
    # Question 1 is answered, 2 and 3 are not.
    named = (frozenset[str](), frozenset({"2021"}), frozenset({"2021"}), frozenset({"杭州", "3"}))
    fitted = Faq.fit(TEXTS, named, SPANS, VECTORS, PASSAGES)
    asked = _floats(-0.6, -0.8), ["helmet", "doctor"]
    # The likenesses are those of MATCHES, the cosines turned round.
    for circumstances, expected in (
        (frozenset({"2021", "杭州", "3"}), [0.8, HELMET]),
        (frozenset({"2021"}), [0.6, 0]),
        (frozenset({"杭州", "3", "2019"}), [0.8, HELMET]),
        # Neither is of these circumstances: as unlike as the unlikest of all, in either way.
        (frozenset({"3"}), [-0.8, 0]),
    ):
        found = fitted.match(*asked, circumstances).unanswered_features(0)
        assert found is not None
        assert found[:2].tolist() == pytest.approx(expected)
        # What is answered counts, whatever year it names.
        snippets = fitted.match(*asked, circumstances).snippets(1)
        assert snippets.likeness[1].tolist() == pytest.approx([-0.8, DOCTOR_ALONE])


def test_a_document_must_have_questions_of_both_sorts() -> None:
    # Document 0 answers its first question and not its second; 1 answers its only one, 2 does not;
    # 3 has none.
    spans = _spans([(0, 0, 0, 1), (2, 1, 0, 1)], [0, 0, 1, 2])
    fitted = Faq.fit(TEXTS, NOWHERE, spans, VECTORS, PASSAGES)
    matches = fitted.match(_floats(0, 1), ["doctor"], frozenset())
    # Question 1, which document 0 does not answer, is the one asked; its predictor is (0, 1) / 2.3.
    found = matches.unanswered_features(0)
    assert found is not None
    assert found.tolist() == pytest.approx([1, 1, 1 / 2.3])
    assert matches.predicted_unanswered.tolist() == pytest.approx([1 / 2.3, 0, -1 / 2.3])
    assert [matches.unanswered_features(document) for document in (1, 2, 3)] == [None] * 3
    assert matches.judged == (0,)


def test_a_document_must_have_enough_questions_of_either_sort(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two are answered, two are not.
    for enough, judged in ((2, True), (3, False)):
        monkeypatch.setattr(faq, "_ENOUGH", enough)
        assert (_judging().unanswered_features(0) is not None) is judged


def test_round_trip(tmp_path: Path) -> None:
    FAQ.write(tmp_path / "faq")
    read = Faq.read(tmp_path / "faq")
    assert read.texts == TEXTS
    assert read.spans.rows.tolist() == SPANS.rows.tolist()
    assert read.spans.documents.tolist() == SPANS.documents.tolist()
    assert read.circumstances == NOWHERE
    matches = read.match(_floats(0.6, 0.8), ["helmet", "doctor"], frozenset())
    assert matches.likeness.tolist() == MATCHES.likeness.tolist()
    assert matches.predicted.tolist() == MATCHES.predicted.tolist()
    assert matches.predicted_unanswered.tolist() == MATCHES.predicted_unanswered.tolist()


FILES = [
    "questions.jsonl", "spans.npy", "predictors.npy", "questions.faiss",
    "questions.bm25/data.csc.index.npy", "vocabulary.bm25/vocab.index.json",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_cut_or_missing_file_is_damage(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "faq"
    FAQ.write(folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(IndexDamagedError, match=r"faq.*changai build"):
        Faq.read(folder)
    path.unlink()
    with pytest.raises(IndexDamagedError, match=r"faq.*changai build"):
        Faq.read(folder)


@pytest.mark.parametrize("line", ['{"text": "甲"}', '{"document": 0}', "[]", '{"text": "甲", '])
def test_a_broken_line_is_damage(tmp_path: Path, line: str) -> None:
    FAQ.write(tmp_path / "faq")
    (tmp_path / "faq" / "questions.jsonl").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(IndexDamagedError, match=r"faq.*changai build"):
        Faq.read(tmp_path / "faq")


def test_snippets_are_found_in_every_passage_of_their_own_article() -> None:
    first = made_article("甲", "发帽子。", "不发。", questions=[Question("一?", ("发",))])
    second = made_article(
        "乙",
        "都发帽子,都发。",
        questions=[Question("二?", ()), Question("三?", ("帽子", "都发"))],
    )
    spans = locate([first, second], (*first.passages, *second.passages))
    assert spans.documents.tolist() == [0, 1, 1]
    assert spans.rows.tolist() == [
        # Question, passage, and where the snippet begins and ends; at its first place.
        [0, 0, 0, 1],
        [0, 1, 1, 2],
        [2, 2, 2, 4],
        [2, 2, 0, 2],
    ]


def test_no_questions_are_nowhere() -> None:
    article = made_article("甲", "发帽子。")
    spans = locate([article], article.passages)
    assert spans.rows.shape == (0, 4)
    assert spans.documents.tolist() == []


def test_an_article_is_read_with_the_questions_beside_it(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    read = articles.read(folder / "welders.txt")
    assert [(q.text, list(q.relevant)) for q in read.questions] == list(QUESTIONS)
    (folder / "welders.questions.jsonl").unlink()
    alone = replace(read, questions=(), sources=read.sources[:1])
    assert articles.read(folder / "welders.txt") == alone


def test_broken_questions_beside_an_article_are_named(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    (folder / "welders.questions.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(QuestionFileError, match=r"welders\.questions\.jsonl 第 1 行"):
        articles.read(folder / "welders.txt")


def test_questions_without_their_article_are_refused(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    assert [path.name for path in find(folder)] == ["welders.txt"]
    (folder / "welders.questions.jsonl").rename(folder / "welder.questions.jsonl")
    (folder / "b.questions.jsonl").touch()
    with pytest.raises(ArticleError, match=r"b\.questions\.jsonl、welder\.questions\.jsonl"):
        find(folder)


def test_a_correction_passes_over_the_questions_that_it_outgrows_and_says_so(
    small_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    article = small_folder / "articles" / "welders.txt"
    article.write_text(ARTICLE.replace("安全帽两顶", "安全帽三顶"), encoding="utf-8")
    told = "welders.questions.jsonl 第 1 行“焊工一年能领几顶帽子?”：没有一段含“安全帽两顶”"
    for changed in (True, False):
        caplog.clear()
        report = build_index(small_folder / "articles", small_folder)
        assert (report.changed, report.questions, report.stale) == (changed, 2, (told,))
        assert "1 个已知问题没有用上" in caplog.text
        assert told in caplog.text
    opened = Index.open(small_folder)
    assert "安全帽三顶" in opened.documents[0].text
    read = opened.contents.faq
    assert read is not None
    # Neither does it count as one that the article does not answer.
    assert read.texts == (CHECK_UP[0], OPENING[0])


def test_a_question_with_one_of_its_snippets_gone_is_passed_over_whole(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    write_faq(folder, ("帽子和手套呢?", ["安全帽两顶", "每年发放手套", "手套两双"]), OPENING)
    read = articles.read(folder / "welders.txt")
    assert [question.text for question in read.questions] == [OPENING[0]]
    assert [question.text for question in read.stale] == ["帽子和手套呢?"]
    assert articles.told_stale(read) == [
        "welders.questions.jsonl 第 1 行“帽子和手套呢?”：没有一段含“每年发放手套”",
        "welders.questions.jsonl 第 1 行“帽子和手套呢?”：没有一段含“手套两双”",
    ]


def test_an_article_that_has_outgrown_all_its_questions_is_built_without(
    small_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = [(f"第{n}问?", [f"第{n}句"]) for n in range(1, 8)]
    write_faq(small_folder / "articles", *gone)
    report = build_index(small_folder / "articles", small_folder)
    assert (report.questions, len(report.stale)) == (0, 7)
    assert Index.open(small_folder).contents.faq is None
    said = caplog.messages[-1].splitlines()
    assert said[0].startswith("7 个已知问题没有用上")
    assert ["第 1 行" in said[1], "第 5 行" in said[5], said[6:]] == [True, True, ["……等 7 处"]]


def test_a_change_of_the_questions_alone_makes_a_new_generation(small_folder: Path) -> None:
    opened = Index.open(small_folder)
    write_faq(small_folder / "articles", HELMETS, OPENING)
    report = build_index(small_folder / "articles", small_folder)
    assert (report.changed, report.documents, report.passages) == (True, 1, 4)
    assert opened.refresh()
    learned = opened.contents.faq
    assert learned is not None
    assert learned.texts == (HELMETS[0], OPENING[0])
    assert not build_index(small_folder / "articles", small_folder).changed
    (small_folder / "articles" / "welders.questions.jsonl").unlink()
    assert build_index(small_folder / "articles", small_folder).changed
    assert opened.refresh()
    assert opened.contents.faq is None


class Recorder:
    """The real encoder, that keeps what it was asked to encode."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.identity: EncoderIdentity = encoder.identity
        self.questions: list[str] = []
        self.passages: list[str] = []

    def count_tokens(self, question: str) -> int:
        return self._encoder.count_tokens(question)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        self.questions += texts
        return self._encoder.encode_questions(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages += texts
        return self._encoder.encode_passages(texts)


def _asked(*questions: tuple[str, list[str]]) -> tuple[Question, ...]:
    return tuple(Question(text, tuple(relevant)) for text, relevant in questions)


def test_only_what_is_new_is_encoded(encoder: Encoder) -> None:
    texts = ("每名焊工发放安全帽两顶。", "体检费用由企业承担。")
    old = made_article("甲", *texts, questions=_asked((HELMETS[0], []), OPENING, OPENING))
    first = Recorder(encoder)
    before = encode([old], first)
    # Each passage is read with the title, and has one clause, which lacks the stop.
    assert first.passages == [f"甲{texts[0]}", f"甲{texts[1]}", texts[0][:-1], texts[1][:-1]]
    assert [clauses(text) for text in texts] == [[(0, 11)], [(0, 9)]]
    # The one that is asked twice is encoded once.
    assert len(first.questions) == 2
    again = Recorder(encoder)
    same = encode([old], again, before=before)
    assert (again.passages, again.questions) == ([], [])
    assert same.dense_clauses.rows.tolist() == before.dense_clauses.rows.tolist()

    more = made_article("乙", "食堂每日供应三餐。", texts[1], questions=_asked((CHECK_UP[0], [])))
    last = Recorder(encoder)
    after = encode([more, old], last, before=before)
    assert last.passages == ["乙食堂每日供应三餐。", f"乙{texts[1]}", "食堂每日供应三餐"]
    assert last.questions == [CHECK_UP[0]]
    fresh = encode([more, old], encoder)
    assert after.faq is not None and fresh.faq is not None
    for reused, made in (
        (after.dense_passages, fresh.dense_passages),
        (after.dense_clauses, fresh.dense_clauses),
        (after.faq.vectors, fresh.faq.vectors),
    ):
        assert reused.rows == pytest.approx(made.rows, abs=1e-5)
