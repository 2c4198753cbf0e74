"""What every widget of the suite does beside its own: it leaves a still picture behind.

A widget shows its numbers twice: live, and as a picture that hides while the live one runs. So an
exported page or a printed notebook, in which no script runs, still has something to show.
"""

from __future__ import annotations

import base64
import html
import uuid
from abc import abstractmethod
from typing import Any

import anywidget
import traitlets

from spotlight.visualizations.figure import Picture
from spotlight.visualizations.widget_modules import palette_data


class Widget(anywidget.AnyWidget):
    """A live picture in a notebook; each kind names its module in `_esm` and draws its `still`."""

    palette = traitlets.Dict().tag(sync=True)
    twin = traitlets.Unicode().tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(palette=palette_data(), twin=uuid.uuid4().hex, **state)

    @abstractmethod
    def still(self) -> Picture | None:
        """What is on show as a figure that stays, or None when there is nothing to show."""

    def _ipython_display_(self) -> None:
        """Show the live picture, and below it a still one that hides while the live one runs.

        A second output, because an exported page shows the first only with scripts from the
        network. It carries its picture twice: as HTML, which the live one can hide, and as an
        image for what shows no HTML.
        """
        from IPython.display import publish_display_data

        bundle = self._repr_mimebundle_()
        if bundle is None:
            return
        publish_display_data(*bundle)
        still = self.still()
        if still is not None:
            publish_display_data(_twin(still, self.twin))


def _twin(picture: Picture, name: str) -> dict[str, str]:
    image = base64.b64encode(picture.png()).decode("ascii")
    words = html.escape(picture.description)
    return {
        "text/html": f'<div data-spotlight-twin="{name}"><img alt="{words}" '
        f'style="width: {picture.screen_size[0]}px; max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{image}"></div>',
        "image/png": image,
        "text/plain": picture.description,
    }
