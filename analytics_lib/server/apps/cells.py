"""What a cell of an app shows: as on a published page, and widgets besides."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.model.handover import ADDRESS, DOWNLOAD
from analytics_lib.rendering.contents import Contents
from analytics_lib.rendering.figures import to_script_json
from analytics_lib.rendering.outputs import Body, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_RESERVED: Final = frozenset({
    "main", "article", "finding", "parameters", "vega", "vg-tooltip-element", "jupyter-config-data", "skeleton",
})  # fmt: skip
_HIDDEN_CELL: Final = frozenset({"remove-cell", "remove_cell", "injected-parameters"})
_HIDDEN_OUTPUT: Final = frozenset({"remove-output", "remove_output"})
_TAG: Final = re.compile(r"<[^>]*>")
_MODEL: Final = "IPY_MODEL_"
_DEEPEST: Final = 5  # boxes within boxes


class AppBody(Body):
    """Turns the cells of an app into parts, one after the other as they finish.

    Widgets are left to Voila's own script, which finds them by the type of their element; what they show already is
    drawn in their place until that script has come. An error is no part: the page ends with its sentence instead.

    Parameters
    ----------
    widgets
        The widgets' state by their identifiers, as the notebook's client keeps it.
    render
        Writes outputs as markup.
    """

    def __init__(
        self, widgets: Mapping[str, Mapping[str, Any]], render: Callable[[AppBody, Sequence[Any]], str]
    ) -> None:
        super().__init__(Contents(_RESERVED))
        self._widgets = widgets
        self._render = render
        self._styles = 0

    def outputs(self, cell: Mapping[str, Any]) -> Iterator[Part]:
        """Yield the parts that a code cell shows, in order; neighbours of a kind stay together."""
        shown: list[Mapping[str, Any]] = []
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                continue
            special = self._widget(output) or self._finding(output, cell)
            if special is None:
                shown.append(output)
                continue
            yield from super().outputs({**cell, "outputs": shown})
            shown = []
            yield special
        yield from super().outputs({**cell, "outputs": shown})

    def new_styles(self) -> str:
        """Return the style rules that came with tables since this was asked last."""
        rules, self._styles = self.css[self._styles :], len(self.css)
        return "\n".join(rules)

    def _widget(self, output: Mapping[str, Any]) -> Part | None:
        """Return the place of a widget: what it shows already, and what Voila's script makes it from."""
        view = _view(output)
        if view is None:
            return None
        plain = {"output_type": "display_data", "metadata": {}, "data": {WIDGET: view}}
        script = f'<script type="application/vnd.voila.cell-output+json">{to_script_json(plain)}</script>'
        shown = self._render(self, list(self._shown_inside(str(view.get("model_id")), _DEEPEST)))
        preview = f'<div class="preview">{shown}</div>' if shown.strip() else ""
        return Part("markup", f'<div class="widget" aria-busy="true">{preview}{script}</div>')

    def _shown_inside(self, model: str, depth: int) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs that a widget shows, and those of the widgets inside it."""
        state = self._widgets.get(model, {})
        yield from (each for each in state.get("outputs", ()) if _view(each) is None and not _needs_script(each))
        for child in state.get("children", ()) if depth else ():
            yield from self._shown_inside(str(child).removeprefix(_MODEL), depth - 1)

    def _finding(self, output: Mapping[str, Any], cell: Mapping[str, Any]) -> Part | None:
        """Return the page's answer as plain text; the page's script puts it below the title."""
        if output.get("metadata", {}).get("analytics_lib", {}).get("role") != "finding":
            return None
        text = "".join(part.content for part in super().outputs({**cell, "outputs": [output]}))
        sentence = " ".join(html.unescape(_TAG.sub("", text)).split())
        return Part("markup", f'<p class="finding" data-finding>{html.escape(sentence)}</p>')


def is_hidden(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell is run but not shown."""
    return bool(_HIDDEN_CELL & set(cell.get("metadata", {}).get("tags", ())))


def without_source(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell as the page's template takes it: its source left out, and its outputs if a tag says so."""
    if cell["cell_type"] != "code":
        return dict(cell)
    tags = set(cell["metadata"].get("tags", ()))
    return {**cell, "source": "", "outputs": [] if _HIDDEN_OUTPUT & tags else cell["outputs"]}


def has_widget(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell shows a widget."""
    return any(_view(output) for output in cell.get("outputs", ()))


def _needs_script(output: Mapping[str, Any]) -> bool:
    """Return whether an output does nothing before the page's scripts are there."""
    return bool({ADDRESS, DOWNLOAD} & set(output.get("data", ())))


def _view(output: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return which widget an output shows."""
    view: Mapping[str, Any] | None = output.get("data", {}).get(WIDGET)
    return view
