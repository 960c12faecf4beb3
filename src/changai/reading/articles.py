"""Reads an article: a saved web page and the files beside it become an Article."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from changai import files
from changai.errors import ArticleError, MetadataError, QuestionFileError, shown
from changai.reading import decoding, folder, metadata, questions
from changai.reading.layout import read_layout
from changai.reading.outline import Span, outline
from changai.records import METADATA_LOCATOR, Article, Document, Passage, Question
from changai.text.characters import has_words

LARGEST = 20_000_000
"""The largest article, in bytes: some sixty times the Civil Code."""

SIGNATURE_LOCATOR = "落款"


def read(path: Path) -> Article:
    """Read one article file with its metadata and its FAQ, if it has them.

    A question is usable if each of its snippets occurs in a passage. The others are kept apart, in
    ``stale``.

    Raises ArticleError if the file is missing, unreadable, too large, not a regular file or not
    UTF-8 text, if it has no passages, or if ``folder.is_usable_name`` rejects its name. Raises
    MetadataError if the metadata cannot be used, and QuestionFileError if the FAQ cannot.
    """
    (article,) = read_all([path])
    return article


def read_all(paths: Sequence[Path]) -> list[Article]:
    """Read several article files as ``read`` does. An error names every file with a fault."""
    corpus: list[Article] = []
    faults: list[ArticleError | QuestionFileError] = []
    for path in paths:
        try:
            article = _read_page(path)
        except ArticleError as error:
            faults.append(error)
            continue
        for add in (_with_metadata, _with_questions):
            try:
                article = add(article, path)
            except (ArticleError, QuestionFileError) as error:
                faults.append(error)
        corpus.append(article)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        told = "\n".join(map(str, faults))
        raise type(faults[0])(f"有 {len(faults)} 个文件要改：\n{told}") from faults[0]
    return corpus


def told_stale(article: Article) -> list[str]:
    """One line for each missing snippet of a stale question: file, line, question and snippet."""
    file = folder.known_questions(Path(article.document.file)).name
    texts = [passage.text for passage in article.passages]
    return [
        f"{file} 第 {question.line} 行“{question.text}”：没有一段含“{snippet}”"
        for question in article.stale
        for snippet in question.absent(texts)
    ]


def parse(text: str, *, file: str, sha256: str) -> Article:
    """Split a decoded page into its document and passages.

    Raises ArticleError if the page has no paragraphs.
    """
    layout = read_layout(text)
    head, signature = layout.head, layout.signature
    document = Document(
        id=Path(file).stem,
        title=head.title or Path(file).stem,
        publisher=head.publisher,
        published=head.published,
        site=head.site,
        file=file,
        sha256=sha256,
        text=text,
    )
    spans = outline(text, layout.body)
    if not spans:
        raise ArticleError(f"文章 {file} 里找不到段落；请让每段各占一行")
    if has_words(text[head.start : head.end]):
        spans.insert(0, Span(head.start, head.end, (), METADATA_LOCATOR))
    if signature:
        spans.append(Span(signature[0].start, signature[-1].end, (), SIGNATURE_LOCATOR))
    passages = tuple(
        Passage(
            id=f"{document.id}#p{number}",
            document=document,
            text=text[span.start : span.end],
            start=span.start,
            end=span.end,
            headings=span.headings,
            locator=span.locator,
        )
        for number, span in enumerate(spans, start=1)
    )
    return Article(document, passages)


def _read_page(path: Path) -> Article:
    """The article from its own file only, without the files beside it. Raises ArticleError."""
    folder.check_name(path.name)
    try:
        data = files.read_bytes(path, LARGEST)
    except OSError as error:
        raise ArticleError(f"读不了文章 {shown(path)}：{files.cause(error)}") from error
    if wrong := decoding.fault(path, data):
        raise ArticleError(f"文章 {wrong}")
    text = data.decode("utf-8-sig")
    if not text.strip():
        raise ArticleError(f"文章 {shown(path)} 是空的；请写入正文，或移走这个文件")
    sha256 = hashlib.sha256(data).hexdigest()
    return replace(parse(text, file=path.name, sha256=sha256), sources=((path.name, sha256),))


def _with_metadata(article: Article, path: Path) -> Article:
    """The article with its metadata file applied, if it has one. Raises MetadataError."""
    beside = folder.metadata(path)
    if not _is_there(beside, MetadataError):
        return article
    described = metadata.read(beside, article.document.text)
    document = metadata.describe(article.document, described)
    return replace(
        article,
        document=document,
        passages=tuple(replace(passage, document=document) for passage in article.passages),
        sources=(*article.sources, (beside.name, described.sha256)),
    )


def _with_questions(article: Article, path: Path) -> Article:
    """The article with its FAQ, if it has one. Raises QuestionFileError.

    If the article has changed and no longer contains a snippet, the whole question is left out.
    Kept as it is, it would hide the change from readers. Kept without its snippets, it would say
    that the article does not answer the question.
    """
    beside = folder.known_questions(path)
    if not _is_there(beside, QuestionFileError):
        return article
    texts = [passage.text for passage in article.passages]
    usable: list[Question] = []
    stale: list[Question] = []
    brought = questions.read_lines(beside)
    for question in brought.questions:
        (stale if question.absent(texts) else usable).append(question)
    return replace(
        article,
        questions=tuple(usable),
        stale=tuple(stale),
        sources=(*article.sources, (beside.name, brought.sha256)),
    )


def _is_there(beside: Path, fault: type[MetadataError | QuestionFileError]) -> bool:
    """Whether a file exists beside an article. Raises ``fault`` if that cannot be told."""
    try:
        return folder.is_there(beside)
    except OSError as error:
        raise fault(f"读不了 {shown(beside)}：{files.cause(error)}") from error
