import { permissions } from './access/permissions.ts';
import { viewer } from './access/viewer.ts';
import { alerts } from './alerts/alerts.ts';
import { campaigns } from './campaigns/campaigns.ts';
import { badInput } from './input/bad-input.ts';
import { kills } from './kills/kills.ts';
import { standby } from './kills/standby.ts';
import { fuzz } from './market/fuzz.ts';
import { marketFaults } from './market/market-faults.ts';
import type { Proof } from './proof.ts';
import { resume } from './resume/resume.ts';
import { corruptSnapshot } from './servers/corrupt-snapshot.ts';
import { lostStream } from './servers/lost-stream.ts';
import { postgresAway } from './servers/postgres-away.ts';
import { redisFlushed } from './servers/redis-flushed.ts';
import { replicas } from './servers/replicas.ts';
import { handover } from './sessions/handover.ts';
import { otherNode } from './sessions/other-node.ts';
import { simulation } from './simulation/simulation.ts';

/** Every proof there is, in the order in which they are listed. */
export const PROOFS: readonly Proof[] = [
  kills,
  standby,
  resume,
  handover,
  otherNode,
  lostStream,
  replicas,
  postgresAway,
  redisFlushed,
  corruptSnapshot,
  badInput,
  permissions,
  viewer,
  alerts,
  simulation,
  campaigns,
  marketFaults,
  fuzz,
];
