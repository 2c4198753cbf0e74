// One widget at a time, each drawn when it is first asked for. Here a widget's model is no more
// than a record that tells its listeners.
function recordOf(state) {
  const listeners = {};
  return {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      (listeners[`change:${name}`] ?? []).forEach((listener) => listener());
    },
    save_changes: () => {},
    on: (event, listener) => {
      (listeners[event] ??= []).push(listener);
    },
    off: () => {},
  };
}

function drawOnce(panel) {
  const place = panel.querySelector(".place");
  if (place.hasChildNodes()) return;
  const data = JSON.parse(panel.querySelector("script").textContent);
  const model = recordOf({ ...data, palette: PALETTE, twin: "" });
  WIDGETS[panel.dataset.widget].render({ model, el: place });
}

const tabs = [...document.querySelectorAll('#widgets [role="tab"]')];
const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

function open(chosen) {
  tabs.forEach((tab) => {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    panelOf(tab).hidden = tab !== chosen;
  });
  drawOnce(panelOf(chosen));
}

tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", (event) => {
    const last = tabs.length - 1;
    const to = {
      ArrowLeft: at === 0 ? last : at - 1,
      ArrowRight: at === last ? 0 : at + 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    open(tabs[to]);
    tabs[to].focus();
  });
});
document.getElementById("widgets").hidden = false;
open(tabs[0]);
