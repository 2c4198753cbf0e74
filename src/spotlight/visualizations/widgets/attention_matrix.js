// The attention matrix of a sentence, from word vectors that can be read.
//
// One ES module with two homes: a notebook (through anywidget) and the course's page, which
// inlines this text. It fetches nothing. All data comes from `model`:
//   sentence, view ("weights" or "scores"), presets: what to show and to offer
//   vocabulary  {features, words: {word: numbers}, letter_step, separators, limit}
//   palette     {maps: {weights, signed: {light, dark: hex stops}}, css: {light, dark}}
//   twin        the id of a static picture that makes way for the live matrix, or ""

const TITLES = { weights: "softmax weights", scores: "raw scores" };
const NARROWEST_NUMBERED_CELL = 31; // CSS pixels
const LETTER_WIDTH = 8.4; // CSS pixels, of a bold letter in a column's label
const MOST_LETTERS = 9; // of a row's label; the rest is cut off

// ---------------------------------------------------------------- numbers

function splitWords(sentence, { separators }) {
  const text = sentence.normalize("NFC").toLowerCase().replace(/[’‘]/g, "'");
  return Array.from(text, (character) => (separators.includes(character) ? " " : character))
    .join("")
    .split(/\s+/)
    .map((part) => part.replace(/^['-]+|['-]+$/g, ""))
    .filter((word) => word !== "");
}

function vectorOf(word, vocabulary) {
  if (Object.hasOwn(vocabulary.words, word)) return vocabulary.words[word];
  const size = vocabulary.features.length;
  const counts = new Array(size).fill(0);
  for (const letter of word) {
    const place = letter.codePointAt(0) - "a".codePointAt(0);
    counts[((place % size) + size) % size] += vocabulary.letter_step;
  }
  return counts;
}

function attend(words, vocabulary) {
  const vectors = words.map((word) => vectorOf(word, vocabulary));
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const scores = vectors.map((a) => vectors.map((b) => dot(a, b)));
  const totals = scores.map((row) => row.reduce((sum, score) => sum + Math.exp(score), 0));
  const weights = scores.map((row) => {
    const most = Math.max(...row);
    const raised = row.map((score) => Math.exp(score - most));
    const total = raised.reduce((sum, value) => sum + value, 0);
    return raised.map((value) => value / total);
  });
  return { words, vectors, scores, weights, totals };
}

// The cell worth reading first: the largest weight between two different words.
function mostTelling({ words, weights }) {
  let best = [0, 0];
  let most = -1;
  weights.forEach((row, i) =>
    row.forEach((weight, j) => {
      if (words[i] !== words[j] && weight > most) [best, most] = [[i, j], weight];
    }),
  );
  return best;
}

// ---------------------------------------------------------------- words about numbers

const minus = (text) => text.replace("-", "−");
const plain = (value) => minus(String(Number(value.toFixed(2))));
const inCell = (value, view) => (view === "weights" ? value.toFixed(2) : plain(value));
const exact = (value, view) => (view === "weights" ? value.toFixed(4) : plain(value));

function strongest(vector, features) {
  const named = vector
    .map((value, i) => [value, features[i]])
    .filter(([value]) => value !== 0)
    .sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]));
  const told = named.slice(0, 3).map(([value, feature]) => `${feature} ${plain(value)}`);
  return (told.join(", ") || "all zero") + (named.length > 3 ? ", …" : "");
}

function product(a, b, features) {
  const terms = a
    .map((value, i) => [value, b[i], features[i]])
    .filter(([left, right]) => left * right !== 0)
    .map(([left, right, feature]) => `${plain(left)} × ${plain(right)} (${feature})`);
  return terms.length > 0 ? terms.join(" + ") : "no feature in common";
}

function list(items) {
  const quoted = items.map((item) => `“${item}”`);
  if (quoted.length < 2) return quoted.join("");
  return `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
}

function origins(words, total, vocabulary) {
  const strangers = [...new Set(words)].filter((word) => !Object.hasOwn(vocabulary.words, word));
  const sentences = [
    `Each word's vector comes from a table written by hand, with ${vocabulary.features.length} ` +
      `named features: ${vocabulary.features.join(", ")}.`,
  ];
  if (strangers.length > 0) {
    const [are, get] = strangers.length > 1 ? ["are", "get vectors"] : ["is", "gets a vector"];
    const whose = strangers.length > 1 ? "their" : "its";
    sentences.push(
      `${list(strangers)} ${are} not in it and ${get} from ${whose} letters, without meaning.`,
    );
  }
  sentences.push("Nothing was trained, and the order of the words plays no part.");
  if (total > words.length) {
    sentences.push(`Only the first ${words.length} of ${total} words are shown.`);
  }
  return sentences.join(" ");
}

