"""The command line: arguments in, exit codes out.

0: answered, or done; 1: the articles do not answer the question; 2: misuse, or an error; 141: the
reader of the output has closed it.
"""

import gc
import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import click

from changai import clock
from changai.cli.console import Commands, progress_bar
from changai.errors import AccountError, FeedbackError, ReportError, shown
from changai.files import replace_text

if TYPE_CHECKING:
    from changai.admin.generations import Generation

_index_option = click.option(
    "--index",
    type=click.Path(path_type=Path),
    envvar="CHANGAI_INDEX",
    default=Path("index"),
    show_default=True,
    help="索引目录，内有 articles/ 和 built/。",
)
_encoder_option = click.option(
    "--encoder",
    help="builtin，或 sentence-transformers 模型的名称、目录；默认沿用现有索引的。",
)
_WRITABLE = click.Path(path_type=Path, dir_okay=False, writable=True)
_json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON。")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="changai")
def main() -> None:
    """产改问答：从产业工人队伍建设改革的文章里找出原文来回答问题。"""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name may hold bytes that are no characters.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger("changai").addHandler(handler)


@main.command()
@click.argument("question")
@click.option("-k", default=3, show_default=True, type=click.IntRange(min=1), help="引用几段。")
@_json_option
@_index_option
@click.pass_context
def ask(context: click.Context, question: str, k: int, as_json: bool, index: Path) -> None:
    """回答一个问题，引用原文。"""
    from changai.indexing.build import ensure_index
    from changai.pages.terminal import answer_text
    from changai.search.index import Index

    with progress_bar("建立索引") as progress:
        ensure_index(index, progress)
    answer = Index.open(index).ask(question, k=k)
    if as_json:
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(answer_text(answer))
    context.exit(0 if answer.covered else 1)


@main.command()
@click.argument("articles", required=False, type=click.Path(path_type=Path))
@_encoder_option
@_index_option
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


@main.command("generations")
@_index_option
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


@main.command()
@click.argument("generation", required=False)
@_index_option
def rollback(generation: str | None, index: Path) -> None:
    """换回索引 GENERATION，默认是在用的前一代。"""
    from changai.admin.generations import roll_back

    now = roll_back(index, generation)
    click.echo(
        f"已换回索引 {now.name}：{_holding(now)}。\n"
        f"{index / 'articles'} 里的文章没有变，请先改好；"
        "下次运行 changai build 会照那里的文章另建一代。"
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="连同这个 SQLite 文件里的意见。",
)
@_index_option
def backup(file: Path, feedback: Path | None, index: Path) -> None:
    """把文章和旁边的文件备份成一个新的 zip 文件 FILE。"""
    from changai.admin.backups import back_up

    made = back_up(index / "articles", file, feedback)
    click.echo(f"已备份 {made.files} 个文件到 {shown(file)}，读过一遍，没有差错。")
    if made.left_out:
        left_out = "、".join(map(shown, made.left_out))
        click.echo(f"没有备份 {left_out}：不是普通文件。", err=True)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="把备份里的意见恢复成这个新文件；它不能已经存在。",
)
@click.option("--replace", is_flag=True, help="换掉现有的文章，原来的改名保留。")
@_index_option
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
    """When a sound generation was built, by the readers' clock, and of how many articles."""
    built = clock.there(generation.built)
    return f"{built:%Y-%m-%d %H:%M}（北京时间）建成，文章 {generation.documents} 篇，完好"


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。")
@click.option(
    "--port",
    default=7860,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="监听端口，0 是任选一个。",
)
@click.option(
    "--public-url",
    default="",
    help="人们打开网页用的网址，例如 https://wd.example.org/changai；导出的链接用它。",
)
@click.option(
    "--root-path",
    help="反向代理把网页放在哪个路径之下并去掉它，例如 /changai；默认照 --public-url。",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    help="还可以用哪个主机名访问；可写多次。本机、--host 和 --public-url 的不用写。",
)
@click.option(
    "--embed-origin",
    "embed_origins",
    multiple=True,
    help="哪个网站可以把网页嵌进自己的页面，例如 https://www.example.org；可写多次。",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    default=["127.0.0.1", "::1"],
    show_default=True,
    help="反向代理的地址；由它说请求是谁发来的，它自己不限次数。",
)
@click.option(
    "--client-header",
    default="",
    help="反向代理把访客的地址写在哪个请求头里，例如 X-Real-IP；不给就不能按访客限次数。",
)
@click.option(
    "--rate",
    default=60,
    show_default=True,
    type=click.IntRange(min=0),
    help="每个访客每分钟最多几次，0 是不限。",
)
@click.option(
    "--users",
    # Whoever reads it tells better what is wrong with it.
    type=click.Path(path_type=Path, readable=False),
    help="只让这个文件里的用户登录使用；用 changai user add 添加。",
)
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="把“有用/没用”的意见记进这个 SQLite 文件；不给就不收集。",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    help="日志的样式：text 给人看，只有警告；json 每行一条，另有访问记录。默认在终端里用 text。",
)
@click.option("--log-questions", is_flag=True, help="把问题的原文也写进日志。")
@_index_option
def serve(
    index: Path,
    root_path: str | None,
    public_url: str,
    log: Literal["text", "json"] | None,
    **chosen: Any,
) -> None:
    """启动问答网页。"""
    # Loading modules makes no garbage: looking for it would take a fifth of the start.
    gc.disable()
    from changai.web import app
    from changai.web.settings import Settings

    gc.freeze()
    gc.enable()
    if root_path is None:
        root_path = urlsplit(public_url).path.rstrip("/")
    if log is None:
        log = "text" if sys.stderr.isatty() else "json"
    settings = Settings(index, root_path=root_path, public_url=public_url, log=log, **chosen)
    with progress_bar("建立索引") as progress:
        app.serve(settings, progress)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_json_option
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path),
    help="另写一页网页报告到这个目录的 index.html。",
)
@_index_option
def evaluate(file: Path, as_json: bool, folder: Path | None, index: Path) -> None:
    """用 FILE 里的问题（JSON Lines 或 SQuAD 格式）测量检索与覆盖判断。"""
    from changai.evaluation.metrics import summarise
    from changai.evaluation.outcomes import evaluate as measure
    from changai.evaluation.outcomes import open_questions
    from changai.pages.report import known_among, page

    if folder is not None:
        # Asking takes a while: what stands in the way of the report is said before.
        with _writes(folder):
            folder.mkdir(parents=True, exist_ok=True)
    with progress_bar("编码") as progress:
        questions, opened = open_questions(file, index, progress)
    with progress_bar("提问") as progress:
        evaluation = measure(opened, questions.questions, progress)
    if said := known_among(evaluation):
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
            html = page(evaluation, click.format_filename(file.name), clock.today().isoformat())
            replace_text(folder / "index.html", html)
        click.echo(f"报告已写入 {folder / 'index.html'}。", err=True)


