// The attention matrix of a sentence, from word vectors that can be read.
//
// One ES module with two homes: a notebook (through anywidget) and the course's page, which
// inlines this text. It fetches nothing. All data comes from `model`:
//   sentence, view ("weights" or "scores"), causal, temperature, presets: what to show and offer
//   own_scores  [[row, column, score]]: set by hand, in place of dot products
//   vocabulary  {features, words: {word: numbers}, letter_step, separators, limit}
//   palette     {maps: {weights, signed: {light, dark: hex stops}}, css: {light, dark}}
//   twin        the id of a static picture that makes way for the live matrix, or ""

import {
  OWN_KEYS,
  TEMPERATURES,
  button,
  choices,
  element,
  fixed,
  follow,
  frame,
  list,
  liveText,
  newId,
  paragraph,
  plain,
  presets,
  publish,
  ramp,
  slider,
  softmax,
  toggle,
  tokenGrid,
  within,
} from "./shared.js";

const MOST_SCORE = 50;
const TITLES = { weights: "softmax weights", scores: "raw scores" };

const STYLE = `
.spotlight-matrix {
  & input[type="text"] {
    display: block; width: 100%; margin-top: 0.2rem; padding: 0.45rem 0.6rem; font-size: 1rem;
  }
  & .readout { min-height: 8.2rem; }
  & .own-score { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.6rem; }
  & .own-score input { width: 5rem; }
  & .grid.held .cell.current { outline-width: 4px; }
}`;

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

function attend(words, vocabulary, { causal, temperature, ownScores }) {
  const vectors = words.map((word) => vectorOf(word, vocabulary));
  const dots = vectors.map((a) =>
    vectors.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0)),
  );
  const own = dots.map(() => []);
  for (const [i, j, score] of ownScores) if (i < words.length) own[i][j] = score;
  const scores = dots.map((row, i) =>
    row.map((dot, j) => (causal && j > i ? -Infinity : (own[i][j] ?? dot))),
  );
  const divided = scores.map((row) => row.map((score) => score / temperature));
  const totals = divided.map((row) => row.reduce((sum, score) => sum + Math.exp(score), 0));
  return { words, vectors, dots, own, scores, totals, weights: divided.map(softmax) };
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

const inCell = (value, view) => (view === "weights" ? fixed(value, 2) : plain(value));
const exact = (value, view) => (view === "weights" ? fixed(value, 4) : plain(value));

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

function origins(words, total, vocabulary, causal) {
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
  sentences.push(
    "Nothing was trained, and the order of the words plays no part" +
      (causal ? " but in what is masked." : "."),
  );
  if (total > words.length) {
    sentences.push(`Only the first ${words.length} of ${total} words are shown.`);
  }
  return sentences.join(" ");
}

// ---------------------------------------------------------------- the page

