/** Something a venue says to whoever subscribed to it. */
export interface Message {
  /** Null: of no single pair. */
  readonly symbol: string | null;
  readonly what: 'book' | 'trade' | 'ticker' | 'notice';
  /** The whole WebSocket frame. */
  readonly frame: Buffer;
  /** The same book with its best bid above its best ask. */
  readonly crossed?: () => Buffer;
}
