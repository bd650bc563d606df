"""How figures look: colors, light and dark themes, panels on a page, and where a figure is shown."""

import contextlib
import functools
import importlib
import io
import sys

from ..errors import SymlossError, unknown

WIDTHS = {1: 6.0, 2: 9.0, 3: 10.0, 4: 10.0}  # of a figure with so many panels in a row, in inches: a page's
GREATEST_HEIGHT, PANEL_HEIGHT, LEAST_PANEL_HEIGHT = 14.0, 3.2, 1.5

# Six colors, told apart with any kind of color vision: at least 15 of CIE Lab's units lie between two of them, also
# without red or without green. Those of the theme None have at least 3:1 against white and against near-black.
COLORS = {
    None: ("#007be1", "#de7800", "#007568", "#ba72b7", "#a18b61", "#ca0323"),
    "light": ("#0f6fc6", "#d07000", "#005f50", "#a8529f", "#8f8058", "#b00020"),
    "dark": ("#4db8ff", "#f0952a", "#1c9a6c", "#c583b4", "#f4ec4a", "#f5ead8"),
}
INK = {None: "#7c7f85", "light": "#24292f", "dark": "#e4e6ea"}  # text and axes
DASHES = ("-", "--", "-.", ":")  # after six colors, lines are told apart by their dashes as well


def matplotlib(module: str):
    """Return a module of matplotlib by name, or say how to install it."""
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError:
        raise SymlossError("plot: matplotlib is not installed. Run pip install 'symloss[plot]'") from None


def colors(theme: str | None) -> tuple[str, ...]:
    """Return the colors of lines in a theme.

    Raises
    ------
    UnknownNameError
        If the theme is not 'light', 'dark' or None.
    """
    if theme not in COLORS:
        raise unknown("theme", theme, ["light", "dark"])
    return COLORS[theme]


def shades(color):
    """Return a color map from the color of the page to a color."""
    rgb = matplotlib("colors").to_rgb(color)
    return matplotlib("colors").LinearSegmentedColormap.from_list("shades", [(*rgb, 0.0), (*rgb, 1.0)])


def line_style(number: int, theme: str | None) -> dict:
    """Return color and dashes of the line of this number."""
    palette = colors(theme)
    return {"color": palette[number % len(palette)], "linestyle": DASHES[number // len(palette) % len(DASHES)]}


@contextlib.contextmanager
def context(theme: str | None):
    """Return a context in which new figures and axes are drawn in a theme.

    Backgrounds are transparent, so that a figure takes the color of its page. The colors of the theme None can be
    read on a light page and on a dark one.
    """
    palette, ink = colors(theme), INK[theme]
    lines = {key: ink for key in ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color",
                                  "grid.color", "legend.labelcolor")}
    settings = {
        **lines, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "auto",
        "legend.facecolor": "none", "legend.edgecolor": "none", "legend.frameon": False, "legend.fontsize": "small",
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.18,
        "axes.axisbelow": True, "axes.titlesize": "medium", "axes.labelsize": "medium", "lines.linewidth": 1.8,
        "axes.prop_cycle": matplotlib("rcsetup").cycler("color", palette),
    }
    current = matplotlib("pyplot").rcParams
    before = {key: current[key] for key in settings}
    current.update(settings)
    try:
        yield
    finally:  # these alone: a first figure also makes a notebook's settings, which stay
        current.update(before)


def new_figure(count: int, shown: bool, columns: int | None = None, panel: tuple[float, float] | None = None):
    """Return a figure and its panels, on a grid that fits a page.

    Parameters
    ----------
    count : int
        Number of panels.
    shown : bool
        Whether pyplot keeps the figure, so that notebooks and ``plt.show()`` show it.
    columns : int or None
        Panels in a row; None: chosen by their number.
    panel : (float, float) or None
        Width and height of one panel in inches; None: chosen by their number.
    """
    if columns is None:
        columns = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 12 else 4
    rows = -(-count // columns)
    height = max(min(PANEL_HEIGHT, GREATEST_HEIGHT / rows), LEAST_PANEL_HEIGHT)
    width, height = (WIDTHS[columns], height * rows) if panel is None else (panel[0] * columns, panel[1] * rows)
    size = {"figsize": (width, height), "layout": "constrained"}
    figure = matplotlib("pyplot").figure(**size) if shown else matplotlib("figure").Figure(**size)
    if "ipykernel" in sys.modules and (not shown or "inline" in matplotlib("pyplot").get_backend()):
        figure._ipython_display_ = functools.partial(_show, figure, [None])
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[count:]:
        axes.remove()
    return figure, panels[:count]


def _show(figure, last: list) -> None:
    """Show a figure in a notebook, once a cell: a cell's value is shown, and then what pyplot has at the cell's end."""
    from IPython import get_ipython
    from IPython.display import Image, display

    cell = get_ipython().execution_count
    if last != [cell]:
        last[:] = [cell]
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=figure.get_dpi(), bbox_inches="tight")
        display(Image(picture.getvalue()))


def given_axes(ax, names, way_out: str = "choose what to draw with names=...") -> list:
    """Return the axes that a user passes, one for each of `names`.

    Raises
    ------
    SymlossError
        If they are not Axes of matplotlib, or if their number differs.
    """
    panels = list(getattr(ax, "flat", ax)) if hasattr(ax, "__len__") else [ax]
    if len(panels) != len(names) or not all(hasattr(axes, "plot") for axes in panels):
        raise SymlossError(f"plot: ax={ax!r} is not valid; it must contain one matplotlib Axes for each of "
                           f"{', '.join(names)}; {way_out}")
    return panels


def panels(names, ax, path, way_out: str = "choose what to draw with names=...", **layout):
    """Return the figure to draw in and its axes, one for each of `names`; those of the user have no new figure."""
    if ax is not None:
        return None, given_axes(ax, names, way_out)
    return new_figure(len(names), shown=path is None, **layout)


def finished(figure, drawn, path, ax):
    """Write what was drawn to `path`, if there is one, and return what the user wants: the figure, or `ax` if given."""
    if path is not None:
        (figure or drawn[0].get_figure()).savefig(path, dpi=120)
    return ax if figure is None else figure


def legend(figure, drawn) -> None:
    """Name the lines: above all panels of a new figure that has several, and otherwise within the first panel."""
    handles, labels = drawn[0].get_legend_handles_labels()
    if figure is not None and len(drawn) > 1:
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 5))
    else:
        drawn[0].legend()
