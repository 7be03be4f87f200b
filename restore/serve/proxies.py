"""A proxy that remembers what the steps made of it: a slider re-renders only what it changes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from restore.effect import Effect
from restore.image.notes import Notes
from restore.image.photo import Proxy


@dataclass(frozen=True, eq=False)
class KeptProxy(Proxy):
    """A proxy with the one that followed it under the last effect.

    Attributes
    ----------
    known
        Its digest, which leaves hints and marks out: they change a step's effect, not the steps
        before it.
    memory
        The last effect and the proxy after it. One chain is kept, about 12 MB for each step.
    """

    known: str = ""
    memory: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, proxy: Proxy) -> KeptProxy:
        """A proxy that remembers."""
        values = {part.name: getattr(proxy, part.name) for part in fields(proxy)}
        return cls(**values, known=replace(proxy, hints=(), marks=()).digest())

    def with_notes(self, noted: Notes) -> KeptProxy:
        """The proxy with these hints and marks."""
        return replace(self, hints=noted.hints, marks=noted.marks)

    def digest(self) -> str:
        """The digest of the photo, computed once."""
        return self.known

    def through(self, effect: Effect) -> Proxy:
        """The proxy as the next step will find it, remembered until another effect is asked for."""
        if self.memory.get("effect") is not effect:
            after = replace(self, memory={})
            made = Proxy.through(after, effect)
            self.memory.update(effect=effect, after=made)
        held: Proxy = self.memory["after"]
        return replace(held, hints=self.hints, marks=self.marks, context=self.context)
