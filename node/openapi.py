"""The OpenAPI 3.1 description of the API, generated from the types that check what comes in."""

from functools import cache
from typing import Any

import msgspec

from node.api import answers
from node.api.endpoints import BASE, CHECKS, FILES, READS, WRITES, Check, Read, Write
from node.idempotency import KEY_CHARS_MAX
from node.problems import MEDIA_TYPE

_REF = "#/components/schemas/{name}"
_SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"login": []}]
_READ_PROBLEMS = {
    400: "Malformed",
    401: "No good token",
    404: "Not found",
    422: "Out of range",
    429: "Too many requests",
}
_WRITE_PROBLEMS = _READ_PROBLEMS | {
    403: "Not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Not JSON",
    507: "Disk full",
}


@cache
def document() -> bytes:
    """The description as JSON."""
    return msgspec.json.encode(_document())


def _document() -> dict[str, Any]:
    types: list[Any] = [answers.Problem]
    types += [read.row for read in READS.values()]
    types += [check.answer for check in CHECKS.values()]
    types += [one for write in WRITES.values() for one in (write.body, write.answer)]
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bucketline",
            "version": "1",
            "description": "Stock and distribution logs of one node. Errors are RFC 9457 problem details.",
        },
        "servers": [{"url": BASE}],
        "security": _SECURITY,
        "paths": _paths(),
        "components": {"schemas": schemas, "securitySchemes": _schemes()},
    }


def _schemes() -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "From `bucketline token new NAME`."},
        "login": {"type": "apiKey", "in": "cookie", "name": "bucketline", "description": "A browser's own login."},
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name, read in READS.items():
        paths.setdefault("/" + name, {})["get"] = _get(name, read)
    for name, write in WRITES.items():
        paths.setdefault("/" + name, {})["post"] = _post(name, write)
    for name, (summary, media) in FILES.items():
        paths.setdefault("/" + name, {})["get"] = _file(name, summary, media)
    for name, check in CHECKS.items():
        paths.setdefault("/" + name, {})["post"] = _check(name, check)
    return paths


def _file(name: str, summary: str, media: str) -> dict[str, Any]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {
        "operationId": f"get_{_plain(name)}",
        "summary": summary,
        "responses": {"200": {"description": "The file.", "content": content}} | _answers({}, {401: "No good token"}),
    }


def _check(name: str, check: Check) -> dict[str, Any]:
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    problems = {400: "Malformed", 401: "No good token", 413: "Too large", 415: "Compressed"}
    return {
        "operationId": f"post_{_plain(name)}",
        "summary": check.summary,
        "requestBody": {"required": True, "content": content},
        "responses": _answers({200: ("What was found.", _ref(check.answer))}, problems),
    }


def _get(name: str, read: Read) -> dict[str, Any]:
    schema = _ref(read.row)
    if read.many:
        schema = {"type": "array", "items": schema}
    parameters = [
        {"name": param, "in": "query", "required": param in read.required, "description": text} | _text()
        for param, text in read.params.items()
    ]
    parameters += _of(read.of, "Id, code or name.")
    parameters.append({"name": "If-None-Match", "in": "header", "description": "The ETag you have."} | _text())
    unchanged = {304: {"description": "What you have is still right."}}
    return {
        "operationId": f"get_{_plain(name)}",
        "summary": read.summary,
        "parameters": parameters,
        "responses": _answers({200: ("The rows." if read.many else "The digests.", schema)}, _READ_PROBLEMS)
        | {str(status): body for status, body in unchanged.items()},
    }


def _post(name: str, write: Write) -> dict[str, Any]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body again give the first answer again, with status 200.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
    }
    of = _of(write.of, "Id, code or name." if write.of == "kit" else "Hex id.")
    good = {
        201: ("Recorded.", _ref(write.answer)),
        200: ("It was recorded before, and this is that answer; or it was only tried.", _ref(write.answer)),
    }
    return {
        "operationId": f"post_{_plain(name)}",
        "summary": write.summary,
        "parameters": [key, *of],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(write.body)}}},
        "responses": _answers(good, _WRITE_PROBLEMS),
    }


def _plain(name: str) -> str:
    return name.replace("/", "_").replace("{", "").replace("}", "")


def _of(name: str | None, text: str) -> list[dict[str, Any]]:
    """The part of the address that says which thing it is about."""
    return [{"name": name, "in": "path", "required": True, "description": text} | _text()] if name else []


def _answers(good: dict[int, tuple[str, dict[str, Any]]], problems: dict[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): {"description": text, "content": {"application/json": {"schema": schema}}}
        for status, (text, schema) in good.items()
    }
    for status, text in problems.items():
        found[str(status)] = {"description": text, "content": {MEDIA_TYPE: {"schema": _ref(answers.Problem)}}}
    return found


def _ref(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _text() -> dict[str, Any]:
    return {"schema": {"type": "string"}}
