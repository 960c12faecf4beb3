"""What every page is made of: the frame of one that stands alone, and a text with its marks."""

import html
from importlib.resources import files
from itertools import chain, groupby, pairwise

from changai.records import Spans

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, style: str, body: str, script: str = "") -> str:
    """A whole HTML page that stands alone, with nothing to be fetched.

    ``title`` is text; ``style`` is the package's style sheet that goes on top of ``paper.css``;
    ``body`` is HTML; ``script`` is the package's script that the page may run, if any.
    """
    policy = _POLICY + "; script-src 'unsafe-inline'" * bool(script)
    program = f"\n<script>\n{resource(script)}</script>" if script else ""
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{html.escape(title)}</title>
<style>
{resource("paper.css")}{resource(style)}</style>
</head>
<body>
{body}{program}
</body>
</html>
"""


def resource(name: str, package: str = "changai.pages") -> str:
    """The text of an asset of a package."""
    return files(package).joinpath("assets", name).read_text(encoding="utf-8")


def marked(text: str, highlights: Spans, damaged: Spans = ()) -> str:
    """The text, escaped, with its highlighted spans in ``<mark>`` and the damaged in ``<u>``.

    Spans may overlap: where a highlight begins or ends within a damaged one, the ``<u>`` is cut.
    """
    edges = sorted({0, len(text), *chain(*highlights, *damaged)})
    parts = []
    for highlighted, stretches in groupby(
        pairwise(edges), lambda stretch: _holds(highlights, stretch)
    ):
        inner = "".join(
            f'<u class="damaged">{html.escape(text[start:end])}</u>'
            if _holds(damaged, (start, end))
            else html.escape(text[start:end])
            for start, end in stretches
        )
        parts.append(f"<mark>{inner}</mark>" if highlighted else inner)
    return "".join(parts)


def within(spans: Spans, start: int, end: int) -> Spans:
    """What of the spans lies between ``start`` and ``end``, counted from there."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and start < last
    )


def _holds(spans: Spans, stretch: tuple[int, int]) -> bool:
    """Whether a stretch of text lies within one of the spans."""
    return any(start <= stretch[0] and stretch[1] <= end for start, end in spans)
