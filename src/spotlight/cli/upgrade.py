"""`upgrade`: the newest version of every lesson, with all that the student wrote."""

from __future__ import annotations

from spotlight.cli.context import Status, err, out, the_course
from spotlight.course.reading import read_lesson
from spotlight.feedback.words import shown
from spotlight.student_notebooks.resetting import BACKUPS, RELOAD
from spotlight.student_notebooks.upgrading import Upgrade, UpgradeError, upgrade_lesson


def upgrade() -> Status:
    """Bring every lesson to the course's new version; all that you wrote is kept."""
    course = the_course()
    changed, status = False, Status.PASSED
    for entry in course.lessons:
        path = shown(course.notebook(entry))
        try:
            found = upgrade_lesson(read_lesson(course, entry), path, course.root / BACKUPS)
        except UpgradeError as error:
            err.print(str(error), markup=False, soft_wrap=True)
            status = Status.UNUSABLE
            continue
        changed = changed or found is not None
        out.print(f"{path.name}: {_upgraded(found)}", markup=False, soft_wrap=True)
    if changed:
        out.print(RELOAD, markup=False, soft_wrap=True)
    return status


def _upgraded(found: Upgrade | None) -> str:
    if found is None:
        return "the newest already."
    if found.backup is None:
        return "a new lesson."
    counts = {
        "answer": found.answers,
        "prediction": found.predictions,
        "added cell": found.cells,
    }
    kept = [f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items() if n]
    most, last = ", ".join(kept[:-1]), kept[-1] if kept else ""
    yours = f", with your {most}{' and ' if most else ''}{last}" if kept else ""
    return f"the new version{yours}. As it was: {shown(found.backup)}."
