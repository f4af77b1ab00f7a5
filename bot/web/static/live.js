// Draws a part of the page anew every ten seconds (or `data-every` milliseconds), while somebody looks at it. Without
// this, reloading does the same.
const EVERY = 10_000;

for (const part of document.querySelectorAll("[data-live]")) {
  let asking = false;
  const timer = setInterval(async () => {
    // Whoever reads or scrolls inside would lose their place.
    if (asking || document.hidden || part.contains(document.activeElement)) return;
    asking = true;
    const answer = await fetch(part.dataset.live).catch(() => null);
    asking = false;
    if (answer === null) return;
    if (answer.status === 204) {
      clearInterval(timer);
      location.reload(); // what it waited for is over: the whole page is another now
      return;
    }
    if (!answer.ok) {
      clearInterval(timer); // signed out, or the page is gone: what is shown stays
      return;
    }
    const text = await answer.text();
    if (part.contains(document.activeElement)) return;
    const unfolded = [...part.querySelectorAll("details[open]")].map((each) => each.id);
    part.innerHTML = text;
    for (const each of part.querySelectorAll("details")) each.open = unfolded.includes(each.id);
  }, Number(part.dataset.every) || EVERY);
}
