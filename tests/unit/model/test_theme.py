"""The look's promises, computed: contrast of text and of marks, and colours that stay apart without colour vision."""

from __future__ import annotations

from itertools import combinations

import pytest

from analytics_lib.model.theme import (
    BAD,
    CATEGORICAL,
    CONTEXT,
    DIVERGING,
    GOOD,
    HIGHLIGHT,
    PAGE,
    SEQUENTIAL,
    vega_config,
)

MODES = ("light", "dark")
TEXT, LARGE_OR_GRAPHIC = 4.5, 3.0

# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# Ottosson (2020), "A perceptual color space for image processing".
LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def linear(colour: str) -> tuple[float, ...]:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)


def contrast(one: str, other: str) -> float:
    low, high = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other)
    )
    return (high + 0.05) / (low + 0.05)


def times(matrix, vector):
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def perceived(colour: str, deficiency: str) -> tuple[float, ...]:
    seen = (min(max(c, 0.0), 1.0) for c in times(DEFICIENCIES[deficiency], linear(colour)))
    return times(OKLAB, tuple(c ** (1 / 3) for c in times(LMS, tuple(seen))))


def distance(one: str, other: str, deficiency: str) -> float:
    pairs = zip(perceived(one, deficiency), perceived(other, deficiency), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ground", ["background", "surface", "sunken"])
@pytest.mark.parametrize("ink", ["text", "muted", "link", "passed", "warning"])
def test_text_is_legible(mode, ground, ink):
    page = PAGE[mode]
    assert contrast(getattr(page, ink), getattr(page, ground)) >= TEXT


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", ["passed", "warning", "failed"])
def test_badges_are_legible(mode, state):
    page = PAGE[mode]
    assert contrast(getattr(page, state), getattr(page, f"{state}_ground")) >= TEXT


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("part", ["rule", "focus"])
def test_controls_and_focus_are_visible(mode, part):
    page = PAGE[mode]
    for ground in (page.background, page.surface):
        assert contrast(getattr(page, part), ground) >= LARGE_OR_GRAPHIC


@pytest.mark.parametrize("mode", MODES)
def test_marks_are_visible(mode):
    for colour in (*CATEGORICAL[mode], HIGHLIGHT, CONTEXT, GOOD, BAD):
        assert contrast(colour, PAGE[mode].surface) >= LARGE_OR_GRAPHIC, colour


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_kinds_stay_apart_without_colour_vision(mode, deficiency):
    for one, other in combinations(CATEGORICAL[mode], 2):
        assert distance(one, other, deficiency) >= 0.065, (one, other)


@pytest.mark.parametrize("mode", MODES)
def test_amounts_rise_in_contrast(mode):
    ramp = [contrast(colour, PAGE[mode].surface) for colour in SEQUENTIAL[mode]]
    assert ramp == sorted(ramp)


@pytest.mark.parametrize("mode", MODES)
def test_deviations_grow_to_both_sides(mode):
    ramp = [contrast(colour, PAGE[mode].surface) for colour in DIVERGING[mode]]
    assert ramp[:4] == sorted(ramp[:4], reverse=True)
    assert ramp[3:] == sorted(ramp[3:])


@pytest.mark.parametrize("mode", MODES)
def test_configuration_is_valid_vega_lite(mode):
    from altair.vegalite.v6.schema.core import Config

    assert Config.from_dict(vega_config(mode)).to_dict()["range"]["category"] == list(CATEGORICAL[mode])


@pytest.mark.parametrize("mode", MODES)
def test_chart_text_is_legible(mode):
    config = vega_config(mode)
    inks = [
        config["axis"]["labelColor"],
        config["axis"]["titleColor"],
        config["legend"]["labelColor"],
        config["header"]["labelColor"],
        config["title"]["color"],
        config["title"]["subtitleColor"],
        config["text"]["color"],
    ]
    assert min(contrast(ink, config["background"]) for ink in inks) >= TEXT


def test_each_call_returns_its_own_dictionary():
    vega_config("light")["axis"]["gridColor"] = "red"
    assert vega_config("light")["axis"]["gridColor"] != "red"