@main.command()
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


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=_WRITABLE, help="写到哪里。")
@_index_option
def fit(files: tuple[Path, ...], output: Path, index: Path) -> None:
    """用 FILES 里的问题重新拟合排序与覆盖判断的权重；阈值按第一个文件选定。"""
    from changai.evaluation import fitting
    from changai.evaluation.outcomes import open_questions

    sources: list[fitting.Source] = []
    for file in files:
        with progress_bar(f"编码 {file.name}") as progress:
            questions, opened = open_questions(file, index, progress)
        sources += fitting.observe(file.name, questions.sha256, opened, questions.questions)
    replace_text(output, fitting.to_json(fitting.fit(sources)))
    click.echo(f"已写入 {output}。")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_json_option
@click.option(
    "--questions",
    "output",
    type=_WRITABLE,
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


@main.group()
def user() -> None:
    """管理登录网页的账号：changai serve --users FILE 只让 FILE 里的人进来。"""


_users_option = click.option(
    "--users",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    help="账号文件；里面只有密码的散列，没有密码。",
)


@user.command("add")
@click.argument("name")
@_users_option
@click.option("--password-stdin", "piped", is_flag=True, help="从标准输入读一行密码，供脚本使用。")
@click.option("--replace", is_flag=True, help="给已有的账号换密码。")
def add_user(name: str, file: Path, piped: bool, replace: bool) -> None:
    """添加账号 NAME，或给它换密码；密码要 8 至 256 个字。"""
    from changai.admin import accounts

    accounts.add(file, name, _piped_password() if piped else _asked_password(), replace=replace)
    click.echo("密码已换，原来的登录都已失效。" if replace else f"已添加账号 {name}。")


@user.command("list")
@_users_option
def list_users(file: Path) -> None:
    """列出账号，一行一个。"""
    from changai.admin import accounts

    for account in accounts.read(file):
        click.echo(account.name)


@user.command("remove")
@click.argument("name")
@_users_option
def remove_user(name: str, file: Path) -> None:
    """删去账号 NAME；他的登录随即失效。"""
    from changai.admin import accounts

    accounts.remove(file, name)
    click.echo(f"已删去账号 {name}。")


def _piped_password() -> str:
    # Bounded: more than the longest password in UTF-8, and its line end.
    line = sys.stdin.buffer.readline(2000)
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise AccountError("标准输入里的密码不是 UTF-8；请转换之后再试") from error


def _asked_password() -> str:
    if not sys.stdin.isatty():
        # Elsewhere it could not be kept from showing.
        raise AccountError("这里不是终端，问不了密码；请用 --password-stdin")
    try:
        password: str = click.prompt("密码（不显示）", hide_input=True, prompt_suffix="：")
        again: str = click.prompt("再输一次", hide_input=True, prompt_suffix="：")
    except click.Abort as error:
        raise AccountError("没有输入密码，账号没有改动；请重新运行") from error
    if password != again:
        raise AccountError("两次输入的密码不一样，账号没有改动；请重新运行")
    return password


@main.command("export-model")
@click.argument("directory", type=click.Path(path_type=Path))
def export_model(directory: Path) -> None:
    """把内置模型另存为 sentence-transformers 模型目录，供微调或在 GPU 上建索引。"""
    from changai.models.export import export_builtin

    export_builtin(directory)
    click.echo(f"已写入 {directory}；用法：changai build --encoder {directory}")


@contextmanager
def _writes(folder: Path) -> Iterator[None]:
    """Say in Chinese what keeps a report from being written."""
    try:
        yield
    except OSError as error:
        raise ReportError(f"报告写不到 {folder}（{error.strerror}）；请换一个目录") from error
