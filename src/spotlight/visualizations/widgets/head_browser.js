// Every attention head of a model on a sentence: thumbnails, one head large, measured roles.
//
// One ES module with two homes, as `attention_matrix.js` says. All data comes from `model`:
//   sentences            [{text, tokens, weights, causal}]: L · H · n · n numbers 0 to 65535,
//                        packed; whether no head gives any weight to tokens that come later
//   layers, heads        L and H
//   roles                [{layer, head, role, score}]: what heads were measured to do
//   sentence, layer, head: what is on show

import {
  OWN_KEYS,
  element,
  fixed,
  follow,
  frame,
  liveText,
  newId,
  paragraph,
  pixels,
  presets,
  publish,
  ramp,
  step,
  tokenGrid,
  unpacked,
  visible,
  wholeNumbers,
} from "./shared.js";

const FULL = 65535;
const MOST_NAMED = 3;

const STYLE = `
.spotlight-heads {
  & .thumbs {
    display: grid; gap: 0.35rem; margin: 0.3rem 0 0.6rem; max-width: 36rem;
    container-type: inline-size;
    grid-template-columns: 2.4rem repeat(var(--heads), minmax(0, 1fr));
  }
  & .layer {
    align-self: center; color: var(--spotlight-faint-ink); font-size: 0.75rem; text-align: right;
  }
  & .thumb {
    min-width: 0; padding: 2px; border: 1px solid var(--spotlight-rule); border-radius: 4px;
    cursor: pointer;
    font-size: 0.6875rem; line-height: 1.25; text-align: center; overflow-wrap: anywhere;
  }
  & .thumb:hover { border-color: var(--spotlight-faint-ink); }
  & .thumb[aria-selected="true"] {
    border-color: var(--spotlight-query); box-shadow: 0 0 0 1px var(--spotlight-query);
  }
  & .thumb .pixels { aspect-ratio: 1; height: auto; }
  & .tag { display: block; font-weight: 600; }
  @container (max-width: 28rem) {
    & .tag { display: inline; font-size: 0; }
    & .tag::before { content: " ●"; font-size: 0.6875rem; }
  }
  & .roles { display: flex; flex-wrap: wrap; align-items: center; gap: 0.1rem 0.6rem; }
  & h4 { margin: 0.6rem 0 0; font-size: 1rem; font-weight: 600; }
  & .readout { min-height: 5rem; }
}`;

