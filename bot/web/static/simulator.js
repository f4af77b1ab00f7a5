// Sends a text without reloading the page, then takes over what the server's page shows. The forms work without it.
const board = document.querySelector(".board");
const parser = new DOMParser();

for (const log of board.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;

board.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".composer")) return;
  event.preventDefault();
  const box = form.elements.text;
  const problem = form.closest(".phone").querySelector(".phone__problem");
  if (form.getAttribute("aria-busy") === "true" || !box.value.trim()) return;
  const body = new URLSearchParams(new FormData(form));
  form.setAttribute("aria-busy", "true");
  problem.textContent = "";
  try {
    await takeOver(await fetch(form.action, { method: "POST", body }));
    box.value = "";
  } catch {
    problem.textContent = "That text did not get through. Try again, or open the simulator anew.";
  } finally {
    form.removeAttribute("aria-busy");
    box.focus();
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

async function takeOver(response) {
  if (!response.ok) throw new Error(String(response.status));
  const fresh = parser.parseFromString(await response.text(), "text/html").querySelector(".board");
  if (fresh?.dataset.board !== board.dataset.board) return location.assign("/simulator");
  for (const phone of board.querySelectorAll(".phone")) {
    const now = fresh.querySelector(`#${phone.id}`);
    phone.className = now.className;
    phone.querySelector("[data-part=total]").replaceWith(now.querySelector("[data-part=total]"));
    addTexts(phone.querySelector(".log"), now.querySelector(".log"));
  }
  for (const part of [".residents", "#row"]) {
    board.querySelector(part).innerHTML = fresh.querySelector(part).innerHTML;
  }
  const row = board.querySelector("#row");
  const news = [...row.querySelectorAll(".is-new")].pop();
  if (news) row.scrollTop = news.offsetTop - row.clientHeight + 2 * news.offsetHeight;
}

// Only what is new is added, so that a screen reader speaks only that.
function addTexts(log, now) {
  const texts = log.firstElementChild;
  const missing = [...now.querySelectorAll(".turn")].slice(texts.querySelectorAll(".turn").length);
  if (!missing.length) return;
  texts.querySelector(".hint")?.remove();
  texts.append(...missing);
  log.scrollTop = log.scrollHeight;
}
