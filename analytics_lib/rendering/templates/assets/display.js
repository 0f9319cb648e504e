// How the page is shown: light or dark, with or without code, contents open or folded.

const rootElement = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const themeListeners = [];
rootElement.dataset.scripted = "";

// Under a sandbox without an origin every access to the storage throws; the choice then lasts as long as the page.
const remember = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* nothing to remember it in */ }
  },
};

const currentTheme = () => rootElement.dataset.theme || (systemDark.matches ? "dark" : "light");

const chosen = remember.get("analytics-theme");
if (chosen === "light" || chosen === "dark") rootElement.dataset.theme = chosen;

function themeChanged() {
  const theme = currentTheme();
  for (const button of document.querySelectorAll("[data-toggle=theme]")) {
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${theme === "dark" ? "light" : "dark"} colours`);
  }
  for (const listener of themeListeners) listener(theme);
}

function toggleTheme() {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  rootElement.dataset.theme = theme;
  remember.set("analytics-theme", theme);
  themeChanged();
}

function toggleCode(button) {
  const shown = rootElement.toggleAttribute("data-code");
  button.setAttribute("aria-pressed", String(shown));
  button.textContent = shown ? "Hide code" : "Show code";
}

function foldContents() {
  const details = document.querySelector(".contents details");
  if (!details) return;
  const wide = matchMedia("(min-width: 68rem)");
  const fold = () => { details.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
}

/** Mark the entry of the section that is being read: the last heading above the upper third of the window. */
function followReading() {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }
  if (!links.size) return;
  const mark = () => {
    let current = null;
    for (const heading of links.keys()) {
      if (heading.getBoundingClientRect().top < innerHeight / 3) current = heading;
    }
    for (const [heading, link] of links) {
      if (heading === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();
}

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

systemDark.addEventListener("change", () => { if (!rootElement.dataset.theme) themeChanged(); });
addEventListener("hashchange", openTarget);
document.addEventListener("DOMContentLoaded", () => {
  themeChanged();
  foldContents();
  followReading();
  openTarget();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-toggle]");
    if (button) ({ theme: toggleTheme, code: toggleCode })[button.dataset.toggle](button);
  });
});
