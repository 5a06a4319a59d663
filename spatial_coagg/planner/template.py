"""A configuration and a workbook to start from: they run as they are."""

from importlib.resources import files
from pathlib import Path

from spatial_coagg.drafts import draft_folder
from spatial_coagg.errors import OutputExistsError
from spatial_coagg.example import load_example
from spatial_coagg.planner.inputs import with_neighbours
from spatial_coagg.report.workbook import Sheet, write_workbook

SETTINGS_NAME = "study.toml"
WORKBOOK_NAME = "example.xlsx"


def write_template(folder: str | Path, *, force: bool = False) -> list[Path]:
    """Write ``study.toml`` and ``example.xlsx`` into a folder.

    The workbook holds the embedded simulated panel in the layout of a yearbook: jobs,
    national totals and controls, one sheet each.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    force : bool
        Replace files of these names.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    OutputExistsError
        If one of them is there and `force` is false.

    Examples
    --------
    >>> import tempfile
    >>> from spatial_coagg import write_template
    >>> folder = tempfile.TemporaryDirectory()
    >>> [path.name for path in write_template(folder.name)]
    ['study.toml', 'example.xlsx']
    >>> folder.cleanup()
    """
    target = Path(folder)
    written = [target / SETTINGS_NAME, target / WORKBOOK_NAME]
    present = [path for path in written if path.exists()]
    if present and not force:
        raise OutputExistsError(
            f"{present[0]} exists; use --force (force=True) to replace it, or choose "
            f"another folder"
        )
    # Both are complete before either takes its name.
    with draft_folder(written[0].absolute()) as scratch:
        fresh = [scratch / path.name for path in written]
        source = files("spatial_coagg.planner").joinpath("template.toml")
        fresh[0].write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        write_workbook(_sheets(), fresh[1], facts={"notice": "Simulated data"})
        for made, path in zip(fresh, written, strict=True):
            made.replace(path)
    return written


def _sheets() -> list[Sheet]:
    example = load_example()
    return [
        Sheet("jobs", example.jobs, "Persons by city, year and industry; all jobs."),
        Sheet("national", example.national, "The same for the whole nation, by year."),
        Sheet(
            "controls",
            with_neighbours(example, load_example(mode="spatial")),
            "cr innovation index, cr_spatial the same with neighbours; sci 10,000 "
            "yuan; gov, fin, ind ratios; gdp 10,000 yuan; population persons; "
            "area_km2.",
        ),
    ]
