"""What sentences call things, and in which language they are said."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from spatial_coagg.report.map_words import Language

# Between Chinese and Latin letters, digits or % a blank is set.
_SEAM = re.compile(
    "(?<=[A-Za-z0-9%])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9\u2212])"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the sentences call things.

    Attributes
    ----------
    place, places : str
        One city, many cities.
    outcome : str
        What the regression explains.
    language : {"en", "zh"}

    Notes
    -----
    Sentences stand in the code in English; ``assets/zh.toml`` has each in Chinese.

    Examples
    --------
    >>> Words(places="counties").say("The {count} {places}", count=3)
    'The 3 counties'
    >>> Words(language="zh").name("year")
    '年份'
    """

    place: str = "city"
    places: str = "cities"
    outcome: str = "the outcome"
    language: Language = "en"

    def say(self, sentence: str, /, **facts: object) -> str:
        """Return a sentence in the language, its gaps filled.

        Parameters
        ----------
        sentence : str
            In English, as a format string. ``{place}``, ``{places}``, ``{Places}``
            and ``{outcome}`` are known.
        **facts
            What fills the other gaps.
        """
        known = {
            "place": self.place,
            "places": self.places,
            "Places": capital(self.places),
            "outcome": self.outcome,
        }
        said = translate(sentence, self.language).format(**known, **facts)
        return said if self.language == "en" else _SEAM.sub(" ", said)

    def name(self, text: str) -> str:
        """Return a name in the language; one that is not ours stays as it is."""
        return translate(text, self.language)

    def count(self, number: int) -> str:
        """Return ``"1 city"`` or ``"3 cities"``."""
        return self.say(
            "{number} {place}" if number == 1 else "{number} {places}", number=number
        )

    def count_others(self, number: int) -> str:
        """Return ``"1 other city"`` or ``"3 other cities"``."""
        one = number == 1
        return self.say(
            "{number} other {place}" if one else "{number} other {places}",
            number=number,
        )

    def enumerate(self, items: Sequence[str]) -> str:
        """Join words by commas and "and"."""
        if len(items) < 2:
            return "".join(items)
        first = self.name(", ").join(items[:-1])
        return self.say("{first} and {last}", first=first, last=items[-1])


def translate(text: str, language: Language) -> str:
    """Return a text of the report in a language; the text itself where it has none."""
    return text if language == "en" else _chinese().get(text, text)


def capital(text: str) -> str:
    """Return the text with a capital at the start, as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"


@cache
def _chinese() -> Mapping[str, str]:
    file = files("spatial_coagg.report").joinpath("assets", "zh.toml")
    tables: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: text for table in tables.values() for key, text in table.items()}
