// Sinusoidal positions: the waves of single dimensions, and how alike two positions are.
//
// One ES module with two homes, as `attention_matrix.js` says. All data comes from `model`:
//   width, positions     how many dimensions and how many positions are encoded
//   position, dimension  the place that is read
//   other                a second position, to compare the first with
//   pinned               further dimensions whose waves stay on show
//   limits               {width: [low, high], positions: [low, high], pinned: how many}

import {
  button,
  drawing,
  element,
  fixed,
  follow,
  frame,
  liveText,
  paragraph,
  pixels,
  plain,
  publish,
  ramp,
  slider,
  wholeNumbers,
  within,
} from "./shared.js";

const BASE = 10000;
const POINTS_A_POSITION = 8; // of a wave between two positions

const STYLE = `
.spotlight-positions {
  & .controls {
    display: grid; gap: 0 2rem;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
  }
  & .chart { margin: 0.9rem 0; }
  & .chart > p { margin: 0 0 0.3rem; }
  & .plot {
    display: grid; gap: 0 0.4rem; grid-template: "above field" auto "below ends" auto / 3rem 1fr;
  }
  & .scale-y {
    grid-area: above; display: flex; flex-direction: column; justify-content: space-between;
    text-align: right; line-height: 1;
  }
  & .scale-x { grid-area: ends; display: flex; justify-content: space-between; gap: 1rem; }
  & :is(.scale-x, .scale-y) { color: var(--spotlight-faint-ink); font-size: 0.75rem; }
  & .field {
    grid-area: field; position: relative; height: 8rem; border: 1px solid var(--spotlight-rule);
  }
  & .field.matrix { height: 11rem; cursor: crosshair; }
  & .field.lines { cursor: ew-resize; }
  & .field svg { display: block; width: 100%; height: 100%; overflow: visible; }
  & path {
    fill: none; stroke-width: 1.25px; stroke: var(--spotlight-faint-ink);
    vector-effect: non-scaling-stroke;
  }
  & path.main { stroke-width: 2.5px; stroke: var(--spotlight-stream); }
  & path.zero { stroke: var(--spotlight-rule); }
  & .pin-1 { stroke-dasharray: 6 3; }
  & .pin-2 { stroke-dasharray: 1.5 3; }
  & .pin-3 { stroke-dasharray: 8 3 1.5 3; }
  & .dot {
    position: absolute; width: 0.6rem; height: 0.6rem; margin: -0.3rem; border-radius: 50%;
    background: var(--spotlight-ink); border: 1px solid var(--spotlight-background);
    pointer-events: none;
  }
  & .dot.open { background: var(--spotlight-background); border: 2px solid var(--spotlight-ink); }
  & .line { position: absolute; pointer-events: none; outline: 1px solid var(--spotlight-ink); }
  & .below { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 1.5rem; }
  & .key {
    display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 1rem; font-size: 0.8125rem;
  }
  & .key span { display: inline-flex; align-items: center; gap: 0.4rem; }
  & .key svg { width: 2rem; height: 0.6rem; }
  & .readout { min-height: 6.4rem; }
}`;

// ---------------------------------------------------------------- numbers

const rate = (dimension, width) => BASE ** (-(2 * Math.floor(dimension / 2)) / width);
const wave = (position, dimension, width) =>
  (dimension % 2 === 0 ? Math.sin : Math.cos)(position * rate(dimension, width));

