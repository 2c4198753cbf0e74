"""What the tests of the widgets share."""

from __future__ import annotations

import pytest
from widget_pages import host_page


@pytest.fixture(scope="session")
def shared_page(browser):
    """One page for all widgets, which costs far less than one each, and what went wrong on it."""
    page = browser.new_page()
    trouble = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "console",
        lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on(
        "request",
        lambda request: (
            trouble.append(request.url) if not request.url.startswith("blob:") else None
        ),
    )
    yield page, trouble
    page.close()


@pytest.fixture
def open_widget(shared_page):
    """Open a widget, in the place of the one before.

    Scripts that fail, or ask the network, fail the test.
    """
    page, trouble = shared_page
    trouble.clear()

    def open_page(name, data, *, width=900, theme="light", body="", twin=""):
        page.mouse.move(0, 0)  # else the widget would see a pointer where the last test left it
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.set_content(host_page(name, data, body=body, twin=twin))
        page.locator(".spotlight-widget .caption").wait_for(state="attached")
        return page

    yield open_page
    assert trouble == []
