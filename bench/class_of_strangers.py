"""A generated class: blank, right, wrong and hostile notebooks, and the points that are due."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from bench.four_exercises import FILE, Student, a_class
from spotlight.course.manifest import Course
from spotlight.course.reading import read_lesson

HOSTILE = {
    "ends its process": "import os\nos._exit(0)",
    "reads other files": "open('/etc/passwd').read()",
    "opens a socket": "import socket\nsocket.socket()",
    "starts a process": "import os\nos.fork()",
    "fills its folder": "open('x', 'wb').write(bytes(80 * 2**20))",
    "forges a reply": "import os\nos.write(3, b'\\0' * 4_000)\nos._exit(0)",
    "asks for memory": "x = bytearray(2**40)",
    "kills its parent": "import os\nos.kill(os.getppid(), 9)",
}
"""Each stands at the head of one exercise's cell, which then is worth nothing."""
_EVERY = 10


def write_class(course: Course, folder: Path, count: int) -> list[Student]:
    """The notebooks of `count` students below `folder`; one in ten is hostile.

    No two have the same code: each says whose it is, in a comment.
    """
    (entry,) = course.lessons
    lesson = read_lesson(course, entry)
    blank = json.loads(course.notebook(entry).read_text(encoding="utf-8"))
    attacks, exercises = cycle(HOSTILE.values()), cycle(lesson.exercises)
    students = []
    for number, student in enumerate(a_class(lesson, count)):
        answers = {name: f"{text}\n# {student.name}" for name, text in student.answers.items()}
        points = student.points
        if number % _EVERY == 0:
            name = next(exercises).id
            lines = next(attacks).replace("\n", "\n    ")
            head, body = answers[name].split("\n", 1)
            answers[name] = f"{head}\n    {lines}\n{body}"
            points = {**points, name: 0.0}
        student = replace(student, answers=answers, points=points)
        student.hand_in(blank, folder / student.name / f"{FILE}.ipynb")
        students.append(student)
    return students
