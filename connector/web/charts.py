"""Charts as SVG, made here: nothing runs in the browser, and they print.

No sign is by colour alone: each part of a bar has a pattern of its own, which the legend shows, and
the page has the same numbers in a table beside it. Colours are classes of records.css.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup, escape

HEIGHT = 280  # of a drawing, in its own units; it is scaled to the page
LEFT, TOP, BOTTOM = 56, 12, 44
EDGE = 44  # a label about the middle of a narrower bar would be cut off at the edge


class Canvas(msgspec.Struct, frozen=True):
    """A drawing for one width of page; records.css shows the one that fits."""

    style: str
    width: int
    labels: int  # at most so many along the foot; more would run into each other


# A phone gets a drawing of its own: shrunk, the wide one could not be read, and to be scrolled it
# would begin with its oldest end.
CANVASES = (Canvas("on-screen", 960, 16), Canvas("on-phone", 360, 5))


class Part(msgspec.Struct, frozen=True):
    """A part of every bar: the class of its colour and pattern, and its word."""

    style: str
    label: str


class Bar(msgspec.Struct, frozen=True):
    """One bar: its label, and how many of each part."""

    label: str
    counts: tuple[int, ...]


def bars(name: str, title: str, told: str, parts: Sequence[Part], drawn: Sequence[Bar]) -> Markup:
    """Stacked bars; `told` says in a sentence what they show. `name` is unique in the page."""
    top = scale(max((sum(bar.counts) for bar in drawn), default=0))
    made = [_patterns(name, parts)]
    for canvas in CANVASES:
        its = Markup(
            '<svg class="chart {style}" viewBox="0 0 {w} {h}" role="img" '
            'aria-labelledby="{n}-title {n}-desc">'
            '<title id="{n}-title">{title}</title><desc id="{n}-desc">{told}</desc>'
        ).format(
            style=canvas.style, w=canvas.width, h=HEIGHT, n=f"{name}-{canvas.style}", title=title,
            told=told,
        )  # fmt: skip
        lines = [_grid(canvas, top), *_bars(canvas, name, parts, drawn, top)]
        made += [its, *lines, *_labels(canvas, drawn), Markup("</svg>")]
    return Markup("").join([*made, _legend(name, parts)])


def scale(most: int) -> int:
    """The smallest of 4, 8, 20, 40, 80, 200 ... that is not below: four steps of whole numbers."""
    power = 1
    while True:
        for factor in (4, 8, 20):
            if most <= factor * power:
                return factor * power
        power *= 10


def _y(count: float, top: int) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - count / top), 1)


def _grid(canvas: Canvas, top: int) -> Markup:
    lines = []
    for step in range(5):
        count = top * step // 4
        y = _y(count, top)
        lines.append(
            Markup(
                '<line class="grid" x1="{x}" x2="{to}" y1="{y}" y2="{y}"/>'
                '<text class="axis" x="{at}" y="{low}" text-anchor="end">{count}</text>'
            ).format(x=LEFT, to=canvas.width, y=y, at=LEFT - 6, low=y + 4, count=count)
        )
    return Markup("").join(lines)


def _bars(
    canvas: Canvas, name: str, parts: Sequence[Part], drawn: Sequence[Bar], top: int
) -> list[Markup]:
    step = (canvas.width - LEFT) / max(1, len(drawn))
    found = []
    for place, bar in enumerate(drawn):
        base = 0
        shapes = []
        for part, count in zip(parts, bar.counts, strict=True):
            if count:
                y = _y(base + count, top)
                shapes.append(
                    Markup(
                        '<rect class="{style}" x="{x:.1f}" y="{y}" width="{w:.1f}" '
                        'height="{h:.1f}" fill="url(#{name}-{style})"/>'
                    ).format(
                        style=part.style,
                        x=LEFT + step * (place + 0.12),
                        y=y,
                        w=step * 0.76,
                        h=_y(base, top) - y,
                        name=name,
                    )
                )
            base += count
        words = ", ".join(
            f"{part.label} {count}" for part, count in zip(parts, bar.counts, strict=True) if count
        )
        tip = Markup("<title>{}: {}</title>").format(bar.label, words or "0")
        found.append(Markup("<g>") + tip + Markup("").join(shapes) + Markup("</g>"))
    return found


def _labels(canvas: Canvas, drawn: Sequence[Bar]) -> list[Markup]:
    step = (canvas.width - LEFT) / max(1, len(drawn))
    every = -(-len(drawn) // canvas.labels)
    last = len(drawn) - 1
    found = []
    for place in range(last, -1, -every):  # from the newest, which is always told
        is_at_edge = place == last and step < EDGE
        found.append(
            Markup(
                '<text class="axis" x="{x:.1f}" y="{y}" text-anchor="{to}">{label}</text>'
            ).format(
                x=canvas.width if is_at_edge else LEFT + step * (place + 0.5),
                y=HEIGHT - BOTTOM + 20,
                to="end" if is_at_edge else "middle",
                label=drawn[place].label,
            )
        )
    return found[::-1]


# One for each place in a stack: full, slanted, dotted, crossed, lying, standing.
_SIGNS = (
    "",
    '<path d="M0 8 8 0" class="sign"/>',
    '<circle cx="4" cy="4" r="1.6" class="dot"/>',
    '<path d="M0 0 8 8M0 8 8 0" class="sign"/>',
    '<path d="M0 4H8" class="sign"/>',
    '<path d="M4 0V8" class="sign"/>',
)


def _patterns(name: str, parts: Sequence[Part]) -> Markup:
    made = Markup("").join(
        Markup(
            '<pattern id="{name}-{style}" class="{style}" width="8" height="8" '
            'patternUnits="userSpaceOnUse"><rect class="ground" width="8" height="8"/>{sign}'
            "</pattern>"
        ).format(name=name, style=part.style, sign=Markup(sign))  # noqa: S704  ours, see above
        for part, sign in zip(parts, _SIGNS, strict=False)
    )
    # A drawing of its own: patterns of one that is not shown would not be there for the others.
    return Markup(
        '<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false">'
        "<defs>{}</defs></svg>"
    ).format(made)


def _legend(name: str, parts: Sequence[Part]) -> Markup:
    if len(parts) < 2:
        return Markup("")
    items = Markup("").join(
        Markup(
            '<li><svg class="key" viewBox="0 0 20 14" aria-hidden="true" focusable="false">'
            '<rect class="{style}" width="20" height="14" fill="url(#{name}-{style})"/></svg> '
            "{label}</li>"
        ).format(name=name, style=part.style, label=escape(part.label))
        for part in parts
    )
    return Markup('<ul class="legend">{}</ul>').format(items)
