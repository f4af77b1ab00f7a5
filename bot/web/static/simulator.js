// Sends a form of a phone without reloading the page, then takes over what the server's page shows. They work without it.
const board = document.querySelector(".board");
const parser = new DOMParser();

for (const log of board.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;

board.addEventListener("submit", async (event) => {
  const form = event.target;
  const phone = form.closest(".phone");
  if (!phone) return;
  event.preventDefault();
  const box = form.elements.text;
  if (phone.hasAttribute("data-busy") || (box && !box.value.trim())) return;
  const body = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) body.append(event.submitter.name, event.submitter.value);
  const problem = phone.querySelector(".phone__problem");
  phone.setAttribute("data-busy", "");
  problem.textContent = "";
  try {
    await takeOver(await fetch(form.action, { method: "POST", body }));
    if (box) box.value = "";
    form.closest("details")?.removeAttribute("open");
    goOn(form, board.querySelector(`#${phone.id}`));
  } catch {
    problem.textContent = "That did not get through. Try again, or open the simulator anew.";
    box?.focus();
  } finally {
    phone.removeAttribute("data-busy");
  }
});

board.addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.fill) {
    const box = link.closest(".phone").querySelector(".composer__text");
    box.value = link.dataset.fill;
    box.focus();
    return;
  }
  try {
    await takeOver(await fetch(link.href));
    board.querySelector(".residents [aria-current]").focus();
  } catch {
    location.assign(link.href);
  }
});

// An open list lies over the conversation: Escape closes it, and so does whoever goes on elsewhere.
board.addEventListener("keydown", (event) => {
  const list = event.target.closest("details.picker[open]");
  if (event.key !== "Escape" || !list) return;
  list.removeAttribute("open");
  list.querySelector("summary").focus();
});
board.addEventListener("focusout", (event) => {
  const list = event.target.closest("details.picker[open]");
  const next = event.relatedTarget; // a press on a row's words gives focus to the log around the list
  if (list && next && !list.contains(next) && !next.contains(list)) list.removeAttribute("open");
});

// After a text, the next text; after a tap, the buttons of the next question, or the box where it has none.
function goOn(form, phone) {
  const newest = [...phone.querySelectorAll(".turn--bot")].pop();
  const next = form.elements.look
    ? phone.querySelector(".looks [aria-pressed=true]")
    : form.elements.choice && newest?.querySelector(".keys__one, .picker__opener");
  (next || phone.querySelector(".composer__text")).focus({ preventScroll: true });
}

// What staff write by hand comes without a text of ours: look now and then, and touch nothing unless it has come.
setInterval(async () => {
  const isBusy = () => document.hidden || board.querySelector(".phone[data-busy]");
  if (isBusy()) return;
  const response = await fetch("/simulator").catch(() => null);
  const fresh = response?.ok && (await boardOf(response));
  if (fresh && !isBusy() && fresh.querySelectorAll(".turn").length > board.querySelectorAll(".turn").length) show(fresh);
}, 5000);

async function boardOf(response) {
  return parser.parseFromString(await response.text(), "text/html").querySelector(".board");
}

async function takeOver(response) {
  if (!response.ok) throw new Error(String(response.status));
  show(await boardOf(response));
}

function show(fresh) {
  if (fresh?.dataset.board !== board.dataset.board) return location.assign("/simulator");
  for (const phone of board.querySelectorAll(".phone")) {
    const now = fresh.querySelector(`#${phone.id}`);
    if (phone.dataset.look !== now.dataset.look) {
      phone.replaceWith(now);
      continue;
    }
    phone.className = now.className;
    phone.querySelector("[data-part=total]").replaceWith(now.querySelector("[data-part=total]"));
    bringUpToDate(phone.querySelector(".log"), now.querySelector(".log"));
  }
  for (const part of [".residents", "#row"]) {
    board.querySelector(part).innerHTML = fresh.querySelector(part).innerHTML;
  }
  const row = board.querySelector("#row");
  const news = [...row.querySelectorAll(".is-new")].pop();
  if (news) row.scrollTop = news.offsetTop - row.clientHeight + 2 * news.offsetHeight;
}

// Only what is new is added, so that a screen reader speaks only that; buttons that are gone go.
function bringUpToDate(log, now) {
  const texts = log.firstElementChild;
  const missing = new Map([...now.querySelectorAll(".turn")].map((turn) => [turn.dataset.message, turn]));
  for (const turn of texts.querySelectorAll(".turn")) {
    const same = missing.get(turn.dataset.message);
    missing.delete(turn.dataset.message);
    if (!same) turn.remove();
    else if (!same.querySelector(".keys")) turn.querySelector(".keys")?.closest("form").remove();
  }
  if (!missing.size) return;
  texts.querySelector(".hint")?.remove();
  texts.append(...missing.values());
  log.scrollTop = log.scrollHeight;
}
