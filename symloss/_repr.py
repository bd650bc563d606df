"""How objects show themselves: at the prompt as text, and in notebooks as HTML."""

import html
import inspect
import os


class InitSignature:
    """The ``__signature__`` of a class whose `__new__` takes anything: that of its `__init__`, for help and editors."""

    def __get__(self, instance, owner):
        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class Displayed:
    """What shows its text in notebooks as it does at the prompt, without breaking its lines."""

    def _repr_html_(self) -> str:
        return f'<pre style="white-space: pre; overflow-x: auto">{html.escape(repr(self))}</pre>'


class Text(Displayed, str):
    """A string that shows itself as it is printed."""

    def __repr__(self):
        return str(self)


class Page(Text):
    """A text with a form of its own in notebooks.

    Parameters
    ----------
    text : str
    html : str
        The same in HTML, with everything escaped that was not written here.
    """

    def __new__(cls, text: str, html: str):
        page = super().__new__(cls, text)
        page.html = html
        return page

    def _repr_html_(self) -> str:
        return f"{STYLE}{self.html}"


STYLE = (  # of the colours of the page alone, so that it is read on a dark one as well
    "<style>.symloss-table {border-collapse: collapse; margin: 0.4em 0; font-size: 92%; color: inherit}"
    ".symloss-table th, .symloss-table td {padding: 0.15em 0.8em 0.15em 0; text-align: left; vertical-align: top; "
    "border: none; background: none; color: inherit}"
    ".symloss-table thead th {border-bottom: 1px solid color-mix(in srgb, currentColor 45%, transparent)}"
    ".symloss-table tfoot td {border-top: 1px solid color-mix(in srgb, currentColor 45%, transparent)}"
    ".symloss-table .number {text-align: right}.symloss-page {overflow-x: auto; max-width: 100%}"
    ".symloss-page code {background: none; color: inherit}</style>"
)


def html_table(table) -> str:
    """Return a table of rich as HTML, with its columns' titles, their cells, and their footers if there are any."""
    columns = [(c.header, list(c.cells), c.footer, c.justify == "right") for c in table.columns]

    def row(tag, texts):
        cells = (f'<{tag}{" class=number" * number}>{html.escape(str(text))}</{tag}>'
                 for text, (*_, number) in zip(texts, columns, strict=True))
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(row("td", texts) for texts in zip(*(cells for _, cells, *_ in columns), strict=True))
    foot = f"<tfoot>{row('td', [c[2] for c in columns])}</tfoot>" if table.show_footer else ""
    return (f'<table class="symloss-table"><thead>{row("th", [c[0] for c in columns])}</thead>'
            f"<tbody>{body}</tbody>{foot}</table>")


def html_lines(lines) -> str:
    """Return lines as HTML: what is indented becomes a list under the line before it."""
    found, inside = [], False
    for line in filter(str.strip, lines):
        indented = line.startswith(" ")
        if indented != inside:
            found.append('<ul style="margin: 0">' if indented else "</ul>")
            inside = indented
        tag = "li" if indented else "div"
        found.append(f"<{tag}>{html.escape(line.strip())}</{tag}>")
    return "".join([*found, "</ul>" * inside])


class Called(Displayed):
    """What shows the call that makes it; arguments that have their default are left out."""

    def __repr__(self):
        given = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name, parameter.default)
            value = str(value) if isinstance(value, os.PathLike) else value
            if parameter.default is parameter.empty:
                given.append(f"{value!r}")
            elif value != parameter.default:
                given.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(given)})"


class Summarised(Displayed):
    """What shows its name with its arguments, and its `summary`."""

    def __repr__(self):
        options = [f"{name}={value!r}" for name, value in self.options.items()]
        arguments = [*getattr(self, "ports", ("prediction", "target")), *(["*"] if options else []), *options]
        return f"<{type(self).__name__} {self.name}({', '.join(arguments)}): {self.summary}>"
