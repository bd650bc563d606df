"""Records as a table, one row an epoch: for notebooks in HTML, and in aligned text."""

import html

from ..objective.records import beside, has_terms, parts

STYLE = (  # where it is higher than its place, the last rows show: a column that is reversed is scrolled to its end
    "<style>.symloss-records {overflow: auto; max-height: 32em; max-width: 100%; font-size: 90%; display: flex; "
    "flex-direction: column-reverse; align-items: flex-start}"
    ".symloss-records th, .symloss-records td {text-align: right; white-space: nowrap; padding: 0 0.6em}"
    ".symloss-records th {position: sticky; top: 0; "
    "background: var(--jp-layout-color0, var(--vscode-editor-background, canvas))}</style>"
)
PREFIXES = ("", "valid_")


def rows(records: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Return the titles of the columns, and the cells of each row."""
    cells = [_cells(record) for record in records]
    titles = _in_order(dict.fromkeys(tuple(row) for row in cells))
    fixed = _fixed_weights(cells)
    texts = []
    for row in cells:
        texts.append([_text(row[key], fixed.get(key)) if key in row else "" for key in titles])
    return [_title(key, fixed.get(key)) for key in titles], texts


def as_html(records: list[dict]) -> str:
    """Return an HTML table that scrolls if it is larger than the page."""
    titles, texts = rows(records)
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in texts)
    return (f'{STYLE}<div class="symloss-records"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def as_text(records: list[dict], width: int = 100) -> str:
    """Return aligned columns. An ellipsis stands for columns that do not fit in `width`."""
    titles, texts = rows(records)
    columns = [list(column) for column in zip(titles, *texts, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    count = len(columns)
    while count > 2 and sum(widths[:count]) + 2 * (count - 1) + (3 if count < len(columns) else 0) > width:
        count -= 1
    lines = ["  ".join(column[i].rjust(w) for column, w in zip(columns[:count], widths, strict=False))
             for i in range(len(texts) + 1)]
    return "\n".join(text + ("  …" if count < len(columns) else "") for text in lines)


def _cells(record) -> dict:
    """Return what a row shows: texts and numbers by title, and terms by (prefix, name)."""
    found = {"epoch": str(record.get("epoch", ""))}
    for prefix in PREFIXES:
        if f"{prefix}loss" not in record:
            continue
        mark = " *" if record.get("best") and prefix else ""
        before = "valid " if prefix else ""
        found[f"{before}loss"] = f"{record[f'{prefix}loss']:.4g}{mark}"
        terms = parts(record, prefix)
        if has_terms(terms):
            found |= {(prefix, part.name): part for part in terms}
        found |= {f"{before}{name}": f"{value:.4g}" for name, value in beside(record, prefix).items()}
    if "seconds" in record:
        found["seconds"] = f"{record['seconds']:.2f}"
    return found


def _in_order(lists) -> list:
    """Return all keys once; one that a later list brings comes after its neighbor there."""
    found: list = []
    for keys in lists:
        place = 0
        for key in keys:
            if key in found:
                place = found.index(key) + 1
            else:
                found.insert(place, key)
                place += 1
    return found


def _fixed_weights(cells) -> dict:
    """Return the weights of the terms that have one and the same in all rows, by (prefix, name)."""
    found: dict = {}
    for row in cells:
        for key, cell in row.items():
            if isinstance(key, tuple):
                found.setdefault(key, set()).add(cell.weight)
    return {key: next(iter(weights)) for key, weights in found.items() if len(weights) == 1}


def _title(key, weight) -> str:
    if isinstance(key, str):
        return key
    prefix, name = key
    factor = "" if weight in (None, 1) else f"{weight:.4g} * "
    return f"{'valid ' if prefix else ''}{factor}{name}"


def _text(cell, weight) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell.value:.4g}" if weight is not None else f"{cell.weight:.4g} * {cell.value:.4g}"
