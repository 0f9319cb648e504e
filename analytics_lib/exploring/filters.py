"""Filters of a view: a dimension is, or is not, some of its values, is missing, or lies in a range."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from analytics_lib.exploring.controls import Chosen, button, day, dropdown, fitted, row
from analytics_lib.exploring.wording import condition_name, dimension_name, escaped, value_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_IS, _IS_NOT, _WITHIN, _MISSING, _THERE = "is", "is not", "within", "missing", "there"
_OF_VALUES: Final = [("is", _IS), ("is not", _IS_NOT)]
_OF_NUMBERS: Final = [*_OF_VALUES, ("is from … to …", _WITHIN)]
_OF_DAYS: Final = [("is from … to …", _WITHIN), ("is missing", _MISSING), ("is not missing", _THERE)]
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]*)?")
_MISSES: Final[dict[str, Any]] = {_MISSING: None, _THERE: {"not": None}}


class Filters:
    """Conditions on dimensions.

    Parameters
    ----------
    changed
        Called when a condition was added or left out.
    asked
        Called with a dimension whose values are to be offered; days are not looked up.
    """

    def __init__(self, changed: Callable[[], None], asked: Callable[[str], None]) -> None:
        self._changed = changed
        self._asked = asked
        self._where: dict[str, Any] = {}
        self._values: list[Any] = []
        self._times: Collection[str] = ()
        self.dimension = dropdown("Filter by", [("Choose a dimension", "")], "")
        self.sense = dropdown("Condition", _OF_VALUES, _IS)
        self.values = dropdown("Value", [])
        self.numbers = tuple(_number(name) for name in ("From", "To"))
        self.days = day("From day"), day("To day")
        self.note = widgets.HTML()
        self.add = button("Add filter", self._take)
        self._chosen = Chosen(self._left_out, self.dimension)
        self.box = row()
        self.dimension.observe(self._ask, "value")
        self.sense.observe(lambda _: self._fit(), "value")
        self._ready(ready=False)
        self._fit()

    @property
    def value(self) -> dict[str, Any]:
        """Dimension → condition, as a view has it."""
        return dict(self._where)

    def show(self, where: Mapping[str, Any]) -> None:
        """Show conditions."""
        self._where = dict(where)
        self._chosen.show({name: condition_name(name, each) for name, each in self._where.items()})

    def offer(self, dimensions: Sequence[str], times: Collection[str] = ()) -> None:
        """Offer dimensions to filter by; `times` are those of them that hold days."""
        before = self.dimension.value
        self._times = times
        self.dimension.options = [("Choose a dimension", ""), *((dimension_name(name), name) for name in dimensions)]
        self.dimension.value = before if before in dimensions else ""

    def offer_values(self, dimension: str, values: Sequence[Any], note: str = "") -> None:
        """Offer a dimension's values, unless another one was chosen meanwhile; `note` says why there are none."""
        if self.dimension.value != dimension:
            return
        self.values.options = [(value_name(each), place) for place, each in enumerate(values)] or [("None", None)]
        self._values = list(values)
        self.values.index = 0  # a list that had nothing to choose chooses nothing by itself
        known = [each for each in values if each is not None]
        self._offer_senses(_OF_NUMBERS if known and all(map(_is_number, known)) else _OF_VALUES)
        self._say(note)
        self._ready(ready=bool(values))

    def _ask(self, _: object) -> None:
        name = self.dimension.value
        self._say("")
        self.values.options = [("Loading …", None)] if name else []
        for each in self.days:
            each.value = None
        for each in self.numbers:
            each.value = ""
        self._offer_senses(_OF_DAYS if name in self._times else _OF_VALUES)
        self._ready(ready=name in self._times)
        if name and name not in self._times:
            self._asked(name)

    def _offer_senses(self, senses: list[tuple[str, str]]) -> None:
        before = self.sense.value
        if list(self.sense.options) != senses:
            self.sense.options = senses
            self.sense.value = before if before in [key for _, key in senses] else senses[0][1]
        self._fit()

    def _fit(self) -> None:
        """Show what the condition is given with; what was there stays, and keeps the keyboard's focus."""
        sense, name = self.sense.value, self.dimension.value
        given: tuple[Any, ...] = (self.values,)
        if sense in _MISSES:
            given = ()
        elif sense == _WITHIN:
            given = self.days if name in self._times else self.numbers
        children = self.dimension, self.sense, *given, self.add, self.note, self._chosen.box
        if self.box.children != children:
            self.box.children = children

    def _ready(self, *, ready: bool) -> None:
        self.values.disabled = self.add.disabled = not ready

    def _say(self, text: str) -> None:
        self.note.value = f'<p class="note" role="alert">{escaped(text)}</p>' if text else ""

    def _take(self) -> None:
        name, sense = self.dimension.value, self.sense.value
        if not name:
            return
        try:
            condition = _MISSES[sense] if sense in _MISSES else self._given(name, sense)
        except ValueError as error:
            self._say(str(error))
            return
        self._say("")
        self.show({**self._where, name: condition})
        self._changed()

    def _given(self, name: str, sense: str) -> Any:
        """Return the condition with what was chosen or typed.

        Raises
        ------
        ValueError
            It makes no condition; the sentence is whole.
        """
        if sense == _WITHIN and name in self._times:
            return range_of(*(None if each.value is None else each.value.isoformat() for each in self.days))
        if sense == _WITHIN:
            return range_of(*(number_of(each.value) for each in self.numbers))
        if self.values.value is None:
            raise ValueError("Choose a value first.")
        return joined(self._where.get(name, []), self._values[self.values.value], negated=sense == _IS_NOT)

    def _left_out(self) -> None:
        self.show({name: self._where[name] for name in self._chosen.names})
        self._changed()


def _number(name: str) -> Any:
    return widgets.Text(description=name, placeholder="any", **fitted())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number_of(text: str) -> float | None:
    """Return a number that was typed; None where nothing was.

    Raises
    ------
    ValueError
        It is none; the sentence is whole.

    Examples
    --------
    >>> number_of(" 12 "), number_of("-1.5"), number_of("")
    (12, -1.5, None)
    """
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' is no number; 12 and -1.5 are.")
    return float(text) if "." in text else int(text)


def range_of(low: Any, high: Any) -> dict[str, Any]:
    """Return a range as a view has it; None leaves one end open.

    Raises
    ------
    ValueError
        There is no end, or they stand in the wrong order; the sentence is whole.

    Examples
    --------
    >>> range_of(3, None), range_of("2026-01-01", "2026-01-31")
    ({'from': 3}, {'from': '2026-01-01', 'to': '2026-01-31'})
    """
    if low is None and high is None:
        raise ValueError("Give the range a beginning, an end, or both.")
    if low is not None and high is not None and low > high:
        raise ValueError(f"The range ends at {high}, before it begins at {low}.")
    return {name: each for name, each in (("from", low), ("to", high)) if each is not None}


def joined(before: Any, value: Any, *, negated: bool) -> Any:
    """Return a condition with one more value; an empty list is none yet, and one of another sense is replaced.

    Examples
    --------
    >>> joined("web", "app", negated=False), joined("web", "app", negated=True)
    (['web', 'app'], {'not': 'app'})
    >>> joined({"not": ["web"]}, "app", negated=True)
    {'not': ['web', 'app']}
    """
    if isinstance(before, dict):
        old = before["not"] if negated and "not" in before else []
    else:
        old = [] if negated else before
    values = [*(old if isinstance(old, list) else [old])]
    values += [] if value in values else [value]
    plain = values[0] if len(values) == 1 else values
    return {"not": plain} if negated else plain
