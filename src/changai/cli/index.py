"""Commands for the index: build, inspect an article, generations, rollback, backup and restore."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from changai import clock
from changai.cli.console import progress_bar
from changai.cli.options import index_option
from changai.errors import shown

if TYPE_CHECKING:
    from changai.admin.generations import Generation


@click.command()
@click.argument("articles", required=False, type=click.Path(path_type=Path))
@click.option(
    "--encoder",
    help="builtin，或 sentence-transformers 模型的名称、目录；默认沿用现有索引的。",
)
@index_option
def build(articles: Path | None, encoder: str | None, index: Path) -> None:
    """由目录 ARTICLES（默认是索引目录里的 articles）里的文章重建索引。"""
    from changai.indexing.build import build_index, encoder_in_use

    with progress_bar("编码") as progress:
        report = build_index(
            articles or index / "articles",
            index,
            encoder=encoder or encoder_in_use(index),
            progress=progress,
        )
    size = f"文章 {report.documents} 篇，段落 {report.passages} 个，编码器 {report.encoder.name}"
    if report.questions or report.stale:
        size += f"，已知问题 {report.questions} 个"
    if report.stale:
        size += f"（另有 {len(report.stale)} 处片段对不上，没有用上）"
    if report.changed:
        click.echo(f"已建成索引 {report.generation}：{size}。")
    else:
        click.echo(f"文章没有变化，索引 {report.generation} 仍可用：{size}。")


@click.command("generations")
@index_option
@click.pass_context
def list_generations(context: click.Context, index: Path) -> None:
    """列出磁盘上的各代索引：何时建成，是否完好，在用哪一代；在用的不能用时，退出码是 2。"""
    from changai.admin.generations import listed

    generations = listed(index)
    for generation in generations:
        state = "不能用" if generation.fault else _holding(generation)
        click.echo(f"{generation.name}  {state}{'  在用' if generation.in_use else ''}")
        if generation.fault:
            click.echo(f"    {generation.fault}")
    context.exit(0 if any(each.in_use and not each.fault for each in generations) else 2)


@click.command()
@click.argument("generation", required=False)
@index_option
def rollback(generation: str | None, index: Path) -> None:
    """换回索引 GENERATION，默认是在用的前一代。"""
    from changai.admin.generations import roll_back

    now = roll_back(index, generation)
    click.echo(
        f"已换回索引 {now.name}：{_holding(now)}。\n"
        f"{index / 'articles'} 里的文章没有动，请先改好；"
        "下次运行 changai build 会照那里的文章另建一代。"
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="连同这个 SQLite 文件里的意见。",
)
@index_option
def backup(file: Path, feedback: Path | None, index: Path) -> None:
    """把文章和旁边的文件备份成一个新的 zip 文件 FILE。"""
    from changai.admin.backups import back_up

    made = back_up(index / "articles", file, feedback)
    click.echo(f"已备份 {made.files} 个文件到 {shown(file)}，读过一遍，没有差错。")
    if made.left_out:
        left_out = "、".join(map(shown, made.left_out))
        click.echo(f"没有备份 {left_out}：不是普通文件。", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="把备份里的意见恢复成这个新文件；它不能已经存在。",
)
@click.option("--replace", is_flag=True, help="换掉现有的文章，原来的改名保留。")
@index_option
def restore(file: Path, feedback: Path | None, replace: bool, index: Path) -> None:
    """把备份 FILE 里的文章恢复到索引目录，意见恢复成一个新文件。"""
    from changai.admin.backups import restore as put_back

    done = put_back(file, index, feedback, replacing=replace)
    click.echo(f"已恢复 {done.files} 个文件，其中文章 {done.documents} 篇。")
    if done.kept is not None:
        click.echo(f"原来的文章在 {shown(done.kept)}。")
    if done.opinions:
        click.echo("备份里还有意见，没有恢复；要恢复，请用 --feedback 写出一个新文件名。")
    click.echo(f"请运行：changai build --index {index}")


def _holding(generation: "Generation") -> str:
    """When a sound generation was built, in Beijing time, and how many articles it has."""
    built = clock.there(generation.built)
    return f"{built:%Y-%m-%d %H:%M}（北京时间）建成，文章 {generation.documents} 篇，完好"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def inspect(file: Path) -> None:
    """列出从文章 FILE 里读出的信息、段落，和没有用上的已知问题。"""
    from changai.pages.terminal import description
    from changai.reading.articles import read, told_stale

    article = read(file)
    click.echo(description(article.document))
    for passage in article.passages:
        click.echo(f"\n{passage.locator}  [{passage.start}:{passage.end}]  {passage.id}")
        if passage.headings:
            click.echo(" / ".join(passage.headings))
        click.echo(passage.text)
    if article.questions or article.stale:
        click.echo(f"\n已知问题  {len(article.questions)} 个，没有用上的 {len(article.stale)} 个")
    for told in told_stale(article):
        click.echo(told)
