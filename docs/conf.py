"""How Sphinx makes the documentation: ``sphinx-build -W -b html docs docs/_build``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import symloss  # noqa: E402

project = "symloss"
author = "the symloss maintainers"
copyright = f"2026, {author}"
version = release = symloss.__version__

extensions = [
    "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinx-mathjax-offline",
    "sphinx_design", "sphinx_copybutton", "generated", "drawing",
]
exclude_patterns = ["_build", "generated"]
suppress_warnings = [
    "myst.header",  # headings of what is included begin where its page stands
    "ref.python",  # words for types, such as 'network', are names of several methods
]

nitpicky = True  # with -W, a link to something that is not there fails the build
nitpick_ignore_regex = [
    ("py:class", r"(?!symloss\.).*"),  # types of parameters are words, such as 'float tensor (n, d)'
    ("py:exc", r"[A-Z]\w*(Error|Warning|Interrupt)"),  # of Python, whose documentation a build without a network lacks
]

# sphinx-build -b linkcheck asks for each external page; it needs a network, so nothing else does it
linkcheck_timeout = 15  # seconds
linkcheck_retries = 3
linkcheck_workers = 4
linkcheck_anchors = False  # many sites make their anchors with JavaScript
linkcheck_ignore = [
    r"https://yann\.lecun\.com/",  # named as the origin of the digits; it refuses visitors from time to time
]

html_theme = "furo"
pygments_dark_style = "one-dark"
html_title = f"symloss {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["fit.js"]
html_search_scorer = str(HERE / "_static" / "scorer.js")
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "py:obj"  # names in docstrings are links where they have a page
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
