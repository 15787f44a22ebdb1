// Asks the connector what was said on a case, and who is free now. Plone signs who asks; the answer
// comes straight from the connector, so that a connector that is slow or away stops nothing here.
(() => {
  "use strict";
  const TIMEOUT_MS = 6000;
  if (window.casethreadBoxes) return; // two boxes on one page bring the script twice
  window.casethreadBoxes = true;

  class Refusal extends Error {
    constructor(word) {
      super(word);
      this.word = word;
    }
  }

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text) made.textContent = text; // never as HTML: others wrote it
    if (className) made.className = className;
    return made;
  };

  async function statement(box) {
    const answer = await fetch(box.dataset.token, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: "{}",
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status === 401) throw new Refusal("refused");
    if (!answer.ok) throw new Refusal("away");
    return (await answer.json()).statement;
  }

  // A statement is good for one use: each question has its own.
  async function ask(box, path) {
    const answer = await fetch(`${box.dataset.connector}/api/v1/${path}`, {
      headers: {
        Accept: "application/json",
        "Accept-Language": box.dataset.language,
        Authorization: `Statement ${await statement(box)}`,
      },
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status === 404) throw new Refusal("unknown");
    if (answer.status === 401 || answer.status === 403) throw new Refusal("refused");
    if (!answer.ok) throw new Refusal("away");
    return answer.json();
  }

  const clock = (box, zone, options) =>
    new Intl.DateTimeFormat(box.dataset.language, { timeZone: zone, ...options });

  const named = (party) => party.name || party.phone || party.mail || "?";

  function lasted(words, seconds) {
    if (seconds === null || seconds === undefined) return "";
    return seconds < 60 ? `${seconds} ${words.seconds}` : `${Math.round(seconds / 60)} ${words.minutes}`;
  }

  function entry(box, words, zone, each) {
    const made = element("li", "", "casethread-entry");
    const heading = element("h3");
    const when = element("time", clock(box, zone, { dateStyle: "medium", timeStyle: "short" }).format(new Date(each.started_at)));
    when.dateTime = each.started_at;
    const way = words[each.direction];
    heading.append(`${words[each.kind] || each.kind}${way ? ` (${way})` : ""} · `, when);
    made.append(heading);
    const others = each.others.map(named).join(", ");
    const course = [named(each.who) + (others ? ` → ${others}` : ""), each.kind === "missed_call" ? "" : lasted(words, each.duration_s)];
    made.append(element("p", course.filter(Boolean).join(" · ")));
    if (each.subject) made.append(element("p", each.subject));
    if (each.text) made.append(element("p", each.text));
    if (each.messages.length) made.append(messages(box, words, zone, each.messages));
    if (each.is_erased) made.append(element("p", words.erased));
    const files = [...each.files, ...each.messages.flatMap((one) => one.files)];
    if (files.length) made.append(element("p", `${words.files}: ${files.map((one) => one.name).join(", ")}`));
    return made;
  }

  function messages(box, words, zone, list) {
    const made = element("ol", "", "casethread-messages");
    for (const each of list) {
      const one = element("li");
      const when = clock(box, zone, { timeStyle: "short" }).format(new Date(each.at));
      one.append(element("strong", `${when} ${named(each.who)}: `));
      one.append(each.is_erased ? words.erased : each.text);
      if (each.deleted_at) one.append(` (${words.deleted})`);
      made.append(one);
    }
    return made;
  }

  async function timeline(box, words) {
    const list = element("ol", "", "casethread-entries");
    const number = box.dataset.case.split("/").map(encodeURIComponent).join("/");
    const fill = async (cursor) => {
      const found = await ask(box, `cases/${number}/timeline?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      for (const each of found.entries) list.append(entry(box, words, found.time_zone, each));
      if (!found.next) return;
      const more = element("button", words.more, "btn btn-secondary");
      more.type = "button";
      more.addEventListener("click", () => {
        more.remove();
        run(box, words, () => fill(found.next));
      });
      box.append(more);
    };
    await fill("");
    if (!list.childElementCount) throw new Refusal("nothing");
    box.insertBefore(list, box.querySelector("button"));
  }

  function person(box, words, each) {
    const made = element("li");
    made.append(element("strong", each.name), element("span", each.state_words));
    if (each.is_out_of_office) made.append(element("span", words.out_of_office));
    if (each.phones.length) {
      const call = element("a", each.phones[0]);
      call.href = `tel:${each.phones[0]}`;
      made.append(call);
    }
    if (each.message) made.append(element("span", each.message));
    return made;
  }

  async function presence(box, words) {
    const list = element("ul", "", "casethread-people");
    const { person: owner, unit } = box.dataset;
    if (owner) {
      try {
        list.append(person(box, words, await ask(box, `presence/${encodeURIComponent(owner)}`)));
      } catch (error) {
        if (error.word !== "unknown") throw error; // they left: the unit is still asked
      }
    }
    if (unit || !owner) {
      try {
        const found = await ask(box, `presence?unit=${encodeURIComponent(unit || "")}`);
        const others = found.people.filter((each) => each.upn !== owner);
        for (const each of unit ? others.filter((one) => one.is_free).slice(0, 5) : others) {
          list.append(person(box, words, each));
        }
      } catch (error) {
        if (error.word !== "unknown") throw error;
      }
    }
    if (!list.childElementCount) throw new Refusal("nobody");
    box.append(list);
  }

  async function run(box, words, work) {
    const state = box.querySelector(".casethread-state");
    state.textContent = words.asking;
    try {
      await work();
      state.textContent = "";
    } catch (error) {
      state.textContent = words[error instanceof Refusal ? error.word : "away"];
      if (error instanceof Refusal && error.word !== "away") return;
      const again = element("button", words.again, "btn btn-secondary");
      again.type = "button";
      again.addEventListener("click", () => {
        again.remove();
        run(box, words, work);
      });
      box.append(again);
    }
  }

  const start = () => {
    for (const box of document.querySelectorAll(".casethread-box")) {
      const words = JSON.parse(box.dataset.words);
      run(box, words, () => (box.dataset.ask === "timeline" ? timeline(box, words) : presence(box, words)));
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
