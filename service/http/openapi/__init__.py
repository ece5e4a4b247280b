"""The OpenAPI document. It is put together when it is first asked for: serving needs none of it.

What a route says itself is little: its name, which is the operation's in camel case, what it gives,
and the problems that only it has. Texts and examples stand in the YAML files beside.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app, made once."""
    if not app.openapi_schema:
        from service.http.openapi.document import document_of

        app.openapi_schema = document_of(app)
    return app.openapi_schema


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function, in camel case."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
