"""What a monitoring system reads, parsed as it would."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from changai.records import Corpus, EncoderIdentity
from changai.web.monitoring import Metrics, Outcome

ENCODER = EncoderIdentity("builtin", "", 384)


class Server:
    """What the metrics read of a server."""

    waiting = 0
    connections = 0
    corpus: Corpus | None = None
    stale = False

    def __init__(self) -> None:
        self.metrics = Metrics(
            waiting=lambda: self.waiting,
            connections=lambda: self.connections,
            corpus=lambda: self.corpus,
            stale=lambda: self.stale,
        )

    def samples(self) -> dict[str, float]:
        """Each value by its name and labels, as they are written."""
        content, content_type = self.metrics.render()
        assert content_type == "text/plain; version=0.0.4; charset=utf-8"
        return {
            sample.name
            + ("".join(f"{{{k}={v}}}" for k, v in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(content.decode())
            for sample in family.samples
        }


@pytest.fixture
def server() -> Server:
    return Server()


def test_names_keep_to_the_conventions(server: Server) -> None:
    """https://prometheus.io/docs/practices/naming/"""
    server.corpus = Corpus(1, 2, ENCODER, "000001-31bc", datetime.now(UTC).isoformat())
    server.metrics.count_response("/", 200)
    content, _ = server.metrics.render()
    families = list(text_string_to_metric_families(content.decode()))
    for family in families:
        assert re.fullmatch(r"(changai|process)_[a-z_]+[a-z]", family.name)
        assert family.documentation.endswith(".")
        totals = [sample.name.endswith("_total") for sample in family.samples]
        assert all(totals) if family.type == "counter" else not any(totals)
    own = {family.name for family in families if not family.name.endswith("_created")}
    assert own >= {"process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds"}
    assert {name for name in own if name.startswith("changai_")} == {
        "changai_answer_seconds",
        "changai_connections_open",
        "changai_http_responses",
        "changai_index_age_seconds",
        "changai_index_documents",
        "changai_index_info",
        "changai_index_passages",
        "changai_index_stale",
        "changai_questions",
        "changai_questions_waiting",
    }


def test_questions_are_counted_by_outcome_from_zero(server: Server) -> None:
    outcomes: list[Outcome] = ["answered", "answered", "limited"]
    for outcome in outcomes:
        server.metrics.count_question(outcome)
    prefix = "changai_questions_total{outcome="
    assert {k.removeprefix(prefix): v for k, v in server.samples().items() if prefix in k} == {
        "answered}": 2,
        "not_answered}": 0,
        "invalid}": 0,
        "refused}": 0,
        "limited}": 1,
        "failed}": 0,
    }


def test_how_long_answers_take(server: Server) -> None:
    for seconds in (0.02, 0.05, 40):
        server.metrics.observe_answer(seconds)
    samples = server.samples()
    assert samples["changai_answer_seconds_sum"] == pytest.approx(40.07)
    buckets = {
        float(name.removeprefix("changai_answer_seconds_bucket{le=")[:-1]): value
        for name, value in samples.items()
        if "_bucket" in name
    }
    assert (buckets[0.01], buckets[0.025], buckets[0.05]) == (0, 1, 2)
    assert (buckets[30], buckets[float("inf")]) == (2, 3)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/api/ask", "/api"),
        ("/api", "/api"),
        ("/source/ningbo-2023-05-13", "/source"),
        ("/figures.csv", "/figures.csv"),
        ("/figures.csvx", "other"),
        ("/etc/passwd", "other"),
        ("//api", "/"),
        ("*", "other"),
        ("", "/"),
        ('/"}\n#', "other"),
    ],
)
def test_a_response_is_counted_under_a_known_route(server: Server, path: str, route: str) -> None:
    server.metrics.count_response(path, 404)
    counted = {k: v for k, v in server.samples().items() if "responses_total" in k}
    assert counted == {f"changai_http_responses_total{{route={route}}}{{status=4xx}}": 1}


def test_a_thousand_paths_are_one_series(server: Server) -> None:
    for number in range(1000):
        server.metrics.count_response(f"/{number}", 200)
    assert server.samples()["changai_http_responses_total{route=other}{status=2xx}"] == 1000


def test_an_index_is_told_to_be_stale(server: Server) -> None:
    assert server.samples()["changai_index_stale"] == 0
    server.stale = True
    assert server.samples()["changai_index_stale"] == 1


def test_gauges_tell_of_the_moment(server: Server) -> None:
    server.waiting, server.connections = 3, 7
    samples = server.samples()
    assert (samples["changai_questions_waiting"], samples["changai_connections_open"]) == (3, 7)
    server.waiting = 0
    assert server.samples()["changai_questions_waiting"] == 0


def test_the_index_in_use(server: Server) -> None:
    assert not any("index_info" in name for name in server.samples())
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    server.corpus = Corpus(4, 138, ENCODER, "000001-31bc", a_day_ago.isoformat(timespec="seconds"))
    samples = server.samples()
    assert samples["changai_index_info{generation=000001-31bc}"] == 1
    assert samples["changai_index_documents"] == 4
    assert samples["changai_index_passages"] == 138
    # `built` has no fraction of a second.
    assert samples["changai_index_age_seconds"] == pytest.approx(86_400, abs=60)
    server.corpus = Corpus(4, 138, ENCODER, "000002-aaaa", a_day_ago.isoformat())
    named = [name for name in server.samples() if "index_info" in name]
    assert named == ["changai_index_info{generation=000002-aaaa}"]


def test_an_index_never_written_has_no_age(server: Server) -> None:
    server.corpus = Corpus(1, 1, ENCODER)
    samples = server.samples()
    assert samples["changai_index_documents"] == 1
    assert "changai_index_age_seconds" not in samples


def test_two_servers_in_one_process_count_apart(server: Server) -> None:
    other = Server()
    other.metrics.count_question("failed")
    assert server.samples()["changai_questions_total{outcome=failed}"] == 0
