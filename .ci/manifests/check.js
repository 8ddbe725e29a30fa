// Holds the manifests of folders to the published schemas of their kinds, twice: to the types, which know every field, and to the
// validators, which know the values. Reads YAML as Kubernetes does, 1.1, and as all others do, 1.2: it has to be the same.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments } from "yaml";

const folders = process.argv.slice(2);
const packages = {
  "apps/v1": "kubernetes-models/apps/v1",
  "extensions.istio.io/v1alpha1": "@kubernetes-models/istio/extensions.istio.io/v1alpha1",
  "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
  "networking.istio.io/v1": "@kubernetes-models/istio/networking.istio.io/v1",
  "networking.istio.io/v1alpha3": "@kubernetes-models/istio/networking.istio.io/v1alpha3",
  "networking.k8s.io/v1": "kubernetes-models/networking.k8s.io/v1",
  v1: "kubernetes-models/v1",
};
// Newer than the schemas, and of a group whose schemas are in no registry.
const unknown = ({ apiVersion, kind }) => kind === "TrafficExtension" || apiVersion === "gateway.envoyproxy.io/v1alpha1";
const faults = [];

function read(file) {
  const text = readFileSync(file, "utf8");
  const [as11, as12] = ["1.1", "1.2"].map((version) =>
    parseAllDocuments(text, { version }).map((document) => {
      faults.push(...document.errors.map((error) => `${file}: ${error.message}`));
      return document.toJS();
    }),
  );
  if (!isDeepStrictEqual(as11, as12)) faults.push(`${file}: YAML 1.1 and 1.2 read it differently`);
  return as11;
}

const manifests = [];
for (const dir of folders) {
  for (const file of readdirSync(dir).filter((file) => file.endsWith(".yaml"))) {
    const documents = read(join(dir, file));
    const [kustomization] = read(join(dir, "kustomization.yaml"));
    // A patch is a part of a manifest.
    if (kustomization.resources.includes(file)) {
      manifests.push(...documents.map((manifest) => ({ place: `${basename(dir)}/${file}`, manifest })));
    }
  }
}

const imports = new Map();
let code = "";
let checked = 0;
for (const { place, manifest } of manifests) {
  const { apiVersion, kind } = manifest;
  if (unknown(manifest)) continue;
  if (!(apiVersion in packages)) {
    faults.push(`${place}: there is no schema for ${apiVersion}`);
    continue;
  }
  const name = `${kind}${Object.keys(packages).indexOf(apiVersion)}`;
  imports.set(name, `import { ${kind} as ${name}, type I${kind} as I${name} } from "${packages[apiVersion]}";`);
  code += `const _${checked}: I${name} = ${JSON.stringify(manifest, null, 1)};\n`;
  code += `check(${JSON.stringify(`${place}: ${kind} ${manifest.metadata.name}`)}, new ${name}(_${checked}));\n`;
  checked += 1;
}
code = `${[...imports.values()].join("\n")}
declare const console: any, process: any;
function check(place: string, manifest: { validate(): void }) {
  try { manifest.validate(); } catch (error: any) { console.log(place + ": " + error.message); process.exitCode = 1; }
}
${code}`;

const scratch = mkdtempSync("checked-");
try {
  writeFileSync(join(scratch, "manifests.ts"), code);
  const options = "--strict --skipLibCheck --module nodenext --moduleResolution nodenext --target es2022".split(" ");
  execFileSync("node", ["node_modules/typescript/bin/tsc", ...options, join(scratch, "manifests.ts")], { stdio: "inherit" });
  execFileSync("node", [join(scratch, "manifests.js")], { stdio: "inherit" });
} catch {
  faults.push("see above");
} finally {
  rmSync(scratch, { recursive: true });
}
for (const fault of faults) console.log(fault);
console.log(`${checked} manifests checked`);
process.exitCode = faults.length > 0 || checked === 0 ? 1 : 0;
