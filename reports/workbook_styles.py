"""How the cells of a workbook look. The number formats are codes: an Italian program shows 1.234,56 and 31/03/2023."""

from typing import Any

GREEN, PALE, RED, WHITE = "#1F5C45", "#EEF5F1", "#A3262A", "#FFFFFF"
CODES = {
    "text": "@",
    "euro": "#,##0.00_);[Red]-#,##0.00_)",
    "kwh": "#,##0.000_)",
    "number": "#,##0.00####_)",
    "price": "#,##0.00_)",
    "count": "#,##0_)",
    "percent": "0.00%_)",
    "day": "dd/mm/yyyy",
    "month": "[$-410]mmmm yyyy",
    "instant": "dd/mm/yyyy hh:mm",
}


class Styles:
    """The formats of one workbook, each made once: `kinds` and `totals` by kind of column, the others by their use."""

    def __init__(self, workbook: Any) -> None:
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}

        def style(**more: object) -> Any:
            return workbook.add_format(base | more)

        total = {"bold": True, "top": 1, "bg_color": PALE}
        self.kinds = {kind: style(num_format=code, **_left(kind)) for kind, code in CODES.items()}
        self.totals = {kind: style(num_format=code, **total) for kind, code in CODES.items()}
        self.quoted = style(num_format="@", quote_prefix=True)
        self.title = style(font_size=14, bold=True, font_color=GREEN)
        self.heading = style(font_size=11, bold=True, font_color=GREEN, bottom=1, bottom_color=GREEN)
        self.heading_right = style(font_size=10, bold=True, font_color=GREEN, bottom=1, bottom_color=GREEN, align="right")
        self.header = style(bold=True, bg_color=GREEN, font_color=WHITE, text_wrap=True, valign="vcenter")
        self.header_right = style(bold=True, bg_color=GREEN, font_color=WHITE, text_wrap=True, valign="vcenter", align="right")
        self.verdict = style(align="center")
        self.draft = style(font_size=12, bold=True, font_color=WHITE, bg_color=RED)
        self.good = workbook.add_format({"font_color": GREEN, "bold": True})
        self.bad = workbook.add_format({"font_color": WHITE, "bg_color": RED, "bold": True})


def _left(kind: str) -> dict[str, object]:
    return {"align": "left"} if kind in ("day", "month", "instant") else {}
