"""Components (models, attacks, defenses, priors ...) and the text that names them.

Grammar, the same in Python, CLI, URL, CSV and JSON:

    component = name [":" key "=" value {"," key "=" value}]
    stack     = component {"+" component}

A value that itself holds ``+``, ``:`` or ``,`` stands in parentheses: ``ig:init=(git:hidden=64)``.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil
import types
import typing
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Literal, TypeVar

from gi_core.errors import BadInput

C = TypeVar("C", bound="Component")


FIELD_TYPES: weakref.WeakKeyDictionary[type, dict[str, Any]] = weakref.WeakKeyDictionary()


def field_types(cls: type) -> dict[str, Any]:
    """The type of each field of a dataclass, whose annotations are read once: that takes longer than all checks."""
    if cls not in FIELD_TYPES:
        FIELD_TYPES[cls] = typing.get_type_hints(cls)
    return FIELD_TYPES[cls]


def option(default: Any, text: str, *, low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field with its one-line meaning and its allowed range (inclusive, None = open)."""
    return dataclasses.field(default=default, metadata={"text": text, "low": low, "high": high})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Component:
    """Base of everything that is chosen by name: typed, range-checked, keyword-only options.

    Raises:
        BadInput: an option is of the wrong type or outside its range.
    """

    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        hints = field_types(type(self))
        for field in dataclasses.fields(self):
            check_value(f"{self.name}:{field.name}", getattr(self, field.name), hints[field.name], field.metadata)

    @property
    def text(self) -> str:
        """Canonical text: the name and every option that differs from its default."""
        changed = [
            f"{f.name}={format_value(getattr(self, f.name))}"
            for f in dataclasses.fields(self)
            if getattr(self, f.name) != f.default
        ]
        return self.name + (":" + ",".join(changed) if changed else "")

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]


class Registry(Generic[C]):
    """Named components of one kind; filled by the decorator :meth:`register`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._known: dict[str, type[C]] = {}
        self._package: str | None = None

    def register(self, name: str) -> Callable[[type[C]], type[C]]:
        def keep(cls: type[C]) -> type[C]:
            cls.name = name
            self._known[name] = cls
            return cls

        return keep

    def load(self, package: str) -> None:
        """Name the package whose modules register components; they are imported when first asked for."""
        self._package = package

    @property
    def _classes(self) -> dict[str, type[C]]:
        if self._package is not None:
            package, self._package = self._package, None
            try:
                for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                    importlib.import_module(f"{package}.{module.name}")
            except BaseException:
                self._package = package
                raise
        return self._known

    def names(self) -> list[str]:
        return sorted(self._classes)

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[type[C]]:
        return (self._classes[name] for name in self.names())

    def get(self, name: str) -> type[C]:
        """The class called ``name``. Raises BadInput with the list of allowed names."""
        if name not in self._classes:
            raise BadInput(f"unknown {self.kind} {name!r}: allowed are {', '.join(self.names())}")
        return self._classes[name]

    def parse(self, text: str) -> C:
        """One component from its text. Raises BadInput for an unknown name, key or value."""
        name, _, rest = text.strip().partition(":")
        cls = self.get(name.strip())
        hints = field_types(cls)
        allowed = [f.name for f in dataclasses.fields(cls)]
        values: dict[str, Any] = {}
        for part in split_top(rest, ",") if rest else []:
            key, equals, raw = part.partition("=")
            key = key.strip()
            if not equals or key not in allowed:
                choices = ", ".join(allowed) if allowed else "none"
                raise BadInput(f"unknown option {part.strip()!r} of {self.kind} {name!r}: allowed are {choices}")
            if key in values:
                raise BadInput(f"option {key!r} of {self.kind} {name!r} is given twice")
            values[key] = parse_value(f"{name}:{key}", unwrap(raw.strip()), hints[key])
        return cls(**values)

    def describe(self) -> list[dict[str, Any]]:
        """Name, summary and options of every component, as plain data for ``list`` and the UI."""
        return [{"name": cls.name, "summary": cls.summary(), "options": describe_options(cls)} for cls in self]


def describe_options(cls: type[Component]) -> list[dict[str, Any]]:
    hints = field_types(cls)
    return [
        {
            "name": f.name,
            "type": type_words(hints[f.name]),
            "choices": list(typing.get_args(hints[f.name])) if typing.get_origin(hints[f.name]) is Literal else None,
            "default": f.default,
            "low": f.metadata.get("low"),
            "high": f.metadata.get("high"),
            "text": f.metadata.get("text", ""),
        }
        for f in dataclasses.fields(cls)
    ]


def split_top(text: str, separator: str) -> list[str]:
    """Split at ``separator`` outside parentheses. Raises BadInput for unbalanced ones.

    A ``+`` inside a number's exponent (``1e+3``) does not split.
    """
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            break
        exponent = separator == "+" and i >= 2 and text[i - 1] in "eE" and text[i - 2].isdigit()
        if char == separator and depth == 0 and not exponent:
            parts.append(text[start:i])
            start = i + 1
    if depth != 0:
        raise BadInput(f"unbalanced parentheses in {text!r}")
    return [*parts, text[start:]]


def unwrap(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
    if value is None:
        return "none"
    text = str(value)
    return f"({text})" if any(c in text for c in "+:,") else text


def type_words(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(hint)))
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(type_words(h) for h in typing.get_args(hint))
    if hint is type(None):
        return "none"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[hint]


def parse_value(what: str, raw: str, hint: Any) -> Any:
    """``raw`` as a value of type ``hint``: int, float, bool, str, Literal[...] or a union with None."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if raw.lower() == "none":
            return None
        hint = next(h for h in typing.get_args(hint) if h is not type(None))
    if typing.get_origin(hint) is Literal:
        for choice in typing.get_args(hint):
            if raw == str(choice):
                return choice
        raise BadInput(f"{what}={raw}: allowed are {', '.join(map(str, typing.get_args(hint)))}")
    try:
        if hint is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[raw.lower()]
        if hint is int:
            return int(raw) if raw.lstrip("+-").isdigit() else _whole(float(raw))
        return hint(raw)
    except (ValueError, KeyError, OverflowError):
        raise BadInput(f"{what}={shortened(raw)}: {type_words(hint)} is needed") from None


def shortened(text: str) -> str:
    """At most 60 characters, for a sentence that names a value."""
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError
    return int(value)


def check_value(what: str, value: Any, hint: Any, metadata: Any) -> None:
    """Refuse a value that is not finite, of the wrong type, or outside [low, high]."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if value is None:
            return
        hint = next(h for h in typing.get_args(hint) if h is not type(None))
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise BadInput(f"{what}={value}: allowed are {', '.join(map(str, typing.get_args(hint)))}")
        return
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = numeric if hint is float else isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    if not fits:
        raise BadInput(f"{what}={value!r}: {type_words(hint)} is needed")
    if not numeric:
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{what}={value}: a finite number is needed")
    low, high = metadata.get("low"), metadata.get("high")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = (
            f"from {low} to {high}"
            if None not in (low, high)
            else (f"at least {low}" if high is None else f"at most {high}")
        )
        raise BadInput(f"{what}={shortened(format_value(value))}: {bounds} is allowed")
