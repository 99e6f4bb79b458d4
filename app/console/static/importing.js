// Tells how far an import is while it runs; without it the page comes once all is done.
import { say } from "./clipboard.js";
import { parse, swap } from "./console.js";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("progress" in form.dataset)) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter), buttons = document.querySelectorAll("main button");
  for (const each of buttons) each.disabled = true;
  tell("Sending the file…");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/x-ndjson, text/html" } });
    if (new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    if (answer.headers.get("Content-Type").startsWith("text/html")) show(await answer.text());
    else for await (const line of lines(answer.body)) "page" in line ? show(line.page) : tell(count(line.counts), line.part);
  } catch {
    say("The console doesn't answer. An import that has begun goes on: send the file again to see what became of its lines.");
  } finally {
    for (const each of buttons) each.disabled = false;
    document.getElementById("progress").hidden = true;
  }
});

async function* lines(body) {
  let held = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const parts = (held + piece).split("\n");
    held = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

function show(text) {
  swap(parse(text));
  document.querySelector("main").focus();
}

function tell(text, part) {
  const box = document.getElementById("progress"), bar = box.querySelector("progress");
  box.hidden = false;
  box.querySelector("p").textContent = text;
  if (part === undefined) bar.removeAttribute("value");
  else bar.value = part;
}

function count(counts) {
  const all = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return `${all.toLocaleString()} lines: ${Object.entries(counts).map(([kind, one]) => `${one.toLocaleString()} ${kind}`).join(", ")}`;
}
