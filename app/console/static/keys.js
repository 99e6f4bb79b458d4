// Single keys, as people know them from other programs; they are ignored in fields, and can be switched off.
const STORED = "hopline-keys";
const isOn = () => localStorage.getItem(STORED) !== "off";
const inField = (node) => node.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");

export function listen() {
  const box = document.getElementById("keys-on"), help = document.getElementById("help");
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape") {
      const menu = document.querySelector(".menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
        return;
      }
      if (inField(event.target)) {
        event.target.blur();
        return;
      }
    }
    if (!isOn() || inField(event.target) || event.target.closest("[data-plot]")) return;
    if (event.key === "?") {
      help.showModal();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const field = document.querySelector(`[data-key-focus="${CSS.escape(key)}"]`);
    const link = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (field) {
      event.preventDefault();
      const menu = field.closest("details");
      if (menu) menu.open = true;
      field.focus();
    } else if (link) {
      event.preventDefault();
      link.click();
    }
  });
}
