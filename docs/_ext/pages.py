"""Pages that are written at every build: files are touched only when their text changes, so Sphinx reads no more than
it has to, and pages of what is gone are removed."""

from pathlib import Path

DOCS = Path(__file__).parent.parent


def write(name: str, text: str) -> Path:
    """Write a file below ``docs``, unless it already says so."""
    path = DOCS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def write_all(folder: str, pages: dict[str, str], ending: str = ".md") -> None:
    """Write pages by name into a folder below ``docs``, and remove those that are no longer among them."""
    for name, text in pages.items():
        write(f"{folder}/{name}{ending}", text)
    for path in (DOCS / folder).glob(f"*{ending}"):
        if path.stem not in pages:
            path.unlink()
