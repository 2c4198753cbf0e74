// What the widgets share: numbers in words, colours, themes, controls, and a grid of tokens.
//
// Every widget is an ES module that imports from this one. Neither a notebook nor a page opened
// from disk can follow that import, so `widget_modules.py` joins the two texts for both.

// ---------------------------------------------------------------- numbers

// A softmax as a model computes it: a row with nothing but minus infinity becomes NaN.
export function softmax(scores) {
  const most = scores.reduce((a, b) => Math.max(a, b)); // a call takes too few for a vocabulary
  const raised = scores.map((score) => Math.exp(score - most));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

// Whole numbers that Python packed as little-endian uint16, in base64.
export function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

export const within = (value, low, high) => Math.min(Math.max(value, low), high);

// ---------------------------------------------------------------- words about numbers

const minus = (text) => text.replace("-", "−");

export function fixed(value, digits) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return minus(value.toFixed(digits));
}

// At most two decimals, and none that say nothing.
export const plain = (value) =>
  Number.isFinite(value) ? minus(String(Number(value.toFixed(2)))) : fixed(value, 2);

// A token as a label: spaces and line breaks get a sign of their own.
export const visible = (token) =>
  token.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣") || "∅";

export function list(items) {
  const quoted = items.map((item) => `“${item}”`);
  if (quoted.length < 2) return quoted.join("");
  return `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
}

// ---------------------------------------------------------------- colours

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function blend(stops, share) {
  const at = within(share, 0, 1) * (stops.length - 1);
  const below = Math.min(Math.floor(at), stops.length - 2);
  const [low, high] = [channels(stops[below]), channels(stops[below + 1])];
  return low.map((value, i) => Math.round(value + (high[i] - value) * (at - below)));
}

function legibleOn(rgb) {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  // At a luminance of 0.179 black and white text have the same contrast, 4.6.
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

// Give an element the colour of `share` (0 to 1) on a map, for both themes.
function paint(cell, share, map) {
  for (const [theme, stops] of Object.entries(map)) {
    const rgb = blend(stops, share);
    cell.style.setProperty(`--fill-${theme}`, `rgb(${rgb.join(" ")})`);
    cell.style.setProperty(`--text-${theme}`, legibleOn(rgb));
  }
}

// A matrix as a picture with one pixel for each number, once for each theme.
export function pixels(rows, columns, share, map) {
  return Object.entries(map).map(([theme, stops]) => {
    const canvas = element("canvas", {
      class: `pixels in-${theme}`,
      width: columns,
      height: rows,
      "aria-hidden": "true",
    });
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) {
        image.data.set([...blend(stops, share(i, j)), 255], 4 * (i * columns + j));
      }
    }
    context.putImageData(image, 0, 0);
    return canvas;
  });
}

// The colours of a map from end to end, with what stands at its ends.
export function ramp(title, name, stops, low, high) {
  const colours = stops.map((_, i) => `var(--spotlight-${name}-${i})`);
  const bar = element("span", { class: "ramp" });
  bar.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  return [title, " ", low, bar, high];
}

// ---------------------------------------------------------------- elements

// On what has the focus and uses keys: JupyterLab's own single-key shortcuts stay out.
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

// Two widgets on a page may come from two copies of this module: no counter tells them apart.
export const newId = () => `spotlight-${Math.random().toString(36).slice(2)}`;

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const element = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

export const drawing = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const paragraph = (name, ...children) => element("p", { class: name }, ...children);

export const button = (text = "") => element("button", { type: "button", ...OWN_KEYS }, text);

export const liveText = (name) =>
  element("div", { class: name, role: "status", "aria-live": "polite" });

// ---------------------------------------------------------------- the model

// Every change of one of `names` draws anew; the returned function ends that.
export function follow(model, names, draw) {
  names.forEach((name) => model.on(`change:${name}`, draw));
  return () => names.forEach((name) => model.off(`change:${name}`, draw));
}

export function publish(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  model.save_changes();
}

// ---------------------------------------------------------------- controls

// One of several values, as radio buttons. `options`: value → what it is called.
export function choices(legend, options, choose) {
  const name = newId();
  const radios = Object.keys(options).map((value) =>
    element("input", { type: "radio", name, value, ...OWN_KEYS }),
  );
  const labels = radios.map((radio) => element("label", {}, radio, ` ${options[radio.value]}`));
  const part = element("fieldset", {}, element("legend", {}, legend), ...labels);
  part.addEventListener("change", (event) => choose(event.target.value));
  return {
    part,
    show: (value) => radios.forEach((radio) => (radio.checked = radio.value === value)),
  };
}

export function toggle(label, change) {
  const box = element("input", { type: "checkbox", ...OWN_KEYS });
  box.addEventListener("change", () => change(box.checked));
  return {
    part: element("label", { class: "toggle" }, box, ` ${label}`),
    show: (value) => (box.checked = value),
  };
}

// Ready-made values, as buttons of which the one in force is marked.
export function presets(label, names, choose) {
  const buttons = names.map((name) => button(name));
  const part = element("div", { class: "presets", role: "group", "aria-label": label }, ...buttons);
  part.addEventListener("click", (event) => {
    const at = buttons.indexOf(event.target.closest("button"));
    if (at >= 0) choose(at);
  });
  const show = (chosen) =>
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === chosen)));
  return { part, show };
}

// A number: a slider over `stops`, and a field beside it for any number between `low` and `high`.
export function slider(label, { stops, low, high, step, change }) {
  const id = newId();
  const range = element("input", { type: "range", id, min: 0, step: 1, ...OWN_KEYS });
  const field = element("input", {
    type: "number",
    step,
    "aria-label": `${label}, exactly`,
    ...OWN_KEYS,
  });
  const part = element(
    "div",
    { class: "slider" },
    element("label", { for: id }, label),
    range,
    field,
  );
  let ends = [low, high];
  let places = stops;
  range.addEventListener("input", () => change(places[Number(range.value)]));
  field.addEventListener("change", () => {
    const typed = field.valueAsNumber;
    if (Number.isFinite(typed)) change(within(Math.round(typed / step) * step, ...ends));
    else change(places[Number(range.value)]);
  });
  return {
    part,
    limit(newStops) {
      places = newStops;
      ends = [newStops[0], newStops.at(-1)];
    },
    show(value, text = plain(value)) {
      range.max = places.length - 1;
      const far = places.map((stop) => Math.abs(stop - value));
      range.value = far.indexOf(Math.min(...far));
      range.setAttribute("aria-valuetext", text);
      field.min = ends[0];
      field.max = ends[1];
      // A number still being typed stays as it is.
      if (field.valueAsNumber !== value) field.value = Number(value.toFixed(4));
    },
  };
}

export const wholeNumbers = (low, high) =>
  Array.from({ length: high - low + 1 }, (_, i) => low + i);

// Sharp and flat temperatures are equally far from 1.
export const TEMPERATURES = {
  stops: wholeNumbers(-12, 8).map((power) => Number((2 ** (power / 4)).toPrecision(2))),
  low: 0.05,
  high: 10,
  step: 0.01,
};

// Where an arrow key, Home or End leads from [i, j] in `rows` × `columns`, or null.
export function step(event, [i, j], rows, columns) {
  const to = {
    ArrowUp: [i - 1, j],
    ArrowDown: [i + 1, j],
    ArrowLeft: [i, j - 1],
    ArrowRight: [i, j + 1],
    Home: [event.ctrlKey ? 0 : i, 0],
    End: [event.ctrlKey ? rows - 1 : i, columns - 1],
  }[event.key];
  if (!to) return null;
  event.preventDefault();
  event.stopPropagation();
  return [within(to[0], 0, rows - 1), within(to[1], 0, columns - 1)];
}

// ---------------------------------------------------------------- a grid of tokens by tokens

const NARROWEST_NUMBERED_CELL = 31; // CSS pixels
const LETTER_WIDTH = 8.4; // CSS pixels, of a bold letter in a column's label
const MOST_LETTERS = 9; // of a row's label; the rest is cut off

// Cells that can be pointed at, tapped, and walked through with the arrow keys. `choose(i, j, by)`
// is called when another cell is reached, by an event of that kind; the owner then marks it.
export function tokenGrid(describedBy, choose) {
  const part = element("div", { class: "grid", role: "grid", "aria-describedby": describedBy });
  let cells = [];
  let tokens = [];
  let current = [0, 0];

  function build() {
    const longest = Math.max(...tokens.map((token) => token.length));
    part.style.setProperty("--tokens", tokens.length);
    part.style.setProperty("--letters", Math.min(longest, MOST_LETTERS));
    const top = element("div", { class: "row", role: "row" }, element("span"));
    tokens.forEach((token) =>
      top.append(element("span", { class: "head of-column", role: "columnheader" }, token)),
    );
    top.append(element("span", { class: "sum" }));
    cells = tokens.map((_, i) =>
      tokens.map((_, j) =>
        element("span", {
          class: "cell",
          role: "gridcell",
          tabindex: "-1",
          ...OWN_KEYS,
          "data-row": i,
          "data-column": j,
        }),
      ),
    );
    const rows = cells.map((row, i) =>
      element(
        "div",
        { class: "row", role: "row" },
        element("span", { class: "head of-row", role: "rowheader" }, tokens[i]),
        ...row,
        element("span", { class: "sum" }),
      ),
    );
    part.replaceChildren(top, ...rows);
  }

  // `cell(i, j)` → {text, label, share, map, state: "", "masked", "nan" or "own", data};
  // `sums`: a text for each row, or null.
  function show(newTokens, label, cell, sums = null) {
    if (newTokens.join("\n") !== tokens.join("\n")) {
      tokens = newTokens;
      build();
    }
    part.setAttribute("aria-label", `${label}, ${tokens.length} by ${tokens.length}`);
    cells.forEach((row, i) =>
      row.forEach((place, j) => {
        const { text, label: told, share, map, state = "", data = {} } = cell(i, j);
        place.textContent = text;
        place.setAttribute("aria-label", `${tokens[i]} to ${tokens[j]}: ${told}`);
        for (const each of ["masked", "nan", "own"]) place.classList.toggle(each, each === state);
        paint(place, share, map);
        Object.assign(place.dataset, data);
      }),
    );
    part.querySelectorAll(".sum").forEach((place, at) => {
      place.textContent = sums === null ? "" : at === 0 ? "sum" : sums[at - 1];
    });
    fit();
  }

  // Numbers stand in the cells, and tokens level above them, where there is room for them.
  function fit() {
    if (cells.length === 0) return;
    const width = cells[0][0].getBoundingClientRect().width;
    const longest = Math.max(...tokens.map((token) => token.length));
    part.classList.toggle("numbered", width >= NARROWEST_NUMBERED_CELL);
    part.classList.toggle("roomy", longest * LETTER_WIDTH <= width);
  }

  function mark([i, j], mirrored = false) {
    current = [i, j];
    cells.flat().forEach((cell) => {
      cell.classList.remove("current", "mirror");
      cell.tabIndex = -1;
    });
    if (mirrored && i !== j) cells[j][i].classList.add("mirror");
    cells[i][j].classList.add("current");
    cells[i][j].tabIndex = 0;
    for (const [of, place] of [
      ["of-row", i],
      ["of-column", j],
    ]) {
      part
        .querySelectorAll(`.head.${of}`)
        .forEach((head, at) => head.classList.toggle("current", at === place));
    }
  }

  const placeOf = (target) => {
    const cell = target.closest(".cell");
    return cell && [Number(cell.dataset.row), Number(cell.dataset.column)];
  };

  function reach(i, j, by) {
    if (i !== current[0] || j !== current[1]) choose(i, j, by);
  }

  for (const kind of ["pointerover", "focusin", "click"]) {
    part.addEventListener(kind, (event) => {
      const place = placeOf(event.target);
      if (place) reach(...place, kind);
    });
  }
  part.addEventListener("keydown", (event) => {
    const to = step(event, current, cells.length, cells.length);
    if (!to) return;
    reach(...to, "keydown");
    cells[to[0]][to[1]].focus();
  });
  const watcher = new ResizeObserver(fit);
  watcher.observe(part);
  return { part, show, mark, placeOf, end: () => watcher.disconnect() };
}

// ---------------------------------------------------------------- bars

// A table of shares of 1 before and after something, with a bar for each row.
// `columns`: the heads of what stands right of the bars.
export function bars(columns) {
  const body = element("tbody");
  const heads = ["token", "", ...columns].map((head) => element("th", { scope: "col" }, head));
  const part = element(
    "table",
    { class: "bars" },
    element("thead", {}, element("tr", {}, ...heads)),
    body,
  );
  const bar = (kind, share) => {
    if (!(share > 0)) return [];
    const made = element("span", { class: kind });
    made.style.width = `${100 * share}%`;
    return [made];
  };

  // `rows`: [{label, before, after, tick, cut, cells}]; the longest bar fills its track, and a
  // tick, where a row has one, stands at a third share.
  function show(rows) {
    const shares = rows.flatMap(({ before, after, tick = 0 }) => [before, after, tick]);
    const most = Math.max(...shares.filter(Number.isFinite)) || 1;
    const made = rows.map(({ label, before, after, tick = 0, cut, cells }) =>
      element(
        "tr",
        cut ? { class: "cut" } : {},
        element("th", { scope: "row" }, cut ? element("s", {}, label) : label),
        element(
          "td",
          { class: "track" },
          ...bar("after", after / most),
          ...bar("before", before / most),
          ...bar("tick", tick / most),
        ),
        ...cells.map((text) => element("td", {}, text)),
      ),
    );
    body.replaceChildren(...made);
  }
  return { part, show };
}

// ---------------------------------------------------------------- the frame

function themed(theme, css) {
  const other = theme === "light" ? "dark" : "light";
  return `
    & { color-scheme: ${theme}; ${css[theme]} }
    & .cell { background-color: var(--fill-${theme}); color: var(--text-${theme}); }
    & .in-${theme} { display: block; }
    & .in-${other} { display: none; }`;
}

const styles = (css) => `
.spotlight-widget {
  ${themed("light", css)}
  @media (prefers-color-scheme: dark) { ${themed("dark", css)} }
  :where(body[data-jp-theme-light="true"], body.vscode-light) & { ${themed("light", css)} }
  :where(body[data-jp-theme-light="false"], body.vscode-dark) & { ${themed("dark", css)} }

  box-sizing: border-box; max-width: 46rem; padding: 2px;
  color: var(--jp-ui-font-color1, var(--spotlight-ink));
  font: 0.875rem/1.5 var(--jp-ui-font-family, system-ui, sans-serif);
  & *, & *::before { box-sizing: border-box; }
  & p { margin: 0.5rem 0; }
  & [hidden] { display: none; }
  & label, & legend { font-weight: 600; padding: 0; }
  & input:is([type="text"], [type="number"]) {
    padding: 0.2rem 0.4rem; font: inherit; color: inherit; background: transparent;
    border: 1px solid var(--spotlight-faint-ink); border-radius: 6px;
  }
  & input:is([type="radio"], [type="checkbox"], [type="range"]) {
    accent-color: var(--spotlight-query);
  }
  & .presets { display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0.5rem 0; }
  & button {
    padding: 0.25rem 0.65rem; font: inherit; font-size: 0.8125rem; color: inherit; cursor: pointer;
    text-align: left; background: transparent; border: 1px solid var(--spotlight-rule);
    border-radius: 1rem;
  }
  & button:hover { border-color: var(--spotlight-faint-ink); }
  & button[aria-pressed="true"] {
    border-color: var(--spotlight-query); box-shadow: inset 0 0 0 1px var(--spotlight-query);
  }
  & fieldset {
    display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; margin: 0.6rem 0; padding: 0; border: 0;
  }
  & legend { float: left; margin-right: 1rem; }
  & .side-by-side { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.5rem; }
  & fieldset label, & .toggle { font-weight: 400; cursor: pointer; }
  & .slider {
    display: grid; align-items: center; gap: 0.2rem 0.8rem; margin: 0.35rem 0;
    grid-template-columns: minmax(4.5rem, 6.5rem) minmax(4rem, 18rem) 5rem;
  }
  & .slider input { width: 100%; margin: 0; }
  & .slider input[type="range"] { height: 1.5rem; }
  & .slider input[type="number"] { font-variant-numeric: tabular-nums; }
  & :is(input, button, .cell, [tabindex]):focus-visible {
    outline: 3px solid var(--spotlight-query); outline-offset: 2px; z-index: 2;
  }

  & .axis { margin: 0.4rem 0 0.2rem; color: var(--spotlight-faint-ink); font-size: 0.8125rem; }
  & .grid {
    display: grid; gap: 1px; align-items: center; font-variant-numeric: tabular-nums;
    grid-template-columns:
      calc(var(--letters) * 1ch + 0.6rem) repeat(var(--tokens), minmax(0, 3.25rem)) 2.6rem;
  }
  & .row { display: contents; }
  & .head {
    overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
    font-size: 0.8125rem; line-height: 1.25;
  }
  & .head.of-row { padding-right: 0.4rem; text-align: right; }
  & .head.of-column { align-self: end; padding-bottom: 0.25rem; text-align: center; }
  & .grid:not(.roomy) .head.of-column {
    max-height: 7rem; justify-self: center; padding: 0.25rem 0 0; text-align: left;
    writing-mode: vertical-rl; transform: rotate(180deg);
  }
  & .head.current { font-weight: 700; }
  & .cell {
    position: relative; aspect-ratio: 1; display: grid; place-items: center; cursor: default;
    overflow: hidden; border-radius: 2px; font-size: 0.75rem; line-height: 1;
  }
  & .grid:not(.numbered) .cell { font-size: 0; }
  & .cell.masked {
    color: var(--jp-ui-font-color1, var(--spotlight-ink));
    background: var(--spotlight-background) repeating-linear-gradient(
      45deg, transparent 0 5px, var(--spotlight-rule) 5px 6px);
  }
  & .cell.own::after {
    content: ""; position: absolute; top: 3px; right: 3px; width: 0.35rem; height: 0.35rem;
    border-radius: 50%; background: currentColor;
  }
  & .cell.current { outline: 2px solid var(--jp-ui-font-color1, var(--spotlight-ink)); z-index: 1; }
  & .cell.mirror {
    outline: 2px dashed var(--jp-ui-font-color1, var(--spotlight-ink)); z-index: 1;
  }
  & .cell.nan {
    color: var(--spotlight-ink); background: var(--spotlight-rule); font-weight: 700;
  }
  & .sum { padding-left: 0.5rem; color: var(--spotlight-faint-ink); font-size: 0.75rem; }
  & .scale {
    display: flex; align-items: center; gap: 0.5rem; margin: 0.5rem 0;
    color: var(--spotlight-faint-ink); font-size: 0.75rem;
  }
  & .ramp { flex: 0 1 12rem; height: 0.6rem; border-radius: 3px; }
  & .pixels { width: 100%; height: 100%; image-rendering: pixelated; }
  & .bars {
    width: 100%; border-collapse: collapse; font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  & .bars :is(th, td) { padding: 0.12rem 0.4rem; text-align: right; font-weight: 400; border: 0; }
  & .bars thead th { color: var(--spotlight-faint-ink); vertical-align: bottom; }
  & .bars tr { background: none; }
  & .bars td { white-space: nowrap; }
  & .bars th[scope="row"] {
    max-width: 7rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  }
  & .bars .cut :is(th, td) { color: var(--spotlight-faint-ink); }
  & .bars .track { position: relative; width: 45%; height: 1.4rem; padding: 0; }
  & .bars .track span { position: absolute; left: 0; top: 0.15rem; bottom: 0.15rem; }
  & .bars .after { background: var(--spotlight-weights-5); border-radius: 2px; }
  & .bars .track .tick { top: -1px; bottom: -1px; border-right: 3px solid var(--spotlight-ink); }
  & .bars .before { border: 1px solid var(--spotlight-ink); border-radius: 2px; }
  & .bars .cut .before { border-color: var(--spotlight-faint-ink); }
  & .readout {
    margin: 0.6rem 0; padding: 0.5rem 0.8rem; border-radius: 6px;
    border: 1px solid var(--spotlight-rule); overflow-wrap: anywhere;
  }
  & .readout p { margin: 0 0 0.15rem; }
  & .readout .value { font-size: 1.0625rem; }
  & .caption { color: var(--spotlight-faint-ink); font-size: 0.8125rem; }
}`;

// The section that a widget lives in, with its style; its static picture makes way.
export function frame({ model, el }, name, label, css) {
  const root = element("section", {
    class: `spotlight-widget spotlight-${name}`,
    "aria-label": label,
  });
  const twin = model.get("twin");
  const makeWay = twin ? `[data-spotlight-twin="${twin}"] { display: none; }` : "";
  const sheet = element("style");
  sheet.textContent = `${styles(model.get("palette").css)}\n${css}\n${makeWay}`;
  el.append(sheet, root);
  return root;
}
