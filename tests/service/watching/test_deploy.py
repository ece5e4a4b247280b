"""The dashboard and the alerts of deploy/ ask for nothing that the service does not serve."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI

from aggregates.statuses import JobStatus
from aggregates.statuses import Outcome as IntakeOutcome
from service.http.app import create_app
from service.http.watching.metrics import Metrics
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.watching.watch import Outcome
from tests.databases import Only
from tests.service.http_caller import Caller
from tests.service.watching import promql
from tests.service.watching.reading_figures import figures

DEPLOY = Path(__file__).parents[3] / "deploy"
OF_TARGETS = {"job", "instance"}
"""The labels that Prometheus itself gives each figure."""
VALUES = {
    ("billing_backlog_http_requests_total", "outcome"): {"ok", "refused", "failed", "cut_off"},
    ("billing_backlog_commands_total", "outcome"): set(Outcome),
    ("billing_backlog_intake_events_total", "outcome"): set(IntakeOutcome),
    ("billing_backlog_jobs", "status"): set(JobStatus),
    ("billing_backlog_pool_connections", "state"): {"used", "idle"},
}
"""The values that labels may have, where they are a few words."""


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The service, whose tenant is watched as `serve` has it."""
    metrics = Metrics()
    metrics.watch(tenant)
    return create_app(Only(tenant), Settings(), metrics=metrics)


def alerts() -> Iterator[dict[str, Any]]:
    """Every rule."""
    for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]:
        yield from group["rules"]


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard."""
    return json.loads((DEPLOY / "dashboard.json").read_text())["panels"]


def expressions() -> Iterator[tuple[str, set[str]]]:
    """Every expression, with the labels that texts beside it name."""
    for rule in alerts():
        texts = " ".join(rule["annotations"].values())
        yield rule["expr"], set(re.findall(r"\$labels\.(\w+)", texts))
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"], set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.findall(r"\w+", variable["query"]["query"])[1:]
            yield metric, {label}


async def test_none_names_a_metric_or_label_that_is_not_served(http: httpx.AsyncClient) -> None:
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    await caller.sales("ap-1", "10.00")
    await figures(http)
    found = await figures(http)
    served = {name: {label for each in by for label, _ in each} for name, by in found.items()}
    served["up"] = set()
    read = 0
    for expression, told in expressions():
        asked = promql.read(expression)
        assert set(asked.metrics) <= set(served), expression
        labels = set[str]().union(OF_TARGETS, *(served[name] for name in asked.metrics))
        assert asked.named <= labels, expression
        assert told <= (labels if asked.kept is None else asked.kept), expression
        for metric, label, value in asked.matchers:
            assert label in served[metric] | OF_TARGETS, expression
            if known := VALUES.get((metric, label)):
                assert set(value.split("|")) <= known, expression
        read += 1
    assert read > 30


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    rules = list(alerts())
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert len(rule["annotations"]["description"]) > 80, rule["alert"]
        assert rule["annotations"]["summary"]


def test_every_panel_says_what_it_shows_and_has_a_place_of_its_own() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in panels()]
    assert len(set(places)) == len(places)
    assert all(panel["description"] and panel["title"] for panel in panels())


def test_prometheus_is_told_where_the_rules_are_and_the_job_that_they_ask_for() -> None:
    told = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    assert all((DEPLOY / name).exists() for name in told["rule_files"])
    jobs = {each["job_name"] for each in told["scrape_configs"]}
    asked = {
        value
        for expression, _ in expressions()
        for _, label, value in promql.read(expression).matchers
        if label == "job"
    }
    assert jobs == asked


@pytest.mark.parametrize("wrong", ["", "1 +", "sum by (a (x)", "x{a=b}", "x)", 'x{a="b"', "x §"])
def test_what_is_no_expression_is_not_read(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".|$"):
        promql.read(wrong)


def test_an_expression_is_read_for_metrics_labels_and_values() -> None:
    asked = promql.read(
        'topk(5, sum by (a, le) (rate(x_total{b="c", d=~"e|f"}[5m]))) / on (a) y > 2'
    )
    assert asked.metrics == ["x_total", "y"]
    assert asked.matchers == [("x_total", "b", "c"), ("x_total", "d", "e|f")]
    assert (asked.kept, asked.named) == ({"a", "le"}, {"a", "le"})