// ---------------------------------------------------------------- colours

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function blend(stops, share) {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
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

function paint(cell, share, map) {
  for (const [theme, stops] of Object.entries(map)) {
    const rgb = blend(stops, share);
    cell.style.setProperty(`--fill-${theme}`, `rgb(${rgb.join(" ")})`);
    cell.style.setProperty(`--text-${theme}`, legibleOn(rgb));
  }
}

// ---------------------------------------------------------------- the page

// On what has the focus and uses arrow keys: JupyterLab's own single-key shortcuts stay out.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function themed(theme, css) {
  return `
    & { color-scheme: ${theme}; ${css[theme]} }
    & .cell { background: var(--fill-${theme}); color: var(--text-${theme}); }`;
}

const styles = (css) => `
.spotlight-matrix {
  ${themed("light", css)}
  @media (prefers-color-scheme: dark) { ${themed("dark", css)} }
  body[data-jp-theme-light="true"] &, body.vscode-light & { ${themed("light", css)} }
  body[data-jp-theme-light="false"] &, body.vscode-dark & { ${themed("dark", css)} }

  box-sizing: border-box; max-width: 46rem; padding: 2px;
  color: var(--jp-ui-font-color1, var(--spotlight-ink));
  font: 0.875rem/1.5 var(--jp-ui-font-family, system-ui, sans-serif);
  & *, & *::before { box-sizing: border-box; }
  & p { margin: 0.5rem 0; }
  & [hidden] { display: none; }
  & label, & legend { font-weight: 600; padding: 0; }
  & input[type="text"] {
    display: block; width: 100%; margin-top: 0.2rem; padding: 0.45rem 0.6rem; font: inherit;
    font-size: 1rem; color: inherit; background: transparent;
    border: 1px solid var(--spotlight-faint-ink); border-radius: 6px;
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
  & fieldset label { font-weight: 400; cursor: pointer; }
  & :is(input, button, .cell):focus-visible {
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
  &:not(.roomy) .head.of-column {
    max-height: 7rem; justify-self: center; padding: 0.25rem 0 0; text-align: left;
    writing-mode: vertical-rl; transform: rotate(180deg);
  }
  & .head.current { font-weight: 700; }
  & .cell {
    position: relative; aspect-ratio: 1; display: grid; place-items: center; cursor: default;
    overflow: hidden; border-radius: 2px; font-size: 0.75rem; line-height: 1;
  }
  &:not(.numbered) .cell { font-size: 0; }
  & .cell.current { outline: 2px solid var(--jp-ui-font-color1, var(--spotlight-ink)); z-index: 1; }
  & .cell.mirror {
    outline: 2px dashed var(--jp-ui-font-color1, var(--spotlight-ink)); z-index: 1;
  }
  & .sum { padding-left: 0.5rem; color: var(--spotlight-faint-ink); font-size: 0.75rem; }
  & .scale {
    display: flex; align-items: center; gap: 0.5rem; margin: 0.5rem 0;
    color: var(--spotlight-faint-ink); font-size: 0.75rem;
  }
  & .ramp { flex: 0 1 12rem; height: 0.6rem; border-radius: 3px; }
  & .readout {
    min-height: 8.2rem; margin: 0.6rem 0; padding: 0.5rem 0.8rem; border-radius: 6px;
    border: 1px solid var(--spotlight-rule); overflow-wrap: anywhere;
  }
  & .readout p { margin: 0 0 0.15rem; }
  & .readout .value { font-size: 1.0625rem; }
  & .caption { color: var(--spotlight-faint-ink); font-size: 0.8125rem; }
}`;

