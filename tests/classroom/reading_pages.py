"""What a page holds, as a browser would take it apart."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}
PERMITTED = {
    "html", "head", "meta", "link", "title", "style", "body", "header", "main", "nav", "section",
    "div", "span", "p", "h1", "h2", "h3", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
    "ul", "li", "a", "bdi", "strong", "code", "pre", "figure", "figcaption", "abbr", "dl", "dt",
    "dd",
}  # fmt: skip


class Page(HTMLParser):
    """Tags, attributes and text; every tag is closed in its turn."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.styles = 0
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data + " "

    @property
    def words(self) -> str:
        """The text with every run of white space as one space."""
        return re.sub(r"\s+", " ", self.text)

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def assert_harmless(page: bytes) -> Page:
    """No script, no handler, nothing fetched: whoever wrote the text in it."""
    read = Page(page)
    assert set(read.tags) <= PERMITTED
    assert not [a for _, a, _ in read.attributes if a.startswith("on") or a in ("src", "srcset")]
    for link in read.values("href"):
        assert link == "data:," or link.startswith(("#", "students/")), link
    style = "".join(re.findall(r"<style>(.*?)</style>", page.decode(), re.DOTALL))
    assert "url(" not in style
    assert "@import" not in style
    assert "\x00" not in page.decode()
    assert "\x1b" not in page.decode()
    (policy,) = [v for v in read.values("content") if "default-src" in v]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    return read
