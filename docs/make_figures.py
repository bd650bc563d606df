"""Run the tutorials, and keep what they draw and print for the documentation: ``python docs/make_figures.py``.

Each script of ``tutorials/`` leaves two files in ``docs/tutorials/figures``: ``NAME.png``, the figure in few enough
colors to be small, and ``NAME.txt``, its output. A script runs again only if its code has changed since, which
``made_from.json`` knows. With names (``python docs/make_figures.py 07_rare_class``) those scripts run in any case.
``python docs/make_figures.py landing`` draws the figure of the first page.
"""

import ast
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
FIGURES = ROOT / "docs" / "tutorials" / "figures"
MADE_FROM = FIGURES / "made_from.json"
LARGEST, WIDTH = 80_000, 1100  # bytes and pixels of a figure, at most
COLOURS = (256, 128, 64, 32, 16)
CODE = """
import runpy, sys
from symloss.plotting import style
with style.context(None):  # transparent, in colors that can be read on light and dark pages
    runpy.run_path(sys.argv[1])["main"](folder=sys.argv[2])
"""


def tutorials() -> list[pathlib.Path]:
    """Return the scripts, in the order of their names."""
    return sorted((ROOT / "tutorials").glob("*.py"))


def fingerprint(path: pathlib.Path) -> str:
    """Return a name of the code of a script, which lines of comments and docstrings do not change."""
    source = path.read_text(encoding="utf-8")
    said = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            said |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = [line.rstrip() for number, line in enumerate(source.splitlines(), 1) if number not in said]
    code = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def made_from() -> dict:
    """Return the fingerprints of the scripts when they last ran, by name."""
    return json.loads(MADE_FROM.read_text(encoding="utf-8")) if MADE_FROM.exists() else {}


def is_fresh(path: pathlib.Path) -> bool:
    """Return whether both files of a script are there, and were made from its present code."""
    files = [FIGURES / f"{path.stem}{ending}" for ending in (".png", ".txt")]
    return all(file.exists() for file in files) and made_from().get(path.stem) == fingerprint(path)


def small(source: pathlib.Path, target: pathlib.Path) -> None:
    """Write a figure with fewer pixels and colors, until it is small enough."""
    from PIL import Image

    picture = Image.open(source).convert("RGBA")
    for width in (WIDTH, 900, 700):
        if picture.width > width:
            picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
        for colours in COLOURS:
            picture.quantize(colours, method=Image.Quantize.FASTOCTREE).save(target, optimize=True)
            if target.stat().st_size < LARGEST:
                return


def what_was_said(text: str, folder: str) -> str:
    """Return an output without escape sequences, without bars that were drawn over, and without a folder of one run."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace(f"{folder}/", "")
    lines = [line.rpartition("\r")[2].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip() + "\n"


def run(path: pathlib.Path) -> bool:
    """Run a script, keep its figure and its output, and return whether it went well."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-X", "utf8", "-c", CODE, str(path), folder]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
        drawn = pathlib.Path(folder) / f"{path.stem}.png"
        if answer.returncode or not drawn.exists():
            print(f"{path.name} failed:\n{answer.stderr or 'it drew no figure'}", file=sys.stderr)
            return False
        FIGURES.mkdir(parents=True, exist_ok=True)
        small(drawn, FIGURES / f"{path.stem}.png")
        (FIGURES / f"{path.stem}.txt").write_text(what_was_said(answer.stdout, folder), encoding="utf-8")
    known = {name: made for name, made in made_from().items() if (ROOT / "tutorials" / f"{name}.py").exists()}
    known[path.stem] = fingerprint(path)
    MADE_FROM.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return True


def landing() -> None:
    """Draw the figure of the first page: run its code up to the line that draws."""
    import matplotlib

    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?symloss\.plotting[^\n]*)", page, re.DOTALL)[1]
    before, _, last = code.rpartition("\n")
    names: dict = {}
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "symloss"}):
        exec(before + "\nfigure = " + last, names)
        names["figure"].savefig(ROOT / "docs" / "figures" / "landing.svg", metadata={"Date": None})


def main(names: list[str]) -> int:
    """Run what is named, or what has changed; return how many scripts failed."""
    if names == ["landing"]:
        return landing() or 0
    known = {path.stem: path for path in tutorials()}
    if wrong := [name for name in names if name not in known]:
        print(f"no tutorial {', '.join(wrong)}; there are: {', '.join(known)}", file=sys.stderr)
        return 1
    wanted = [known[name] for name in names] or [path for path in known.values() if not is_fresh(path)]
    failed = 0
    for path in wanted:
        print(f"running {path.name}", flush=True)
        failed += not run(path)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
