// Shows in the map of lessons how far each has come. `progress/progress.js` has run before this,
// if it is there: it sets window.SPOTLIGHT_PROGRESS (schema 1), and window.SPOTLIGHT_NO_PROGRESS
// was set in its place if it is not.
(() => {
  "use strict";

  const isRecord = (value) => typeof value === "object" && value !== null;
  const isPoints = (value) => Number.isFinite(value) && value >= 0;
  const items = [...document.querySelectorAll("[data-lesson]")];
  const line = document.getElementById("progress");

  function readable(progress) {
    return (
      isRecord(progress) &&
      progress.schema === 1 &&
      isRecord(progress.lessons) &&
      Object.values(progress.lessons).every(
        (lesson) => isRecord(lesson) && isPoints(lesson.points) && isPoints(lesson.possible),
      )
    );
  }

  function started(lesson) {
    const any = (entries, test) => isRecord(entries) && Object.values(entries).some(test);
    return (
      lesson.points > 0 ||
      any(lesson.exercises, (exercise) => isRecord(exercise) && exercise.attempts > 0) ||
      any(lesson.predictions, (prediction) => isRecord(prediction) && prediction.answered === true)
    );
  }

  function standing(lesson) {
    if (!lesson || !started(lesson)) return { state: "todo", text: "not started", share: 0 };
    const { points, possible } = lesson;
    const plain = (value) => String(Number(value.toFixed(2)));
    if (possible > 0 && points >= possible) return { state: "done", text: "done", share: 1 };
    const share = possible > 0 ? Math.min(points / possible, 1) : 0;
    return { state: "open", text: `${plain(points)} of ${plain(possible)} points`, share };
  }

  function show(item, { state, text, share }) {
    item.dataset.state = state;
    item.style.setProperty("--share", share);
    item.querySelector(".state").textContent = text;
  }

  function summary(standings) {
    const done = standings.filter(({ state }) => state === "done").length;
    const at = standings.findIndex(({ state }) => state === "open");
    const next = at >= 0 ? at : standings.findIndex(({ state }) => state === "todo");
    if (next < 0) return "You have done every lesson.";
    const title = items[next].querySelector(".title").textContent.trim();
    const verb = at >= 0 ? "Go on with" : done > 0 ? "Next" : "Begin with";
    return `${done} of ${items.length} lessons done. ${verb}: ${title}.`;
  }

  const progress = window.SPOTLIGHT_PROGRESS;
  if (readable(progress)) {
    const own = (id) => (Object.hasOwn(progress.lessons, id) ? progress.lessons[id] : undefined);
    const standings = items.map((item) => standing(own(item.dataset.lesson)));
    items.forEach((item, i) => show(item, standings[i]));
    line.textContent = summary(standings);
  } else if (window.SPOTLIGHT_NO_PROGRESS) {
    line.textContent =
      "Nothing is recorded yet. Once a lesson has been graded, reload this page to see how far you are.";
  } else {
    line.textContent =
      "The file progress/progress.js cannot be read, so your progress is not shown. " +
      "Grade once more, which writes the file anew, and reload this page.";
  }
})();
