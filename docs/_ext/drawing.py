"""The directive ``drawing``: layers and the edges between them, drawn as SVG from a few lines of text::

    ```{drawing}
    in -> hid -> mean -> mse!
    target? -> mse!
    ```

`symloss.plotting.drawing` says what the signs mean.
"""

from docutils import nodes
from docutils.parsers.rst import Directive

from symloss.errors import SpecError
from symloss.plotting.drawing import svg


class Drawing(Directive):
    """Draws the layers and edges of its content."""

    has_content = True

    def run(self):
        """Return the drawing as HTML, and its text for other formats."""
        text = "\n".join(self.content)
        try:
            drawn = nodes.raw("", f"<p>{svg(text)}</p>", format="html")
        except SpecError as error:
            raise self.error(str(error)) from error
        return [drawn]


def setup(app):
    """Enter this extension in Sphinx."""
    app.add_directive("drawing", Drawing)
    return {"parallel_read_safe": True}
