/**
 * What an error says, from the innermost cause. A name with several addresses, as every large venue has, fails with one
 * error for each of them and a message that is empty.
 */
export function whyOf(error: unknown): string {
  const { cause, errors, message, code } = error as { cause?: unknown; errors?: unknown; message?: unknown; code?: unknown };
  if (typeof cause === 'object' && cause !== null) return whyOf(cause);
  if (Array.isArray(errors) && errors.length > 0) return [...new Set(errors.map(whyOf))].slice(0, 3).join(', ');
  if (typeof message === 'string' && message !== '') return message;
  return typeof code === 'string' ? code : 'no reason is given';
}
