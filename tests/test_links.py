"""External links, without a network: each is well formed, and each page has one spelling.

``python tests/test_links.py`` prints them all with the files that contain them. Whether they lead somewhere is asked by
``sphinx-build -b linkcheck``, which needs a network; the build itself checks the links between the pages of the site.
"""

import ast
import pathlib
import re
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).parent.parent
WRITTEN_BY_THE_BUILD = {"_build", "generated", "losses", "api"}
LINK = re.compile(r"https?://[^\s<>\"'`|\\]+")


def found(text):
    """Return the addresses in a text, without the punctuation that follows them."""
    for match in LINK.findall(text):
        link = match.rstrip(".,;:!?*_]")
        while link.endswith(")") and link.count("(") < link.count(")"):
            link = link[:-1].rstrip(".,;:!?*_]")
        yield link


def docstrings(path):
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if LINK.search(text) else ():
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def links():
    """Return address -> files of all external links of the documentation, the README and docstrings."""
    docs = ROOT / "docs"
    pages = [path for path in docs.rglob("*.md") if not WRITTEN_BY_THE_BUILD & set(path.relative_to(docs).parts[:-1])]
    texts = {path: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", ROOT / "setup.cfg", *pages]}
    for folder in ("symloss", "tutorials"):
        texts |= {path: "\n".join(docstrings(path)) for path in (ROOT / folder).rglob("*.py")}
    where = {}
    for path, text in sorted(texts.items()):
        for link in found(text):
            where.setdefault(link, []).append(path.relative_to(ROOT).as_posix())
    return where


def mistake(link):
    """Return what is wrong with the form of an address, or None."""
    parts = urllib.parse.urlsplit(link)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return "it must begin with https"
    if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", host) or parts.netloc != host:
        return f"{parts.netloc!r} is not the name of a host in small letters"
    if "//" in parts.path or re.search(r"[{}\[\]^]|%(?![0-9A-Fa-f]{2})", link):
        return "it contains signs that an address cannot have"
    return None


def plain(link):
    """Return what all spellings of an address have in common."""
    parts = urllib.parse.urlsplit(link)
    path = re.sub(r"(/index\.html?)?/*$", "", parts.path)
    return parts.netloc.lower().removeprefix("www."), path, parts.query, parts.fragment


LINKS = links()


@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_link_is_well_formed(link):
    assert mistake(link) is None, f"{link} in {', '.join(LINKS[link])}: {mistake(link)}"


def test_a_page_has_one_spelling():
    spellings = {}
    for link in LINKS:
        spellings.setdefault(plain(link), []).append(link)
    assert [same for same in spellings.values() if len(same) > 1] == []


def test_the_checks_find_mistakes():
    text = "See [it](https://a.org/b_(c)), <https://d.org/>; and https://e.org/f.html."
    assert list(found(text)) == ["https://a.org/b_(c)", "https://d.org/", "https://e.org/f.html"]
    wrong = ["http://a.org", "https://a", "https://A.org", "https://a.org//b", "https://a.org/{version}"]
    assert all(mistake(link) for link in wrong) and not mistake("https://a.org/b#c")
    assert plain("https://www.a.org/b/index.html") == plain("https://a.org/b/") != plain("https://a.org/c")


if __name__ == "__main__":
    for address, files in sorted(LINKS.items()):
        print(address, *sorted(set(files)), sep="\n    ")
