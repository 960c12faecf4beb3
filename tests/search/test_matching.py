"""Candidates, their measures, and what of them is shown first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from changai.errors import QuestionError
from changai.indexing import faq
from changai.indexing.build import encode
from changai.indexing.faq import AnswerSpans, KnownMatches
from changai.indexing.store import Contents
from changai.models import ranking
from changai.models.encoders import Encoder
from changai.query import expectations
from changai.reading import articles
from changai.records import Article, Document, Misreading, Passage, Question
from changai.search import matching
from changai.search.index import Index
from changai.search.matching import Matches, match
from changai.text import tokens
from changai.text.sentences import ends_sentence
from changai.text.thesaurus import canonicalise


def _article(name: str, *texts: str, questions: Sequence[Question] = ()) -> Article:
    document = Document(name, name, "", "", "", f"{name}.txt", "", "\n".join(texts))
    passages, start = [], 0
    for number, text in enumerate(texts):
        end = start + len(text)
        passages.append(Passage(f"{name}#{number}", document, text, start, end, (), ""))
        start = end + 1
    return Article(document, tuple(passages), tuple(questions))


GLOVES = "每名焊工每年发放安全帽两顶,另发放防护手套十二双,体检费用由企业全部承担。"
THIRST = "口渴了怎么办?"
WELDERS = _article(
    "甲",
    GLOVES,
    "电工每季度更换一次绝缘鞋。",
    "车间东侧设有保温桶。",
    questions=[Question(THIRST, ("保温桶",)), Question("有没有班车?", ())],
)
READERS = _article("乙", "口渴时请勿在书架旁饮用任何东西。", "图书每次可借三册。")


@pytest.fixture(scope="module")
def contents(encoder: Encoder) -> Contents:
    return encode([WELDERS, READERS], encoder)


@pytest.fixture
def judging(contents: Contents, monkeypatch: pytest.MonkeyPatch) -> Contents:
    """The contents, where few known questions are enough for a document to be judged by them: a
    copy of what is known, for that is found out only once."""
    monkeypatch.setattr(faq, "_ENOUGH", 1)
    assert contents.known is not None
    return replace(contents, known=replace(contents.known))


@pytest.fixture
def gloves(contents: Contents, encoder: Encoder) -> Matches:
    """The matches of a question for a number, with clause scores made by hand."""
    made = match(replace(contents, known=None), encoder, "手套有多少双?")
    assert made.passages.tolist() == [0, 1, 2, 3, 4]
    # The first passage has three clauses.
    assert made.starts.tolist() == [0, 3, 4, 5, 6]
    return made


def _scored(matches: Matches, *scores: float) -> Matches:
    return replace(matches, clause_scores=np.array([*scores, 0, 0, 0, 0], dtype=np.float32))


def _shown(matches: Matches, candidate: int = 0) -> str:
    text: str = matches.contents.passages[matches.passages[candidate]].text
    return text[slice(*matches.highlight(candidate))]


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        # The first two give a number, the third does not: 2 is added to theirs.
        ((13.0, 1.0, 2.0), "每名焊工每年发放安全帽两顶"),
        ((1.0, 12.0, 20.0), "体检费用由企业全部承担"),
        # What is beside the best and within 4 of it is shown too: 3, 14, 13.5; 12, 7, 4; 12, 8, 4.
        ((1.0, 12.0, 13.5), "另发放防护手套十二双,体检费用由企业全部承担"),
        ((10.0, 5.0, 4.0), "每名焊工每年发放安全帽两顶"),
        ((10.0, 6.0, 4.0), "每名焊工每年发放安全帽两顶,另发放防护手套十二双"),
        # 12, 2, 11: not across one that does not match.
        ((10.0, 0.0, 11.0), "每名焊工每年发放安全帽两顶"),
    ],
)
def test_a_clause_of_the_kind_asked_for_is_shown_first(
    gloves: Matches, scores: tuple[float, float, float], shown: str
) -> None:
    assert expectations.gives(gloves.expected, "两顶")
    assert _shown(_scored(gloves, *scores)) == shown


def test_a_passage_of_one_clause_shows_it(gloves: Matches) -> None:
    assert _shown(gloves, 4) == "图书每次可借三册"


def _known(cosines: Sequence[float], rows: Sequence[tuple[int, int, int, int]]) -> KnownMatches:
    likeness = np.array([[cosine, 0] for cosine in cosines], dtype=np.float32)
    spans = AnswerSpans(np.array(rows, dtype=np.int32), np.zeros(len(cosines), dtype=np.int32))
    answered = np.full(len(cosines), -1)
    taught = np.zeros((5, 2), np.float32)
    return KnownMatches(spans, answered, likeness, taught, np.zeros(1, np.float32), ())


def test_what_answers_a_like_question_is_shown_first(gloves: Matches) -> None:
    rows = [
        (0, 0, GLOVES.index("体检"), len(GLOVES) - 1),
        (1, 0, GLOVES.index("安全帽"), GLOVES.index("手套")),
        # Of another passage.
        (2, 3, 0, 4),
    ]
    # The third clause has 60 * 0.95, and the first two 60 * 0.8 and 2 more for the number.
    scored = _scored(gloves, 0, 0, 0)
    assert _shown(replace(scored, known=_known([0.95, 0.8, 1], rows))) == "体检费用由企业全部承担"
    # The other way round; the snippet reaches into two clauses.
    shown = _shown(replace(scored, known=_known([0.8, 0.95, 1], rows)))
    assert shown == "每名焊工每年发放安全帽两顶,另发放防护手套十二双"
    # The second clause matches better, by 48 + 2 + 14 = 64 to 57.
    better = _scored(gloves, 0, 14, 0)
    shown = _shown(replace(better, known=_known([0.95, 0.8, 1], rows)))
    assert shown == "每名焊工每年发放安全帽两顶,另发放防护手套十二双"


def test_the_measures_are_those_of_passages_clauses_and_known_questions(
    contents: Contents, encoder: Encoder
) -> None:
    question = "每名焊工发几顶安全帽?"
    found = match(contents, encoder, question)
    (vector,) = encoder.encode_questions([canonicalise(question)])
    terms = list(dict.fromkeys(tokens.terms(question)))
    rarity = contents.sparse_passages.idf(terms)
    owners = contents.clauses[:, 0]
    near, held = (
        contents.dense_clauses.rows @ vector,
        contents.sparse_clauses.coverage(terms, rarity),
    )
    expected = np.column_stack(
        [
            contents.dense_passages.rows @ vector,
            [near[owners == number].max() for number in range(5)],
            contents.sparse_passages.coverage(terms, rarity),
            [held[owners == number].max() for number in range(5)],
        ]
    )
    assert found.features.shape == (5, len(ranking.FEATURES))
    assert found.features[:, :4] == pytest.approx(expected, abs=1e-6)
    assert found.known is not None
    assert found.features[:, 4:].tolist() == found.known.measures(found.passages).tolist()
    weights = dict(zip(ranking.FEATURES, ranking.shipped_weights().ranking, strict=True))
    scores = weights["clause_similarity"] * near + weights["clause_coverage"] * held
    assert found.clause_scores == pytest.approx(scores, abs=1e-4)
    assert found.features[:, 2].argmax() == 0


def test_a_passage_may_be_found_by_a_known_question_alone(
    contents: Contents, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_CANDIDATES", 1)
    # By meaning and by wording it is the other article that speaks of thirst.
    assert match(replace(contents, known=None), encoder, THIRST).passages.tolist() == [3]
    assert match(contents, encoder, THIRST).passages.tolist() == [2, 3]


def test_a_passage_is_left_out(contents: Contents, encoder: Encoder) -> None:
    whole = match(contents, encoder, THIRST)
    found = match(contents, encoder, THIRST, without="甲#2")
    assert found.passages.tolist() == [0, 1, 3, 4]
    # Clauses and starts follow: those of the passages 0 (three), 1, 3 and 4.
    assert found.clauses.tolist() == [0, 1, 2, 3, 5, 6]
    assert found.starts.tolist() == [0, 3, 4, 5]
    assert found.features[:, :4].tolist() == whole.features[[0, 1, 3, 4], :4].tolist()
    assert match(contents, encoder, THIRST, without="nobody").passages.tolist() == [0, 1, 2, 3, 4]


def test_the_only_passage_cannot_be_left_out(encoder: Encoder) -> None:
    alone = encode([_article("甲", GLOVES)], encoder)
    with pytest.raises(QuestionError, match="甲#0"):
        match(alone, encoder, THIRST, without="甲#0")


def test_coverage_goes_by_known_questions_where_the_article_brings_both_sorts(
    judging: Contents, encoder: Encoder
) -> None:
    found = match(judging, encoder, THIRST)
    lengths = [len(found.coverage_row(candidate)) for candidate in range(5)]
    taught, plain = len(ranking.TAUGHT_COVERAGE_FEATURES), len(ranking.COVERAGE_FEATURES)
    assert lengths == [taught] * 3 + [plain] * 2
    assert found.known is not None
    unanswered = found.known.unanswered(0)
    assert unanswered is not None
    assert found.coverage_row(2)[-3:].tolist() == unanswered.tolist()
    # The question is the known one, which that passage answers.
    assert found.features[2, 4:6].tolist() == pytest.approx([1, 1], abs=1e-5)
    weights = ranking.shipped_weights()
    for candidate in range(5):
        row = found.coverage_row(candidate)
        assert found.confidence(candidate) == weights.confidence(row)


def test_nothing_known_means_plain_coverage(gloves: Matches) -> None:
    assert not gloves.features[:, 4:].any()
    assert len(gloves.coverage_row(0)) == len(ranking.COVERAGE_FEATURES)


def test_what_is_unmet_is_looked_for_in_the_best_clauses(
    contents: Contents, encoder: Encoder
) -> None:
    found = match(contents, encoder, "手套有多少双?")
    assert found.unmet(0).names() == ()
    assert "数字" in found.unmet(2).names()


def test_a_misspelt_question_is_matched_as_mended(contents: Contents, encoder: Encoder) -> None:
    wrong = match(contents, encoder, "防护手逃几双?")
    right = match(contents, encoder, "防护手套几双?")
    assert (wrong.typed, wrong.question) == ("防护手逃几双?", "防护手套几双?")
    assert (right.typed, right.question) == ("防护手套几双?", "防护手套几双?")
    assert wrong.features.tolist() == right.features.tolist()


def test_the_real_article_is_highlighted_by_what_is_known(index: Index) -> None:
    matches = index.match("老板拖着工钱不给,我该打哪个号码找工会撑腰?")
    candidate = int(np.argmax(matches.features @ ranking.shipped_weights().ranking))
    assert "12351" in _shown(matches, candidate)


def test_a_highlight_stays_within_its_sentence(index: Index) -> None:
    for passage in index.passages:
        for question in (passage.text[:12], passage.text[-12:], f"{passage.text[:20]}有哪些?"):
            for citation in index.ask(question).citations:
                shown = citation.passage.text[slice(*citation.highlights[0])]
                assert not ends_sentence(shown)


@pytest.mark.parametrize(
    ("question", "bare"),
    [("手套十二双", True), ("手套 十二双?", True), ("手套两双", False), ("双", False)],
)
def test_a_question_that_stands_in_the_passage_is_bare(
    contents: Contents, encoder: Encoder, question: str, bare: bool
) -> None:
    found = match(replace(contents, known=None), encoder, question)
    stands = found.coverage_row(0)[ranking.COVERAGE_FEATURES.index("bare")]
    assert stands == bare


def test_a_document_that_is_known_not_to_answer_sinks_beside_others(
    judging: Contents, encoder: Encoder
) -> None:
    found = match(judging, encoder, "有没有班车?")
    alone = found.features @ ranking.shipped_weights().ranking
    best = int(np.argmax(alone[:3]))
    odds = ranking.log_odds(found.confidence(best))
    assert odds < -1
    # The order within it stays, and the other document, of which nothing is known, stands still.
    assert (found.scores() - alone).tolist() == pytest.approx([odds] * 3 + [0, 0], abs=1e-4)
    # One of the three is left out, and one that answers does not sink.
    sure = match(judging, encoder, THIRST)
    assert sure.confidence(2) > 0.5
    assert (sure.scores() >= sure.features @ ranking.shipped_weights().ranking).all()


def test_a_document_that_is_known_to_answer_comes_before_one_that_is_not_believed_to(
    judging: Contents, encoder: Encoder
) -> None:
    found = match(judging, encoder, THIRST)
    enough = ranking.shipped_weights().covered_from
    best = int(np.argmax(found.scores()[:3]))
    assert found.confidence(best) >= enough > found.confidence(4)
    features = found.features.copy()
    features[4, ranking.FEATURES.index("known_similarity")] += 1
    raised = replace(found, features=features)
    assert raised.confidence(4) == found.confidence(4)
    linear = features @ ranking.shipped_weights().ranking
    assert linear.argmax() == 4
    assert raised.scores().argmax() == best
    # The order of either document's passages stays.
    assert np.ptp((raised.scores() - linear)[:3]) == pytest.approx(0, abs=1e-4)
    assert raised.scores()[3:].tolist() == linear[3:].tolist()


def test_a_document_that_is_alone_does_not_sink(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faq, "_ENOUGH", 1)
    found = match(encode([WELDERS], encoder), encoder, "有没有班车?")
    assert found.known is not None and found.known.unanswered(0) is not None
    assert found.scores().tolist() == (found.features @ ranking.shipped_weights().ranking).tolist()


def test_few_known_questions_sink_nothing(contents: Contents, encoder: Encoder) -> None:
    found = match(contents, encoder, "有没有班车?")
    assert found.scores().tolist() == (found.features @ ranking.shipped_weights().ranking).tolist()


REPORT = articles.parse(
    """改革工作总结
