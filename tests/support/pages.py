"""Reading HTML as strictly as its writers should be held to it."""

from html.parser import HTMLParser

from changai.pages.rendering import environment

_VOID = {"meta", "link", "br", "img", "input"}
_ENDS_A_PARAGRAPH = {
    *("p", "div", "section", "details", "figure", "table", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5"),
}


def printed(template: str, macro: str, *values: object) -> str:
    """What a macro of a template prints."""
    text: str = getattr(environment().get_template(template).module, macro)(*values)
    return text


def is_layout(data: str) -> bool:
    """Whether a text between two tags is but a line break of the template."""
    return "\n" in data and not data.strip()


class Strict(HTMLParser):
    """Collects what is in a page, and asserts that every tag is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.quoted: list[str] = []
        self.marked: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        assert not ("p" in self._open and tag in _ENDS_A_PARAGRAPH)
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "blockquote":
            self.quoted.append("")
        if tag == "mark":
            self.marked.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self._open):
            return
        if not is_layout(data):
            self.text += data
        if "blockquote" in self._open:
            self.quoted[-1] += data
        if "mark" in self._open:
            self.marked[-1] += data
