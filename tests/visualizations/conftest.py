"""What the tests of the widgets share."""

from __future__ import annotations

import pytest
from widget_pages import host_page


@pytest.fixture
def open_widget(browser, tmp_path):
    """Open a widget on a page of its own; scripts that fail, or ask the network, fail the test."""
    opened = []
    trouble = []

    def open_page(name, data, *, width=900, theme="light", body="", twin=""):
        file = tmp_path / f"widget-{len(opened)}.html"
        file.write_text(host_page(name, data, body=body, twin=twin), encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        opened.append(page)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "console",
            lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on(
            "request",
            lambda request: (
                trouble.append(request.url)
                if not request.url.startswith(("file:", "blob:"))
                else None
            ),
        )
        page.goto(file.as_uri())
        page.locator(".spotlight-widget .caption").wait_for(state="attached")
        return page

    yield open_page
    for page in opened:
        page.close()
    assert trouble == []
