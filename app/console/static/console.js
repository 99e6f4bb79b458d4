// The console's script: pages work without it. It swaps what differs when only an address's parameters change.
import { copy, say } from "./clipboard.js";
import { draw } from "./chart.js";
import { listen } from "./keys.js";

// The one place where a text becomes markup: a whole page of ours, whose nodes are then taken over.
const policy = window.trustedTypes
  ? trustedTypes.createPolicy("hopline", { createHTML: (text) => text })
  : { createHTML: (text) => text };
export const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");

let asked = 0, waiting = 0;

// Every visit to the same page goes by here. `how` is what becomes of the history: push, replace, back, or
// nothing for a look that nobody asked for: it gives way to whoever does.
async function go(url, how = "push") {
  const main = document.querySelector("main"), turn = how ? ++asked : asked;
  if (how) {
    waiting += 1;
    main.setAttribute("aria-busy", "true");
  }
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    const page = parse(await answer.text());
    if (turn !== asked || (!how && (waiting || !answer.ok))) return;
    if (new URL(answer.url).pathname !== location.pathname) {
      location.assign(answer.url);
      return;
    }
    if (how === "push" && answer.url !== location.href) history.pushState(null, "", answer.url);
    if (how === "replace") history.replaceState(null, "", answer.url);
    swap(page, !how);
  } catch {
    if (how) say("The console doesn't answer. Nothing is lost: try again.");
  } finally {
    if (how && !--waiting) main.removeAttribute("aria-busy");
  }
}

// What somebody has begun to choose or to write stays when the page keeps up by itself.
export function swap(page, isQuiet = false) {
  const active = document.activeElement;
  document.title = page.title;
  for (const [old, fresh] of ["main", ".foot"].map((one) => [document.querySelector(one), page.querySelector(one)])) {
    if (!old || !fresh) continue;
    Idiomorph.morph(old, fresh, {
      ignoreActiveValue: true,
      callbacks: {
        // What a person has opened stays open; a drawn chart is drawn anew from its table.
        beforeAttributeUpdated: (name, node) => !(name === "open" && node.tagName === "DETAILS") && !(name === "hidden" && node.dataset.copy),
        // A link that was just made stays in sight.
        beforeNodeMorphed: (node) => node.id !== "made-box" && !(node.dataset && ("own" in node.dataset || (isQuiet && "begun" in node.dataset))),
        beforeNodeRemoved: (node) => !(node.classList && node.classList.contains("uplot")),
      },
    });
  }
  if (active && active.isConnected) active.focus({ preventScroll: true });
  enhance();
}

function enhance() {
  for (const button of document.querySelectorAll("[data-copy][hidden], [data-help][hidden]")) button.hidden = false;
  for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
  const zones = document.querySelector("[data-zones]");
  if (zones && zones.children.length < 2) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const zone of [own, ...Intl.supportedValuesOf("timeZone")]) zones.append(new Option("", zone));
  }
}

const isSamePage = (url) => url.origin === location.origin && url.pathname === location.pathname && !url.hash;

document.addEventListener("click", (event) => {
  const target = event.target.closest("a, button");
  if (!target || event.defaultPrevented) return;
  if (target.dataset.copy) copy(target.dataset.copy);
  else if ("help" in target.dataset) document.getElementById("help").showModal();
  else if (target.href && target.tagName.toLowerCase() === "a" && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
    const url = new URL(target.href.baseVal ?? target.href, location.href);
    if (isSamePage(url)) {
      event.preventDefault();
      for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
      go(url);
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("submit", async (event) => {
  const form = event.target, by = event.submitter;
  if (form.method === "dialog") return;
  const action = new URL((by && by.getAttribute("formaction")) || form.getAttribute("action") || "", location.href);
  if (form.method === "get" && isSamePage(action)) {
    event.preventDefault();
    for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
    go(address(form, action));
  } else if ("quick" in form.dataset) {
    event.preventDefault();
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer) return say("The console doesn't answer. Nothing is lost: try again.");
    const page = parse(await answer.text()), made = page.querySelector("[data-made]");
    if (!made) return form.submit();
    form.reset();
    copy(made.dataset.made);
    document.getElementById("made-box").replaceChildren(...page.getElementById("made-box").children);
    enhance();
    go(location.href, "");
  }
});

function address(form, action) {
  const url = new URL(action), pairs = [...new FormData(form)].filter(([, text]) => text !== "");
  url.search = new URLSearchParams(pairs).toString();
  return url;
}

// Search as typed.
let typing;
document.addEventListener("input", (event) => {
  if (event.target.form) event.target.form.dataset.begun = "";
  const form = event.target.closest("form[data-typed]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => go(address(form, new URL(form.action)), "replace"), 180);
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  if (all) for (const box of document.querySelectorAll("input[name=code][type=checkbox]")) box.checked = all.checked;
  const form = event.target.closest("form[data-typed]");
  if (form && event.target.tagName === "SELECT") form.requestSubmit();
});

window.addEventListener("popstate", () => go(location.href, "back"));

// What happens now is seen within two seconds, of which the workers may take one; a page that costs much
// is asked less often.
async function keepUp() {
  let took = 0;
  for (;;) {
    const pause = Number(document.querySelector("[data-live]")?.dataset.live || 0) * 1000;
    await new Promise((done) => setTimeout(done, Math.max(500, pause, took * 3)));
    const busy = waiting || document.hidden || document.querySelector(".menu[open]") || !document.querySelector("[data-live]");
    if (busy || getSelection().toString()) continue;
    const began = performance.now();
    await go(location.href, "");
    took = performance.now() - began;
  }
}

listen(say);
enhance();
const made = new URL(location.href);
if (made.searchParams.has("made")) {
  made.searchParams.delete("made");
  history.replaceState(null, "", made);
}
keepUp();
