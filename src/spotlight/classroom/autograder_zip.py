"""A zip archive that Gradescope takes as the autograder of an assignment: the instructor's.

It holds the course with its solutions, and two scripts that Gradescope calls: `setup.sh`, once, and
`run_autograder`, for every submission.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from spotlight.atomic_files import write_atomically
from spotlight.authoring.notebooks import build_notebook
from spotlight.classroom.course_release import PACKAGE, PROGRAM, ReleaseError, only, package_files
from spotlight.course.manifest import MANIFEST, Course, LessonEntry, manifest_text
from spotlight.course.reading import read_lesson

_SCRIPTS = Path(__file__).parent / "autograder"
_COURSE = Path("course")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write_autograder(course: Course, entries: Sequence[LessonEntry], file: Path, seed: int) -> None:
    """Write the autograder of the lessons in `entries` to `file`; it grades with `seed`.

    Raises:
        ReleaseError: a file cannot be read or written.
        AuthoringError: a lesson cannot be read.
    """
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in _contents(only(course, entries), seed):
                member = zipfile.ZipInfo(path.as_posix(), _LONG_AGO)
                runs = path.suffix == ".sh" or path.name == "run_autograder"
                member.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
                member.create_system = 3  # Unix, whose permissions these are
                archive.writestr(member, data, zipfile.ZIP_DEFLATED)
        write_atomically({file: packed.getvalue()})
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise ReleaseError(f"{file} was not written ({error.strerror}{where}).") from error


def _contents(course: Course, seed: int) -> Iterator[tuple[Path, bytes]]:
    for script in ("setup.sh", "run_autograder"):
        yield Path(script), (_SCRIPTS / script).read_bytes()
    yield Path("seed"), f"{seed}\n".encode()
    for name in (*PROGRAM, "README.md"):
        yield _COURSE / name, (course.root / name).read_bytes()
    if (course.root / "LICENSE").is_file():
        yield _COURSE / "LICENSE", (course.root / "LICENSE").read_bytes()
    for path in package_files(course):
        yield _COURSE / PACKAGE / path, (course.root / PACKAGE / path).read_bytes()
    yield _COURSE / MANIFEST, manifest_text(course).encode()
    for entry in course.lessons:
        solution, notebook = course.solution(entry), course.notebook(entry)
        blank = build_notebook(read_lesson(course, entry), "student")
        yield _COURSE / solution.relative_to(course.root), solution.read_bytes()
        yield _COURSE / notebook.relative_to(course.root), blank.encode()
