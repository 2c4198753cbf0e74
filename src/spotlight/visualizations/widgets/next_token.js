// The distribution over the next token: temperature, top-k, top-p, and draws from what is left.
//
// One ES module with two homes, as `attention_matrix.js` says. All data comes from `model`:
//   prompts       [{text, vocabulary, logits}]: which of the vocabularies, a logit for each token
//   vocabularies  lists of tokens
//   prompt        which of the prompts is on show
//   temperature, top_k (null: all), top_p: the controls
//   seed, drawn   what the draws start from, and the tokens drawn so far (their places)

import {
  TEMPERATURES,
  bars,
  button,
  element,
  fixed,
  follow,
  frame,
  liveText,
  newId,
  OWN_KEYS,
  paragraph,
  presets,
  publish,
  slider,
  softmax,
  visible,
  wholeNumbers,
} from "./shared.js";

const MOST_ROWS = 20;
const MOST_LISTED = 20;
const MOST_DRAWS = 10_000;

const STYLE = `
.spotlight-next {
  & .draws { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem; margin: 0.6rem 0; }
  & .draws input { width: 5rem; }
  & .draws label { margin-left: 0.6rem; }
  & .bars th[scope="row"] { max-width: min(8rem, 22vw); font-weight: 600; }
  & .drawn { min-height: 3rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
}`;

// ---------------------------------------------------------------- numbers

