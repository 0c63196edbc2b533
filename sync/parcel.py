"""The exchange through a file: one side's messages, each complete in itself, so that a lost one costs only itself.

Each body names the heads of the logs that it carries and brings ranges of them; the last states the cursor that the
reader reaches if nothing was lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sync import frame, messages, ranges
from sync.digest import Leaf
from sync.errors import Malformed
from sync.exchange import Memory
from sync.frame import Range
from sync.intake import Blocked, Gap
from sync.log import Log
from sync.messages import Cursor, Message
from sync.rows import Branch, LogRow
from sync.taking import Taker


@dataclass
class Received:
    """What a file brought: new entries, entries that were here already, and in words what is missing or refused."""

    received: int = 0
    duplicates: int = 0
    missing: list[str] = field(default_factory=list)


def outgoing(log: Log, since: Cursor | None) -> Iterator[bytes]:
    """The bodies that bring a reader who holds us up to `since` (all, if None) to where we are now."""
    with log.reading():
        log.publish()
        at = log.store_id, log.tick()
        usable = since if since and since[0] == at[0] and since[1] <= at[1] else None
        changed = _changed(log, usable[1] if usable else -1)
    for group in frame.split(_ranges(log, changed, usable), log.limits.parcel_bytes):
        body = _body(changed, group, usable)
        log.publish()  # it may hold what was written meanwhile
        yield body
    yield messages.encode(Message(clock=log.clock(), held=usable, at=at))


def _changed(log: Log, tick: int) -> list[tuple[LogRow, Branch]]:
    rank = {node: at for at, node in enumerate(log.policy()[1])}
    found = log.store.changed_since(tick)
    return sorted(found, key=lambda pair: (rank.get(pair[0].node, len(rank)), pair[0].id, pair[1].no))


def _ranges(log: Log, changed: list[tuple[LogRow, Branch]], since: Cursor | None) -> Iterator[Range]:
    for ref, (_, branch) in enumerate(changed):
        after = branch.base
        if since and branch.shown_since <= since[1]:
            after = log.store.first_after(branch, since[1]) - 1
        yield from ranges.read(log.store, ref, branch, after, log.limits)


def _body(changed: list[tuple[LogRow, Branch]], group: list[Range], since: Cursor | None) -> bytes:
    """One body; refs are renumbered to the heads that it names itself."""
    refs = sorted({item.ref for item in group})
    heads = [(log.id, b.leaf_seq, b.leaf_head) for log, b in (changed[ref] for ref in refs)]
    local = [item._replace(ref=refs.index(item.ref)) for item in group]
    return messages.encode(Message(held=since, heads=heads, frames=[frame.pack(local)]))


def incoming(log: Log, memory: Memory, peer: bytes, bodies: Iterable[bytes | None]) -> Received:
    """Take in what a file from `peer` holds; None stands for a body that was lost."""
    result, last, parts, gaps = Received(), None, 0, 0
    for body in bodies:
        if body is None:
            gaps += 1
            continue
        parts += 1
        last = messages.decode(body, log.limits)
        _take(log, peer, last, result)
    if last is None:
        raise Malformed(
            "Nothing of this file can be read: it is damaged, or cut off after its beginning.",
            todo="Copy it again, ask for a new one, or sync directly.",
        )
    if last.at is None or gaps:
        result.missing.append(_damaged(parts, gaps))
    elif not _continues(memory.held(peer), last):
        result.missing.append("The file goes on from news that isn't here any more; ask for one for all, or sync.")
    elif not result.missing:
        _remember(memory, peer, last.at)
    result.missing = list(dict.fromkeys(result.missing))
    return result


def _damaged(parts: int, gaps: int) -> str:
    read = "1 part was" if parts == 1 else f"{parts} parts were"
    where = f" in {gaps} places" if gaps > 1 else ""
    return f"The file is damaged or cut off{where}; {read} read. For the rest ask for a new one, or sync directly."


def _take(log: Log, peer: bytes, message: Message, result: Received) -> None:
    taker = Taker(log, peer)
    with log.reading():
        taker.hear(Leaf(*head) for head in message.heads)
        taker.take(message.frames)
        taken = taker.store()
    result.received += taker.received
    result.duplicates += taker.duplicates
    for refusal in taken.refused if taken else []:
        if isinstance(refusal.problem, Blocked):
            continue  # that is the reader's own wish
        text = f"Log {refusal.log.hex()[:12]}: {refusal.problem.what}"
        result.missing.append(text if isinstance(refusal.problem, Gap) else f"Refused. {text}")


def _continues(held: Cursor | None, message: Message) -> bool:
    """Whether we hold what the file starts from: a node that came up on an old copy of its disk may not."""
    return message.held is None or _reaches(held, message.held)


def _remember(memory: Memory, peer: bytes, at: Cursor) -> None:
    """Move the cursor to where the file leads, if we aren't further already."""
    if not _reaches(memory.held(peer), at):
        memory.set_held(peer, *at)


def _reaches(held: Cursor | None, cursor: Cursor) -> bool:
    return held is not None and held[0] == cursor[0] and held[1] >= cursor[1]
