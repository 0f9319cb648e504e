"""Controls that a view is chosen with: each has a name, and is reached and moved by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Options = list[tuple[str, Any]]

_WRAP: Final = {"flex_flow": "row wrap", "align_items": "flex-end", "grid_gap": "8px 24px"}


def row(*children: Any) -> Any:
    """Return controls side by side, and below each other where they do not fit."""
    return widgets.HBox(list(children), layout=widgets.Layout(**_WRAP))


def fitted() -> dict[str, Any]:
    """Return how wide a control is: as its name and what it holds, so that neither is cut."""
    return {"layout": widgets.Layout(width="auto", max_width="100%"), "style": {"description_width": "initial"}}


def dropdown(name: str, options: Options, value: Any = None) -> Any:
    """Return a list to choose one of; what is chosen is one of its options, whatever they are."""
    if value is not None and value not in [each for _, each in options]:
        options = [*options, (str(value), value)]
    return widgets.Dropdown(description=name, options=options, value=value, **fitted())


def day(name: str, value: Any = None) -> Any:
    """Return a field for a day, which may be empty."""
    return widgets.DatePicker(description=name, value=value, **fitted())


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
