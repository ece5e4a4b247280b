# The service with its locked dependencies, run by an unprivileged user; the data lives in /data.
#
# It serves all addresses of the container, and asks each caller for a token. Make the first key in it,
# whose token is shown once, or give it as a file (BILLING_BACKLOG_BOOTSTRAP_KEY_FILE):
#
#     docker build -t billing-backlog:0.1.0 .
#     docker run --detach --name backlog -p 8000:8000 -v billing-backlog:/data billing-backlog:0.1.0
#     docker exec backlog billing-backlog keys create --name erp --scope backlog:read
#
# Callers name the container as localhost; other names are allowed by BILLING_BACKLOG_HOSTS. Tokens
# travel as they are: let a proxy end TLS before it.

FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
# The folder is the same in both stages: a virtual environment does not like to move.
ENV UV_PROJECT_ENVIRONMENT=/opt/billing-backlog \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# Dependencies first: a change of our code alone leaves this layer as it is. What sends traces is among
# them: it is loaded where BILLING_BACKLOG_TRACES asks for it.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-editable --extra telemetry --no-install-project
COPY README.md LICENSE ./
COPY aggregates aggregates
COPY projections projections
COPY service service
RUN uv sync --frozen --no-dev --no-editable --extra telemetry

FROM python:3.11-slim
RUN useradd --system --uid 999 --user-group --home-dir /data --shell /usr/sbin/nologin backlog \
    && install --directory --owner=backlog --group=backlog --mode=0750 /data
COPY --from=build /opt/billing-backlog /opt/billing-backlog
ENV PATH=/opt/billing-backlog/bin:$PATH \
    PYTHONUNBUFFERED=1
# By number, so that Kubernetes' runAsNonRoot can tell.
USER 999:999
WORKDIR /data
VOLUME /data
# No proxy: one in the container's environment must not answer for the service.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "from urllib.request import ProxyHandler, build_opener as opener; opener(ProxyHandler({})).open('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["billing-backlog", "serve", "--authentication", "--host", "0.0.0.0", "--port", "8000", \
    "--database", "sqlite:////data/billing-backlog.db"]
