"""Progress as bytes: the JSON file, and the script that hands the same to `index.html`."""

from __future__ import annotations

import json

from spotlight.progress.schema import SCHEMA, Progress

_NOT_ON_THE_PAGE = {"lessons": {"__all__": {"exercises": {"__all__": {"code"}}}}}


class UnreadableError(ValueError):
    """The bytes are no progress of any schema."""


class NewerSchemaError(ValueError):
    """The bytes are progress of a schema that only a newer version of the course knows."""

    def __init__(self, number: int) -> None:
        super().__init__(f"schema {number}")
        self.number = number


def to_json(progress: Progress) -> bytes:
    """The file's bytes: UTF-8, indented so that a person can read it."""
    data = progress.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def to_script(progress: Progress) -> bytes:
    """`window.SPOTLIGHT_PROGRESS = {...};`, for a page that `file://` keeps from fetching JSON.

    The student's code stays out of it, since no page shows that.
    Plain ASCII, whatever charset the page names, which covers U+2028 and U+2029 as well; no `<`,
    so that no text in it can end a script element or open a comment.
    """
    page = progress.model_dump(mode="json", by_alias=True, exclude=_NOT_ON_THE_PAGE)
    data = json.dumps(page, ensure_ascii=True)
    return ("window.SPOTLIGHT_PROGRESS = " + data.replace("<", "\\u003c") + ";\n").encode()


def from_json(data: bytes) -> Progress:
    """The progress in a file's bytes.

    Raises `NewerSchemaError` for a schema above this version's and `UnreadableError` for all else
    that is not progress.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    number = content.get("schema") if isinstance(content, dict) else None
    if type(number) is not int or number < 1:  # True is no schema number
        raise UnreadableError("there is no schema number")
    if number > SCHEMA:
        raise NewerSchemaError(number)
    try:
        return Progress.model_validate(content)
    except ValueError as error:
        raise UnreadableError(str(error)) from error
