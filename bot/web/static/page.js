// Turns GOV.UK's component behaviour on. Every page works without it.
import { initAll, isSupported } from "./vendor/govuk-frontend.min.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");
if (isSupported()) initAll();

// A page that answers a posted form holds what was filled in, and no browser may keep it: Back asks for it as any page.
if (document.querySelector("form[data-posted]")) history.replaceState(null, "", location.href);
