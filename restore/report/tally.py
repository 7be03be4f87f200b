"""What a report says about many photos together: counts and names, no pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from restore.report import card
from restore.report.entry import Entry

NAMED = 200
"""Most photos that are named; the pages name the others."""


@dataclass(frozen=True)
class Alarm:
    """A photo to look at: what became of it, a link to it, its name, and why."""

    state: str
    link: str
    name: str
    reason: str


@dataclass
class Group:
    """Photos that share a plan, and those that depart from it."""

    count: int = 0
    departing: list[Alarm] = field(default_factory=list)


@dataclass
class Tally:
    """The photos of a page, or of a whole run.

    Attributes
    ----------
    states
        How many were "restored", "skipped", …
    bare
        How many were restored, but have no pictures here.
    warned
        How many have warnings.
    recipes
        The recipes' titles, by name.
    programs
        Versions and networks, as the results record them.
    groups
        Photos that share a plan, by the group's name.
    names
        The first photo's name and the last one's.
    alarms
        Photos to look at, at most `NAMED`.
    """

    states: Counter[str] = field(default_factory=Counter)
    bare: int = 0
    warned: int = 0
    recipes: dict[str, str] = field(default_factory=dict)
    programs: Counter[str] = field(default_factory=Counter)
    groups: dict[str, Group] = field(default_factory=dict)
    names: tuple[str, str] = ("", "")
    alarms: list[Alarm] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many photos."""
        return self.states.total()

    def add(self, entry: Entry, link: str) -> None:
        """Count a photo that `link` leads to."""
        name = card.name_of(entry.path)
        self.names = (self.names[0] or name, name)
        self.states[entry.state] += 1
        self.bare += entry.state == "restored" and not entry.pictured
        if entry.recipe:
            self.recipes[entry.recipe] = self.recipes.get(entry.recipe) or entry.title
        if version := entry.record.get("version"):
            self.programs[f"restore {version:.64}"] += 1
        if network := card.network(entry.record):
            self.programs[f"network {network}"] += 1
        self.warned += bool(entry.alarms)
        reason = entry.error.removeprefix(f"{entry.path}: ") or "; ".join(entry.alarms)
        alarm = Alarm(entry.state, link, name, reason)
        if reason and len(self.alarms) < NAMED:
            self.alarms.append(alarm)
        if entry.group:
            group = self.groups.setdefault(entry.group, Group())
            group.count += 1
            if entry.departs and len(group.departing) < NAMED:
                group.departing.append(replace(alarm, reason=entry.departs))