function render({ model, el }) {
  const { maps } = model.get("palette");
  const get = (name) => model.get(name);
  const sentences = get("sentences").map(({ text, tokens, weights, causal }) => {
    const packed = unpacked(weights);
    const size = tokens.length;
    const at = (layer, head, i, j) =>
      packed[((layer * get("heads") + head) * size + i) * size + j] / FULL;
    return { text, tokens: tokens.map(visible), causal, at };
  });
  const layers = wholeNumbers(0, get("layers") - 1);
  const heads = wholeNumbers(0, get("heads") - 1);
  const roles = get("roles");
  const rolesOf = (layer, head) =>
    roles.filter((role) => role.layer === layer && role.head === head);
  let current = null; // the cell that is read
  let pictured = null; // which sentence the thumbnails show

  const root = frame({ model, el }, "heads", "The attention heads of a model", STYLE);
  const choice = presets(
    "Sentences",
    sentences.map(({ text }) => text),
    (sentence) => publish(model, { sentence }),
  );
  const shortcuts = presets(
    "Heads with a measured role",
    roles.map(({ role, score }) => `${role} ${fixed(score, 2)}`),
    (at) => publish(model, { layer: roles[at].layer, head: roles[at].head }),
  );
  const how = element(
    "p",
    { class: "axis", id: newId() },
    "Every head on this sentence, as layer.head: a row for each layer, the first layer on top.",
  );
  const thumbs = element("div", {
    class: "thumbs",
    role: "grid",
    "aria-label": "Heads",
    "aria-describedby": how.id,
  });
  thumbs.style.setProperty("--heads", heads.length);
  const places = layers.map((layer) =>
    heads.map((head) =>
      element("div", {
        class: "thumb",
        role: "gridcell",
        tabindex: "-1",
        ...OWN_KEYS,
        "data-layer": layer,
        "data-head": head,
      }),
    ),
  );
  places.forEach((row, layer) =>
    thumbs.append(
      element(
        "div",
        { class: "row", role: "row" },
        element("span", { class: "layer", role: "rowheader" }, `layer ${layer}`),
        ...row,
      ),
    ),
  );
  const title = element("h4");
  const axis = element(
    "p",
    { class: "axis", id: newId() },
    "Each row is a token being updated, each column a token attended to.",
  );
  const grid = tokenGrid(axis.id, (i, j) => {
    current = [i, j];
    mark();
  });
  const scale = element("div", { class: "scale" });
  const readout = liveText("readout");
  scale.replaceChildren(...ramp("weight", "weights", maps.weights.light, "0", "1"));
  root.append(
    choice.part,
    how,
    thumbs,
    ...(roles.length > 0 ? [element("div", { class: "roles" }, "Measured: ", shortcuts.part)] : []),
    title,
    axis,
    grid.part,
    scale,
    readout,
    paragraph(
      "caption",
      "Attention weights as the model computed them. Layers and heads are counted from 0." +
        (roles.length > 0
          ? " A name under a head says what it was measured to do over many texts, with its mean " +
            "weight on the token that it looks for; most heads have no such name."
          : ""),
    ),
  );

  const sentence = () => sentences[get("sentence")];
  const weight = (i, j) => sentence().at(get("layer"), get("head"), i, j);

  function strongest(i) {
    const { tokens } = sentence();
    const row = tokens.map((_, j) => [weight(i, j), j]);
    return row.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  }

  function drawThumbs() {
    if (pictured !== get("sentence")) {
      pictured = get("sentence");
      const { tokens, at } = sentence();
      places.flat().forEach((place) => {
        const [layer, head] = [Number(place.dataset.layer), Number(place.dataset.head)];
        const share = (i, j) => at(layer, head, i, j);
        const tags = rolesOf(layer, head).map(({ role }) =>
          element("span", { class: "tag" }, role),
        );
        place.replaceChildren(
          ...pixels(tokens.length, tokens.length, share, maps.weights),
          element("span", {}, `${layer}.${head}`),
          ...tags,
        );
        place.setAttribute("aria-label", named(layer, head));
      });
    }
    places.flat().forEach((place) => {
      const chosen =
        Number(place.dataset.layer) === get("layer") && Number(place.dataset.head) === get("head");
      place.setAttribute("aria-selected", String(chosen));
      place.tabIndex = chosen ? 0 : -1;
    });
  }

  function named(layer, head) {
    const roles = rolesOf(layer, head).map(({ role, score }) => `${role} ${fixed(score, 2)}`);
    return [`Layer ${layer}, head ${head}`, ...roles].join(" · ");
  }

  function draw() {
    const { tokens, causal } = sentence();
    const fresh = pictured !== get("sentence");
    choice.show(get("sentence"));
    shortcuts.show(
      roles.findIndex(({ layer, head }) => layer === get("layer") && head === get("head")),
    );
    drawThumbs();
    title.textContent = named(get("layer"), get("head"));
    grid.show(tokens, named(get("layer"), get("head")), (i, j) => {
      const later = causal && j > i;
      return {
        text: later ? "" : fixed(weight(i, j), 2).replace(/^0\.00$/, "0"),
        label: later ? "masked" : fixed(weight(i, j), 4),
        share: weight(i, j),
        map: maps.weights,
        state: later ? "masked" : "",
        data: { weight: weight(i, j) },
      };
    });
    // Another head is read at the same row, another sentence at its last.
    const row = fresh ? tokens.length - 1 : current[0];
    current = [row, strongest(row)[0][1]];
    mark();
  }

  function mark() {
    grid.mark(current);
    const [i, j] = current;
    const { tokens } = sentence();
    const most = strongest(i).slice(0, MOST_NAMED);
    readout.replaceChildren(
      paragraph(
        "value",
        `Row “${tokens[i]}”, column “${tokens[j]}”: `,
        element("strong", {}, fixed(weight(i, j), 4)),
      ),
      element(
        "p",
        {},
        `“${tokens[i]}” (place ${i}) gets most from `,
        most.map(([share, at]) => `“${tokens[at]}” (place ${at}) ${fixed(share, 2)}`).join(", "),
        ".",
      ),
    );
  }

  function select(place) {
    const [layer, head] = [Number(place.dataset.layer), Number(place.dataset.head)];
    if (layer !== get("layer") || head !== get("head")) publish(model, { layer, head });
  }

  for (const kind of ["click", "focusin"]) {
    thumbs.addEventListener(kind, (event) => {
      const place = event.target.closest(".thumb");
      if (place) select(place);
    });
  }
  thumbs.addEventListener("keydown", (event) => {
    const to = step(event, [get("layer"), get("head")], layers.length, heads.length);
    if (to) places[to[0]][to[1]].focus();
  });
  const unfollow = follow(model, ["sentence", "layer", "head"], draw);
  draw();
  return () => {
    grid.end();
    unfollow();
  };
}

export default { render };
