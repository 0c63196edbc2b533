"""What two nodes say to each other in one exchange: MessagePack maps with one-letter keys, absent where empty.

A *ref* is a place in the list of heads that its announcer has named in this exchange, counted over all its messages:
within one message first those of `heads`, then those named inside `spans`.
"""

from itertools import pairwise

import msgspec
from msgspec import Struct

from sync.digest import Leaf, Span
from sync.errors import Malformed, TooLarge
from sync.limits import Limits

Head = tuple[bytes, int, bytes]  # log 32, seq, id of the entry there 32
Cursor = tuple[bytes, int]  # store incarnation 8, tick
Have = tuple[int, bytes]  # seq, first 8 bytes of the id there; empty: "as you have just sent it"
WireSpan = tuple[bytes, bytes | list[Head] | None]  # upper log id, then a print, the heads, or nothing to say

_KEYS = {
    "root": "r",
    "clock": "c",
    "held": "k",
    "at": "a",
    "same": "s",
    "expect": "e",
    "heads": "h",
    "spans": "p",
    "wants": "w",
    "samples": "m",
    "frames": "f",
    "budget": "b",
}


class Message(Struct, omit_defaults=True, rename=_KEYS):
    """One message. `root` is cut to 16 bytes, `clock` is the sender's in ms since 1970 UTC.

    `held` is the cursor that the sender durably holds of the receiver, `at` where the sender's store now stands.
    `expect` (opening only) is the receiver's root with which the sender last found a difference that stays, because
    the two trust different nodes; `same` answers that there is nothing to exchange. `budget` is how many bytes, before
    compression, the sender wants in the next answer.
    """

    root: bytes = b""
    clock: int = 0
    held: Cursor | None = None
    at: Cursor | None = None
    same: bool = False
    expect: bytes = b""
    heads: list[Head] = []
    spans: list[WireSpan] = []
    wants: list[tuple[int, list[Have]]] = []
    samples: list[tuple[int, list[Have]]] = []
    frames: list[bytes] = []
    budget: int = 0


_decoder = msgspec.msgpack.Decoder(Message)
encode = msgspec.msgpack.encode


def decode(body: bytes, limits: Limits) -> Message:
    """The message in these bytes; Malformed or TooLarge where it breaks its shape or a bound."""
    if len(body) > limits.message_bytes_max:
        raise TooLarge(f"A message of {len(body)} bytes; at most {limits.message_bytes_max} are taken.")
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Malformed("A message between nodes can't be read.", todo="Update both nodes.") from None
    _check_sizes(message, limits)
    _check_heads(message)
    return message


def _check_sizes(message: Message, limits: Limits) -> None:
    named = len(message.heads) + sum(len(h) for _, h in message.spans if isinstance(h, list))
    if named > limits.heads_max or max(len(message.wants), len(message.samples)) > limits.wants_max:
        raise TooLarge("A message between nodes names too many logs at once.")
    asked = max((len(haves) for _, haves in (*message.wants, *message.samples)), default=0)
    if asked > limits.haves_max or len(message.spans) > limits.spans_max or len(message.frames) > limits.frames_max:
        raise TooLarge("A message between nodes says too much at once.")


def _check_heads(message: Message) -> None:
    heads = [*message.heads, *(head for _, named in message.spans if isinstance(named, list) for head in named)]
    if any(len(log) != 32 or len(id) != 32 or not 0 <= seq < 1 << 62 for log, seq, id in heads):
        raise Malformed("A head in a message isn't one.")
    if any(not 0 < len(upper) <= 33 for upper, _ in message.spans):
        raise Malformed("A range in a message has no end.")
    if any(one >= next for (one, _), (next, _) in pairwise(message.spans)):
        raise Malformed("Ranges in a message aren't in order.")
    cursors = [cursor for cursor in (message.held, message.at) if cursor]
    if any(len(store) != 8 or not 0 <= tick < 1 << 62 for store, tick in cursors) or abs(message.clock) >= 1 << 62:
        raise Malformed("A cursor or a clock in a message isn't one.")


def wire_spans(spans: list[Span]) -> list[WireSpan]:
    """Spans of a digest as they travel."""
    return [(s.upper, [tuple(leaf) for leaf in s.leaves] if s.leaves is not None else s.print) for s in spans]  # type: ignore[misc]


def read_spans(spans: list[WireSpan]) -> list[Span]:
    """Spans of a digest from the wire."""
    return [
        Span(upper, leaves=[Leaf(*head) for head in what]) if isinstance(what, list) else Span(upper, what)
        for upper, what in spans
    ]
