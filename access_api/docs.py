"""The documentation page: Swagger UI from the installed package, so that it works offline."""

from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from access_api.access import ANYONE, guarded_router
from access_api.doorstep import DOCS_POLICY

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<noscript>This page needs JavaScript; the description itself is at /openapi.json.</noscript>
<div id="swagger"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
});
"""
ASSETS: Final = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

router = guarded_router(tag="Documentation")


@router.get("/openapi.json", include_in_schema=False, dependencies=[ANYONE])
def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI description."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False, dependencies=[ANYONE])
def docs(request: Request) -> HTMLResponse:
    """Return the documentation page."""
    page = PAGE.format(title=escape(request.app.title))
    return HTMLResponse(page, headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/docs/start.js", include_in_schema=False, dependencies=[ANYONE])
def start() -> Response:
    """Return the line that starts Swagger UI; inline script is forbidden by the policy."""
    return Response(START, media_type="text/javascript; charset=utf-8")


@router.get("/docs/swagger-ui.css", include_in_schema=False, dependencies=[ANYONE])
def style() -> Response:
    """Return Swagger UI's style sheet."""
    return _asset("swagger-ui.css")


@router.get("/docs/swagger-ui-bundle.js", include_in_schema=False, dependencies=[ANYONE])
def script() -> Response:
    """Return Swagger UI itself."""
    return _asset("swagger-ui-bundle.js")


def _asset(name: str) -> Response:
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_packaged(name), media_type=ASSETS[name], headers=headers)


@cache
def _packaged(name: str) -> bytes:
    """Read a file of the `fastapi-offline` distribution (MIT; Swagger UI is Apache-2.0)."""
    return (files("fastapi_offline") / "static" / name).read_bytes()