function render({ model, el }) {
  const vocabulary = model.get("vocabulary");
  const palette = model.get("palette");
  // Two matrices on a page may come from two copies of this module: no counter tells them apart.
  const id = `spotlight-matrix-${Math.random().toString(36).slice(2)}`;
  let drawn = null; // what `attend` returned for the sentence on show
  let cells = [];
  let current = [0, 0];

  const root = element("section", {
    class: "spotlight-matrix",
    "aria-label": "Attention matrix of a sentence",
  });
  const twin = model.get("twin");
  const makeWay = twin ? `[data-spotlight-twin="${twin}"] { display: none; }` : "";
  const sheet = element("style");
  sheet.textContent = styles(palette.css) + makeWay;

  const sentence = element("input", {
    type: "text",
    id: `${id}-sentence`,
    autocomplete: "off",
    spellcheck: "false",
  });
  const presets = element("div", {
    class: "presets",
    role: "group",
    "aria-label": "Example sentences",
  });
  const buttons = model.get("presets").map((text) => element("button", { type: "button" }, text));
  presets.append(...buttons);
  const choices = Object.entries(TITLES).map(([view, title]) => {
    const radio = element("input", {
      type: "radio",
      name: `${id}-view`,
      value: view,
      ...OWN_KEYS,
    });
    return { radio, label: element("label", {}, radio, ` ${title}`) };
  });
  const views = element(
    "fieldset",
    {},
    element("legend", {}, "Show"),
    ...choices.map(({ label }) => label),
  );
  const axis = element("p", { class: "axis", id: `${id}-axis` });
  const grid = element("div", { class: "grid", role: "grid", "aria-describedby": axis.id });
  const scale = element("div", { class: "scale" });
  const readout = element("div", { class: "readout", "aria-live": "polite" });
  const caption = element("p", { class: "caption" });
  root.append(
    element("label", { for: sentence.id }, "Sentence"),
    sentence,
    presets,
    views,
    axis,
    grid,
    scale,
    readout,
    caption,
  );
  el.append(sheet, root);

  const view = () => model.get("view");
  const values = () => drawn[view()];

  function draw() {
    const text = model.get("sentence");
    const everything = splitWords(text, vocabulary);
    const words = everything.slice(0, vocabulary.limit);
    if (sentence.value !== text) sentence.value = text;
    buttons.forEach((button) =>
      button.setAttribute("aria-pressed", String(button.textContent === text)),
    );
    choices.forEach(({ radio }) => (radio.checked = radio.value === view()));
    for (const part of [grid, scale, readout]) part.hidden = words.length === 0;
    if (words.length === 0) {
      drawn = null;
      cells = [];
      grid.replaceChildren();
      axis.textContent = "Type a sentence above: one word is enough.";
      caption.textContent = "";
      return;
    }
    const same = drawn !== null && drawn.words.join(" ") === words.join(" ");
    drawn = attend(words, vocabulary);
    if (!same) current = mostTelling(drawn);
    axis.textContent = "Each row is a word being updated, each column a word attended to.";
    caption.textContent = origins(words, everything.length, vocabulary);
    build();
    fit();
    mark();
  }

  function build() {
    const { words, scores, weights } = drawn;
    const shown = values();
    const most = Math.max(...scores.flat().map(Math.abs)) || 1;
    const map = view() === "weights" ? palette.maps.weights : palette.maps.signed;
    const share = (value) => (view() === "weights" ? value : (value / most + 1) / 2);

    const longest = Math.max(...words.map((word) => word.length));
    grid.style.setProperty("--tokens", words.length);
    grid.style.setProperty("--letters", Math.min(longest, MOST_LETTERS));
    grid.setAttribute("aria-label", `${TITLES[view()]}, ${words.length} by ${words.length}`);
    const top = element("div", { class: "row", role: "row" }, element("span"));
    words.forEach((word) =>
      top.append(element("span", { class: "head of-column", role: "columnheader" }, word)),
    );
    const sums = view() === "weights";
    top.append(element("span", { class: "sum" }, sums ? "sum" : ""));
    cells = words.map((rowWord, i) =>
      words.map((columnWord, j) => {
        const value = inCell(shown[i][j], view());
        const cell = element(
          "span",
          {
            class: "cell",
            role: "gridcell",
            tabindex: "-1",
            ...OWN_KEYS,
            "aria-label": `${rowWord} to ${columnWord}: ${value}`,
            "data-row": i,
            "data-column": j,
            "data-score": scores[i][j],
            "data-weight": weights[i][j],
          },
          value,
        );
        paint(cell, share(shown[i][j]), map);
        return cell;
      }),
    );
    const rows = cells.map((row, i) =>
      element(
        "div",
        { class: "row", role: "row" },
        element("span", { class: "head of-row", role: "rowheader" }, words[i]),
        ...row,
        element(
          "span",
          { class: "sum" },
          sums ? weights[i].reduce((sum, weight) => sum + weight, 0).toFixed(2) : "",
        ),
      ),
    );
    grid.replaceChildren(top, ...rows);

    const name = view() === "weights" ? "weights" : "signed";
    const stops = palette.maps[name].light.map((_, i) => `var(--spotlight-${name}-${i})`);
    const ramp = element("span", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const [low, high] = sums ? ["0", "1"] : [plain(-most), plain(most)];
    scale.replaceChildren(TITLES[view()].split(" ")[1].slice(0, -1), " ", low, ramp, high);
  }

  // Numbers stand in the cells, and words level above them, where there is room for them.
  function fit() {
    if (drawn === null) return;
    const width = cells[0][0].getBoundingClientRect().width;
    const longest = Math.max(...drawn.words.map((word) => word.length));
    root.classList.toggle("numbered", width >= NARROWEST_NUMBERED_CELL);
    root.classList.toggle("roomy", longest * LETTER_WIDTH <= width);
  }

  function mark() {
    const [i, j] = current;
    const heads = (of) => grid.querySelectorAll(`.head.${of}`);
    cells.flat().forEach((cell) => {
      cell.classList.remove("current", "mirror");
      cell.tabIndex = -1;
    });
    cells[j][i].classList.add("mirror");
    cells[i][j].classList.remove("mirror");
    cells[i][j].classList.add("current");
    cells[i][j].tabIndex = 0;
    heads("of-row").forEach((head, at) => head.classList.toggle("current", at === i));
    heads("of-column").forEach((head, at) => head.classList.toggle("current", at === j));
    describe(i, j);
  }

  function describe(i, j) {
    const { words, vectors, scores, totals } = drawn;
    const { features } = vocabulary;
    const value = exact(values()[i][j], view());
    const score = plain(scores[i][j]);
    const lines = [
      view() === "weights"
        ? [
            "Weight: e",
            element("sup", {}, score),
            ` ÷ ${totals[i].toPrecision(4)}, the sum of e`,
            element("sup", {}, "score"),
            " along the row.",
          ]
        : "Score: the dot product of the two vectors.",
      i === j
        ? "On the diagonal a cell is its own mirror."
        : `Mirror cell (dashed), “${words[j]}” to “${words[i]}”: ` +
          `${exact(values()[j][i], view())}.`,
      `${words[i]} · ${words[j]} = ${product(vectors[i], vectors[j], features)} = ${score}`,
      `${words[i]}: ${strongest(vectors[i], features)}.` +
        (words[i] === words[j] ? "" : ` ${words[j]}: ${strongest(vectors[j], features)}.`),
    ];
    readout.replaceChildren(
      element(
        "p",
        { class: "value" },
        `Row “${words[i]}”, column “${words[j]}”: `,
        element("strong", {}, value),
      ),
      ...lines.map((line) => element("p", {}, ...[line].flat())),
    );
  }

  function choose(i, j) {
    if (i === current[0] && j === current[1]) return;
    current = [i, j];
    mark();
  }

  function cellOf(event) {
    const cell = event.target.closest(".cell");
    return cell && [Number(cell.dataset.row), Number(cell.dataset.column)];
  }

  function publish(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  sentence.addEventListener("input", () => publish("sentence", sentence.value));
  presets.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) publish("sentence", button.textContent);
  });
  views.addEventListener("change", (event) => publish("view", event.target.value));
  for (const kind of ["pointerover", "focusin", "click"]) {
    grid.addEventListener(kind, (event) => {
      const place = cellOf(event);
      if (place) choose(...place);
    });
  }
  grid.addEventListener("keydown", (event) => {
    const [i, j] = current;
    const last = cells.length - 1;
    const to = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      ArrowLeft: [i, j - 1],
      ArrowRight: [i, j + 1],
      Home: [event.ctrlKey ? 0 : i, 0],
      End: [event.ctrlKey ? last : i, last],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    const [row, column] = to.map((at) => Math.min(Math.max(at, 0), last));
    choose(row, column);
    cells[row][column].focus();
  });
  model.on("change:sentence", draw);
  model.on("change:view", draw);
  const watcher = new ResizeObserver(fit);
  watcher.observe(root);
  draw();
  return () => {
    watcher.disconnect();
    model.off("change:sentence", draw);
    model.off("change:view", draw);
  };
}

export default { render };
