"""The client as a file, for whoever asks."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import Header, Response

from access_api.access import ANYONE, guarded_router
from access_api.ranges import names_etag

router = guarded_router(tag="Service")


@router.get("/client.py", include_in_schema=False, dependencies=[ANYONE])
def client(
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=4096)] = None,
) -> Response:
    """Return the program that downloads a release: Python 3.9 or newer, and nothing else."""
    program = _program()
    headers = {
        "ETag": f'"{hashlib.sha256(program).hexdigest()}"',
        "Content-Disposition": 'attachment; filename="mammo_download.py"',
    }
    if names_etag(known, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(program, media_type="text/x-python; charset=utf-8", headers=headers)


@cache
def _program() -> bytes:
    return (files("access_api.client") / "mammo_download.py").read_bytes()
