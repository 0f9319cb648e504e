// The site's lists: filter by words and tags, order by freshness, and say how many remain.

const list = document.querySelector(".reports");

function prepareList() {
  const rows = [...list.children].map((element, position) => ({
    element,
    position,
    words: element.dataset.words,
    tags: new Set(JSON.parse(element.dataset.tags)),
    title: element.dataset.title,
    fresh: Number(element.dataset.fresh),
    rendered: Number(element.dataset.rendered),
  }));
  const box = document.getElementById("filter");
  const order = document.getElementById("order");
  const count = document.querySelector(".count");
  const nothing = document.querySelector(".nothing");
  const noun = count.dataset.noun || "report";
  const buttons = [...document.querySelectorAll("[data-tag]")];
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  // A report that does not state how far its data reaches stands last either way.
  const lagging = (row) => row.fresh || Infinity;
  const orders = {
    given: (a, b) => a.position - b.position,
    title: (a, b) => collator.compare(a.title, b.title),
    fresh: (a, b) => b.fresh - a.fresh,
    lagging: (a, b) => (lagging(a) === lagging(b) ? 0 : lagging(a) - lagging(b)),
    rendered: (a, b) => b.rendered - a.rendered,
  };

  function filter() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tags = buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.tag);
    let shown = 0;
    for (const row of rows) {
      const matches = words.every((word) => row.words.includes(word)) && tags.every((tag) => row.tags.has(tag));
      row.element.hidden = !matches;
      if (matches) shown += 1;
    }
    const total = rows.length;
    const plural = total === 1 ? noun : `${noun}s`;
    count.textContent = shown === total ? `${total} ${plural}` : `${shown} of ${total} ${plural}`;
    nothing.hidden = shown > 0;
  }

  box.addEventListener("input", filter);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.value) { box.value = ""; filter(); event.preventDefault(); }
  });
  order.addEventListener("change", () => {
    list.append(...rows.slice().sort(orders[order.value]).map((row) => row.element));
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  nothing.querySelector("[data-clear]").addEventListener("click", () => {
    box.value = "";
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    filter();
    box.focus();
  });
  if (box.value) filter(); // a browser may bring back what was typed before
}

if (list) prepareList();
