// An extension for Voila's script: what appears inside a widget is drawn as on the page around it.
// It is a module container, as JupyterLab loads them; what it needs of JupyterLab it takes from what is shared.

(() => {
  "use strict";

  const CHARTS = [
    "application/vnd.vegalite.v6+json", "application/vnd.vegalite.v6.json", "application/vnd.vegalite.v5+json",
  ];
  const ADDRESS = "application/vnd.analytics-lib.address+json";
  const DOWNLOAD = "application/vnd.analytics-lib.download+json";
  let shared = {};

  async function take(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  function chart(node, spec) {
    const label = [spec.description, spec.title?.text ?? spec.title, "Chart"].flat().find((text) => typeof text === "string");
    const figure = document.createElement("figure");
    figure.className = "chart";
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", label);
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    const notice = document.createElement("p");
    notice.className = "notice unscripted";
    figure.append(canvas, notice);
    node.replaceChildren(figure);
    return window.analyticsChart(figure, spec);
  }

  function table(node, markup, sanitizer) {
    const box = document.createElement("div");
    box.className = "output prose";
    box.innerHTML = sanitizer.sanitize(markup);
    for (const each of box.querySelectorAll("table")) {
      each.removeAttribute("border");
      if (each.closest("td")) continue;
      const scroll = document.createElement("div");
      scroll.className = "scroll";
      scroll.tabIndex = 0;
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", "Table");
      each.replaceWith(scroll);
      scroll.append(each);
      window.analyticsTable(each);
    }
    node.replaceChildren(box);
  }

  function error(node, { ename, evalue }) {
    const box = document.createElement("div");
    box.className = "error stopped";
    box.setAttribute("role", "alert");
    const sentence = document.createElement("p");
    const lead = document.createElement("strong");
    lead.textContent = "This could not be shown.";
    sentence.append(lead, ` The code raised ${ename}: ${evalue}`);
    box.append(sentence);
    node.replaceChildren(box);
  }

  // Where a notebook keeps its parameters in the page's address; there is nothing to see.
  function address(node, { query }) {
    node.hidden = true;
    window.analyticsAddress(String(query));
  }

  function download(node, { name, label, text }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "download";
    button.textContent = label;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    });
    node.replaceChildren(button, ...copier());
  }

  /** Return a button that copies the page's address; none where the browser lets no page write its clipboard. */
  function copier() {
    if (!navigator.clipboard) return [];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "download copy";
    button.textContent = "Copy link";
    const said = document.createElement("span");
    said.className = "copied";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        said.textContent = "The link is copied: it opens this view.";
      } catch {
        said.textContent = "The browser does not allow it; copy the page's address instead.";
      }
    });
    return [button, said];
  }

  async function renderers() {
    const { Widget } = await take("@lumino/widgets");
    // What is drawn fills the room that it has, and has none before it is part of the page.
    class Drawn extends Widget {
      constructor(draw, options) {
        super();
        Object.assign(this, { draw, options });
      }

      async renderModel(model) {
        this.content = model.data[this.options.mimeType];
        if (this.isAttached) await this.draw(this.node, this.content, this.options);
      }

      onAfterAttach() {
        if (this.content !== undefined) this.draw(this.node, this.content, this.options);
      }
    }
    const made = (draw) => (options) => new Drawn(draw, options);
    const extension = (name, mimeTypes, draw, dataType) => ({
      id: `analytics-lib:${name}`,
      rendererFactory: { safe: true, mimeTypes, defaultRank: 0, createRenderer: made(draw) },
      rank: mimeTypes.includes(DOWNLOAD) ? -1 : 0, // it holds a link as well, for pages that do not know it
      dataType,
    });
    return [
      extension("charts", CHARTS, chart, "json"),
      extension("html", ["text/html"], (node, markup, options) => table(node, [markup].flat().join(""), options.sanitizer), "string"),
      extension("address", [ADDRESS], address, "json"),
      extension("download", [DOWNLOAD], download, "json"),
      extension("errors", ["application/vnd.jupyter.error"], error, "json"),
    ];
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["analytics-lib"] = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const extensions = await renderers();
      return () => ({ __esModule: true, default: extensions });
    },
  };
})();
