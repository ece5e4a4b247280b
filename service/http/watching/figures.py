"""Figures for Prometheus."""

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from service.access.scopes import Scope
from service.http.responses import tells
from service.http.routers.routes import Routes
from service.http.watching.metrics import Metrics
from service.threads import in_thread

routes = Routes("", "Operations")


@routes.get(
    "/metrics",
    Scope.OPERATIONS,
    response_class=PlainTextResponse,
    responses=tells("text/plain", "application/openmetrics-text"),
)
async def get_metrics(request: Request) -> Response:
    """Figures of this process and of its tenants, in the form that Prometheus asks for.

    That is its text format, or OpenMetrics for who accepts `application/openmetrics-text`.
    """
    metrics: Metrics = request.app.state.metrics
    await metrics.tenants.look()
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(await in_thread(encode, metrics.registry), headers={"Content-Type": media_type})
