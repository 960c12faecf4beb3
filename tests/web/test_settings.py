from pathlib import Path
from typing import Any

import pytest

from changai.errors import ServerError
from changai.web.settings import Settings


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"public_url": "https://wd.example.org"},
        {"public_url": "http://10.0.0.5:7860/changai/"},
        {"root_path": "/a/b"},
        {"allowed_hosts": ("wd.example.org", "WD", "2001:db8::1")},
        {"embed_origins": ("https://www.example.org", "http://localhost:8000")},
        {"trusted_proxies": ("10.0.0.1", "::1")},
        {"client_header": "X-Forwarded-For"},
    ],
)
def test_what_can_be_used(chosen: dict[str, Any]) -> None:
    Settings(Path(), **chosen)


@pytest.mark.parametrize(
    ("chosen", "option"),
    [
        ({"public_url": "wd.example.org"}, "--public-url"),
        ({"public_url": "javascript:alert(1)"}, "--public-url"),
        ({"public_url": "https://wd.example.org/?a"}, "--public-url"),
        ({"public_url": "https://wd.example.org/a b"}, "--public-url"),
        ({"public_url": "https://u:p@wd.example.org"}, "--public-url"),
        ({"root_path": "changai"}, "--root-path"),
        ({"root_path": "/"}, "--root-path"),
        ({"root_path": "/changai/"}, "--root-path"),
        ({"allowed_hosts": ("wd.example.org", "https://wd.example.org")}, "--allow-host"),
        ({"allowed_hosts": ("",)}, "--allow-host"),
        ({"allowed_hosts": ("*",)}, "--allow-host"),
        ({"embed_origins": ("https://www.example.org/",)}, "--embed-origin"),
        ({"embed_origins": ("https://a.example; script-src *",)}, "--embed-origin"),
        ({"embed_origins": ("*",)}, "--embed-origin"),
        ({"trusted_proxies": ("proxy.example.org",)}, "--trusted-proxy"),
        ({"client_header": "X-Real-IP: "}, "--client-header"),
    ],
)
def test_what_cannot_is_refused_by_its_name(chosen: dict[str, Any], option: str) -> None:
    with pytest.raises(ServerError, match=f"^{option} 不能是 .*；请写成 "):
        Settings(Path(), **chosen)
