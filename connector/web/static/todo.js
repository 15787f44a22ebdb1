// The to-do list by keys: j and k move, one key decides. Everything works without this file.
// Keys can be switched off (WCAG 2.1.4), and none is taken while somebody types.
"use strict";
(() => {
  const KEPT = "casethread.todo.keys"; // in this browser; "off" when they are switched off
  const box = document.getElementById("keys-on");
  const list = document.getElementById("todo");
  const status = document.getElementById("todo-status");
  const help = document.getElementById("keys-help");
  if (!box || !list || !status || !help) return;
  let isBusy = false;

  const kept = () => { try { return localStorage.getItem(KEPT); } catch { return null; } };
  const keep = (value) => { try { localStorage.setItem(KEPT, value); } catch { /* private window */ } };
  const items = () => Array.from(list.querySelectorAll("article"));
  const current = () => list.querySelector("article[data-current]");

  // Tell assistive technology which keys do what, as long as they do.
  function announce() {
    document.body.classList.toggle("keys", box.checked);
    document.querySelectorAll("[aria-keyshortcuts]").forEach((each) => each.removeAttribute("aria-keyshortcuts"));
    if (!box.checked) return;
    const near = [...status.querySelectorAll("[data-key]"), ...(current()?.querySelectorAll("[data-key]") ?? [])];
    near.forEach((each) => each.setAttribute("aria-keyshortcuts", each.dataset.key === "A" ? "Shift+A" : each.dataset.key.toUpperCase()));
    current()?.querySelector("[data-choose]")?.setAttribute("aria-keyshortcuts", "V");
  }

  function choose(article) {
    items().forEach((each) => {
      each.classList.toggle("current", each === article);
      each.toggleAttribute("data-current", each === article);
    });
    announce();
  }

  function look(article) {
    if (!article) return;
    choose(article);
    article.focus({ preventScroll: true });
    article.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = items();
    const place = all.indexOf(current());
    look(all[Math.min(Math.max(place + step, 0), all.length - 1)]);
  }

  function press(key) {
    const where = key === "u" ? status : current();
    where?.querySelector(`[data-key="${key}"]`)?.click();
  }

  const DOES = {
    j: () => move(1), ArrowDown: () => move(1),
    k: () => move(-1), ArrowUp: () => move(-1),
    a: () => press("a"), "Shift+A": () => press("A"), i: () => press("i"), p: () => press("p"), u: () => press("u"),
    v: () => current()?.querySelector("[data-choose]")?.focus(),
    "?": () => { help.open = !help.open; },
  };

  // Of cases that are equally likely each has a number, and none the key of the best.
  for (const place of "123456789") DOES[place] = () => press(place);

  // Caps Lock writes capitals without the key Shift being held: only that chooses the rest of the chat.
  function named(event) {
    if (!/^\p{L}$/u.test(event.key)) return event.key;
    return event.shiftKey ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase();
  }

  function isTyping(target) {
    return target instanceof HTMLElement
      && (target.isContentEditable || target.matches("textarea, select, audio, input:not([type=checkbox])"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target instanceof HTMLElement && event.target.matches("[data-choose]")) {
      look(event.target.closest("article"));
      return;
    }
    if (!box.checked || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const does = DOES[named(event)];
    if (!does) return;
    event.preventDefault();
    if (!isBusy && !event.repeat) does();
    else if (!isBusy && event.key.startsWith("Arrow")) does();
  });

  // Who clicks or tabs into an item looks at it.
  list.addEventListener("focusin", (event) => {
    const article = event.target instanceof HTMLElement && event.target.closest("article");
    if (article && article !== current()) choose(article);
  });

  // A refusal is told on the list itself: it comes with the list as it is now.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.getResponseHeader("x-part") === "todo") {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.body.addEventListener("htmx:beforeRequest", () => { isBusy = true; });
  document.body.addEventListener("htmx:afterRequest", () => { isBusy = false; });
  list.addEventListener("htmx:afterSwap", () => {
    // Not current(): htmx has put the focus back to where it was, and that was heeded above.
    const article = list.querySelector("article[data-next]");
    look(article);
    article?.querySelector("[data-focus]")?.focus();
    if (!article) document.getElementById("main")?.focus();
    announce();
  });

  box.checked = kept() !== "off";
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.addEventListener("change", () => { keep(box.checked ? "on" : "off"); announce(); });
  announce();
  if (location.hash.startsWith("#item-")) look(document.getElementById(location.hash.slice(1)));
})();
