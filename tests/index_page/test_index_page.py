"""`index.html`, as it is built and as a reader opens it from disk."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from spotlight.course.lesson import AuthoringError
from spotlight.course.manifest import load_course
from spotlight.grading.report import ExerciseReport, LessonReport, PredictionReport
from spotlight.index_page.page import build_index, render_index
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.progress import ProgressStore
from spotlight.visualizations import AttentionMatrix, MaskPainter, PositionExplorer

MANIFEST = """
title = "Spotlight"
[[parts]]
title = "Start here"
[[parts.lessons]]
id = "orientation"
file = "00_orientation"
title = "Orientation"
minutes = 10
summary = "How a check works."
[[parts.lessons]]
id = "express_attention_head"
file = "express_attention_head"
title = "One head in 30 minutes"
minutes = 30
summary = "The short way."
[[parts]]
title = "Attention"
[[parts.lessons]]
id = "queries_and_keys"
file = "03_queries_and_keys"
title = "Queries <and> keys & more"
minutes = 120
summary = "Two vectors per token."
"""

# What relative luminance each text has against the first background behind it that is not clear.
CONTRASTS = """() => {
    const channels = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const luminance = (rgb) => rgb.slice(0, 3)
        .map((value) => value / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const fill = channels(getComputedStyle(element).backgroundColor);
            if (fill.length === 3 || fill[3] === 1) return fill;
        }
        return [255, 255, 255];
    };
    const found = [];
    const all = document.querySelectorAll("body *:not(script):not(style):not(noscript)");
    for (const element of all) {
        const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== "");
        if (!says || element.getClientRects().length === 0) continue;
        const [low, high] = [luminance(channels(getComputedStyle(element).color)),
            luminance(behind(element))].sort((a, b) => a - b);
        found.push([(high + 0.05) / (low + 0.05), element.textContent.trim().slice(0, 40)]);
    }
    return found;
}"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def report(lesson, points, possible):
    """A report on a lesson of one exercise."""
    status = "passed" if points == possible else "failed"
    exercise = ExerciseReport(
        exercise="one", title="One", status=status, points=points, possible=possible
    )
    return LessonReport(
        lesson=lesson,
        title=lesson,
        path=f"lessons/{lesson}.ipynb",
        points=points,
        possible=possible,
        exercises=(exercise,),
        predictions=(),
    )


def test_the_same_course_always_gives_the_same_page(root, html):
    assert build_index(root) == html == render_index(load_course(root))


def test_text_from_the_manifest_is_never_markup(html):
    assert "Queries &lt;and&gt; keys &amp; more" in html
    assert "<and>" not in html


