from typing import Any

import pytest

from changai.web.clients import Clients, Rates, address

PROXY = "10.0.0.1"


def scope(client: str, scheme: str = "http", **headers: str) -> dict[str, Any]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (client, 40_000), "scheme": scheme, "headers": sent}


@pytest.mark.parametrize(
    ("header", "sent", "client"),
    [
        ("x-real-ip", {"x_real_ip": "192.0.2.7"}, "192.0.2.7"),
        ("X-Real-IP", {"x_real_ip": "2001:db8::7"}, "2001:db8::7"),
        # What was there before the proxy put its own behind it, anyone may have written.
        ("x-forwarded-for", {"x_forwarded_for": "198.51.100.1, 192.0.2.7"}, "192.0.2.7"),
        ("x-real-ip", {}, PROXY),
        ("x-real-ip", {"x_real_ip": "192.0.2.7:443"}, PROXY),
        ("x-real-ip", {"x_real_ip": "<script>"}, PROXY),
        ("x-real-ip", {"x_real_ip": ""}, PROXY),
        ("", {"x_real_ip": "192.0.2.7"}, PROXY),
    ],
)
def test_a_trusted_proxy_says_whom_it_asks_for(
    header: str, sent: dict[str, str], client: str
) -> None:
    told = Clients([PROXY], header).told(scope(PROXY, **sent))
    assert address(told) == client


def test_of_two_lines_the_proxys_counts() -> None:
    sent = scope(PROXY)
    sent["headers"] = [(b"x-forwarded-for", b"127.0.0.1"), (b"x-forwarded-for", b"192.0.2.7")]
    assert address(Clients([PROXY], "x-forwarded-for").told(sent)) == "192.0.2.7"


def test_nobody_else_may_say_who_he_is_or_how_he_came() -> None:
    sent = scope("192.0.2.9", x_real_ip="192.0.2.7", x_forwarded_proto="https")
    told = Clients([PROXY], "x-real-ip").told(sent)
    assert (address(told), told["scheme"]) == ("192.0.2.9", "http")


@pytest.mark.parametrize(
    ("header", "sent", "passed_on"),
    [
        ("", {}, False),
        ("", {"accept": "text/html"}, False),
        ("", {"x_forwarded_for": "192.0.2.7"}, True),
        ("", {"via": "1.1 proxy"}, True),
        ("", {"x_our_client": "unknown"}, False),
        ("x-our-client", {"x_our_client": "unknown"}, True),
    ],
)
def test_what_a_proxy_has_passed_on_shows(
    header: str, sent: dict[str, str], passed_on: bool
) -> None:
    told = Clients([PROXY], header).told(scope("127.0.0.1", **sent))
    assert told["state"]["passed_on"] is passed_on


@pytest.mark.parametrize("said", ["unknown", "192.0.2.7:443", "127.0.0.1", PROXY])
def test_a_proxy_that_is_asked_for_whom_it_speaks_is_limited_whatever_it_says(said: str) -> None:
    clients = Clients([PROXY, "127.0.0.1"], "x-real-ip")
    rates = Rates(clients, 1)
    told = clients.told(scope(PROXY, x_real_ip=said))
    assert rates.wait(told, "work") == 0
    assert rates.wait(told, "work") > 0


@pytest.mark.parametrize(("sent", "scheme"), [("https", "https"), ("gopher", "http"), ("", "http")])
def test_a_trusted_proxy_says_how_a_request_came(sent: str, scheme: str) -> None:
    assert Clients([PROXY], "").told(scope(PROXY, x_forwarded_proto=sent))["scheme"] == scheme


def test_a_client_may_ask_so_often_a_minute_and_another_still_may() -> None:
    rates = Rates(Clients([], ""), 3)
    asked = [rates.wait(scope("192.0.2.7"), "work") for _ in range(5)]
    assert asked[:3] == [0, 0, 0]
    assert all(0 < seconds <= 120 for seconds in asked[3:])
    assert rates.wait(scope("192.0.2.8"), "work") == 0
    # Each thing is counted by itself.
    assert rates.wait(scope("192.0.2.7"), "opinion") == 0


def test_a_request_may_count_like_several() -> None:
    rates = Rates(Clients([], ""), 3)
    assert rates.wait(scope("192.0.2.7"), "work", 0) == 0
    assert rates.wait(scope("192.0.2.7"), "work", 60) == 0
    assert rates.wait(scope("192.0.2.7"), "work") > 0


def test_who_has_signed_in_counts_for_himself() -> None:
    rates = Rates(Clients([PROXY], ""), 1)
    for client in ("192.0.2.7", PROXY):
        for user in ("张三", "李四"):
            asked = scope(client) | {"state": {"user": user + client}}
            assert rates.wait(asked, "work") == 0
            assert rates.wait(asked, "work") > 0


def test_the_addresses_of_one_network_of_version_6_are_one_client() -> None:
    rates = Rates(Clients([], ""), 1)
    assert rates.wait(scope("2001:db8:0:1::1"), "work") == 0
    assert rates.wait(scope("2001:db8:0:1:ffff::2"), "work") > 0
    assert rates.wait(scope("2001:db8:0:2::1"), "work") == 0


def test_who_is_not_limited() -> None:
    unlimited = Rates(Clients([], ""), 0)
    assert {unlimited.wait(scope("192.0.2.7"), "work") for _ in range(500)} == {0}
    # All of a proxy's clients are not one.
    rates = Rates(Clients([PROXY], ""), 1)
    assert {rates.wait(scope(PROXY), "work") for _ in range(500)} == {0}


def test_opinions_are_limited_even_where_questions_are_not() -> None:
    rates = Rates(Clients([], ""), 0)
    asked = [rates.wait(scope("192.0.2.7"), "opinion") for _ in range(51)]
    assert asked[:50] == [0] * 50
    assert asked[50] > 0
