import type { Connection } from './connection.ts';
import type { Message } from './message.ts';

/** Those who hear the same messages of one pair. Made once, a message goes to all of them. */
export class Channel {
  readonly members = new Set<Connection>();
  private readonly write: () => Message | null;

  constructor(write: () => Message | null) {
    this.write = write;
  }

  join(member: Connection): void {
    this.members.add(member);
  }

  /** True when somebody heard it. */
  publish(): boolean {
    if (this.members.size === 0) return false;
    const message = this.write();
    if (message === null) return false;
    for (const member of this.members) member.send(message);
    return true;
  }
}
