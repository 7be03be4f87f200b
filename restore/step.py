"""A step is a function named like its file, whose annotated signature says everything once.

    def levels(proxy: Proxy, *, black: Annotated[float, Param("…", -50, 50, "%")] = 0) -> Levels

It looks at the proxy and returns an `Effect`: plain data that restores tiles. The recipe's check,
`restore steps`, the docs and the JSON schema are read from the signature.
"""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from restore.effect import Effect, with_unit
from restore.errors import RecipeError, nearest
from restore.image.reference import Reference


@dataclass(frozen=True)
class Param:
    """A setting: a short description, its range (numbers only), unit, and step of multiples.

    A string may have to match `pattern`, a regular expression; `unit` then describes it.
    `choices` is for names found by file name; other choices are a Literal in the signature.
    """

    about: str
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    multiple: int = 1
    pattern: str = ""
    choices: tuple[str, ...] = ()


Amount = Annotated[float, Param("how much of the step to apply; 0 changes nothing", 0, 1)]


@dataclass(frozen=True)
class Setting:
    """One setting of a step, as its signature declares it."""

    name: str
    kind: type  # float, int, bool, str or Reference
    default: object
    param: Param
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return self.param.unit or "a string"
        if self.kind is Reference:
            return "the path of a photo"
        low, high = (f"{limit:g}" for limit in (self.param.low, self.param.high))
        whole = "an integer " if self.kind is int else ""
        words = with_unit(f"{whole}{low} … {high}", self.param.unit)
        return words + (f", a multiple of {self.param.multiple}" if self.param.multiple > 1 else "")

    def check(self, where: str, value: object) -> Any:
        """The value in the setting's own type.

        Raises
        ------
        RecipeError
            If it has the wrong type or is out of range.
        """
        setting = f"{where}: {self.name} = {_shown(value)}"
        if self.kind is Reference:
            if not isinstance(value, Reference):
                raise RecipeError(f"{setting} cannot be set here; allowed: {self.allowed}")
            return value
        if self.kind is str:
            if not isinstance(value, str):
                raise RecipeError(f"{setting} is not a string; allowed: {self.allowed}")
            if self.choices and value not in self.choices:
                raise RecipeError(f"{setting} is not known; {nearest(value, list(self.choices))}")
            if self.param.pattern and not re.fullmatch(self.param.pattern, value):
                raise RecipeError(f"{setting} is not known; allowed: {self.allowed}")
            return value
        if self.kind is bool:
            if not isinstance(value, bool):
                raise RecipeError(f"{setting} is not {self.allowed}")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RecipeError(f"{setting} is not a number; allowed: {self.allowed}")
        if self.kind is int and value != int(value if math.isfinite(value) else 0):
            raise RecipeError(f"{setting} is not an integer; allowed: {self.allowed}")
        if not self.param.low <= value <= self.param.high:
            raise RecipeError(f"{setting} is outside {self.allowed}")
        if self.kind is int and value % self.param.multiple:
            raise RecipeError(f"{setting} is not a multiple of {self.param.multiple}")
        return self.kind(value)


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True)
class Step:
    """A step as a recipe sees it: its function, its settings, and what its module adds.

    Attributes
    ----------
    plan
        The function: from a proxy and the settings to an effect.
    prepare
        Takes a context and the settings; loads what the plan needs besides the photo.
    shared
        Joins the effects of several photos of a series.
    follow
        Takes a proxy, the effect of its series and the settings: the photo's own effect with the
        numbers of the series.
    film
        Takes the proxies of a shot's frames, as they come, and the settings: the effect for each
        frame, in order.
    minor
        The step only prepares or finishes a photo: another step's summary matters more.
    """

    name: str
    plan: Callable[..., Effect]
    settings: Mapping[str, Setting]
    prepare: Callable[..., None] | None = None
    shared: Callable[[Sequence[Effect]], Effect] | None = None
    follow: Callable[..., Effect] | None = None
    film: Callable[..., Iterator[Effect]] | None = None
    minor: bool = False

    @classmethod
    def of(cls, module: ModuleType) -> Step:
        """The step in a module: the function named like the module."""
        name = module.__name__.rpartition(".")[2]
        function = getattr(module, name)
        hints = get_type_hints(function, include_extras=True)
        settings = {
            key: _setting(key, hints[key], parameter.default)
            for key, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        return cls(
            name,
            function,
            MappingProxyType(settings),
            prepare=getattr(module, "prepare", None),
            shared=getattr(module, "shared", None),
            follow=getattr(module, "follow", None),
            film=getattr(module, "film", None),
            minor=getattr(module, "MINOR", False),
        )

    @property
    def about(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.plan) or "").partition("\n")[0]

    @property
    def details(self) -> str:
        """The docstring after its first line."""
        return (inspect.getdoc(self.plan) or "").partition("\n")[2].strip()

    def check(self, where: str, values: Mapping[str, object]) -> dict[str, Any]:
        """The values in their own types; RecipeError for an unknown name or a wrong value."""
        checked = {}
        for name, value in values.items():
            if name not in self.settings:
                known = nearest(name, list(self.settings))
                raise RecipeError(f'{where}: there is no setting "{name:.60}"; {known}')
            checked[name] = self.settings[name].check(where, value)
        return checked


def _setting(name: str, hint: Any, default: object) -> Setting:
    param, optional = Param(""), False
    if get_origin(hint) is Annotated:
        hint, param = get_args(hint)[:2]
    if get_origin(hint) in (Union, types.UnionType):
        optional = True
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is Literal:
        return Setting(name, str, default, param, get_args(hint), optional)
    return Setting(name, hint, default, param, param.choices, optional)
