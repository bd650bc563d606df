"""How objects show themselves: at the prompt as text, and in notebooks as HTML."""

import html
import inspect
import os


class Displayed:
    """What shows its text in notebooks as it does at the prompt, without breaking its lines."""

    def _repr_html_(self) -> str:
        return f'<pre style="white-space: pre; overflow-x: auto">{html.escape(repr(self))}</pre>'


class Text(Displayed, str):
    """A string that shows itself as it is printed."""

    def __repr__(self):
        return str(self)


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
