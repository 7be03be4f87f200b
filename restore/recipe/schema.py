"""The JSON schema of a recipe, made from the steps' signatures: for editors and for forms."""

from __future__ import annotations

import math
from typing import Any

from restore import recipe, steps
from restore.step import Setting, Step


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) that a recipe's TOML must meet."""
    entries = [_entry(step) for step in steps.loaded()[0]]
    others = [name for name in recipe.names() if name not in steps.names()]  # a step comes first
    other = {
        "type": "object",
        "required": ["use"],
        "properties": {"use": {"enum": others, "description": "another recipe"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "restore recipe",
        "type": "object",
        "required": ["steps"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "about": {"type": "string"},
            "input": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"raw": {"enum": list(recipe.RAW)}},
            },
            "steps": {
                "type": "array",
                "minItems": 1,
                "maxItems": recipe.LONGEST,
                "items": {"oneOf": [*entries, other]},
            },
        },
    }


def _entry(step: Step) -> dict[str, Any]:
    properties: dict[str, Any] = {"use": {"const": step.name, "description": step.about}}
    properties |= {setting.name: _property(setting) for setting in step.settings.values()}
    return {
        "type": "object",
        "required": ["use"],
        "additionalProperties": False,
        "properties": properties,
    }


def _property(setting: Setting) -> dict[str, Any]:
    kinds = {float: "number", int: "integer", bool: "boolean"}
    made: dict[str, Any] = {
        "type": kinds.get(setting.kind, "string"),
        "description": setting.param.about,
    }
    if setting.choices:
        made["enum"] = list(setting.choices)
    if math.isfinite(setting.param.low):
        made["minimum"] = setting.param.low
    if math.isfinite(setting.param.high):
        made["maximum"] = setting.param.high
    if setting.param.multiple > 1:
        made["multipleOf"] = setting.param.multiple
    if setting.param.pattern:
        made["pattern"] = f"^(?:{setting.param.pattern})$"
    if setting.default is not None:
        made["default"] = setting.default
    return made
