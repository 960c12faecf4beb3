from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from changai.errors import ArticleError, EncoderError, MetadataError
from changai.indexing import store
from changai.indexing.build import build_index, encode, encoder_in_use, ensure_index
from changai.indexing.manifest import read_manifest
from changai.models.encoders import Encoder
from changai.reading import articles
from changai.records import Article
from changai.search.index import Index
from changai.text.normalisation import normalise
from changai.text.sentences import clauses

QUESTION = "外地人的孩子在宁波怎么上学?"


def test_with_nothing_changed_nothing_is_done(own_folder: Path) -> None:
    before = store.current_generation(own_folder)
    report = build_index(own_folder / "articles", own_folder)
    assert not report.changed
    assert report.generation == before == store.current_generation(own_folder)
    assert (report.documents, report.passages) == (1, 17)


def test_the_same_articles_give_the_same_passages_and_ids(
    small_folder: Path, tmp_path: Path
) -> None:
    build_index(small_folder / "articles", tmp_path)
    first, second = Index.open(small_folder), Index.open(tmp_path)
    assert first.passages == second.passages
    assert len(first.passages) == 4


def test_a_new_article_is_found_after_a_rebuild(own_folder: Path) -> None:
    opened = Index.open(own_folder)
    (own_folder / "articles" / "jiaxing.txt").write_text(
        "嘉兴的做法\n嘉兴市为每名新入职的焊工发放安全帽一顶。\n", encoding="utf-8"
    )
    report = build_index(own_folder / "articles", own_folder)
    assert (report.changed, report.documents) == (True, 2)
    assert opened.refresh()
    assert not opened.refresh()
    (citation,) = opened.retrieve("新来的焊工发安全帽吗?", k=1)
    assert citation.passage.document.title == "嘉兴的做法"


def test_a_damaged_index_is_built_anew(small_folder: Path) -> None:
    broken = small_folder / "built" / store.current_generation(small_folder) / "passages.faiss"
    broken.write_bytes(b"")
    assert build_index(small_folder / "articles", small_folder).changed
    assert Index.open(small_folder).ask(QUESTION).citations


def test_an_article_described_otherwise_makes_a_new_generation(small_folder: Path) -> None:
    folder = small_folder / "articles"
    beside = folder / "welders.toml"
    beside.write_text('publisher = "市总工会"\n', encoding="utf-8")
    assert build_index(folder, small_folder).changed
    assert not build_index(folder, small_folder).changed
    (document,) = Index.open(small_folder).documents
    assert document == articles.read(folder / "welders.txt").document
    assert document.publisher == "市总工会"
    beside.unlink()
    assert build_index(folder, small_folder).changed


def test_all_that_describes_an_article_is_kept(
    own_folder: Path, index: Index, ningbo: Article
) -> None:
    (document,) = index.documents
    assert document == ningbo.document
    assert document.hotline and document.examples and document.misreadings
    assert (
        f"{document.id}.toml"
        in read_manifest(own_folder, store.current_generation(own_folder)).articles
    )


def test_a_broken_description_leaves_the_old_index_untouched(small_folder: Path) -> None:
    before = store.current_generation(small_folder)
    (small_folder / "articles" / "welders.toml").write_text("url = 1\n", encoding="utf-8")
    with pytest.raises(MetadataError, match=r"welders\.toml 的 url"):
        build_index(small_folder / "articles", small_folder)
    assert store.current_generation(small_folder) == before
    assert Index.open(small_folder).documents[0].url == ""


def test_what_one_article_misreads_is_matched_as_meant_in_that_one_alone(
    encoder: Encoder, tmp_path: Path
) -> None:
    for name, town in (("a", "甲镇"), ("b", "乙镇")):
        (tmp_path / f"{name}.txt").write_text(
            f"{town}的做法\n{town}给焊工发放防护手逃两双。\n", encoding="utf-8"
        )
    (tmp_path / "a.toml").write_text('misread = {"手逃" = "手套"}\n', encoding="utf-8")
    corpus = articles.read_all([tmp_path / "a.txt", tmp_path / "b.txt"])
    contents = encode(corpus, encoder)
    found = contents.sparse_passages.search(["手套"], 9)
    assert [contents.passages[number].text for number in found] == ["甲镇给焊工发放防护手逃两双。"]
    missed = contents.sparse_passages.search(["手逃", "#手逃"], 9)
    assert [contents.passages[number].text for number in missed] == ["乙镇给焊工发放防护手逃两双。"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_broken_article_leaves_the_old_index_untouched(own_folder: Path, content: bytes) -> None:
    before = store.current_generation(own_folder)
    (own_folder / "articles" / "broken.txt").write_bytes(content)
    with pytest.raises(ArticleError, match=r"broken\.txt"):
        build_index(own_folder / "articles", own_folder)
    assert store.current_generation(own_folder) == before
    assert Index.open(own_folder).ask(QUESTION).citations


def test_an_unknown_encoder_leaves_the_old_index_untouched(own_folder: Path) -> None:
    before = store.current_generation(own_folder)
    with pytest.raises(EncoderError, match="nowhere"):
        build_index(own_folder / "articles", own_folder, encoder=str(own_folder / "nowhere"))
    assert store.current_generation(own_folder) == before


def test_without_an_index_the_encoder_is_the_builtin_one(tmp_path: Path) -> None:
    assert encoder_in_use(tmp_path / "nowhere") == "builtin"


@pytest.mark.slow
def test_first_questions_at_once_wait_for_one_build(tmp_path: Path, ningbo: Article) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / ningbo.document.file).write_text(ningbo.document.text, encoding="utf-8")
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(ensure_index, [tmp_path] * 3))
    assert sum(report is not None and report.changed for report in reports) == 1
    assert Index.open(tmp_path).passages


def test_a_folder_that_was_not_meant_stays_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(ArticleError):
        ensure_index(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


def test_an_article_without_a_date_is_told_of(
    own_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own_folder / "articles" / "undated.txt").write_text("标题\n正文。\n", encoding="utf-8")
    build_index(own_folder / "articles", own_folder)
    assert "undated.txt" in caplog.text


@pytest.mark.slow
def test_progress_counts_every_text(ningbo: Article, encoder: Encoder) -> None:
    steps: list[tuple[int, int]] = []
    article = replace(ningbo, questions=ningbo.questions[:20])
    encode([article], encoder, lambda done, total: steps.append((done, total)))
    spans = [(p.text, *span) for p in ningbo.passages for span in [(0, None), *clauses(p.text)]]
    # A passage of one clause may be that clause: a text that stands twice is encoded once.
    texts = len({normalise(text[start:end]) for text, start, end in spans})
    assert steps[-1] == (texts + 20, texts + 20)
    # Passages and clauses, and then the questions, in batches of 128.
    expected = [*range(128, texts, 128), texts, texts + 20]
    assert [done for done, _ in steps] == expected


@pytest.mark.slow
def test_an_index_is_built_only_where_there_is_none(tmp_path: Path, ningbo: Article) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / ningbo.document.file).write_text(ningbo.document.text, encoding="utf-8")
    first = ensure_index(tmp_path)
    assert first is not None
    assert first.changed
    assert ensure_index(tmp_path) is None


def test_the_committed_article_is_the_one_that_was_read(ningbo: Article) -> None:
    """Its SHA-256, taken when it was handed over: the source is evidence and never edited."""
    assert (
        ningbo.document.sha256 == "d4065774fba07e890e27e5650fe05a0f225506ddf18166a7d9abd3b3542cabda"
    )