// The places of the logits from the largest down; of equals, the first comes first.
const ranked = (logits) => logits.map((_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);

// Top-k first, then top-p over what it left: the fewest tokens that together reach p.
function cut(shares, topK, topP) {
  const afterK = shares.slice(0, topK ?? shares.length);
  const total = afterK.reduce((sum, share) => sum + share, 0);
  let kept = afterK.length;
  if (topP < 1) {
    let sum = 0;
    kept = afterK.findIndex((share) => (sum += share / total) >= topP) + 1 || afterK.length;
  }
  const mass = shares.slice(0, kept).reduce((sum, share) => sum + share, 0);
  return { kept, afterK: afterK.length, mass };
}

// Mulberry32: a small generator that gives everyone the same numbers for the same seed.
function* uniform(seed) {
  let state = seed >>> 0;
  while (true) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

// ---------------------------------------------------------------- the page

function render({ model, el }) {
  const prompts = model.get("prompts");
  const vocabularies = model.get("vocabularies");
  const get = (name) => model.get(name);
  // Draws are from the distribution on show, so a change of it starts them anew.
  const change = (changes) => publish(model, { drawn: [], ...changes });

  const root = frame({ model, el }, "next", "The next token and how it is drawn", STYLE);
  const choice = presets(
    "Prompts",
    prompts.map(({ text }) => text),
    (prompt) => change({ prompt }),
  );
  const temperature = slider("Temperature", {
    ...TEMPERATURES,
    change: (temperature) => change({ temperature }),
  });
  const topK = slider("Top-k", {
    stops: [1],
    low: 1,
    high: 1,
    step: 1,
    change: (value) => change({ top_k: value >= size() ? null : value }),
  });
  const topP = slider("Top-p", {
    stops: wholeNumbers(1, 20).map((i) => i / 20),
    low: 0.01,
    high: 1,
    step: 0.01,
    change: (top_p) => change({ top_p }),
  });
  const summary = liveText("readout");
  const table = bars(["p", "after", "drawn"]);
  const buttons = [1, 10, 100].map((count) => button(`Draw ${count}`));
  const again = button("Start again");
  const seed = element("input", { type: "number", id: newId(), min: 0, step: 1, ...OWN_KEYS });
  const drawn = liveText("drawn");
  root.append(
    choice.part,
    temperature.part,
    topK.part,
    topP.part,
    summary,
    element(
      "div",
      { class: "draws" },
      ...buttons,
      again,
      element("label", { for: seed.id }, "Seed"),
      seed,
    ),
    table.part,
    drawn,
    paragraph(
      "caption",
      "p is the softmax of the logits over the temperature. Top-k keeps the k likeliest tokens; " +
        "top-p then keeps the fewest of those that together reach p of their weight, the one that " +
        "crosses the line included. What is left is divided by its sum (filled bars; outlined " +
        "before the cut; a tick marks the share of the draws). Equal seeds give equal draws.",
    ),
  );

  const orders = []; // of the tokens of each prompt, once it was shown
  let order = [];
  const size = () => order.length;
  const tokens = () => vocabularies[prompts[get("prompt")].vocabulary];

  // What the controls make of the logits, the likeliest token first.
  function distribution() {
    const { logits } = prompts[get("prompt")];
    order = orders[get("prompt")] ??= ranked(logits);
    const shares = softmax(order.map((place) => logits[place] / get("temperature")));
    return { shares, ...cut(shares, get("top_k"), get("top_p")) };
  }

  function draw() {
    const found = distribution();
    const steps = [...wholeNumbers(1, 10), 15, 20, 30, 50, 100, 200, 500, 1000, 5000, 20_000];
    topK.limit([...steps.filter((step) => step < size()), size()]);
    choice.show(get("prompt"));
    temperature.show(get("temperature"));
    topK.show(get("top_k") ?? size(), get("top_k") === null ? "all" : String(get("top_k")));
    topP.show(get("top_p"));
    seed.value = get("seed");
    summary.replaceChildren(...told(found));
    table.show(rows(found));
    drawn.textContent = listed();
    buttons.forEach((button) => (button.disabled = get("drawn").length >= MOST_DRAWS));
  }

  function told({ kept, mass }) {
    const names = order.slice(0, 3).map((place) => `“${visible(tokens()[place])}”`);
    const some = kept <= 3 ? names.slice(0, kept).join(", ") : `${names.join(", ")}, …`;
    return [
      paragraph(
        "value",
        element("strong", {}, `${kept} of ${size()} tokens`),
        ` can be drawn: ${some}`,
      ),
      element(
        "p",
        {},
        kept === size()
          ? "Nothing is cut off."
          : `Before the cut ${kept === 1 ? "it" : "they"} had ${fixed(mass, 4)} of the probability` +
              (kept === 1 ? "; now it has all." : "; each is divided by that."),
      ),
    ];
  }

  function rows({ shares, kept, afterK, mass }) {
    const total = get("drawn").length;
    const counts = new Map();
    for (const place of get("drawn")) counts.set(place, (counts.get(place) ?? 0) + 1);
    const told = (count) => ({
      text: total === 0 ? "" : String(count),
      tick: total === 0 ? 0 : count / total,
    });
    const some = order.slice(0, MOST_ROWS).map((place, rank) => {
      const isCut = rank >= kept;
      const after = isCut ? 0 : shares[rank] / mass;
      const { text, tick } = told(counts.get(place) ?? 0);
      return {
        label: visible(tokens()[place]),
        before: shares[rank],
        after,
        tick,
        cut: isCut,
        cells: [
          fixed(shares[rank], 4),
          isCut ? `cut: ${rank >= afterK ? "top-k" : "top-p"}` : fixed(after, 4),
          text,
        ],
      };
    });
    return size() <= MOST_ROWS ? some : [...some, others(shares, kept, mass, counts, told)];
  }

  // The row below the likeliest: too many tokens for a bar each, so one without a bar.
  function others(shares, kept, mass, counts, told) {
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    const left = shares.slice(MOST_ROWS, Math.max(kept, MOST_ROWS));
    const drawn = sum(order.slice(MOST_ROWS).map((place) => counts.get(place) ?? 0));
    const number = size() - MOST_ROWS;
    return {
      label: number === 1 ? "1 other" : `${number} others`,
      before: 0,
      after: 0,
      cut: kept <= MOST_ROWS,
      cells: [
        fixed(sum(shares.slice(MOST_ROWS)), 4),
        kept <= MOST_ROWS ? "cut" : fixed(sum(left) / mass, 4),
        told(drawn).text,
      ],
    };
  }

  function listed() {
    const all = get("drawn");
    if (all.length === 0) return "Nothing is drawn yet.";
    const last = all.slice(-MOST_LISTED).map((place) => visible(tokens()[place]));
    const more = all.length > MOST_LISTED ? `the last ${MOST_LISTED}: ` : "";
    return `${all.length} drawn: ${more}${last.join(" · ")}`;
  }

  function drawTokens(count) {
    const { shares, kept, mass } = distribution();
    const before = get("drawn");
    const numbers = uniform(get("seed"));
    before.forEach(() => numbers.next());
    const fresh = Array.from({ length: Math.min(count, MOST_DRAWS - before.length) }, () => {
      let left = numbers.next().value * mass;
      const rank = shares.slice(0, kept).findIndex((share) => (left -= share) < 0);
      return order[rank < 0 ? kept - 1 : rank];
    });
    publish(model, { drawn: [...before, ...fresh] });
  }

  buttons.forEach((button, at) => button.addEventListener("click", () => drawTokens(10 ** at)));
  again.addEventListener("click", () => change({}));
  seed.addEventListener("change", () => {
    const typed = seed.valueAsNumber;
    if (Number.isInteger(typed) && typed >= 0) change({ seed: typed });
    else seed.value = get("seed");
  });
  const names = ["prompt", "temperature", "top_k", "top_p", "seed", "drawn"];
  const unfollow = follow(model, names, draw);
  draw();
  return unfollow;
}

export default { render };
