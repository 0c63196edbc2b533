"""The one error type that people meet, and the one table of kinds and codes.

Every error says what happened, what was kept and what to do next. The command line turns a kind into an exit
status, the web into an HTTP status (RFC 9457); neither invents a text of its own.
"""

from collections.abc import Mapping


class Problem(Exception):
    """Something could not be done; `what`, `kept` and `todo` are whole sentences for a person.

    `fields` names the fields of the input that were wrong, each with a reason. `retry_after_s` is set where waiting
    helps. Nothing that raises a Problem has left a half-written record.
    """

    title = "This could not be done"
    status = 500
    exit_code = 1

    def __init__(
        self,
        what: str,
        kept: str = "Nothing was changed.",
        todo: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.kept = kept
        self.todo = todo
        self.fields = dict(fields or {})
        self.retry_after_s = retry_after_s

    @property
    def detail(self) -> str:
        """One line: what happened, what was kept, what to do next."""
        return " ".join(part for part in (self.what, self.kept, self.todo) if part)

    def __str__(self) -> str:
        return self.detail


class Malformed(Problem):
    """The input can't be read as what it should be."""

    title, status, exit_code = "Malformed", 400, 2


class Unauthorised(Problem):
    """Nobody said who is asking."""

    title, status = "Log in first", 401


class Forbidden(Problem):
    """Who is asking may not do this."""

    title, status = "Not allowed", 403


class NotFound(Problem):
    """Nothing here bears that name or id."""

    title, status, exit_code = "Not found", 404, 2


class MethodNotAllowed(Problem):
    """The address exists, but not for this method."""

    title, status = "Method not allowed", 405


class Conflict(Problem):
    """It would contradict what is already there."""

    title, status = "Conflict", 409


class NotInstalled(Problem):
    """What was asked for needs a part that isn't installed on this node."""

    title, status = "Not installed here", 409


class TooLarge(Problem):
    """It is larger than the bound that this node sets itself."""

    title, status = "Too large", 413


class Unsupported(Problem):
    """The media type or the file format isn't one that this node reads."""

    title, status, exit_code = "Unsupported format", 415, 2


class OutOfRange(Problem):
    """It can be read, but a value lies outside what can be."""

    title, status, exit_code = "Out of range", 422, 2


class TooMany(Problem):
    """More at once than this node takes; wait a moment."""

    title, status = "Too many requests", 429


class DiskFull(Problem):
    """The disk has no room left."""

    title, status = "Disk full", 507


class Unreachable(Problem):
    """The other node did not answer; it may be off or out of reach."""

    title, status = "Out of reach", 503


class Refused(Problem):
    """A peer would not talk to us, or we not to it. One uniform text: a stranger learns nothing."""

    title, status = "Refused", 403


class Untrue(Problem):
    """A hash, a chain or a signature does not hold: what came in isn't what its author wrote."""

    title, status = "Does not verify", 400
