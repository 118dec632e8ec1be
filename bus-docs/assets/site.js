"use strict";

// The index: the search text and the filters hide events that do not match. They are part of the URL, so that a
// filtered page can be shared.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const rows = [...document.querySelectorAll(".events li")];
  for (const row of rows) row.text = `${row.innerText} ${row.dataset.words}`.replaceAll("\u200b", "").toLowerCase();
  const controls = [...form.elements].filter((control) => control.name);
  const value = (name) => form.elements[name]?.value ?? "";
  const has = (list, word) => !word || list.split(" ").includes(word);

  const fits = (row, words) =>
    words.every((word) => row.text.includes(word)) &&
    (!value("group") || row.dataset.group === value("group")) &&
    has(row.dataset.scope, value("scope")) &&
    has(row.dataset.policy, value("policy"));

  const show = () => {
    const words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !fits(row, words);
      if (!row.hidden) shown += 1;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector("li:not([hidden])");
    }
    document.getElementById("none").hidden = shown > 0;
    document.getElementById("count").value = shown === rows.length ? `${shown} events` : `${shown} of ${rows.length} events`;
  };

  const keep = () => {
    const chosen = controls.filter((control) => control.value).map((control) => [control.name, control.value]);
    history.replaceState(null, "", chosen.length ? `#${new URLSearchParams(chosen)}` : location.pathname);
  };

  const restore = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) control.value = given.get(control.name) ?? "";
    show();
  };

  form.hidden = false;
  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    rows.find((row) => !row.hidden)?.querySelector("a").click();
  });
  document.getElementById("reset").addEventListener("click", () => { form.reset(); show(); keep(); form.elements.q.focus(); });
  addEventListener("hashchange", restore);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
  restore();
})();

// A button copies code if the browser allows it.
(() => {
  if (!navigator.clipboard) return;
  for (const pre of document.querySelectorAll("pre")) {
    const block = document.createElement("div");
    block.className = "block";
    pre.replaceWith(block);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.innerText);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(pre, button);
  }
})();
