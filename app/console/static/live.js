// Shows clicks as they come. Everything from outside becomes text, never markup.
import { feed } from "./feed.js";

const ticker = document.getElementById("ticker"), rows = ticker.querySelector("tbody");
const said = document.getElementById("said"), rate = document.getElementById("rate"), pause = document.getElementById("pause");
const most = 100, seconds = [];
let paused = false, isOver = false;

const make = (name, text, kind = "") => {
  const node = document.createElement(name);
  node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const cell = (...nodes) => {
  const td = document.createElement("td");
  td.append(...nodes);
  return td;
};

function show(click) {
  const row = document.createElement("tr"), link = make("a", `/${click.code}`);
  link.href = `/links/${encodeURIComponent(click.code)}`;
  const who = make("span", click.bot || click.verdict, `badge ${click.verdict}`);
  who.title = click.reasons.join(", ") || "no rule says anything";
  const ask = make("a", "Explain");
  ask.href = `/clicks/${click.click_id}`;
  const host = click.referer && URL.canParse(click.referer) ? new URL(click.referer).host : click.referer;
  row.append(cell(new Date(click.time).toLocaleTimeString([], { timeZone: ticker.dataset.tz })), cell(link), cell(who), cell(host || "–"), cell(click.network || "–"), cell(ask));
  row.cells[3].title = click.user_agent;
  rows.prepend(row);
  while (rows.rows.length > most) rows.lastElementChild.remove();
}

function tick(told) {
  if (!told.isFirst) seconds.push(told.matched);
  if (seconds.length > 10) seconds.shift();
  const mean = seconds.reduce((sum, one) => sum + one, 0) / (seconds.length || 1);
  rate.hidden = false;
  rate.textContent = `${mean.toFixed(1)} clicks/s · up to date`;
  if (told.is_redis_away) said.textContent = "Redis is away: clicks are kept, and show as soon as it is back.";
  else said.textContent = told.is_sampled ? `More come than can be read: ${told.sent} of ${told.matched} of the last second are shown.` : rows.rows.length ? "" : "Waiting for the next click.";
}

// How far this is behind is told by how long nothing was heard: clocks of two machines differ.
function silence(seconds) {
  rate.hidden = !seconds;
  if (seconds) rate.textContent = `${seconds} s behind`;
  said.textContent = "The console doesn't answer; this goes on as soon as it does.";
}

const why = {
  key: "the key that opened this was revoked or has expired",
  session: "this browser was signed out, or its session has run out",
  401: "nobody is signed in any more",
};
function end(reason) {
  isOver = true;
  rate.hidden = pause.hidden = true;
  said.textContent = `Nothing more is sent: ${reason}. Load the page again.`;
  watch();
}

const clicks = feed(ticker.dataset.events, ticker.dataset.who, (name, told) => {
  if (name === "click") show(told);
  else if (name === "tick") tick(told);
  else if (name === "silence") silence(told);
  else end(why[told.reason] || `the console refuses to (${told.reason})`);
});

// Whoever isn't looked at needs none.
function watch() {
  if (!paused && !document.hidden && !isOver) return clicks.start();
  clicks.stop();
  rate.hidden = true;
}

pause.hidden = false;
document.getElementById("ticks").hidden = false;
said.textContent = "Waiting for the next click.";
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", paused);
  pause.textContent = paused ? "Go on" : "Pause";
  watch();
});
document.addEventListener("visibilitychange", watch);
watch();
