"""Courier files by the page: news carried by hand where there is no link, taken away here and read in there."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from flask import request, send_file
from werkzeug.wrappers import Response

from node.access import gate
from node.web import company, context, words
from sync.errors import Problem

FILE_BYTES_MAX = 256 * 1024 * 1024
UPLOAD_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024
Answer = str | Response | tuple[str, int]


def write() -> Answer:
    """A courier file for all nodes that we talk to, or with only what one of them lacks."""
    _count()
    folder = Path(tempfile.mkdtemp(prefix="bucketline-courier-"))
    try:
        path = folder / "news.bundle"
        context.node().bundle_write(path, request.form.get("node") or None)
        response = send_file(path, "application/octet-stream", as_attachment=True, download_name=path.name, max_age=0)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, Problem):
            return company.attempt(_raising(error))
        raise
    response.direct_passthrough = False  # with it, nobody would be told that the file has been sent
    response.call_on_close(lambda: shutil.rmtree(folder, ignore_errors=True))
    return response


def _raising(problem: Problem) -> Any:
    def act() -> dict[str, Any]:
        raise problem

    return act


def read() -> Answer:
    """Take in a courier file that somebody brought; reading it twice does no harm."""
    _count()
    return company.attempt(_read)


def _read() -> dict[str, Any]:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Problem("No file was chosen.", kept="", todo="Choose the one that was brought.")
    folder = Path(tempfile.mkdtemp(prefix="bucketline-courier-"))
    try:
        upload.save(folder / "brought.bundle")
        found = context.node().bundle_read(folder / "brought.bundle")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    new, known = words.plural(found["received"], "new entry", "new entries"), words.number(str(found["duplicates"]))
    return {"done": " ".join([f"Read: {new}; {known} were known.", *found["missing"]])}


def _count() -> None:
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
