"""What whoever serves the page may choose; made by the command line only."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from changai.errors import ServerError, shown

_ORIGIN = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
_PATH = r"(/[A-Za-z0-9._~-]+)*"
_FORMS = {
    "--public-url": (f"({_ORIGIN}{_PATH}/?)?", "https://wd.example.org/changai"),
    "--root-path": (_PATH, "/changai"),
    "--allow-host": (r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+", "wd.example.org"),
    "--embed-origin": (_ORIGIN, "https://www.example.org"),
    "--trusted-proxy": (r"[0-9.]+|[0-9A-Fa-f:.]+", "10.0.0.1"),
    "--client-header": (r"[A-Za-z0-9-]*", "X-Real-IP"),
}
"""What the value of an option must look like, and an example."""

LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("localhost", *LOOPBACK)


@dataclass(frozen=True, slots=True)
class Settings:
    """``root_path`` is the path below which a reverse proxy shows the service and which it strips;
    ``public_url`` the address under which people know it, or empty.

    ``allowed_hosts`` are the names it may be called by, beside loopback's, ``host`` and that of
    ``public_url``. ``embed_origins`` are the sites that may show the page in a frame.
    ``trusted_proxies`` are the addresses whose word is taken on who asks, and ``client_header``
    where they say it, or empty. ``rate`` is how many requests a client may make a minute that have
    to be worked for, 0 for as many as he likes.

    ``users`` is the file of accounts, if only they may come in, and ``feedback`` that of opinions,
    if any are asked for. ``log`` is the form of the log, for a person at a terminal or for a
    service; ``log_questions`` says whether it is to hold what was asked.
    """

    index: Path
    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = LOOPBACK
    client_header: str = ""
    rate: int = 60
    users: Path | None = None
    feedback: Path | None = None
    log: Literal["text", "json"] = "text"
    log_questions: bool = False

    def __post_init__(self) -> None:
        """Raise ServerError for a value that cannot be used, by the name of its option."""
        given = {
            "--public-url": (self.public_url,),
            "--root-path": (self.root_path,),
            "--allow-host": self.allowed_hosts,
            "--embed-origin": self.embed_origins,
            "--trusted-proxy": self.trusted_proxies,
            "--client-header": (self.client_header,),
        }
        for option, values in given.items():
            form, example = _FORMS[option]
            for value in values:
                if not re.fullmatch(form, value):
                    raise ServerError(f"{option} 不能是 {shown(value)}；请写成 {example} 这样的")
