"""Write jobs.xls, an old binary workbook: `pip install xlwt`, then run this."""

from datetime import date
from pathlib import Path


def main() -> None:
    import xlwt  # noqa: PLC0415 - needed only to rebuild the file

    book = xlwt.Workbook(encoding="utf-8")
    jobs = book.add_sheet("就业")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    rows = [
        ["代码", "年份", "制造业", "合计", "日期", "真", "错"],
        [320500.0, 2004.0, 61200.0, "120,500"],
        ["０１００００", "2005年", None, 310000],
    ]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell is not None:
                jobs.write(row, column, cell)
    jobs.write(1, 4, date(2004, 1, 1), day)
    jobs.write(1, 5, label=True)
    jobs.row(1).set_cell_error(6, "#DIV/0!")
    book.add_sheet("空")
    hidden = book.add_sheet("notes")
    hidden.write(0, 0, "do not read")
    hidden.visibility = 1
    book.save(str(Path(__file__).with_name("jobs.xls")))


if __name__ == "__main__":
    main()
