"""Commands to evaluate answers, fit the weights, and list visitors' opinions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from changai import clock
from changai.cli.console import progress_bar
from changai.cli.options import WRITABLE_FILE, index_option, json_option
from changai.errors import FeedbackError, ReportError, shown
from changai.files import replace_text

_texts_option = click.option(
    "--texts",
    type=click.Path(path_type=Path, file_okay=False),
    help="问题是一个目录（如 tests/data/library）时，它问到的文章在哪里；只用留出的那些。",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@_texts_option
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path),
    help="另写一页网页报告到这个目录的 index.html。",
)
@index_option
def evaluate(
    file: Path, as_json: bool, texts: Path | None, folder: Path | None, index: Path
) -> None:
    """用 FILE 里的问题（JSON Lines 或 SQuAD 格式）测量找得准不准，能否回答判断得对不对。"""
    from changai.evaluation import extra
    from changai.evaluation.metrics import summarise
    from changai.evaluation.outcomes import evaluate as measure
    from changai.evaluation.outcomes import open_questions
    from changai.pages.report import faq_among, page, told_left_out

    if folder is not None:
        extra.check()
        # Asking takes a while, so a folder that cannot be written is reported first.
        with _writes(folder):
            folder.mkdir(parents=True, exist_ok=True)
    with progress_bar("编码") as progress:
        questions, opened = open_questions(file, index, progress, texts=texts)
    with progress_bar("提问") as progress:
        evaluation = measure(opened, questions.questions, progress)
    for said in (faq_among(evaluation), told_left_out(questions.left_out)):
        if said:
            click.echo(said, err=True)
    report = summarise(evaluation.outcomes)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        for name, value in asdict(report).items():
            shown = "—" if value is None else f"{value:.3f}" if isinstance(value, float) else value
            click.echo(f"{name:<20}{shown:>10}")
    if folder is not None:
        with _writes(folder):
            name, today = click.format_filename(file.name), clock.today().isoformat()
            html = page(evaluation, name, today, questions.left_out)
            replace_text(folder / "index.html", html)
        click.echo(f"报告已写入 {folder / 'index.html'}。", err=True)


@contextmanager
def _writes(folder: Path) -> Iterator[None]:
    """Say in Chinese why a report cannot be written."""
    try:
        yield
    except OSError as error:
        raise ReportError(f"报告写不到 {folder}（{error.strerror}）；请换一个目录") from error


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=WRITABLE_FILE, help="写到哪里。")
@_texts_option
@index_option
def fit(files: tuple[Path, ...], output: Path, texts: Path | None, index: Path) -> None:
    """用 FILES 里的问题重新拟合排序和能否回答的判断；阈值按第一个文件选定。

    有 --texts 时，这些文章同索引里的文章放在一起问。
    """
    from changai.evaluation import extra, fitting
    from changai.evaluation.observing import observe_all
    from changai.evaluation.outcomes import open_questions
    from changai.pages.report import told_left_out
    from changai.reading.articles import read_all
    from changai.reading.folder import find

    extra.check()
    beside = read_all(find(index / "articles")) if texts is not None else ()
    asked = []
    for file in files:
        with progress_bar(f"编码 {file.name}") as progress:
            opened = open_questions(file, index, progress, texts=texts, beside=beside)
        if said := told_left_out(opened[0].left_out):
            click.echo(f"{shown(file)}：{said}", err=True)
        asked.append((file.name, *opened))
    sources = observe_all(asked)
    replace_text(output, fitting.to_json(*fitting.fit(sources)))
    click.echo(f"已写入 {output}。")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.option(
    "--questions",
    "output",
    type=WRITABLE_FILE,
    help="把知道答案的写成供 evaluate 用的问题文件，只列出要由人来判断的意见。",
)
def feedback(file: Path, as_json: bool, output: Path | None) -> None:
    """列出网页访客留在 FILE 里的意见，新的在前。"""
    from changai.evaluation import feedback as kept

    opinions = kept.read(file)
    if output is not None:
        if output.resolve() == file.resolve():
            raise FeedbackError(f"{output} 就是意见文件；请换一个文件名")
        questions = kept.to_questions(opinions)
        kept.write_questions(output, questions)
        known = {question["question"] for question in questions}
        opinions = [each for each in opinions if not each.useful or each.question not in known]
        click.echo(
            f"已把 {len(questions)} 个问题写入 {output}，用前请看一遍；"
            f"另有 {len(opinions)} 条意见要由人来判断。",
            err=True,
        )
    for opinion in reversed(opinions):
        click.echo(kept.as_json(asdict(opinion)) if as_json else kept.as_text(opinion))
