// Draws a part of the page anew every ten seconds, while somebody looks at it. Without this, reloading does the same.
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
    if (!answer.ok) {
      clearInterval(timer); // signed out, or the page is gone: what is shown stays
      return;
    }
    const text = await answer.text();
    if (!part.contains(document.activeElement)) part.innerHTML = text;
  }, EVERY);
}