function encoding(position, width) {
  return wholeNumbers(0, width - 1).map((dimension) => wave(position, dimension, width));
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

// ---------------------------------------------------------------- charts

const percent = (share) => `${100 * share}%`;

function chart(title, kind, label) {
  const field = element("div", { class: `field ${kind}`, role: "img", "aria-label": label });
  const above = element("div", { class: "scale-y", "aria-hidden": "true" });
  const below = element("div", { class: "scale-x", "aria-hidden": "true" });
  const part = element(
    "div",
    { class: "chart" },
    element("p", {}, element("strong", {}, title)),
    element("div", { class: "plot" }, above, field, below),
  );
  const ends = (place, texts) =>
    place.replaceChildren(...texts.map((text) => element("span", {}, text)));
  return { part, field, scales: (up, along) => (ends(above, up), ends(below, along)) };
}

// Curves over positions 0 to `last`; `curves`: [{at: x → y, name}], from `low` to `high`.
function curves(field, last, low, high, lines) {
  const height = (value) => (high - value) / (high - low);
  const paths = lines.map(({ at, name }) => {
    const count = last * POINTS_A_POSITION;
    const points = wholeNumbers(0, count).map((i) => {
      const y = height(at((last * i) / count));
      return `${((100 * i) / count).toFixed(2)} ${(100 * y).toFixed(2)}`;
    });
    return drawing("path", { class: name, d: `M${points.join("L")}` });
  });
  const zero = drawing("path", { class: "zero", d: `M0 ${100 * height(0)}H100` });
  const picture = drawing(
    "svg",
    { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    zero,
    ...paths,
  );
  const mark = (x, y, open = false) => {
    const made = element("span", { class: open ? "dot open" : "dot" });
    Object.assign(made.style, { left: percent(x / last), top: percent(height(y)) });
    return made;
  };
  field.replaceChildren(picture);
  return mark;
}

// Calls `read` with where in `field` the pointer is, as two shares of 1.
function whilePointing(field, read) {
  const at = (event) => {
    const box = field.getBoundingClientRect();
    read(
      within((event.clientX - box.left) / box.width, 0, 0.9999),
      within((event.clientY - box.top) / box.height, 0, 0.9999),
    );
  };
  field.addEventListener("pointermove", at);
  field.addEventListener("pointerdown", at);
}

// ---------------------------------------------------------------- the page

function render({ model, el }) {
  const { maps } = model.get("palette");
  const limits = model.get("limits");
  const get = (name) => model.get(name);
  const number = (name, stops) => ({
    stops,
    low: stops[0],
    high: stops.at(-1),
    step: 1,
    change: (value) => change({ [name]: value }),
  });

  const root = frame({ model, el }, "positions", "Sinusoidal positions", STYLE);
  const even = wholeNumbers(limits.width[0] / 2, limits.width[1] / 2).map((half) => 2 * half);
  const sliders = {
    width: slider("Width", { ...number("width", even), step: 2 }),
    positions: slider("Positions", number("positions", wholeNumbers(...limits.positions))),
    position: slider("Position", number("position", [0])),
    dimension: slider("Dimension", number("dimension", [0])),
    other: slider("Compare", number("other", [0])),
  };
  const pin = button();
  const matrix = chart(
    "Every position as a row of numbers",
    "matrix",
    "The encodings as a heatmap: positions downwards, dimensions to the right",
  );
  const waves = chart("One dimension as a wave over the positions", "lines", "Waves");
  const alike = chart("The dot product with every other position", "lines", "Dot products");
  const key = element("div", { class: "key" });
  const scale = element("div", { class: "scale" });
  const readout = liveText("readout");
  matrix.part.append(scale);
  waves.part.append(element("div", { class: "below" }, key, pin));
  root.append(
    element("div", { class: "controls" }, ...Object.values(sliders).map(({ part }) => part)),
    readout,
    matrix.part,
    waves.part,
    alike.part,
    paragraph(
      "caption",
      "The encoding of “Attention Is All You Need”: sin(p ÷ 10000^(2i/d)) in dimension 2i and the " +
        "cosine of the same in dimension 2i + 1. Low dimensions turn fast, high ones slowly. " +
        "Nothing is learned.",
    ),
  );

  // What is read stays inside what is encoded.
  function change(changes) {
    const state = { ...changes };
    const width = state.width ?? get("width");
    const last = (state.positions ?? get("positions")) - 1;
    for (const name of ["position", "other"]) {
      const value = state[name] ?? get(name);
      if (value > last || name in state) state[name] = Math.min(value, last);
    }
    const dimension = state.dimension ?? get("dimension");
    if (dimension >= width) state.dimension = width - 1;
    const pinned = state.pinned ?? get("pinned");
    if (pinned.some((each) => each >= width)) {
      state.pinned = pinned.filter((each) => each < width);
    }
    const moved = Object.entries(state).filter(([name, value]) => value !== get(name));
    if (moved.length > 0) publish(model, Object.fromEntries(moved));
  }

  let encoded = null;
  function drawMatrix() {
    const [n, d] = [get("positions"), get("width")];
    if (encoded?.n !== n || encoded.d !== d) {
      const rows = wholeNumbers(0, n - 1).map((position) => encoding(position, d));
      const share = (i, j) => (rows[i][j] + 1) / 2;
      encoded = { n, d, rows, pictures: pixels(n, d, share, maps.signed) };
      scale.replaceChildren(...ramp("value", "signed", maps.signed.light, "−1", "1"));
      matrix.scales(["0", "position", n - 1], ["0", "dimension", d - 1]);
    }
    const across = element("span", { class: "line" });
    const down = element("span", { class: "line" });
    Object.assign(across.style, {
      left: 0,
      right: 0,
      top: percent(get("position") / n),
      height: percent(1 / n),
    });
    Object.assign(down.style, {
      top: 0,
      bottom: 0,
      left: percent(get("dimension") / d),
      width: percent(1 / d),
    });
    matrix.field.replaceChildren(...encoded.pictures, across, down);
  }

  function drawWaves() {
    const [n, d, dimension] = [get("positions"), get("width"), get("dimension")];
    const shown = get("pinned").filter((each) => each !== dimension);
    const lines = [
      ...shown.map((each, at) => ({ at: (x) => wave(x, each, d), name: `pin-${at + 1}`, each })),
      { at: (x) => wave(x, dimension, d), name: "main", each: dimension },
    ];
    const mark = curves(waves.field, n - 1, -1.08, 1.08, lines);
    waves.field.append(...lines.map(({ at }) => mark(get("position"), at(get("position")))));
    waves.scales(["1", "0", "−1"], ["0", "position", n - 1]);
    const entries = lines.toReversed().map(({ name, each }) => {
      const sample = drawing(
        "svg",
        { viewBox: "0 0 32 10", "aria-hidden": "true" },
        drawing("path", { class: name, d: "M0 5H32" }),
      );
      return element(
        "span",
        {},
        sample,
        `dimension ${each}, ${each % 2 === 0 ? "sine" : "cosine"}`,
      );
    });
    const pinned = get("pinned").includes(dimension);
    pin.textContent = pinned ? `Let go of dimension ${dimension}` : `Keep dimension ${dimension}`;
    pin.disabled = !pinned && get("pinned").length >= limits.pinned;
    key.replaceChildren(...entries);
  }

  function drawAlike() {
    const [n, d, position, other] = ["positions", "width", "position", "other"].map(get);
    const here = encoding(position, d);
    const at = (x) => dot(here, encoding(x, d));
    const lowest = Math.min(0, ...wholeNumbers(0, n - 1).map(at));
    const [low, high] = [lowest - 0.04 * d, 0.54 * d];
    const mark = curves(alike.field, n - 1, low, high, [{ at, name: "main" }]);
    alike.field.append(mark(position, d / 2), mark(other, at(other), true));
    alike.scales([plain(d / 2), plain(lowest)], ["0", "other position", n - 1]);
  }

  function describe() {
    const [d, position, dimension, other] = ["width", "position", "dimension", "other"].map(get);
    const half = Math.floor(dimension / 2);
    const called = dimension % 2 === 0 ? "sin" : "cos";
    const turn = (2 * Math.PI) / rate(dimension, d);
    const product = dot(encoding(position, d), encoding(other, d));
    const apart = Math.abs(position - other);
    readout.replaceChildren(
      paragraph(
        "value",
        `Position ${position}, dimension ${dimension}: `,
        element("strong", {}, fixed(wave(position, dimension, d), 4)),
      ),
      element(
        "p",
        {},
        `${called}(${position} ÷ 10000`,
        element("sup", {}, `${2 * half}/${d}`),
        `) = ${called}(${plain(position * rate(dimension, d))}); one turn takes `,
        `${turn < 100 ? plain(turn) : Math.round(turn).toLocaleString("en")} positions.`,
      ),
      element(
        "p",
        {},
        `Position ${position} · position ${other} = `,
        element("strong", {}, fixed(product, 4)),
        apart === 0
          ? `: with itself half the width, ${d} ÷ 2.`
          : `, and the same for any two positions ${apart} apart.`,
      ),
    );
  }

  function draw() {
    const stops = wholeNumbers(0, get("positions") - 1);
    sliders.position.limit(stops);
    sliders.other.limit(stops);
    sliders.dimension.limit(wholeNumbers(0, get("width") - 1));
    for (const [name, { show }] of Object.entries(sliders)) show(get(name));
    drawMatrix();
    drawWaves();
    drawAlike();
    describe();
  }

  whilePointing(matrix.field, (x, y) =>
    change({
      position: Math.floor(y * get("positions")),
      dimension: Math.floor(x * get("width")),
    }),
  );
  const nearest = (x) => Math.round(x * (get("positions") - 1));
  whilePointing(waves.field, (x) => change({ position: nearest(x) }));
  whilePointing(alike.field, (x) => change({ other: nearest(x) }));
  pin.addEventListener("click", () => {
    const [pinned, dimension] = [get("pinned"), get("dimension")];
    const without = pinned.filter((each) => each !== dimension);
    change({ pinned: without.length < pinned.length ? without : [...pinned, dimension] });
  });
  const names = [...Object.keys(sliders), "pinned"];
  let waiting = false;
  // Several values may change at once: one drawing is enough.
  const unfollow = follow(model, names, () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      draw();
    });
  });
  draw();
  return unfollow;
}

export default { render };
