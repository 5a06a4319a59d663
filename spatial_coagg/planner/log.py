"""What a run did and when, told while it goes on and kept beside the report."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Log:
    """Lines with the seconds since the start.

    Attributes
    ----------
    listener : callable or None
        Told each line at once, without the time.
    start : float
    lines : list of str
    """

    listener: Callable[[str], None] | None = None
    start: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def tell(self, words: str) -> None:
        """Keep a line and pass it on."""
        self.lines.append(f"{time.monotonic() - self.start:8.2f} s  {words}")
        if self.listener is not None:
            self.listener(words)

    def write(self, path: Path, *, notes: Sequence[str]) -> None:
        """Write the lines, then what the computations warned about."""
        told = [f"note: {note}" for note in notes]
        text = "\n".join([*self.lines, "", *(told or ["No note."])])
        path.write_text(text + "\n", encoding="utf-8")
