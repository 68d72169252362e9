import { describe, expect, it } from '@jest/globals';
import { LOADED_ALONE } from './alone.ts';
import { COMMANDS } from './index.ts';

describe('a command that is loaded alone', () => {
  it.each(Object.keys(LOADED_ALONE))('%s is the one of the table of all commands', async (name) => {
    const alone = await (LOADED_ALONE[name] as () => Promise<unknown>)();
    expect(alone).toBe(COMMANDS.find((command) => command.name === name));
  });
});
