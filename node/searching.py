"""Which of many names a few typed words mean, however they were typed: words are compared one by one.

Each word of the question is likened to every word that occurs in the names; a name's worth is how well it answers the
words, rare ones counting for more. Pure computing: no clock, no database.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from math import log
from unicodedata import combining, normalize

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from node.folding.names import search_key

Named = tuple[str, str]  # an id, and a name or code that it goes by

ALIKE = 0.5  # words below this have nothing to do with each other
ANSWERED = 0.5  # the least part of a question that a name must answer
BEGUN = 0.9  # what a word's beginning is worth
FORGIVEN_LETTERS = 3  # in shorter words a typing error leaves too little
SPARE_WORD = 0.02  # what each word that wasn't asked for takes off
FRESH_WORDS = 40_000  # names whose words are remembered
_WORD = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+")


@lru_cache(FRESH_WORDS)
def folded(name: str) -> str:
    """A name as it is compared: without case and accents."""
    return "".join(c for c in normalize("NFD", search_key(name)) if not combining(c))


@lru_cache(FRESH_WORDS)
def words_of(name: str) -> tuple[str, ...]:
    """The words and numbers of a name; "10L" is two."""
    return tuple(dict.fromkeys(_WORD.findall(folded(name))))


def likeliest(text: str, names: Iterable[Named], limit: int, before: Container[str] = ()) -> list[str]:
    """Ids by how likely a text means them: first those that hold all its words, then those that resemble it.

    Among those that hold it, the ids of `before` come first.
    """
    known = list(names)
    found = dict.fromkeys(_holding(folded(text), known, before))
    if len(found) < limit:
        found.update(dict.fromkeys(_resembling(text, known)))
    return list(found)[:limit]


def _holding(key: str, names: Sequence[Named], before: Container[str]) -> list[str]:
    """Ids whose names hold every part of a key, where there are any at the beginning of words; else anywhere."""
    parts = key.split()
    keys = ((id, folded(name)) for id, name in names)
    held = [(id not in before, not k.startswith(key), len(k), k, id) for id, k in keys if all(p in k for p in parts)]
    asked = words_of(key)
    begun = [row for row in held if _begins(asked, words_of(row[3]))]
    return [id for *_, id in sorted(begun or held)]


def _begins(asked: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in asked)


def _resembling(text: str, names: Sequence[Named]) -> list[str]:
    """Ids whose names answer enough of the text, best first."""
    asked = words_of(text)
    bearers = _bearers(names)
    worth: defaultdict[int, float] = defaultdict(float)
    whole = 0.0
    for word in asked:
        most = 0.0
        for at, points in _answers(word, bearers, len(names)).items():
            worth[at] += points
            most = max(most, points)
        whole += most or _rarity(1, len(names))
    spare = {at: len(words_of(names[at][1])) - len(asked) for at in worth}
    order = [
        (-points / whole + SPARE_WORD * max(0, spare[at]) ** 0.5, len(names[at][1]), names[at][1], names[at][0])
        for at, points in worth.items()
        if points >= ANSWERED * whole
    ]
    return [id for *_, id in sorted(order)]


def _bearers(names: Sequence[Named]) -> dict[str, list[int]]:
    """Which names (by their place in the list) bear a word."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for at, (_, name) in enumerate(names):
        for word in words_of(name):
            found[word].append(at)
    return found


def _answers(word: str, bearers: dict[str, list[int]], total: int) -> dict[int, float]:
    """What each name (by its place) answers to one word: its best likeness, times how telling the word is."""
    alike = _alike(word, list(bearers))
    _, telling = max(((likeness, _rarity(len(bearers[other]), total)) for other, likeness in alike), default=(0.0, 0.0))
    found: dict[int, float] = {}
    for other, likeness in alike:
        points = likeness * likeness * telling
        for at in bearers[other]:
            found[at] = max(points, found.get(at, 0.0))
    return found


def _rarity(bearers: int, total: int) -> float:
    """How much it says that a name bears a word which so many bear."""
    return log(1 + total / bearers)


def _alike(word: str, others: Sequence[str]) -> list[tuple[str, float]]:
    """Words that this one may stand for, and how alike they are, up to 1. Numbers are what they are, or begin so."""
    if word[0].isdigit() or len(word) < FORGIVEN_LETTERS:
        return [(other, 1.0 if other == word else BEGUN) for other in others if other.startswith(word)]
    near = process.extract(word, others, scorer=OSA.normalized_similarity, score_cutoff=ALIKE, limit=None)
    found = {other: (likeness + JaroWinkler.similarity(word, other)) / 2 for other, likeness, _ in near}
    for other in others:
        if other.startswith(word) and other != word:
            found[other] = max(BEGUN, found.get(other, 0.0))
    return list(found.items())


def same_but_for_a_slip(one: str, other: str) -> bool:
    """Whether two names are one, mistyped: the same numbers, and each word at most one error from its fellow."""
    ours, theirs = words_of(one), words_of(other)
    return len(ours) == len(theirs) and all(map(_slipped, sorted(ours), sorted(theirs)))


def _slipped(one: str, other: str) -> bool:
    errors = OSA.distance(one, other, score_cutoff=1)
    return errors == 0 or (errors == 1 and min(len(one), len(other)) > 4 and one.isalpha() and other.isalpha())
