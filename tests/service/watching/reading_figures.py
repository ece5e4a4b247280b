"""What /metrics tells, read as Prometheus reads it."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

Figures = dict[str, dict[frozenset[tuple[str, str]], float]]
"""Each figure by its name and its labels."""


async def figures(http: httpx.AsyncClient) -> Figures:
    """All that /metrics tells."""
    answer = await http.get("http://localhost/metrics")
    assert answer.status_code == 200, answer.text
    found: Figures = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found
