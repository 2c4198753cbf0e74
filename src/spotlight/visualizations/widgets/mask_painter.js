// A mask to paint by hand, and the softmax of each row as it follows.
//
// One ES module with two homes, as `attention_matrix.js` says. All data comes from `model`:
//   tokens   n of them
//   scores   n lists of n numbers
//   mask     n lists of n booleans: true where the row's token may attend to the column's
//   presets  [{name, mask}]: masks on offer

import {
  bars,
  element,
  fixed,
  follow,
  frame,
  liveText,
  newId,
  paragraph,
  plain,
  presets,
  publish,
  ramp,
  softmax,
  tokenGrid,
  visible,
} from "./shared.js";

const STYLE = `
.spotlight-mask {
  & .pair { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; }
  & .pair > div { flex: 1 1 20rem; min-width: 0; }
  & .paintable { user-select: none; }
  & .paintable .cell { cursor: pointer; }
  & .cell { transition: background-color 150ms; }
  @media (prefers-reduced-motion: reduce) { & .cell { transition: none; } }
  & .readout { min-height: 6rem; }
}`;

const HOW = "Click or drag to paint. By key: arrows move, Space paints, Shift with arrows drags.";

function render({ model, el }) {
  const { maps } = model.get("palette");
  const tokens = model.get("tokens").map(visible);
  const scores = model.get("scores");
  const ready = model.get("presets");
  const free = scores.map(softmax);
  let current = [Math.floor(tokens.length / 2), 0];
  let brush = null; // what is painted on each cell that is reached, or null
  let pressed = false; // a press of a mouse has painted already: its click should not

  const root = frame({ model, el }, "mask", "A mask to paint, and the softmax after it", STYLE);
  const buttons = presets(
    "Ready-made masks",
    ready.map(({ name }) => name),
    (at) => publish(model, { mask: ready[at].mask }),
  );
  const how = element("p", { class: "axis", id: newId() }, HOW);
  const after = element(
    "p",
    { class: "axis", id: newId() },
    "Each row is a token being updated, each column a token attended to.",
  );
  const painter = tokenGrid(how.id, reach);
  const weights = tokenGrid(after.id, reach);
  painter.part.classList.add("paintable");
  const scoreScale = element("div", { class: "scale" });
  const weightScale = element("div", { class: "scale" });
  const readout = liveText("readout");
  const row = bars(["no mask", "masked"]);
  root.append(
    buttons.part,
    element(
      "div",
      { class: "pair" },
      element("div", {}, element("strong", {}, "Scores"), how, painter.part, scoreScale),
      element("div", {}, element("strong", {}, "Weights"), after, weights.part, weightScale),
    ),
    readout,
    row.part,
    paragraph(
      "caption",
      "A masked score becomes −∞, and e to the −∞ is 0: so a masked token gets no weight, and the " +
        "softmax shares out the whole of 1 among those that are left. The bars show one row " +
        "without the mask (outlined) and with it (filled).",
    ),
  );

  const mask = () => model.get("mask");

  function reach(i, j) {
    current = [i, j];
    if (brush === null) mark();
    else set(brush);
  }

  function set(value) {
    const [i, j] = current;
    const painted = mask().map((cells) => [...cells]);
    painted[i][j] = value;
    publish(model, { mask: painted });
  }

  function draw() {
    const masked = scores.map((cells, i) =>
      cells.map((score, j) => (mask()[i][j] ? score : -Infinity)),
    );
    const shares = masked.map(softmax);
    const most = Math.max(...scores.flat().map(Math.abs)) || 1;
    const painted = JSON.stringify(mask());
    buttons.show(ready.findIndex((each) => JSON.stringify(each.mask) === painted));
    painter.show(tokens, "Scores", (i, j) => {
      const open = mask()[i][j];
      return {
        text: open ? plain(scores[i][j]) : "−∞",
        label: open ? `score ${plain(scores[i][j])}` : "masked",
        share: (scores[i][j] / most + 1) / 2,
        map: maps.signed,
        state: open ? "" : "masked",
      };
    });
    const sums = shares.map((cells) =>
      fixed(
        cells.reduce((sum, share) => sum + share, 0),
        2,
      ),
    );
    const weight = (i, j) => {
      const lost = Number.isNaN(shares[i][j]);
      return {
        text: mask()[i][j] || lost ? fixed(shares[i][j], 2) : "0",
        label: fixed(shares[i][j], 4),
        share: lost ? 0 : shares[i][j],
        map: maps.weights,
        state: lost ? "nan" : mask()[i][j] ? "" : "masked",
        data: { weight: shares[i][j] },
      };
    };
    weights.show(tokens, "Weights", weight, sums);
    scoreScale.replaceChildren(
      ...ramp("score", "signed", maps.signed.light, plain(-most), plain(most)),
    );
    weightScale.replaceChildren(...ramp("weight", "weights", maps.weights.light, "0", "1"));
    mark();
  }

  function mark() {
    painter.mark(current);
    weights.mark(current);
    const [i] = current;
    const open = mask()[i];
    const shares = softmax(scores[i].map((score, j) => (open[j] ? score : -Infinity)));
    readout.replaceChildren(...explained(i, open, shares));
    row.show(
      tokens.map((token, j) => ({
        label: token,
        before: free[i][j],
        after: shares[j],
        cut: !open[j],
        cells: [fixed(free[i][j], 4), fixed(shares[j], 4)],
      })),
    );
  }

  function explained(i, open, shares) {
    const left = open.filter(Boolean).length;
    const title = (rest) => paragraph("value", `Row “${tokens[i]}”: `, element("strong", {}, rest));
    if (left === 0) {
      return [
        title("every weight is NaN"),
        element(
          "p",
          {},
          "Nothing is left to attend to. Every score is −∞, so the softmax divides 0 by 0. In a " +
            "model one such row is enough: whatever reads from it becomes NaN, the loss too.",
        ),
      ];
    }
    const kept = free[i].reduce((sum, share, j) => sum + (open[j] ? share : 0), 0);
    const j = current[1];
    const some = title(`${left} of ${tokens.length} scores are left`);
    if (left === tokens.length) {
      return [some, element("p", {}, "None is masked: these are the weights of a plain softmax.")];
    }
    return [
      some,
      element(
        "p",
        {},
        `Those left had ${fixed(kept, 4)} of the weight. Each is divided by that, so that the row ` +
          "sums to 1 again.",
      ),
      element(
        "p",
        {},
        open[j]
          ? `“${tokens[j]}”: ${fixed(free[i][j], 4)} ÷ ${fixed(kept, 4)} = ${fixed(shares[j], 4)}.`
          : `“${tokens[j]}” is masked: its ${fixed(free[i][j], 4)} went to the others.`,
      ),
    ];
  }

  painter.part.addEventListener("pointerdown", (event) => {
    const place = painter.placeOf(event.target);
    if (!place || event.pointerType === "touch" || event.button !== 0) return;
    pressed = true;
    brush = !mask()[place[0]][place[1]];
    current = place;
    set(brush);
  });
  const lift = () => {
    brush = null;
    setTimeout(() => (pressed = false));
  };
  window.addEventListener("pointerup", lift);
  painter.part.addEventListener("click", (event) => {
    const place = painter.placeOf(event.target);
    if (!place || pressed) return;
    current = place;
    set(!mask()[place[0]][place[1]]);
  });
  // Before the grid's own listener, which moves.
  root.addEventListener(
    "keydown",
    (event) => {
      if (!painter.part.contains(event.target)) return;
      const here = mask()[current[0]][current[1]];
      brush = event.shiftKey && event.key.startsWith("Arrow") ? here : null;
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      set(!here);
    },
    true,
  );
  root.addEventListener("keyup", () => (brush = null));
  const unfollow = follow(model, ["mask"], draw);
  draw();
  return () => {
    painter.end();
    weights.end();
    window.removeEventListener("pointerup", lift);
    unfollow();
  };
}

export default { render };