def test_without_a_manifest_the_author_is_told(tmp_path):
    with pytest.raises(AuthoringError, match="manifest"):
        build_index(tmp_path)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The page of the small course; progress is no part of it."""
    root = tmp_path_factory.mktemp("index")
    (root / "solutions").mkdir()
    (root / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    return build_index(root)


@pytest.fixture(scope="module")
def tab(browser):
    """One page of the browser, and what it asks the network for: each test opens its own file."""
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    yield page, asked
    page.close()


@pytest.fixture
def visit(tab, root, html):
    """Open the page from disk; asking the network fails the test."""
    page, asked = tab
    asked.clear()

    def open_page(*, width=1280, theme="light"):
        (root / "index.html").write_text(html, encoding="utf-8")
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.goto((root / "index.html").as_uri())
        return page

    yield open_page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def states(page):
    return page.locator(".state").all_inner_texts()


def line(page):
    return page.locator("#progress").inner_text()


def write_progress(root, script):
    (root / "progress").mkdir(exist_ok=True)
    (root / "progress" / "progress.js").write_text(script, encoding="utf-8")


@pytest.mark.browser
def test_the_map_shows_every_lesson_in_order(visit):
    items = visit().locator("[data-lesson]").all_inner_texts()
    assert [[part for part in item.split("\n") if part] for item in items] == [
        ["00", "Orientation", "10 min", "How a check works. lessons/00_orientation.ipynb"],
        [
            "One head in 30 minutes",
            "30 min",
            "The short way. lessons/express_attention_head.ipynb",
        ],
        [
            "03",
            "Queries <and> keys & more",
            "2 h",
            "Two vectors per token. lessons/03_queries_and_keys.ipynb",
        ],
    ]


@pytest.mark.browser
def test_the_two_commands_are_there_for_every_system(visit):
    commands = visit().locator("pre").all_inner_texts()
    assert commands == [
        "./setup_venv.sh lab",
        "./setup_venv.sh verify",
        "py setup_venv.py lab",
        "py setup_venv.py verify",
    ]


@pytest.mark.browser
def test_before_the_first_grading_the_page_says_when_progress_appears(visit):
    assert "Nothing is recorded yet" in line(visit())


@pytest.mark.browser
def test_graded_lessons_show_how_far_they_are(visit, root):
    ProgressStore(root / "progress").record(
        [report("orientation", 3, 3), report("queries_and_keys", 2.5, 7)], "2026-01-31T12:00:00Z"
    )
    page = visit()
    assert states(page) == ["done", "not started", "2.5 of 7 points"]
    assert line(page) == "1 of 3 lessons done. Go on with: Queries <and> keys & more."


@pytest.mark.browser
def test_a_lesson_is_open_once_a_prediction_is_answered(visit, root):
    answered = PredictionReport(prediction="which", answered=True, points=1, possible=1)
    blank = LessonReport(
        lesson="orientation",
        title="Orientation",
        path="lessons/00_orientation.ipynb",
        points=1,
        possible=3,
        exercises=(),
        predictions=(answered,),
    )
    ProgressStore(root / "progress").record([blank], "2026-01-31T12:00:00Z")
    assert states(visit())[0] == "1 of 3 points"


@pytest.mark.browser
def test_a_graded_but_untouched_lesson_is_not_started(visit, root):
    blank = ExerciseReport(exercise="one", title="One", status="blank", points=0, possible=1)
    untouched = report("orientation", 0, 1).model_copy(update={"exercises": (blank,)})
    ProgressStore(root / "progress").record([untouched], "2026-01-31T12:00:00Z")
    page = visit()
    assert states(page)[0] == "not started"
    assert line(page) == "0 of 3 lessons done. Begin with: Orientation."


@pytest.mark.browser
def test_when_all_is_done_the_page_says_so(visit, root):
    names = ["orientation", "express_attention_head", "queries_and_keys", "a_lesson_since_removed"]
    done = [report(name, 1, 1) for name in names]
    ProgressStore(root / "progress").record(done, "2026-01-31T12:00:00Z")
    page = visit()
    assert states(page) == ["done"] * 3
    assert line(page) == "You have done every lesson."


SPOILT = (
    'window.SPOTLIGHT_PROGRESS = {"schema": 1, "les',
    "",
    "window.SPOTLIGHT_PROGRESS = null;",
    'window.SPOTLIGHT_PROGRESS = {"schema": 2, "lessons": {}};',
    'window.SPOTLIGHT_PROGRESS = {"schema": 1};',
    'window.SPOTLIGHT_PROGRESS = {"schema": 1, "lessons": {"orientation": null}};',
    'window.SPOTLIGHT_PROGRESS = {"schema": 1, "lessons": {"orientation": {"points": "1"}}};',
)


@pytest.mark.browser
def test_spoilt_progress_is_a_sentence_and_never_a_broken_page(visit, root):
    for script in SPOILT:
        write_progress(root, script)
        page = visit()
        assert "progress/progress.js cannot be read" in line(page), script
        assert page.locator("[data-lesson]").count() == 3, script
        assert page.locator(".cell:visible").count() == 100, script


@pytest.mark.browser
def test_titles_in_progress_are_never_markup(visit, root):
    lessons = {"<img src=x>": {"title": "<img src=x>", "points": 0, "possible": 1}}
    write_progress(
        root, f"window.SPOTLIGHT_PROGRESS = {json.dumps({'schema': 1, 'lessons': lessons})};"
    )
    assert visit().locator("img").count() == 0


def weights(page):
    cells = page.locator(".cell[data-weight]:visible")
    return cells.evaluate_all("cells => cells.map((c) => Number(c.dataset.weight))")


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name)


@pytest.mark.browser
def test_the_attention_matrix_is_alive(visit):
    page = visit()
    page.get_by_label("Sentence", exact=True).fill("the zorp sat")
    assert np.allclose(weights(page), AttentionMatrix("the zorp sat").weights.flatten())


@pytest.mark.browser
def test_the_mask_painter_is_alive(visit):
    page = visit()
    panel = open_tab(page, "Mask painter")
    panel.get_by_role("button", name="neighbours only").click()
    python = MaskPainter(mask="neighbours only")
    assert np.allclose(weights(page), python.weights.flatten())


@pytest.mark.browser
def test_the_positions_are_alive(visit):
    panel = open_tab(visit(), "Positions")
    panel.get_by_role("slider", name="Position", exact=True).press("End")
    value = f"{PositionExplorer().encodings[63, 4]:.4f}".replace("-", "−")
    assert f"Position 63, dimension 4: {value}" in panel.locator(".readout").inner_text()


@pytest.mark.browser
def test_the_heads_are_those_of_the_mini_model(visit):
    panel = open_tab(page := visit(), "Attention heads")
    mini = load_mini_model()
    role = mini.roles["referent"]
    panel.get_by_role("button", name=f"referent {role.score:.2f}").click()
    text = panel.get_by_role("button", name="soft one is the").inner_text()
    panel.get_by_role("button", name=text).click()
    expected = mini.attention(text)[role.layer, role.head].flatten()
    assert np.allclose(weights(page), expected, atol=1e-4)


@pytest.mark.browser
def test_the_next_tokens_are_those_of_the_mini_model(visit):
    panel = open_tab(visit(), "Next token")
    panel.get_by_role("button", name="once there was a").click()
    rows = [row.split("\t") for row in panel.locator("tbody tr").all_inner_texts()]
    likely = load_mini_model().next_words("once there was a", 20)
    assert {row[0]: float(row[2]) for row in rows[:20]} == {
        word: pytest.approx(share, abs=2e-4) for word, share in likely
    }


@pytest.mark.browser
def test_one_widget_is_shown_at_a_time_and_drawn_when_first_asked_for(visit):
    page, failed = visit(), []
    page.on("pageerror", lambda error: failed.append(str(error)))
    tabs = page.get_by_role("tab").all_inner_texts()
    drawn = page.locator(".spotlight-widget")
    for at, name in enumerate(tabs):
        open_tab(page, name)
        assert drawn.count() == at + 1
        assert page.locator(".spotlight-widget:visible").count() == 1
    open_tab(page, tabs[0])
    assert drawn.count() == len(tabs)
    assert failed == []


@pytest.mark.browser
def test_the_tabs_are_walked_by_arrow_keys(visit):
    page = visit()
    names = page.get_by_role("tab").all_inner_texts()
    selected = page.get_by_role("tab", selected=True)
    page.get_by_role("tab", name=names[0]).focus()
    for key, name in [("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", -1), ("Home", 0)]:
        page.keyboard.press(key)
        assert selected.all_inner_texts() == [names[name]]
        assert page.evaluate("document.activeElement.textContent") == names[name]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[role=tabpanel]') !== null")


def test_the_page_stays_small(html):
    assert len(html.encode()) < 600_000


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.deep)])
def test_every_text_can_be_read(visit, root, theme, width):
    ProgressStore(root / "progress").record(
        [report("orientation", 3, 3), report("queries_and_keys", 1, 7)], "2026-01-31T12:00:00Z"
    )
    page = visit(theme=theme, width=width)
    for name in page.get_by_role("tab").all_inner_texts():
        open_tab(page, name)
        found = page.evaluate(CONTRASTS)
        assert len(found) > 50
        assert [(text, ratio) for ratio, text in found if ratio < 4.5] == []


@pytest.mark.browser
def test_the_page_never_scrolls_sideways(visit):
    page = visit()
    for name in page.get_by_role("tab").all_inner_texts():
        open_tab(page, name)
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == width, (name, width)


@pytest.mark.browser
def test_a_screen_reader_finds_its_way(visit):
    page = visit()
    for landmark in ("banner", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1
    for name in ("Start", "Lessons", "Try it", "When you are stuck"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.browser
def test_the_keyboard_reaches_the_lessons_first_and_shows_where_it_is(visit):
    page = visit()
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the lessons"
    assert skip.bounding_box()["x"] >= 0
    outline = "element => getComputedStyle(element).outlineStyle"
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.locator(":focus").evaluate(outline) == "solid"
