"""Every bound on what another machine can make this node do, with its unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one node. Past one of them the answer is 413 or 429 and nothing is half-written."""

    payload_bytes_max: int = 64 * 1024  # one entry's payload
    payload_depth_max: int = 8  # nested objects and arrays in a payload
    range_entries_max: int = 512  # consecutive entries under one signature
    range_bytes_max: int = 256 * 1024  # their payloads together; a single entry may always pass
    frame_inflated_bytes_max: int = 5 * 1024 * 1024  # one compressed frame, inflated
    frame_bytes_max: int = 4 * 1024 * 1024  # what is asked for in one message at most, inflated
    frame_bytes_start: int = 1024 * 1024  # what is asked for first: it doubles while the link keeps up
    frame_bytes_min: int = 32 * 1024  # what is asked for over a poor link
    parcel_bytes: int = 512 * 1024  # one part of a courier file, inflated: what a scratch on the stick may cost
    message_bytes_max: int = 6 * 1024 * 1024  # one envelope on the wire: a frame that doesn't compress must fit
    heads_max: int = 4096  # heads named in one message
    wants_max: int = 1024  # ranges asked for in one message
    haves_max: int = 64  # entries named of one log when asking for a range or answering with a sample
    spans_max: int = 16_384  # ranges of a digest in one message
    frames_max: int = 4  # frames in one message
    branches_max: int = 4  # branches kept of a forked log
    logs_max: int = 20_000  # logs known
    quarantine_entries_max: int = 20_000  # entries of unknown nodes, all together
    quarantine_logs_max: int = 200  # unknown nodes' logs
    vouches_per_node_max: int = 500  # how many of one node's vouches count
    lamport_jump_max: int = 1 << 32  # how far one entry may run ahead of what was seen
    exchanges_at_once_max: int = 16  # open exchanges on the serving side
    exchange_seconds_max: int = 120  # an exchange unused for so long is forgotten
    round_trips_max: int = 100_000  # of one exchange
    invite_seconds_max: int = 24 * 3600  # an invitation's life
    http_seconds_max: int = 30  # one request


DEFAULT = Limits()
