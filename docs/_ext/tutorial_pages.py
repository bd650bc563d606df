"""One page for each script of ``tutorials/``, and a gallery of them.

The docstring becomes the introduction, blocks of comments become text, and what is between them code. The output and
the figure are those that ``docs/make_figures.py`` keeps in the repository: a build runs no tutorial.
"""

import ast
import re
import textwrap

from pages import DOCS, write, write_all
from sphinx.util import logging

FIGURES = DOCS / "tutorials" / "figures"
log = logging.getLogger(__name__)

# group -> script -> the title of its page, and the question that it answers
TUTORIALS = {
    "First steps": {
        "01_first_model": ("A first model", "How do I get from arrays to a trained model?"),
        "02_mnist_classifier": ("A good classifier", "How do I make a classifier good, and know that it is?"),
        "18_outliers": ("Outliers", "Which loss do I choose when some targets are wrong?"),
        "07_rare_class": ("A rare class", "What do I do when one class is rare?"),
        "20_missing_values": ("Missing values", "What do I do with values that are missing?"),
        "08_matrix_completion": ("Matrix completion", "How do I train on a table that is mostly unknown?"),
    },
    "Losses": {
        "11_two_heads": ("Two outputs, two losses", "How do several losses share one network?"),
        "19_trade_offs": ("Trade-offs", "What do several losses trade against each other?"),
        "12_loss_network": ("A loss that learns", "Can the loss itself have parameters?"),
        "21_invent_a_loss": ("Inventing a loss", "How do I write a loss of my own, and know that it is right?"),
        "22_uncertainty": ("Uncertainty", "How do I predict how sure the model is?"),
        "10_siamese": ("Pairs of images", "How do I learn what belongs together?"),
        "15_embeddings": ("Embeddings of words", "How do I train with very many classes?"),
    },
    "Sequences": {
        "04_recurrent_addition": ("Memory over time", "How do I train on sequences?"),
        "05_recurrent_memory": ("Steps that count", "How do I say which steps of a sequence count?"),
        "06_text": ("Text", "How do I model text, character by character?"),
        "09_ctc": ("Sequences of labels", "What if nobody knows which step has which label?"),
    },
    "Without labels": {
        "03_mnist_autoencoder": ("An autoencoder", "What can a network learn without labels?"),
        "13_vae": ("A variational autoencoder", "How do I generate new images?"),
        "14_gan": ("A GAN", "How do two networks train against each other?"),
        "17_wgan": ("A WGAN with gradient penalty", "How do I keep a GAN stable?"),
    },
    "From and to other places": {
        "23_from_keras": ("From Keras", "How does my Keras model run here?"),
        "24_generated_c": ("Reading the generated C", "What does my model become in C?"),
        "16_boosting": ("Boosting with your own loss", "How do I use my loss in XGBoost?"),
        "from_lasagne": ("From Lasagne", "How do my Lasagne scripts run here?"),
    },
}
OTHERS = "More"


def scripts() -> dict:
    """Return the paths of all scripts by name."""
    return {path.stem: path for path in sorted((DOCS.parent / "tutorials").glob("*.py"))}


def groups() -> dict:
    """Return group -> name -> (title, question) of all scripts that are there."""
    there, listed = scripts(), {name for group in TUTORIALS.values() for name in group}
    found = {title: {name: what for name, what in group.items() if name in there} for title, group in TUTORIALS.items()}
    more = {name: (first_line(path).partition(":")[0].rstrip("."), first_line(path))
            for name, path in there.items() if name not in listed}
    return {title: group for title, group in {**found, OTHERS: more}.items() if group}


def first_line(path) -> str:
    """Return the first line of a script's docstring."""
    return docstring(path).partition("\n")[0]


def docstring(path) -> str:
    """Return a script's docstring."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem


# ------------------------------------------------------------------------------------------------------------ one page


def cells(source: str) -> list[tuple[str, str]]:
    """Return the parts of a script after its docstring: ("text" or "code", what it says)."""
    body = ast.parse(source).body
    lines = source.splitlines()[body[0].end_lineno if body and isinstance(body[0], ast.Expr) else 0 :]
    end = next((i for i, line in enumerate(lines) if line.startswith("if __name__")), len(lines))
    found: list[tuple[str, list[str]]] = []
    for line in lines[:end]:
        kind = "text" if re.match(r"\s*#( |$)", line) else "code"
        if not found or found[-1][0] != kind:
            found.append((kind, []))
        found[-1][1].append(line)
    said = []
    for kind, part in found:
        if kind == "text":
            said.append((kind, prose([line.strip()[2:] for line in part])))
        elif any(line.strip() for line in part):
            said.append((kind, textwrap.dedent("\n".join(part)).strip("\n")))
    return said


def prose(lines: list[str]) -> str:
    """Return a block of comments as Markdown: a line of dashes with words is a heading, '1.' is in bold."""
    ruled = re.fullmatch(r"-{5,} (.+)", lines[0])
    if ruled:
        title = re.sub(r"^\d+\. ", "", ruled[1])
        return "\n".join([f"## {title[0].upper()}{title[1:]}", "", *lines[1:]])
    return re.sub(r"(\A|\n\n)(\d+)\. ", r"\1**\2.** ", "\n".join(lines))


def page(name: str, title: str, question: str) -> str:
    """Return the page of a script."""
    path = scripts()[name]
    about = docstring(path)
    parts = ["---", "hide-toc: true", "---", f"(tutorial-{name})=", f"# {title}", "", f"*{question}*", "",
             about.replace("``", "`"), ""]
    for kind, text in cells(path.read_text(encoding="utf-8")):
        parts += [text, ""] if kind == "text" else ["```python", text, "```", ""]
    figure, said = FIGURES / f"{name}.png", FIGURES / f"{name}.txt"
    if said.exists():
        parts += ["## What it prints", "", f"```{{literalinclude}} figures/{name}.txt", ":language: none", "```", ""]
    if figure.exists():
        parts += ["## The figure that it draws", "", f"```{{image}} figures/{name}.png", f":alt: figure of {title}",
                  ":class: figure", "```", ""]
    else:
        log.info(f"{name} has no figure; python docs/make_figures.py draws it")
    return "\n".join([*parts, f"The script is `tutorials/{name}.py`. [All tutorials](../tutorials.md)", ""])


def gallery() -> str:
    """Return cards with thumbnails of all tutorials, by group, and the tree of their pages."""
    parts = []
    for heading, group in groups().items():
        parts += [f"## {heading}", "", "::::{grid} 1 2 3 3", ":gutter: 3", ""]
        for name, (title, question) in group.items():
            picture = FIGURES / f"{name}.png"
            parts += [f":::{{grid-item-card}} {title}", f":link: tutorials/{name}", ":link-type: doc",
                      ":class-card: tutorial"]
            parts += [f":img-bottom: tutorials/figures/{name}.png", f":img-alt: {title}"] if picture.exists() else []
            parts += ["", question, ":::", ""]
        parts += ["::::", ""]
    pages = [f"tutorials/{name}" for group in groups().values() for name in group]
    return "\n".join([*parts, "```{toctree}", ":hidden:", "", *pages, "```", ""])


def generate() -> None:
    """Write the pages and the gallery."""
    write_all("tutorials", {name: page(name, *what) for group in groups().values() for name, what in group.items()})
    write("generated/tutorials.md", gallery())
