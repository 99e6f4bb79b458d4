// Says what is good or wrong with a link's fields while somebody types; the form says the same when it is sent.
let waiting, turn = 0;

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-check]");
  if (!form) return;
  event.target.dataset.touched = "";
  clearTimeout(waiting);
  waiting = setTimeout(() => ask(form), 250);
});

async function ask(form) {
  const mine = ++turn;
  const answer = await fetch(form.dataset.check, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams([...new FormData(form)].filter(([, text]) => typeof text === "string")),
  }).catch(() => null);
  // Whoever can't be asked says so when the form is sent.
  if (!answer?.ok) return;
  const told = await answer.json();
  if (mine === turn) show(form, told);
}

function show(form, { faults, notes }) {
  const isBuilt = form.querySelector("[name^=utm_][data-touched]");
  for (const hint of form.querySelectorAll("[data-hint]")) {
    const name = hint.id.slice(2), field = form.elements[name];
    // Nobody is told of what they haven't come to yet.
    const isTouched = "touched" in field.dataset || (name === "target" && isBuilt);
    const fault = isTouched ? faults[name] : "", note = isTouched ? notes[name] : "";
    const text = fault || note || hint.dataset.hint, kind = fault ? "fault" : note ? "note" : "small";
    if (fault) field.setAttribute("aria-invalid", "true");
    else if (isTouched) field.removeAttribute("aria-invalid");
    else if (field.hasAttribute("aria-invalid")) continue;
    if (hint.textContent !== text) hint.textContent = text;
    hint.className = kind;
  }
}
