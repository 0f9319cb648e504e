// Tables that sort: a button in each head cell, the values understood as numbers, dates or text.

const MISSING = new Set(["", "nan", "none", "nat", "null", "<na>", "n/a", "na", "-", "–", "—", "...", "…"]);
const NUMBER = /^([(+−-]*)\s*(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY)?\s*([+−-]?)\s*(\d[\d,\u202f\u00a0 ']*(?:\.\d+)?|\.\d+)(?:e([+-]?\d+))?\s*(%|pp|[kKMB]|bn|mn|[€£¥]|[a-z]{1,4}|×|°[CF]?)?\)?$/;
const SCALES = { k: 1e3, K: 1e3, M: 1e6, mn: 1e6, B: 1e9, bn: 1e9 };
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const ISO = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?(?:\s?(?:Z|[A-Z]{2,4}|[+-]\d{2}:?\d{2}))?)?)?$/;
const WORDED = /^(?:(\d{1,2})\s+)?([A-Za-z]{3,9})\.?\s+(?:(\d{1,2}),\s*)?(\d{4})(?:,?\s+(\d{2}):(\d{2}))?$/;
const QUARTER = /^(?:Q([1-4])\s+(\d{4})|(\d{4})[\s-]?Q([1-4]))$/;
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function numberOf(text) {
  const found = NUMBER.exec(text);
  if (!found) return null;
  const size = parseFloat(found[3].replace(/[,\u202f\u00a0 ']/g, "")) * 10 ** Number(found[4] || 0) * (SCALES[found[5]] || 1);
  return /[(−-]/.test(found[1] + found[2]) ? -size : size;
}

function dateOf(text) {
  let found = ISO.exec(text);
  if (found) return Date.UTC(+found[1], found[2] - 1, found[3] || 1, found[4] || 0, found[5] || 0, found[6] || 0);
  found = QUARTER.exec(text);
  if (found) return Date.UTC(+(found[2] || found[3]), ((found[1] || found[4]) - 1) * 3, 1);
  found = WORDED.exec(text);
  const month = found ? MONTHS.indexOf(found[2].slice(0, 3).toLowerCase()) : -1;
  return month < 0 ? null : Date.UTC(+found[4], month, found[1] || found[3] || 1, found[5] || 0, found[6] || 0);
}

/** Return how to read a column: the first reader that understands each of its values. */
function readerOf(texts) {
  const present = texts.filter((text) => !MISSING.has(text.toLowerCase()));
  const understood = (read) => present.length > 0 && present.every((text) => read(text) !== null);
  if (understood(dateOf)) return { kind: "date", read: dateOf };
  if (understood(numberOf)) return { kind: "number", read: numberOf };
  return { kind: present.length ? "text" : "number", read: (text) => text };
}

/** Return the table's cells by row and column, spans filled in. */
function gridOf(rows) {
  const grid = rows.map(() => []);
  rows.forEach((row, y) => {
    let x = 0;
    for (const cell of row.cells) {
      while (grid[y][x]) x += 1;
      for (let dy = 0; dy < cell.rowSpan && y + dy < rows.length; dy += 1) {
        for (let dx = 0; dx < cell.colSpan; dx += 1) grid[y + dy][x + dx] = cell;
      }
      x += cell.colSpan;
    }
  });
  return grid;
}

/** Give every row its own cells: pandas merges equal index cells, which no other order may keep. */
function unmerge(body) {
  const grid = gridOf([...body.rows]);
  [...body.rows].forEach((row, y) => {
    const cells = grid[y].map((cell) => (cell.rowSpan === 1 || cell.parentNode === row ? cell : cell.cloneNode(true)));
    row.replaceChildren(...cells);
  });
  for (const cell of body.querySelectorAll("[rowspan]")) cell.removeAttribute("rowspan");
}

function sortBy(table, column, head, heads) {
  const body = table.tBodies[0];
  unmerge(body);
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const rows = [...body.rows].map((row) => ({ row, text: row.cells[column]?.textContent.trim() ?? "" }));
  const { kind, read } = readerOf(rows.map(({ text }) => text));
  for (const each of rows) each.value = MISSING.has(each.text.toLowerCase()) ? null : read(each.text);
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    return direction * (kind === "text" ? collator.compare(a.value, b.value) : a.value - b.value);
  });
  body.append(...rows.map(({ row }) => row));
  for (const other of heads) if (other) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
}

/** Return the head cell that names each column alone: the lowest one with text. */
function headsOf(table, width) {
  const grid = gridOf([...table.tHead.rows]);
  return Array.from({ length: width }, (_, x) => {
    const column = grid.map((row) => row[x]).filter(Boolean);
    return column.reverse().find((cell) => cell.colSpan === 1 && cell.textContent.trim()) || null;
  });
}

function prepareTable(table) {
  if (!table.tHead || table.tBodies.length !== 1 || table.querySelector(".sort")) return;
  const rows = [...table.tBodies[0].rows];
  const grid = gridOf(rows);
  if (!rows.length || [...table.tBodies[0].querySelectorAll("[colspan]")].some((cell) => cell.colSpan > 1)) return;
  const heads = headsOf(table, grid[0].length);
  heads.forEach((head, column) => {
    const { kind } = readerOf(grid.map((row) => row[column]?.textContent.trim() ?? ""));
    for (const row of grid) if (row[column]) row[column].dataset.kind = kind;
    if (!head) return;
    head.dataset.kind = kind;
    if (rows.length < 2) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sortBy(table, column, head, heads));
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".output table")) if (!table.closest("td")) prepareTable(table);
});
