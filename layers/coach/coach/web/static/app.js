// What pages do beyond links and forms. Each works without it, but for drafts, counting and the timer.

const remember = (name, value) => {
  const path = document.documentElement.dataset.root;
  document.cookie = `${name}=${encodeURIComponent(value)}; Path=${path}; Max-Age=31536000; SameSite=Lax`;
};

// Days are those of the browser's time zone, which only the browser knows.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && zone !== document.documentElement.dataset.zone) remember("pm_coach_zone", zone);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-switch]");
  if (!button) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("pm_coach_theme", root.dataset.theme);
});

// The editor: words and minutes, a draft on this device, Ctrl+Enter.

const drafts = {
  read: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
  write: (name, text) => { try { localStorage.setItem(name, text); return true; } catch { return false; } },
  drop: (name) => { try { localStorage.removeItem(name); } catch { /* then there was none */ } },
};

function edit(form) {
  const text = form.querySelector("textarea");
  const say = (name, words) => { const place = form.querySelector(`[data-${name}]`); if (place) place.textContent = words; };
  const draft = `draft ${form.dataset.draft}`;
  const began = Date.now();
  let saved = 0;
  let late = 0;

  if (!text.value) text.value = drafts.read(draft) || "";
  const count = () => {
    const words = text.value.trim() ? text.value.trim().split(/\s+/).length : 0;
    say("words", words === 1 ? "1 word" : `${words} words`);
  };
  const save = () => {
    if (drafts.write(draft, text.value)) saved = Date.now();
    tick();
  };
  const tick = () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    form.elements.time_spent_sec.value = Math.min(seconds, 86400);
    say("minutes", `${Math.floor(seconds / 60)} min,`);
    if (saved) {
      const ago = Math.round((Date.now() - saved) / 1000);
      say("saved", ago < 5 ? "Saved on this device" : `Saved on this device ${ago < 60 ? `${ago} s` : `${Math.floor(ago / 60)} min`} ago`);
    }
  };
  text.addEventListener("input", () => {
    count();
    clearTimeout(late);
    late = setTimeout(save, 400);
  });
  addEventListener("pagehide", () => { if (text.isConnected && text.value) drafts.write(draft, text.value); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", () => { drafts.write(draft, text.value); tick(); });
  const every = setInterval(() => { if (form.isConnected) tick(); else clearInterval(every); }, 1000);
  count();
  tick();
}

// The timer: a line that fills, and half time said once.

function time(timer) {
  const total = Number(timer.dataset.minutes) * 60;
  const ends = timer.dataset.ends ? Date.parse(timer.dataset.ends) : Date.now() + total * 1000;
  const line = timer.querySelector("progress");
  const said = timer.querySelector("[data-said]");
  const show = () => {
    const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
    line.value = total - left;
    timer.querySelector("[data-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    const words = left === 0 ? timer.dataset.over : left <= total / 2 ? "Half of the time is over." : "";
    if (said.textContent !== words) said.textContent = words;
  };
  timer.hidden = false;
  show();
  const every = setInterval(() => { if (timer.isConnected) show(); else clearInterval(every); }, 1000);
}

// An answer's marks: choosing a criterion leaves only its own.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-criterion]");
  if (!button) return;
  const chosen = button.getAttribute("aria-pressed") !== "true";
  const page = button.closest("[data-feedback]");
  for (const other of page.querySelectorAll("[data-criterion]")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", String(chosen));
  page.querySelector(".answer").classList.toggle("unchosen", chosen);
  for (const mark of page.querySelectorAll(".mark")) {
    mark.classList.toggle("chosen", chosen && mark.dataset.criteria.split(" ").includes(button.dataset.criterion));
  }
});

function begin(page) {
  for (const form of page.querySelectorAll("[data-draft]")) edit(form);
  for (const timer of page.querySelectorAll("[data-timer]")) time(timer);
  for (const stored of page.querySelectorAll("[data-stored]")) drafts.drop(`draft ${stored.dataset.stored}`);
}

// What becomes of an answer is said once for each change, at a place that stays while the rest is replaced.

function tell(says, shown = false) {
  const place = document.querySelector("[data-told]");
  if (!place) return;
  if (place.textContent !== says) place.textContent = says;
  place.classList.toggle("hidden-visually", !shown);
}

// A note of a mark is above it where below there is no room. A first tap shows it, a second one goes to the criterion.

const place = (event) => {
  const note = event.target.closest?.(".mark")?.nextElementSibling;
  if (!note) return;
  note.classList.remove("above");
  note.classList.toggle("above", note.getBoundingClientRect().bottom > innerHeight);
};
document.addEventListener("mouseover", place);
document.addEventListener("focusin", place);
document.addEventListener("pointerdown", (event) => {
  const mark = event.target.closest(".mark");
  if (mark && event.pointerType === "touch" && mark !== document.activeElement) mark.dataset.tapped = "";
});
document.addEventListener("click", (event) => {
  const mark = event.target.closest(".mark");
  if (!mark || mark.dataset.tapped === undefined) return;
  delete mark.dataset.tapped;
  event.preventDefault();
  mark.focus({ preventScroll: true });
});

// What is loaded into the page: it begins, and the keyboard goes on from its heading.

document.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt;
  if (part === document.body) return;
  begin(part);
  const outcome = part.matches("[data-says]") ? part : part.querySelector("[data-says]");
  if (outcome) tell(outcome.dataset.says);
  const heading = part.matches("main") ? part.querySelector("h1") : null;
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
});
let focused = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (part.matches(".outcome") && new URL(event.detail.xhr.responseURL).pathname !== location.pathname) {
    event.detail.shouldSwap = false;
    location.reload(); // the sign-in has expired: the page itself leads there, and back
  }
  focused = part.contains(document.activeElement) ? document.activeElement : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (focused && !focused.isConnected && document.activeElement === document.body) {
    document.getElementById("main").focus({ preventScroll: true });
  }
  focused = null;
});
begin(document);

// A lost connection, or a server in trouble: nothing is lost, the form can be sent again, and who waits waits on.

const lost = (event) => {
  const problem = event.target.closest("form")?.querySelector("[data-problem]");
  if (problem) {
    problem.textContent = "The coach cannot be reached. Your answer is saved on this device: send it again in a moment.";
    problem.hidden = false;
  } else if (event.target.matches(".outcome")) {
    tell("The coach cannot be reached. Trying again.", true);
    setTimeout(() => htmx.trigger(event.target, "again"), 3000);
  }
};
for (const name of ["sendError", "timeout", "responseError"]) document.addEventListener(`htmx:${name}`, lost);
