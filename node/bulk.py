"""Facts of many payloads at once: a first exchange brings tens of thousands."""

from collections.abc import Sequence

import msgspec

from node.events import AnyFact, decode

FEW = 8  # payloads that are read one by one

_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
_encoder = msgspec.json.Encoder()


def decode_all(payloads: Sequence[bytes]) -> list[AnyFact | None]:
    """What `node.events.decode` says of each payload.

    An encoder writes no line breaks within a fact. So where the facts, written again as lines, are the payloads joined
    as lines, and are as many, each payload is what an encoder writes.
    """
    if len(payloads) <= FEW:
        return [decode(payload) for payload in payloads]
    lines = b"\n".join(payloads)
    try:
        facts = _decoder.decode_lines(lines)
        if len(facts) == len(payloads) and _encoder.encode_lines(facts) == lines + b"\n":
            return list(facts)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass  # something else is among them
    half = len(payloads) // 2
    return [*decode_all(payloads[:half]), *decode_all(payloads[half:])]
