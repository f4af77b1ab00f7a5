// Asks ODK's own engine what an XForm does. One JSON line in: {"xml": ..., "answers": {name: value}}; one line out:
// {"relevant": [names], "valid": {name: boolean}, "values": {name: text}}. Run as: node odk_oracle.mjs FOLDER,
// where FOLDER holds node_modules with @getodk/xforms-engine and jsdom.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { JSDOM } = createRequire(`${folder}/x.js`)("jsdom");
const { window } = new JSDOM("<html></html>");
const shims = "DOMParser XMLSerializer Node Element Document Text Attr XMLDocument CDATASection Comment HTMLElement XPathResult XPathEvaluator NodeFilter DocumentFragment File Blob";
for (const name of shims.split(" ")) globalThis[name] = window[name];
Object.assign(globalThis, { window, document: window.document, __dirname: folder });
console.log = console.warn = console.error = () => {};
const { loadForm } = await import(pathToFileURL(`${folder}/node_modules/@getodk/xforms-engine/dist/index.js`));

const forms = new Map();
const form = async (xml) => {
  if (!forms.has(xml)) forms.set(xml, await loadForm(xml));
  return forms.get(xml);
};
const named = (node) => node.currentState.reference.split("/").pop();

const answer = (node, value) => {
  if (node.nodeType !== "select") node.setValue(value);
  else if (node.selectType === "select") node.selectValues(value.split(" ").filter(Boolean));
  else node.selectValue(value);
};

const ask = async ({ xml, answers }) => {
  const loaded = await form(xml);
  if (loaded.status === "failure") return { error: String(loaded.error) };
  const nodes = loaded.createInstance({}).root.currentState.children.filter((node) => named(node) !== "meta");
  for (const node of nodes) if (named(node) in answers) answer(node, answers[named(node)]);
  return {
    relevant: nodes.filter((node) => node.currentState.relevant).map(named),
    valid: Object.fromEntries(nodes.map((node) => [named(node), node.validationState.constraint?.valid ?? true])),
    values: Object.fromEntries(nodes.map((node) => [named(node), node.currentState.instanceValue ?? ""])),
  };
};

for await (const line of createInterface({ input: process.stdin })) {
  let out;
  try {
    out = await ask(JSON.parse(line));
  } catch (problem) {
    out = { error: String(problem?.stack ?? problem) };
  }
  process.stdout.write(`${JSON.stringify(out)}\n`);
}
process.exit(0);
