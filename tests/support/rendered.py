"""Notebooks rendered to pages, and what a test reads from them."""

from __future__ import annotations

from html.parser import HTMLParser

from nbformat.v4 import new_code_cell, new_notebook, new_output

from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.html import render_html

CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "description": "Delays by month",
    "data": {"values": [{"month": "</script><script>chart()</script><!--", "delay": 12.5}]},
    "mark": "bar",
    "encoding": {"x": {"field": "month", "type": "nominal"}, "y": {"field": "delay", "type": "quantitative"}},
}


class Outline(HTMLParser):
    """Collects a page's elements; a void or closed element alike."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_data(self, data):
        if not self._inside or self._inside[-1] not in {"script", "style"}:
            self.text.append(data)

    def handle_endtag(self, tag):
        self._inside.append(f"/{tag}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def display(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


def chart(spec=CHART, **metadata):
    return display({"application/vnd.vegalite.v5+json": spec, "text/plain": "A chart"}, **metadata)


def code(*outputs, source="value = 1", tags=(), **metadata):
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags), **metadata})


def rendered(facts, *cells, **options):
    return render_html(new_notebook(cells=list(cells)), facts, assets=load_assets(), **options)


def text_of(page: str) -> str:
    return " ".join(" ".join(Outline(page).text).split())
