"""A plan on a proxy, step by step: what each step finds, and which one a slider has moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from restore import color
from restore.effect import Effect
from restore.image.photo import Proxy
from restore.plan import Plan
from restore.recipe import Recipe


def chain(proxy: Proxy, plan: Plan) -> list[Proxy]:
    """The proxy as each step of a plan finds it."""
    proxies = [proxy]
    for step in plan.steps[:-1]:
        proxies.append(proxies[-1].through(step.effect))
    return proxies


def moved(recipe: Recipe, plan: Plan) -> int | None:
    """The only step whose settings differ from the plan's (the last if none); None if more do."""
    if [step.step for step in plan.steps] != [use.step.name for use in recipe.uses]:
        return None
    differ = [
        number
        for number, (use, step) in enumerate(zip(recipe.uses, plan.steps, strict=True))
        if dict(use.settings) != dict(step.settings)
    ]
    if len(differ) > 1:
        return None
    return differ[0] if differ else len(plan.steps) - 1


def of_amount(effect: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> Effect | None:
    """The effect with another `amount`, if nothing else differs and it keeps that by itself."""
    differ = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    if differ != {"amount"} or all(part.name != "amount" for part in fields(effect)):
        return None
    changed: Effect = replace(effect, amount=after.get("amount", 1.0))
    return changed


def result(plan: Plan, proxies: Sequence[Proxy]) -> color.Array:
    """The restored proxy, given what each step finds: (h, w, 3) working RGB."""
    return plan.steps[-1].effect.passed(proxies[-1].view).pixels