function render({ model, el }) {
  const vocabulary = model.get("vocabulary");
  const { maps } = model.get("palette");
  let drawn = null; // what `attend` returned for the sentence on show
  let current = [0, 0];
  let held = null; // the cell that stays chosen while the pointer moves on, or null

  const root = frame({ model, el }, "matrix", "Attention matrix of a sentence", STYLE);
  const sentence = element("input", {
    type: "text",
    id: newId(),
    autocomplete: "off",
    spellcheck: "false",
  });
  const examples = model.get("presets");
  const say = (sentence) => publish(model, { own_scores: [], sentence });
  const buttons = presets("Example sentences", examples, (at) => say(examples[at]));
  const views = choices("Show", TITLES, (view) => publish(model, { view }));
  const causal = toggle("mask words that come later", (causal) => publish(model, { causal }));
  const temperature = slider("Temperature", {
    ...TEMPERATURES,
    change: (temperature) => publish(model, { temperature }),
  });
  const axis = element("p", { class: "axis", id: newId() });
  const grid = tokenGrid(axis.id, (i, j, by) => {
    if (held && by === "pointerover") return;
    current = [i, j];
    if (held) held = current;
    mark();
  });
  const score = element("input", {
    type: "number",
    id: newId(),
    step: 0.5,
    min: -MOST_SCORE,
    max: MOST_SCORE,
    ...OWN_KEYS,
  });
  const scoreLabel = element("label", { for: score.id });
  const back = button("Put all back");
  const ownScore = element("div", { class: "own-score" }, scoreLabel, score, back);
  const scale = element("div", { class: "scale" });
  const readout = liveText("readout");
  const caption = paragraph("caption");
  root.append(
    element("label", { for: sentence.id }, "Sentence"),
    sentence,
    buttons.part,
    element("div", { class: "side-by-side" }, views.part, causal.part),
    temperature.part,
    axis,
    grid.part,
    scale,
    ownScore,
    readout,
    caption,
  );

  const view = () => model.get("view");

  function draw() {
    const text = model.get("sentence");
    const everything = splitWords(text, vocabulary);
    const words = everything.slice(0, vocabulary.limit);
    if (sentence.value !== text) sentence.value = text;
    buttons.show(examples.indexOf(text));
    views.show(view());
    causal.show(model.get("causal"));
    temperature.show(model.get("temperature"));
    for (const part of [grid.part, scale, ownScore, readout]) part.hidden = words.length === 0;
    if (words.length === 0) {
      drawn = null;
      axis.textContent = "Type a sentence above: one word is enough.";
      caption.textContent = "";
      return;
    }
    const same = drawn !== null && drawn.words.join(" ") === words.join(" ");
    drawn = attend(words, vocabulary, {
      causal: model.get("causal"),
      temperature: model.get("temperature"),
      ownScores: model.get("own_scores"),
    });
    if (!same) {
      current = mostTelling(drawn);
      held = null;
    }
    axis.textContent =
      "Each row is a word being updated, each column a word attended to. Click a cell to hold it.";
    caption.textContent = origins(words, everything.length, vocabulary, model.get("causal"));
    fill();
    mark();
  }

  function fill() {
    const { words, own, scores, weights } = drawn;
    const weighted = view() === "weights";
    const finite = scores.flat().filter(Number.isFinite);
    const most = Math.max(...finite.map(Math.abs)) || 1;
    const [name, map] = weighted ? ["weights", maps.weights] : ["signed", maps.signed];
    const shown = drawn[view()];
    const cell = (i, j) => {
      const masked = scores[i][j] === -Infinity;
      const text = masked && weighted ? "0" : inCell(shown[i][j], view());
      return {
        text,
        label: masked ? "masked" : text,
        share: weighted ? shown[i][j] : (shown[i][j] / most + 1) / 2,
        map,
        state: masked ? "masked" : own[i][j] === undefined ? "" : "own",
        data: { score: scores[i][j], weight: weights[i][j] },
      };
    };
    const sums = weights.map((row) =>
      fixed(
        row.reduce((sum, weight) => sum + weight, 0),
        2,
      ),
    );
    grid.show(words, TITLES[view()], cell, weighted ? sums : null);
    const ends = weighted ? ["0", "1"] : [plain(-most), plain(most)];
    scale.replaceChildren(...ramp(weighted ? "weight" : "score", name, map.light, ...ends));
  }

  function mark() {
    grid.mark(current, true);
    grid.part.classList.toggle("held", held !== null);
    const [i, j] = current;
    const { words, vectors, dots, own, scores } = drawn;
    const { features } = vocabulary;
    const shown = drawn[view()];
    const masked = scores[i][j] === -Infinity;
    const reason = masked ? "the mask puts −∞ in its place" : "you set a score";
    scoreLabel.textContent = `Score of “${words[i]}” to “${words[j]}”, by hand`;
    score.value = masked ? "" : Number(scores[i][j].toFixed(4));
    score.disabled = masked;
    back.hidden = model.get("own_scores").length === 0;
    const lines = [
      explained(i, j),
      i === j
        ? "On the diagonal a cell is its own mirror."
        : `Mirror cell (dashed), “${words[j]}” to “${words[i]}”: ` +
          (scores[j][i] === -Infinity ? "masked." : `${exact(shown[j][i], view())}.`),
      `${words[i]} · ${words[j]} = ${product(vectors[i], vectors[j], features)} = ${plain(dots[i][j])}` +
        (masked || own[i][j] !== undefined ? `, not used: ${reason}` : ""),
      `${words[i]}: ${strongest(vectors[i], features)}.` +
        (words[i] === words[j] ? "" : ` ${words[j]}: ${strongest(vectors[j], features)}.`),
    ];
    readout.replaceChildren(
      paragraph(
        "value",
        `Row “${words[i]}”, column “${words[j]}”: `,
        element("strong", {}, exact(shown[i][j], view())),
      ),
      ...lines.map((line) => element("p", {}, ...[line].flat())),
    );
  }

  function hold(place) {
    held = place;
    if (place) current = place;
    mark();
  }

  // The chosen cell's score, or with no number its dot product again.
  function setScore(value) {
    const [i, j] = current;
    const others = model.get("own_scores").filter(([row, column]) => row !== i || column !== j);
    const own = Number.isFinite(value) ? [[i, j, within(value, -MOST_SCORE, MOST_SCORE)]] : [];
    publish(model, { own_scores: [...others, ...own] });
  }

  function explained(i, j) {
    const { own, scores, totals, words } = drawn;
    if (scores[i][j] === -Infinity) return `Masked: “${words[j]}” comes after “${words[i]}”.`;
    if (view() === "scores") {
      return own[i][j] === undefined
        ? "Score: the dot product of the two vectors."
        : "Score: set by hand. A dot product would give the mirror cell the same.";
    }
    const heat = model.get("temperature");
    const power = (score) => element("sup", {}, heat === 1 ? score : `${score} ÷ ${plain(heat)}`);
    return [
      "Weight: e",
      power(plain(scores[i][j])),
      ` ÷ ${totals[i].toPrecision(4)}, the sum of e`,
      power("score"),
      " along the row.",
    ];
  }

  sentence.addEventListener("input", () => say(sentence.value));
  grid.part.addEventListener("click", (event) => {
    const place = grid.placeOf(event.target);
    if (place) hold(held?.join() === place.join() ? null : place);
  });
  grid.part.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hold(null);
  });
  score.addEventListener("focus", () => hold(current));
  score.addEventListener("change", () => setScore(score.valueAsNumber));
  back.addEventListener("click", () => publish(model, { own_scores: [] }));
  const unfollow = follow(model, ["sentence", "view", "causal", "temperature", "own_scores"], draw);
  draw();
  return () => {
    grid.end();
    unfollow();
  };
}

export default { render };
