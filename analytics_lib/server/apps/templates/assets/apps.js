// An app's page: cells arrive one after the other and come alive as they do; a kernel that has ended is told.

const LOOK = 30_000;
const SOON = 3_000;
const PATIENCE = 2_000;

/** Make alive what a cell has brought: everything between the mark before it and its own. */
function adoptCell(mark) {
  const parts = [];
  for (let node = mark.previousElementSibling; node && !node.classList.contains("arrived"); node = node.previousElementSibling) {
    parts.unshift(node);
  }
  for (const part of parts) {
    for (const table of part.querySelectorAll("table")) if (!table.closest("td")) prepareTable(table);
    const elements = part.matches("figure.chart") ? [part] : part.querySelectorAll("figure.chart");
    for (const element of elements) adoptFigure(element);
    for (const place of part.querySelectorAll(".widget")) watchWidget(place);
    const finding = part.querySelector("[data-finding]");
    if (finding) {
      const slot = document.getElementById("finding");
      slot.textContent = finding.textContent;
      slot.hidden = false;
      finding.remove();
    }
  }
  tellProgress(Number(mark.dataset.number) + 1);
  drawArrived();
}

function tellProgress(number) {
  const skeleton = document.getElementById("skeleton");
  const total = Number(skeleton.dataset.cells);
  if (number <= total) skeleton.querySelector(".running").textContent = `Running cell ${number} of ${total} …`;
}

let drawing = Promise.resolve();
function drawArrived() {
  if (window.vegaEmbed) drawing = drawing.then(drawAll);
}

function watchArticle(article) {
  const adopt = () => {
    for (const mark of article.querySelectorAll(":scope > .arrived:not([data-adopted])")) {
      mark.dataset.adopted = "";
      adoptCell(mark);
    }
  };
  new MutationObserver(adopt).observe(article, { childList: true });
  adopt();
}

function whenArticle() {
  const article = document.getElementById("article");
  if (article) watchArticle(article);
  return Boolean(article);
}

if (!whenArticle()) {
  const waiting = new MutationObserver(() => { if (whenArticle()) waiting.disconnect(); });
  waiting.observe(document, { childList: true, subtree: true });
}
document.addEventListener("load", (event) => { if (event.target?.id === "vega") drawArrived(); }, true);

/** Draw a chart that a widget shows; the extension for Voila's script calls it. */
window.analyticsChart = (element, spec) => {
  const canvas = element.querySelector(".canvas");
  const paper = document.createElement("div");
  paper.className = "paper";
  canvas.after(paper);
  for (let at = figures.length - 1; at >= 0; at -= 1) {
    if (!figures[at].element.isConnected && figures[at].result) figures.splice(at, 1)[0].result.finalize();
  }
  const figure = { element, canvas, paper, spec: withoutTheme(spec) };
  figures.push(figure);
  return vegaArrived().then(() => drawFigure(figure));
};
window.analyticsTable = prepareTable;

/** Keep in the address what widgets have chosen, so that it opens the same view; a form beside them would go stale. */
window.analyticsAddress = (query) => {
  history.replaceState(history.state, "", location.pathname + (query ? `?${query}` : ""));
  document.querySelector("details.address")?.remove();
};

const vegaArrived = () => new Promise((resolve) => {
  const script = document.getElementById("vega");
  if (window.vegaEmbed || vegaFailed || !script) resolve();
  else for (const kind of ["load", "error"]) script.addEventListener(kind, resolve);
});

/** Return a specification without what only repeats the page's theme: the page applies its own, light or dark. */
function withoutTheme(spec) {
  const { $schema, usermeta, config, ...chart } = spec;
  const own = Object.values(THEMES).reduce((rest, theme) => difference(rest, theme), config ?? {});
  for (const name of ["continuousWidth", "discreteWidth", "continuousHeight"]) delete own.view?.[name];
  if (own.view && !Object.keys(own.view).length) delete own.view;
  return Object.keys(own).length ? { ...chart, config: own } : chart;
}

function difference(own, theme) {
  const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const kept = {};
  for (const [key, value] of Object.entries(own)) {
    if (isTable(value) && isTable(theme[key])) {
      const inner = difference(value, theme[key]);
      if (Object.keys(inner).length) kept[key] = inner;
    } else if (JSON.stringify(value) !== JSON.stringify(theme[key])) kept[key] = value;
  }
  return kept;
}

/** A widget's place shows what the widget will show until Voila's script has put the widget there. */
function watchWidget(place) {
  const preview = place.querySelector(":scope > .preview");
  const live = () => place.querySelector(":scope > .lm-Widget");
  const show = () => {
    preview?.remove();
    place.removeAttribute("aria-busy");
    arrive.disconnect();
  };
  const arrive = new MutationObserver(() => {
    if (!live()) return;
    if (!preview?.querySelector("figure.chart") || live().querySelector("[data-drawn]")) show();
    else setTimeout(show, PATIENCE);
  });
  arrive.observe(place, { childList: true, subtree: true, attributeFilter: ["data-drawn"] });
}

/** Ask whether the kernel is still there, and say so when it is not: widgets would just do nothing. */
function watchKernel() {
  const id = document.body.dataset.kernel;
  const banner = document.getElementById("ended");
  if (!id || !document.querySelector(".widget")) return;
  let asked = 0;
  const say = (why) => {
    banner.querySelector("[data-why]").textContent = why;
    banner.querySelector("a").href = location.href;
    banner.hidden = !why;
  };
  const ask = async () => {
    if (document.hidden || Date.now() - asked < SOON) return;
    asked = Date.now();
    try {
      const answer = await fetch(`/app/kernel/${id}`, { cache: "no-store" });
      say((await answer.json()).alive ? "" : "Nobody used it for a long time, or its kernel stopped.");
    } catch {
      say("The server does not answer.");
    }
  };
  setInterval(ask, LOOK);
  for (const kind of ["visibilitychange", "input", "change", "click"]) document.addEventListener(kind, ask);
}

document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("article")?.removeAttribute("aria-busy");
  watchKernel();
});
// Voila's script ends the kernel before a page may be left: also by a link to a mail address, which leaves nothing.
addEventListener("beforeunload", (event) => event.stopImmediatePropagation());
addEventListener("pagehide", () => {
  const id = document.body.dataset.kernel;
  if (id) navigator.sendBeacon(`/voila/api/shutdown/${id}`);
});
// A page that a browser brings back from its memory has no kernel any more.
addEventListener("pageshow", (event) => { if (event.persisted && document.body.dataset.kernel) location.reload(); });