来源:示例总工会 发布日期:2024-03-01
2021年,全市把培养技能人才列为实事项目,主要情况如下。
一、队伍建设
(一)队伍壮大。全市技能人才共有三十万人。
(二)竞赛踊跃。2022年举办竞赛五十项。
(三)培训广泛。全年培训十二万人次。
二、补贴发放
2023年,补贴办法作了修订,主要变化如下。
(一)标准提高。取得证书的每人补贴一千元。
三、2020年服务成果
(一)站点增加。建成驿站一百二十家。
(二)时间延长。每天开放十个小时。
""",
    file="report.txt",
    sha256="",
)


@pytest.fixture(scope="module")
def dated(encoder: Encoder) -> Contents:
    told = _article("甲", "2021年,全市举办竞赛。", "全年培训十二万人次。")
    titled = _article("2021年大事记", "全年培训八千人次。")
    return encode([REPORT, told, titled], encoder)


@pytest.mark.parametrize(
    ("year", "places"),
    [
        # The introduction dates what nothing nearer does, but not a section that dates itself;
        # the title of an article does the same.
        ("2021", ["引言", "一(一)", "一(三)", "甲#0", "2021年大事记#0"]),
        # An item dates itself only.
        ("2022", ["一(二)"]),
        ("2023", ["二第1段", "二(一)"]),
        ("2020", ["三(一)", "三(二)"]),
        # When an article was published says nothing of its figures.
        ("2024", ["文章信息"]),
    ],
)
def test_what_opens_a_section_dates_it(
    dated: Contents, encoder: Encoder, year: str, places: list[str]
) -> None:
    found = match(dated, encoder, f"{year}年培训了多少人次?")
    assert len(found.passages) == len(dated.passages)
    met = [number for number in range(len(found.passages)) if not found.unmet(number).years]
    passages = [dated.passages[found.passages[number]] for number in met]
    assert [passage.locator or passage.id for passage in passages] == places
    # What is not of that year is ranked lower.
    lower = found.features @ ranking.shipped_weights().ranking - found.scores()
    assert np.flatnonzero(lower < 1).tolist() == met
    assert np.delete(lower, met).tolist() == pytest.approx([2] * (len(lower) - len(met)), abs=1e-4)


@pytest.mark.parametrize(
    "opening",
    [
        "到2025年,建成一支技能型大军。",
        "贯彻《技能提升方案（2025年）》,对照2030年远景,分步推进。",
        "与2025年相比,步子更大。",
    ],
)
def test_a_goal_or_a_title_that_opens_a_section_dates_nothing(
    opening: str, encoder: Encoder
) -> None:
    text = f"工作总结\n发布日期:2021-03-01\n一、目标\n{opening}\n(一)培训。全年培训十二万人次。\n"
    contents = encode([articles.parse(text, file="goals.txt", sha256="")], encoder)
    for year in ("2025", "2030"):
        found = match(contents, encoder, f"{year}年培训了多少人次?")
        trained = [contents.passages[number].locator for number in found.passages].index("一(一)")
        assert found.unmet(trained).years == (year,)


@pytest.mark.parametrize(
    ("question", "mentioned"),
    [
        ("焊工的体检费用是多少?", "体检费用"),
        ("手套12双", "手套"),
        # Not 工每年, which begins within 焊工.
        ("职工每年领什么?", "每年"),
        ("两", ""),
    ],
)
def test_what_is_mentioned_are_whole_words(
    contents: Contents, encoder: Encoder, question: str, mentioned: str
) -> None:
    assert match(contents, encoder, question, as_typed=True).mentioned(0) == mentioned


@pytest.mark.parametrize(
    ("question", "text", "mentioned"),
    [
        ("2021年推优入党多少名?", "2020 年推优人党 2274名", "推优"),
        ("2020年推优入党多少名?", "2020 年推优人党 2274名", "2020"),
        ("202年的事", "2020年推优入党", ""),
        ("外地人的孩子", "切实提高产业工人的获得感", ""),
        ("180.15万人里有谁?", "总量已达180.15万人", "180.15万人"),
        # Not the half of an amount.
        ("80.15万人里有谁?", "总量已达180.15万人", ""),
        # From a word that says something to another; not a mark, not a 的.
        ("技能人才的数量", "技能人才的总量", "技能人才"),
        ("有没有“方太”?", "如“方太”四化工程", "方太"),
        ("天气", "产业工人", ""),
    ],
)
def test_what_two_texts_share_is_whole_words(question: str, text: str, mentioned: str) -> None:
    assert matching._shared(question, text) == mentioned


def test_a_place_that_is_asked_about_rules_out_articles_that_do_not_name_it(
    encoder: Encoder,
) -> None:
    pair = encode(
        [
            _article(
                "甲",
                "杭州市发放安全帽两万顶。",
                questions=[Question("发了多少安全帽?", ("两万顶",))],
            ),
            _article("乙", "宁波市总工会", "全市发放安全帽三千顶。"),
        ],
        encoder,
    )
    assert match(pair, encoder, "宁波发放安全帽多少顶?").passages.tolist() == [1, 2]
    assert match(pair, encoder, "杭州发放安全帽多少顶?").passages.tolist() == [0]
    # Where no article names it, or none is asked about, all are looked at.
    for question in ("温州发放安全帽多少顶?", "发放安全帽多少顶?"):
        assert match(pair, encoder, question).passages.tolist() == [0, 1, 2]


def test_what_is_misread_is_given_as_meant(encoder: Encoder) -> None:
    """A point, a kind of answer, a year and a place, each spelt wrong by the scan."""
    plain = _article("丁", "甲慎的焊工在2O20年参加了公积全,每人缴纳8OO元。")
    document = replace(
        plain.document,
        misreadings=(
            *(Misreading("甲慎", "宁波"), Misreading("2O20", "2020")),
            *(Misreading("公积全", "公积金"), Misreading("8OO元", "800元")),
        ),
    )
    passages = tuple(replace(passage, document=document) for passage in plain.passages)
    question = "2020年宁波的公积金多少钱?"
    meant = match(encode([Article(document, passages)], encoder), encoder, question)
    assert meant.unmet(0).names() == ()
    assert meant.scores()[0] > match(encode([plain], encoder), encoder, question).scores()[0]
    as_printed = match(encode([plain], encoder), encoder, question)
    assert as_printed.unmet(0).names() == ("宁波", "2020年", "公积金", "金额")
