"""Pages to read, hand on and print: one file that loads nothing."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid}"
    "th:first-child,td:first-child{text-align:left}.wide{overflow-x:auto}"
    "@media print{@page{margin:15mm}body{font-size:11px;max-width:none;margin:0;padding:0}.wide{overflow:visible}"
    "th,td{padding:.15rem .4rem}tr,figure,li{break-inside:avoid}h2,h3{break-after:avoid}"
    "thead{display:table-header-group}}"
)


def page(title: str, body: Iterable[str], style: str = "") -> bytes:
    """A whole page; ``body`` is HTML already, ``title`` and nothing else is escaped here."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}{style}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>".encode()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Cells are shown as text. The head is left out when it is empty, and repeated on each printed page otherwise."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    head_row = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f"<div class='wide'><table>{head_row}<tbody>{lines}</tbody></table></div>"
