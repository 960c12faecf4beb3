"""The metrics at ``/metrics``. No other module imports prometheus_client."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from changai.records import Corpus

Outcome = Literal["answered", "not_answered", "invalid", "refused", "limited", "failed"]
"""The outcome of a question: answered or not by the articles, invalid, refused because too many
waited, limited because its client asks too often, or failed with an error."""

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The bounds of the histogram: from below one question's time, some 30 ms, to a proxy's timeout."""

_ROUTES = frozenset(
    {
        *("/", "/api", "/mcp", "/healthz", "/metrics"),
        *("/source", "/figures", "/figures.csv", "/documents", "/documents.csv", "/export"),
        *("/chat", "/login", "/logout", "/assets", "/static"),
    }
)
"""The first path segments that are counted separately. All others are counted as ``other``."""


class Metrics:
    """The metrics of one server: counts of events, and values read when the metrics are."""

    def __init__(
        self,
        waiting: Callable[[], float],
        connections: Callable[[], float],
        corpus: Callable[[], Corpus | None],
        stale: Callable[[], bool],
    ) -> None:
        """The functions that give the current values.

        ``waiting`` returns how many questions wait, ``connections`` how many connections are open,
        ``corpus`` the size of the index in use (None if there is none yet), and ``stale`` whether a
        later index cannot be used. Each is called from any thread whenever the metrics are read,
        and must neither wait nor raise.
        """
        self._registry = CollectorRegistry()
        self._questions = Counter(
            "changai_questions", "Questions, by outcome.", ["outcome"], registry=self._registry
        )
        for outcome in get_args(Outcome):
            # They start at zero, so that the first event shows as an increase.
            self._questions.labels(outcome)
        self._answer_seconds = Histogram(
            "changai_answer_seconds",
            "Seconds from taking a question to having its answer, waiting included.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._responses = Counter(
            "changai_http_responses",
            "HTTP responses, by first segment of the path and class of status.",
            ["route", "status"],
            registry=self._registry,
        )
        Gauge(
            "changai_questions_waiting", "Questions that wait their turn.", registry=self._registry
        ).set_function(waiting)
        Gauge(
            "changai_connections_open", "Connections of clients.", registry=self._registry
        ).set_function(connections)
        Gauge(
            "changai_index_stale",
            "1 where a later generation of the index cannot be used.",
            registry=self._registry,
        ).set_function(stale)
        self._registry.register(_IndexCollector(corpus))
        ProcessCollector(registry=self._registry)

    def count_question(self, outcome: Outcome) -> None:
        """Count a question with this outcome."""
        self._questions.labels(outcome).inc()

    def observe_answer(self, seconds: float) -> None:
        """Record how long a question took, whether or not the articles answer it."""
        self._answer_seconds.observe(seconds)

    def count_response(self, path: str, status: int) -> None:
        """Count a response, by its status and the first segment of its path, if that is known."""
        route = "/" + path.removeprefix("/").partition("/")[0]
        known = route if route in _ROUTES else "other"
        self._responses.labels(known, f"{status // 100}xx").inc()

    def render(self) -> tuple[bytes, str]:
        """The metrics in Prometheus's text format, and the content type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4


class _IndexCollector(Collector):
    """The metrics of the index in use, read together, so that they are of one generation."""

    def __init__(self, corpus: Callable[[], Corpus | None]) -> None:
        self._corpus = corpus

    def collect(self) -> Iterator[Metric]:
        corpus = self._corpus()
        if corpus is None:
            return
        yield InfoMetricFamily(
            "changai_index", "The generation in use.", {"generation": corpus.generation}
        )
        yield GaugeMetricFamily(
            "changai_index_documents", "Articles in the index.", corpus.documents
        )
        yield GaugeMetricFamily("changai_index_passages", "Passages in the index.", corpus.passages)
        if corpus.built:
            age = datetime.now(UTC) - datetime.fromisoformat(corpus.built)
            yield GaugeMetricFamily(
                "changai_index_age_seconds",
                "Seconds since the index was built.",
                age.total_seconds(),
            )
