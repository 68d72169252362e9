/**
 * Writes what of the manifests follows from the code: a deployment, a service and a disruption budget per service, and the network policies.
 *   node deploy/k8s/make.mjs
 * Who there is, who has a standby and who touches the world comes from the contracts; a spec holds the files equal to this.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CORE_SERVICES } from '@arb/shared/contracts';
import { stringify } from 'yaml';
import { backupPolicies, serverPolicies, servicePolicies, shadowPolicies, toolPolicies } from './network-policies.mjs';
import { budget, deployment, SERVICES_IN_ORDER, SHADOW, STANDBY, service, shadow } from './workloads.mjs';

const HEAD = '# Made by `node deploy/k8s/make.mjs` from the contracts: change it there, or patch it in an overlay.\n';

/** By path beside this file: the text of every file that is made. */
export function madeFiles() {
  const perService = SERVICES_IN_ORDER.map((name) => [
    `base/${name}.yaml`,
    [deployment(name, 0), ...(CORE_SERVICES.includes(name) ? [deployment(name, STANDBY)] : []), service(name), budget(name)],
  ]);
  const policies = [
    ['base/network-policies.yaml', servicePolicies()],
    ['servers/access/network-policies.yaml', serverPolicies()],
    ['backup/network-policies.yaml', backupPolicies()],
    ['tools/access/network-policies.yaml', toolPolicies()],
    ['overlays/canary/network-policies.yaml', shadowPolicies()],
    ['overlays/canary/shadows.yaml', [...CORE_SERVICES.map(shadow), service(SHADOW)]],
  ];
  return Object.fromEntries([...perService, ...policies].map(([file, objects]) => [file, textOf(objects)]));
}

function textOf(objects) {
  return HEAD + objects.map((object) => stringify(object, { lineWidth: 140, aliasDuplicateObjects: false })).join('---\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [file, text] of Object.entries(madeFiles())) writeFileSync(new URL(file, import.meta.url), text);
