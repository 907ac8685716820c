"""Colours: of the page, and of series, the same series the same colour in all panels of a dashboard."""

from dataclasses import dataclass
from typing import Any, Final, Literal

type ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a page; contrast of `text` and `subdued` on `panel` is at least 4.5 : 1."""

    name: ThemeName
    page: str
    panel: str
    border: str
    text: str
    subdued: str
    grid: str
    accent: str


LIGHT: Final = Theme("light", "#f5f7fa", "#ffffff", "#d3dae6", "#1a1c21", "#5a6270", "#e6ebf2", "#0061a6")
DARK: Final = Theme("dark", "#101217", "#1a1d23", "#3a4150", "#e8eaf0", "#a5adbd", "#2b303b", "#61a2ff")
THEMES: Final = (LIGHT, DARK)

FONT: Final = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
_SERIES: Final = (
    "#54B399",
    "#6092C0",
    "#D36086",
    "#9170B8",
    "#CA8EAE",
    "#D6BF57",
    "#B9A888",
    "#DA8B45",
    "#AA6556",
    "#E7664C",
    "#8CCDBB",
    "#A3BFDB",
    "#E6A0B8",
    "#BFABD5",
    "#7D8F3A",
    "#3F7F93",
    "#8F5A7E",
    "#C9A227",
    "#5B6FB5",
    "#F0A58F",
)
"""The first ten are those that Kibana has used for years; who sees fewer colours can tell them apart."""
_REST: Final = {"Other": "#8A93A3", "(missing value)": "#636B7B", "(empty)": "#636B7B"}
REST_NAMES: Final = frozenset(_REST)


class Palette:
    """Gives each series a colour, once and for all panels of a dashboard; each kind of names has the colours anew."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def colour(self, kind: str, name: str) -> str:
        """Return the colour of a name of a kind, such as a deployment; a grey for what stands for many or for none."""
        if name in REST_NAMES:
            return _REST[name]
        names = self._names.setdefault(kind, [])
        if name not in names:
            names.append(name)
        return _SERIES[names.index(name) % len(_SERIES)]


def lighten(colour: str, share: float) -> str:
    """Return a colour mixed with so much white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02X}" for part in parts)


def chart_config(theme: Theme) -> dict[str, Any]:
    """Return the configuration of Vega-Lite for a theme."""
    labels = {"labelColor": theme.subdued, "titleColor": theme.subdued, "labelFontSize": 11, "titleFontSize": 11}
    return {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {**labels, "gridColor": theme.grid, "domainColor": theme.grid, "tickColor": theme.grid},
        "legend": {**labels, "labelColor": theme.text},
        "text": {"color": theme.text},
        "arc": {"stroke": theme.panel, "strokeWidth": 1},
    }
