"""How much more than an ordinary question of 512 characters can a question cost?

    python tests/benchmarks/hostile_questions.py [SECONDS [INDEX]]

Asks questions made to be costly, each cut to what is accepted, and then looks for costlier ones by
random changes, for SECONDS (60). INDEX is a folder with an index; without it, that of the project's
articles is built. All is measured in CPU time of the process, in which stretches of the articles
are asked again and again; what is printed is how many times their median each takes, and how long
a question that has too many tokens takes to be refused.
"""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from changai.errors import QuestionError
from changai.indexing.build import build_index
from changai.models import encoders
from changai.query.understanding import LONGEST_QUESTION
from changai.search.index import Index
from changai.text import lexicon, thesaurus, tokens
from changai.text.normalisation import normalise
from changai.text.thesaurus import canonicalise

ROOT = Path(__file__).parents[2]
SCRIPTS = {
    "CJK": (0x4E00, 0x9FFF),
    "CJK extension B": (0x20000, 0x2A6DF),
    "Vai": (0xA500, 0xA62B),
    "Hieroglyphs": (0x13000, 0x1342E),
    "Hangul": (0xAC00, 0xD7A3),
    "Yi": (0xA000, 0xA48C),
    "Tangut": (0x17000, 0x187F7),
    "emoji": (0x1F300, 0x1F64F),
    "combining marks": (0x300, 0x36F),
    "compatibility forms": (0x3300, 0x33FF),
    "presentation forms": (0xFB50, 0xFDFF),
    "Greek": (0x370, 0x3FF),
    "letters": (0x61, 0x7A),
    "digits": (0x30, 0x39),
    "ASCII": (0x21, 0x7E),
}
REPEATED = [
    "的",
    "字《》（）",
    "几十",
    "1,",
    "好，",
    "a ",
    "\ufdfa",
    "娃",
    "拜师",
    "2020年",
    "宁波",
    "…",
]


class Maker:
    """Makes pieces of questions that may be costly with an index."""

    def __init__(self, index: Index, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self._spelling = index.contents.spelling
        self._text = "".join(passage.text for passage in index.passages)
        self._lists = [
            thesaurus.words(),
            [word for name in ("points", "places") for word in lexicon.words(f"{name}.txt")],
            [word for word, _ in tokens.words(normalise(self._text))],
        ]
        self._by_sound: dict[int, list[str]] = {}
        for number, sound in enumerate(self._spelling.syllables.tolist()):
            self._by_sound.setdefault(sound, []).append(chr(0x4E00 + number))

    def script(self, first: int, last: int) -> str:
        return "".join(chr(self.random.randint(first, last)) for _ in range(LONGEST_QUESTION))

    def misspelt(self) -> str:
        """Runs as long as are mended, of words in characters that sound like theirs."""
        runs = ["".join(map(self._alike, self._pairs())) for _ in range(8)]
        return "，".join(runs)[:LONGEST_QUESTION]

    def piece(self) -> str:
        kind = self.random.randrange(5)
        if kind == 0:
            return self.random.choice(self.random.choice(self._lists))
        if kind == 1:
            return "".join(map(self._alike, self._pairs()[: self.random.randint(1, 32)]))
        if kind == 2:
            start = self.random.randrange(len(self._text))
            return self._text[start : start + self.random.randint(1, 64)]
        if kind == 3:
            return self.random.choice(REPEATED) * self.random.randint(1, 20)
        script = self.random.choice([*SCRIPTS.values()])
        return self.script(*script)[: self.random.randint(1, 40)]

    def changed(self, question: str) -> str:
        start = self.random.randrange(len(question))
        end = start + self.random.randint(1, 80)
        middle = question[start:end] * 2 if self.random.random() < 0.3 else self.piece()
        longer = question[:start] + middle + question[end:]
        while len(longer) < LONGEST_QUESTION:
            longer += self.piece()
        return longer[:LONGEST_QUESTION]

    def _pairs(self) -> list[str]:
        meant = self._spelling.pairs[self._spelling.meant].tolist()
        return ["".join(map(chr, self.random.choice(meant))) for _ in range(32)]

    def _alike(self, word: str) -> str:
        sounds = (int(self._spelling.syllables[ord(character) - 0x4E00]) for character in word)
        return "".join(self.random.choice(self._by_sound[sound]) for sound in sounds)


class Scale:
    """Measures in how long ordinary questions take, one of which is asked at each measurement."""

    def __init__(self, index: Index, chance: random.Random) -> None:
        text = "".join(max((document.text for document in index.documents), key=len).split())
        starts = range(0, len(text) - LONGEST_QUESTION, 397)
        self._index, self._random = index, chance
        self._ordinary = [text[start : start + LONGEST_QUESTION] for start in starts]
        self._taken = [seconds(index.ask, question) for question in self._ordinary]

    @property
    def unit(self) -> float:
        return median(self._taken)

    def times(self, call: Callable[[str], object], text: str) -> float:
        self._taken.append(seconds(self._index.ask, self._random.choice(self._ordinary)))
        return seconds(call, text) / self.unit


def seconds(call: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    call(text)
    return time.process_time() - began


def is_accepted(index: Index, question: str) -> bool:
    try:
        index.candidates(question)
    except QuestionError:
        return False
    return True


def cut(index: Index, question: str) -> str:
    """As much of the beginning of a question as is accepted, but for a few characters."""
    low, high = 0, len(question) + 1
    while high - low > 4:
        middle = (low + high) // 2
        low, high = (middle, high) if is_accepted(index, question[:middle]) else (low, middle)
    return question[:low]


def measure(index: Index, budget: float) -> None:
    encoder = encoders.load(index.corpus.encoder.name)
    mend = index.contents.spelling.mend
    maker = Maker(index, seed=1)
    scale = Scale(index, maker.random)
    made = {name: maker.script(*script) for name, script in SCRIPTS.items()}
    made |= {f"{each} again": (each * 512)[:LONGEST_QUESTION] for each in REPEATED}
    made["misspelt"] = maker.misspelt()
    kept = {name: cut(index, f"字{each}"[:LONGEST_QUESTION]) for name, each in made.items()}
    found = [(scale.times(index.ask, each), name, each) for name, each in kept.items() if each]
    ends = time.monotonic() + budget
    while time.monotonic() < ends:
        found = sorted(found, reverse=True)[:40]
        question = maker.changed(maker.random.choice(found)[2])
        if is_accepted(index, question):
            found.append((scale.times(index.ask, question), "by search", question))
    print(f"ordinary question of {LONGEST_QUESTION} characters: {scale.unit * 1000:.0f} ms")
    for times, name, question in sorted(found, reverse=True)[:25]:
        normalised = normalise(question)
        tokens = encoder.count_tokens(canonicalise(normalised))
        print(
            f"{times:5.2f} times  {len(question):3} characters {tokens:4} tokens  "
            f"mending {scale.times(mend, normalised):5.3f} times  {name}"
        )
    rare = maker.script(*SCRIPTS["Tangut"])
    refusing = scale.times(lambda question: is_accepted(index, question), rare)
    print(f"{refusing:5.3f} times  refusing rare characters")


def main(budget: float = 60, folder: str | None = None) -> None:
    with TemporaryDirectory() as temporary:
        if folder is None:
            build_index(ROOT / "index" / "articles", temporary)
        measure(Index.open(folder or temporary), budget)


if __name__ == "__main__":
    main(*[kind(value) for kind, value in zip((float, str), sys.argv[1:], strict=False)])
