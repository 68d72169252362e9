export type { Campaign, CampaignOutcome } from './campaign/campaign.ts';
export { CAMPAIGNS } from './campaign/campaigns.ts';
export { CORES, CORES_MODULE } from './cores/cores.ts';
export { type Home, homeOf } from './stack/home.ts';
export type { Program } from './stack/program.ts';
export { planServices, type ServerAddresses } from './stack/services.ts';
export { type Stack, type StackOptions, startStack } from './stack/stack.ts';
export { withJournal } from './stack/with-journal.ts';
