// Turns GOV.UK's component behaviour on. Every page works without it.
import { initAll, isSupported } from "./vendor/govuk-frontend.min.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");
if (isSupported()) initAll();
