"""Controls that a view is chosen with: each has a name, and is reached and moved by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from analytics_lib.exploring.wording import condition_name, dimension_name, value_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Options = list[tuple[str, Any]]

_WRAP: Final = {"flex_flow": "row wrap", "align_items": "flex-end", "grid_gap": "8px 24px"}


def row(*children: Any) -> Any:
    """Return controls side by side, and below each other where they do not fit."""
    return widgets.HBox(list(children), layout=widgets.Layout(**_WRAP))


def dropdown(name: str, options: Options, value: Any = None) -> Any:
    """Return a list to choose one of; what is chosen is one of its options, whatever they are."""
    if value is not None and value not in [each for _, each in options]:
        options = [*options, (str(value), value)]
    return widgets.Dropdown(description=name, options=options, value=value, layout=widgets.Layout(width="auto"))


def button(name: str, act: Callable[[], None], explained: str = "") -> Any:
    """Return a button that does something."""
    made = widgets.Button(description=name, tooltip=explained or name, layout=widgets.Layout(width="auto"))
    made.on_click(lambda _: act())
    return made


class Chosen:
    """Names that are chosen, each a button that leaves it out again.

    Parameters
    ----------
    changed
        Called when one was left out.
    focus
        What the keyboard moves on to then: the button that was pressed is gone.
    """

    def __init__(self, changed: Callable[[], None], focus: Any) -> None:
        self._changed = changed
        self._focus = focus
        self._buttons: dict[str, Any] = {}
        self.box = row()
        self.box.add_class("chosen")

    def show(self, names: Mapping[str, str]) -> None:
        """Show what is chosen: key → what it is called. Buttons that were there stay."""
        self._buttons = {key: self._kept(key, name) for key, name in names.items()}
        self.box.children = tuple(self._buttons.values())

    @property
    def names(self) -> list[str]:
        """The keys of what is chosen."""
        return list(self._buttons)

    def _kept(self, key: str, name: str) -> Any:
        text = f"{name} ×"
        old = self._buttons.get(key)
        if old is not None and old.description == text:
            return old
        return button(text, lambda: self._drop(key), f"Leave out: {name}")

    def _drop(self, key: str) -> None:
        self.show({each: made.description.removesuffix(" ×") for each, made in self._buttons.items() if each != key})
        self._changed()
        self._focus.focus()  # last: a list that had nothing left to offer was disabled until now


class Picker:
    """Several of many: a list, a button that takes what is chosen there, and what was taken so far.

    Parameters
    ----------
    name
        What one of them is called: metric, dimension.
    changed
        Called when one was taken or left out.
    """

    def __init__(self, name: str, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._names: dict[str, str] = {}
        self.list = dropdown(name.capitalize(), [])
        self.add = button(f"Add {name}", self._take)
        self._chosen = Chosen(self._left_out, self.list)
        self.box = row(self.list, self.add, self._chosen.box)

    @property
    def value(self) -> tuple[str, ...]:
        """What was taken, in this order."""
        return tuple(self._chosen.names)

    def offer(self, names: Mapping[str, str]) -> None:
        """Offer names: key → what it is called. What was taken stays taken, known or not."""
        self._names = dict(names)
        self.show(self.value)

    def show(self, taken: Iterable[str]) -> None:
        """Show as taken."""
        taken = list(taken)
        self._chosen.show({key: self._names.get(key, key) for key in taken})
        before = self.list.value
        free: Options = [(name, key) for key, name in self._names.items() if key not in taken]
        self.list.options = free or [("None", "")]
        self.list.value = before if before in [key for _, key in free] else free[0][1] if free else ""
        self.list.disabled = self.add.disabled = not free

    def _take(self) -> None:
        if self.list.value:
            self.show([*self.value, self.list.value])
            self._changed()

    def _left_out(self) -> None:
        self.show(self.value)
        self._changed()


class Filters:
    """Conditions on dimensions: a dimension is, or is not, one of its values.

    Parameters
    ----------
    changed
        Called when a condition was added or left out.
    asked
        Called with a dimension whose values are to be offered.
    """

    def __init__(self, changed: Callable[[], None], asked: Callable[[str], None]) -> None:
        self._changed = changed
        self._asked = asked
        self._where: dict[str, Any] = {}
        self._values: list[Any] = []
        self.dimension = dropdown("Filter by", [("Choose a dimension", "")], "")
        self.sense = dropdown("Condition", [("is", "is"), ("is not", "is not")], "is")
        self.values = dropdown("Value", [])
        self.add = button("Add filter", self._take)
        self._chosen = Chosen(self._left_out, self.dimension)
        self.box = row(self.dimension, self.sense, self.values, self.add, self._chosen.box)
        self.dimension.observe(self._ask, "value")
        self._ready(ready=False)

    @property
    def value(self) -> dict[str, Any]:
        """Dimension → condition, as a view has it."""
        return dict(self._where)

    def show(self, where: Mapping[str, Any]) -> None:
        """Show conditions."""
        self._where = dict(where)
        self._chosen.show({name: condition_name(name, each) for name, each in self._where.items()})

    def offer(self, dimensions: Sequence[str]) -> None:
        """Offer dimensions to filter by."""
        before = self.dimension.value
        self.dimension.options = [("Choose a dimension", ""), *((dimension_name(name), name) for name in dimensions)]
        self.dimension.value = before if before in dimensions else ""

    def offer_values(self, dimension: str, values: Sequence[Any], note: str = "") -> None:
        """Offer a dimension's values, unless another one was chosen meanwhile; `note` says why there are none."""
        if self.dimension.value != dimension:
            return
        self.values.options = [(value_name(each), place) for place, each in enumerate(values)] or [(note, None)]
        self._values = list(values)
        self._ready(ready=bool(values))

    def _ask(self, _: object) -> None:
        name = self.dimension.value
        self.values.options = [("Loading …", None)] if name else []
        self._ready(ready=False)
        if name:
            self._asked(name)

    def _ready(self, *, ready: bool) -> None:
        self.values.disabled = self.add.disabled = not ready

    def _take(self) -> None:
        name, place = self.dimension.value, self.values.value
        if not name or place is None:
            return
        value, negated = self._values[place], self.sense.value == "is not"
        self.show({**self._where, name: joined(self._where.get(name, []), value, negated=negated)})
        self._changed()

    def _left_out(self) -> None:
        self.show({name: self._where[name] for name in self._chosen.names})
        self._changed()


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
