// Charts: each figure holds its specification as JSON; Vega draws it in the page's width and theme.

const SETTLE = 150;
const NARROW = 560;
const LEGEND_ENTRY = 140;
const figures = [];
let vegaFailed = false;

const isPlain = (spec) => !["hconcat", "vconcat", "concat", "facet", "repeat", "spec"].some((key) => key in spec)
  && !["row", "column", "facet"].some((key) => spec.encoding && key in spec.encoding);

/** Return the specification fitted to the room: side by side becomes one below the other where that does not fit. */
function fit(spec, room, outermost = true) {
  if (isPlain(spec)) {
    if (outermost) {
      const fixed = typeof spec.width === "number" && spec.width <= room - 60;
      return fixed || (spec.width && typeof spec.width === "object") ? spec : { ...spec, width: "container" };
    }
    return { ...spec, width: typeof spec.width === "number" ? Math.min(spec.width, room - 90) : spec.width };
  }
  if (room >= NARROW) return spec;
  const fitted = { ...spec };
  if (fitted.hconcat) {
    fitted.vconcat = fitted.hconcat;
    delete fitted.hconcat;
  }
  for (const key of ["vconcat", "concat"]) {
    if (fitted[key]) fitted[key] = fitted[key].map((inner) => fit(inner, room, false));
  }
  if ("columns" in fitted || fitted.concat || fitted.facet || fitted.repeat) fitted.columns = 1;
  if (fitted.encoding?.facet) fitted.encoding = { ...fitted.encoding, facet: { ...fitted.encoding.facet, columns: 1 } };
  if (fitted.spec) fitted.spec = fit(fitted.spec, room, false);
  if (typeof fitted.width === "number") fitted.width = Math.min(fitted.width, room - 90);
  return fitted;
}

/** Break the theme's legends, which lie above the chart in one line, into as many columns as there is room for. */
function wrapLegends(spec, room) {
  for (const channel of Object.values(spec.encoding ?? {})) {
    if (!channel?.field || channel.legend === null || channel.legend?.orient || channel.legend?.columns) continue;
    if (channel.type === "nominal" || channel.type === "ordinal") {
      channel.legend = { ...channel.legend, columns: Math.max(2, Math.floor(room / LEGEND_ENTRY)) };
      if (room < NARROW) channel.legend = { labelLimit: room / 2 - 50, ...channel.legend };
    }
  }
  for (const key of ["layer", "hconcat", "vconcat", "concat"]) (spec[key] ?? []).forEach((inner) => wrapLegends(inner, room));
  if (spec.spec) wrapLegends(spec.spec, room);
}

/** Return charts side by side as much narrower as they were drawn too wide. */
function narrow(spec, surplus) {
  const widths = spec.hconcat.map((inner) => (typeof inner.width === "number" ? inner.width : 0));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const share = Math.max(0.5, 1 - surplus / total);
  return { ...spec, hconcat: spec.hconcat.map((inner, at) => (widths[at] ? { ...inner, width: widths[at] * share } : inner)) };
}

const OPTIONS = {
  mode: "vega-lite",
  renderer: "svg",
  ast: true, // interpret expressions: compiling them would need 'unsafe-eval'
  actions: false,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};

async function draw(figure, theme, place, room) {
  let spec = structuredClone(figure.spec);
  wrapLegends(spec, room);
  spec = fit(spec, room);
  // The figure's own name describes the chart; a name for each mark would only make the page heavier.
  const options = { ...OPTIONS, config: { ...THEMES[theme], aria: false } };
  const result = await window.vegaEmbed(place, spec, options);
  const surplus = place.scrollWidth - place.clientWidth;
  if (!spec.hconcat || surplus <= 0) return { result, spec };
  result.finalize();
  const narrower = narrow(spec, surplus);
  return { result: await window.vegaEmbed(place, narrower, options), spec: narrower };
}

function fail(figure, reason) {
  const { element } = figure;
  if (element.classList.contains("failed")) return;
  element.classList.add("failed");
  element.removeAttribute("role");
  const notice = element.querySelector(".notice");
  notice.classList.remove("unscripted");
  notice.textContent = `${element.getAttribute("aria-label")} The chart could not be drawn: ${reason}`;
}

async function drawFigure(figure) {
  if (figure.busy) { figure.again = true; return; }
  figure.busy = true;
  do {
    figure.again = false;
    try {
      const theme = currentTheme();
      const room = figure.canvas.clientWidth;
      const { result, spec } = await draw(figure, theme, figure.canvas, room);
      figure.result?.finalize();
      Object.assign(figure, { result, room, theme });
      figure.canvas.tabIndex = figure.canvas.scrollWidth > figure.canvas.clientWidth ? 0 : -1;
      figure.element.dataset.drawn = theme;
      await preparePaper(figure, theme, spec, room);
    } catch (error) {
      fail(figure, String(error?.message ?? error));
    }
  } while (figure.again);
  figure.busy = false;
}

/** Keep a light drawing for print beside a dark one: a page cannot wait for charts once it is being printed. */
async function preparePaper(figure, theme, drawn, room) {
  if (theme === "light") { figure.paper.replaceChildren(); return; }
  const place = document.createElement("div");
  const spec = structuredClone(drawn);
  if (spec.width === "container") Object.assign(spec, { width: room - 10, autosize: { type: "fit-x", contains: "padding" } });
  const result = await window.vegaEmbed(place, spec, { ...OPTIONS, config: { ...THEMES.light, aria: false } });
  figure.paper.replaceChildren(place.querySelector("svg").cloneNode(true));
  result.finalize();
}

async function drawAll() {
  if (!window.vegaEmbed) {
    if (vegaFailed) for (const figure of figures) fail(figure, "the site's chart library could not be loaded.");
    return;
  }
  const theme = currentTheme();
  for (const figure of figures) if (figure.theme !== theme) await drawFigure(figure);
  rootElement.dataset.charts = "ready";
}

/** Take a chart's element in charge; return its figure, or nothing where its specification cannot be read. */
function adoptFigure(element) {
  const canvas = element.querySelector(".canvas");
  const paper = document.createElement("div");
  paper.className = "paper";
  canvas.after(paper);
  const figure = { element, canvas, paper };
  try {
    figure.spec = JSON.parse(element.querySelector("script").textContent);
  } catch (error) {
    fail(figure, String(error.message));
    return null;
  }
  figures.push(figure);
  return figure;
}

function collectFigures() {
  for (const element of document.querySelectorAll("figure.chart")) {
    if (!element.querySelector(".paper")) adoptFigure(element);
  }
}

function redrawOnResize() {
  let timer;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A chart of the container's width follows by itself; the others are fitted anew, where they are shown: not on paper.
      for (const figure of figures) {
        const follows = isPlain(figure.spec) && typeof figure.spec.width !== "number";
        const room = figure.canvas.clientWidth;
        if (figure.result && !follows && room && room !== figure.room) drawFigure(figure);
      }
    }, SETTLE);
  });
}

document.addEventListener("error", (event) => {
  if (event.target?.id !== "vega") return;
  vegaFailed = true;
  if (document.readyState !== "loading") drawAll();
}, true);
document.addEventListener("load", (event) => {
  if (event.target?.id === "vega" && document.readyState !== "loading") drawAll();
}, true);
themeListeners.push(() => { if (figures.some((figure) => figure.result)) drawAll(); });
document.addEventListener("DOMContentLoaded", () => {
  collectFigures();
  if (figures.length) drawAll();
  redrawOnResize();
});
