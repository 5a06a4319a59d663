"""A real headless Chromium without network, for pages opened from disk."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

OpenPage: TypeAlias = Callable[..., Page]

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "no Chromium was found; install one with `apt-get install chromium`, or name it in "
    "SPATIAL_COAGG_CHROMIUM"
)


def find_chromium() -> str | None:
    named = os.environ.get("SPATIAL_COAGG_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("SPATIAL_COAGG_REQUIRE_BROWSER") == "1":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Open files offline; fail at the end on any console error or request."""
    troubles: list[str] = []
    context = chromium.new_context(offline=True)

    def stop_network(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            troubles.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", stop_network)

    def open_file(path: Path, *, width: int = 1400, height: int = 900) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        page.on(
            "console",
            lambda message: (
                troubles.append(f"console: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.set_default_timeout(5000)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path.absolute().as_uri())
        return page

    yield open_file
    context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Folder of the screenshots, kept to be looked at."""
    folder = Path(__file__).parent / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder
